//! The measurement on PostgreSQL.

pub mod claim;
pub mod end;
pub mod tables;
pub mod texts;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use anyhow::{Result, ensure};
use cascade_test_servers::Postgres;
use claim::Ring;
use end::{Ends, Failures, fails};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use texts::Texts;

use crate::{
    change::{Change, Shape, Variant},
    cpu,
    flight::Flight,
    report::Measured,
};

/// As `PLANS` of the store.
const PLANS: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// Lets `runs` wait and measures how fast they end.
pub async fn measure(
    server: &Postgres,
    database: &str,
    (variant, shape): (&Variant, Shape),
    (connections, runs): (usize, usize),
) -> Result<Measured> {
    tables::fill(server, database, shape, runs);
    let texts = Texts::of(variant, shape);
    let options: PgConnectOptions = server.url(database).parse()?;
    let options = options.options(PLANS);
    let mut tasks = Vec::new();
    let mut flight = Arc::<Mutex<Flight>>::default();
    for nth in 0..connections {
        if nth % 2 == 0 {
            flight = Arc::default();
        }
        let worker = Worker {
            connection: PgConnection::connect_with(&options).await?,
            texts,
            variant: *variant,
            shape,
            owner: format!("worker {}", nth / 2),
            ring: Ring::new(variant.has(Change::Slices), nth, connections),
            flight: flight.clone(),
        };
        tasks.push(worker);
    }
    let (parent_backend, _keep) = backend(&options).await?;
    let log_before = server.sql(database, "SELECT pg_current_wal_insert_lsn()");
    let parent = cpu::parent(parent_backend)?;
    let cpu_before = cpu::of_family(parent)?;
    let began = Instant::now();
    let tasks: Vec<_> = tasks.into_iter().map(|worker| tokio::spawn(worker.work())).collect();
    // They stay open: the time of a process that ends is seen twice or not at all.
    let mut open = Vec::new();
    for task in tasks {
        open.push(task.await??);
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu = cpu::of_family(parent)? - cpu_before;
    drop(open);
    let bytes = format!("SELECT pg_current_wal_insert_lsn() - '{log_before}'");
    let bytes: f64 = server.sql(database, &bytes).parse()?;
    let table = if shape.is_queue() { "ended_queue_runs" } else { "ended_runs" };
    let ended: usize = server.sql(database, &format!("SELECT count(*) FROM {table}")).parse()?;
    ensure!(ended == runs, "{}: {ended} of {runs} runs have ended", variant.name);
    Ok(Measured {
        runs_per_s: runs as f64 / seconds,
        cpu_us_per_run: cpu * 1e6 / runs as f64,
        bytes_per_run: bytes / runs as f64,
    })
}

/// The process of a connection, a child of the server's first.
async fn backend(options: &PgConnectOptions) -> Result<(u32, PgConnection)> {
    let mut connection = PgConnection::connect_with(options).await?;
    let process: i32 =
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
    Ok((u32::try_from(process)?, connection))
}

struct Worker {
    connection: PgConnection,
    texts: Texts,
    variant: Variant,
    shape: Shape,
    owner: String,
    ring: Ring,
    /// Of two connections.
    flight: Arc<Mutex<Flight>>,
}

impl Worker {
    async fn work(mut self) -> Result<PgConnection> {
        loop {
            let Self { connection, texts, shape, owner, ring, .. } = &mut self;
            let claim = ring.claim(connection, texts, *shape, owner).await?;
            if self.shape.is_spread() {
                let nothing = claim.is_none();
                if let Some(claim) = claim {
                    self.flight().add(claim);
                }
                if nothing && self.flight().is_empty() {
                    return Ok(self.connection);
                }
                self.tick().await?;
                continue;
            }
            let Some(claim) = claim else { return Ok(self.connection) };
            if self.shape != Shape::Failing {
                end::all(&mut self.connection, &self.texts, &self.owner, &claim).await?;
                continue;
            }
            self.end_failing(claim).await?;
        }
    }

    fn flight(&self) -> MutexGuard<'_, Flight> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tick(&mut self) -> Result<()> {
        if self.texts.claim_row {
            let split = self.flight().take_old();
            if !split.marks.is_empty() {
                end::split(&mut self.connection, &self.texts, &self.owner, &split.marks).await?;
            }
            self.flight().moved(split);
        }
        let ends = self.flight().due();
        end::some(&mut self.connection, &self.texts, &self.owner, &ends, |_| true).await?;
        self.flight().ended(&ends);
        Ok(())
    }

    async fn end_failing(&mut self, claim: claim::Claim) -> Result<()> {
        let Self { connection, texts, owner, .. } = self;
        let failures = Failures {
            texts,
            owner,
            claim: claim.id,
            problems: !self.variant.has(Change::NoProblems),
        };
        let id = claim.id;
        let (failed, mut ended): (Vec<_>, Vec<_>) = claim.runs.into_iter().partition(fails);
        let together = self.variant.has(Change::FailBatch);
        if together && !failed.is_empty() {
            sqlx::raw_sql("BEGIN").execute(&mut *connection).await?;
            failures.together(connection, &failed).await?;
            let for_good = failed.iter().filter(|run| run.attempt >= run.max_attempts);
            ended.extend(for_good.cloned());
        } else {
            failures.one_by_one(connection, &failed).await?;
        }
        // What is left of a claim ends with its row.
        let ends = Ends {
            runs: ended.into_iter().map(|run| (run, id)).collect(),
            alone: vec![id],
            ..Ends::default()
        };
        end::some(connection, texts, owner, &ends, |run| !fails(run)).await?;
        if together && !failed.is_empty() {
            sqlx::raw_sql("COMMIT").execute(connection).await?;
        }
        Ok(())
    }
}
