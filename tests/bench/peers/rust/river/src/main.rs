//! River for Rust on PostgreSQL and on SQLite; README.md says which configuration and why.

use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use peer_driver::{Bodies, Chunks, Link, Mode, Noop, Peer, Result, STEPS, run};
use riverqueue::database::{begin_postgres, begin_sqlite_write};
use riverqueue::jiff::Timestamp;
use riverqueue::migrate::{PostgresMigrator, SqliteMigrator};
use riverqueue::sqlx::postgres::PgPoolOptions;
use riverqueue::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use riverqueue::sqlx::{PgPool, SqlitePool};
use riverqueue::{
    Client, ClientBuilder, InsertBatch, InsertManyItem, InsertOpts, Job, JobArgs, QUEUE_DEFAULT,
    QueueConfig, RunHandle, WorkContext, WorkOutcome, Workers,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct NoopJob(Noop);

impl JobArgs for NoopJob {
    const KIND: &'static str = "noop";
}

/// A job of the chain; each step is a kind of its own, as in an application.
#[derive(Serialize, Deserialize)]
struct StepJob<const STEP: usize>(Link);

impl<const STEP: usize> JobArgs for StepJob<STEP> {
    const KIND: &'static str = STEPS[STEP];
}

#[derive(Clone)]
enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

#[derive(Clone)]
struct River {
    pool: Pool,
    /// One that only inserts.
    client: Client,
}

impl Pool {
    async fn connect(url: &str, connections: u32) -> Result<Self> {
        if !url.starts_with("sqlite:") {
            let options = PgPoolOptions::new().max_connections(connections);
            return Ok(Self::Postgres(options.connect(url).await?));
        }
        // The options and the size of River's own README.
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(5).connect_with(options).await?;
        Ok(Self::Sqlite(pool))
    }

    fn builder(&self) -> ClientBuilder {
        match self {
            Self::Postgres(pool) => Client::builder(pool.clone()),
            Self::Sqlite(pool) => Client::builder(pool.clone()),
        }
    }

    /// Puts the next jobs in and completes the job itself, in one transaction.
    async fn follow(&self, context: &WorkContext, next: Vec<(usize, Link)>) -> Result {
        let client = context.client().ok_or("a worked job has a client")?;
        let mut jobs = InsertBatch::new();
        for (step, link) in next {
            push(&mut jobs, step, link);
        }
        match self {
            Self::Postgres(pool) => {
                let mut tx = begin_postgres(pool).await?;
                client.insert_batch(jobs).tx(&mut tx).await?;
                context.job_complete_tx(&mut tx).await?;
                tx.commit().await?;
            }
            Self::Sqlite(pool) => {
                let mut tx = begin_sqlite_write(pool).await?;
                client.insert_batch(jobs).tx(&mut tx).await?;
                context.job_complete_tx(&mut tx).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    fn add_step<const STEP: usize>(&self, workers: &mut Workers, bodies: &Arc<Bodies>) -> Result {
        let (pool, bodies) = (self.clone(), Arc::clone(bodies));
        workers.add_fn(move |context: WorkContext, job: Job<StepJob<STEP>>| {
            let (pool, bodies) = (pool.clone(), Arc::clone(&bodies));
            async move {
                let follow = async |next| pool.follow(&context, next).await;
                bodies.step(STEP, job.args.0, follow).await?;
                peer_driver::Result::Ok(WorkOutcome::Complete)
            }
        })?;
        Ok(())
    }
}

fn push(jobs: &mut InsertBatch, step: usize, link: Link) {
    match step {
        0 => jobs.push(StepJob::<0>(link)),
        1 => jobs.push(StepJob::<1>(link)),
        2 => jobs.push(StepJob::<2>(link)),
        3 => jobs.push(StepJob::<3>(link)),
        4 => jobs.push(StepJob::<4>(link)),
        5 => jobs.push(StepJob::<5>(link)),
        _ => jobs.push(StepJob::<6>(link)),
    };
}

impl Peer for River {
    type Worker = RunHandle;

    const MODES: &'static [Mode] = &[Mode::Plain, Mode::Batched];

    async fn connect(url: &str, connections: u32) -> Result<Self> {
        let pool = Pool::connect(url, connections).await?;
        let client = pool.builder().build()?;
        Ok(Self { pool, client })
    }

    // The size of a pool that says nothing about it, as all of River's examples have. The completer
    // writes in batches on two connections, so a job that runs holds none.
    fn worker_connections(_concurrency: u32) -> u32 {
        10
    }

    async fn setup(&self) -> Result {
        match &self.pool {
            Pool::Postgres(pool) => PostgresMigrator::new(pool.clone()).migrate_up().await?,
            Pool::Sqlite(pool) => SqliteMigrator::new(pool.clone()).migrate_up().await?,
        };
        Ok(())
    }

    async fn bulk(&self, count: usize, wait: Option<Duration>) -> Result {
        let opts = match wait {
            Some(wait) => InsertOpts::default().with_scheduled_at(Timestamp::now() + wait),
            None => InsertOpts::default(),
        };
        let job = || InsertManyItem::new(NoopJob(Noop::default()), opts.clone());
        self.client.insert_many((0..count).map(|_| job())).await?;
        Ok(())
    }

    fn chunks(&self) -> Chunks {
        // The size is that of River's own benchmark. It inserts row by row in one transaction:
        // several at once keep PostgreSQL busy, while SQLite has one writer anyway.
        let lanes = if matches!(self.pool, Pool::Postgres(_)) { 4 } else { 1 };
        Chunks { jobs: 5_000, lanes }
    }

    async fn one(&self, job: Noop) -> Result {
        self.client.insert(NoopJob(job)).await?;
        Ok(())
    }

    async fn chain(&self, link: Link) -> Result {
        self.client.insert(StepJob::<0>(link)).await?;
        Ok(())
    }

    async fn work(self, concurrency: u32, mode: Mode, bodies: Arc<Bodies>) -> Result<RunHandle> {
        let mut workers = Workers::new();
        let noops = Arc::clone(&bodies);
        workers.add_fn(move |_: WorkContext, job: Job<NoopJob>| {
            noops.noop(job.args.0);
            async { peer_driver::Result::Ok(WorkOutcome::Complete) }
        })?;
        self.pool.add_step::<0>(&mut workers, &bodies)?;
        self.pool.add_step::<1>(&mut workers, &bodies)?;
        self.pool.add_step::<2>(&mut workers, &bodies)?;
        self.pool.add_step::<3>(&mut workers, &bodies)?;
        self.pool.add_step::<4>(&mut workers, &bodies)?;
        self.pool.add_step::<5>(&mut workers, &bodies)?;
        self.pool.add_step::<6>(&mut workers, &bodies)?;

        let mut queue = QueueConfig::new(usize::try_from(concurrency)?);
        if mode == Mode::Batched {
            // Those of River's own benchmark.
            queue = queue
                .with_fetch_cooldown(Duration::from_millis(2))
                .with_fetch_poll_interval(Duration::from_millis(20));
        }
        let client = self.pool.builder().workers(workers).queue(QUEUE_DEFAULT, queue).build()?;
        let mut handle = client.start()?;
        handle.wait_ready().await?;
        Ok(handle)
    }

    async fn stop(mut worker: RunHandle) -> Result {
        Ok(worker.stop().await?)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    run::<River>().await
}
