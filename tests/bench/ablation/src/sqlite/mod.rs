//! The measurement on SQLite, which has one writer: there is one connection.

mod tables;
mod texts;

use std::{path::Path, time::Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sqlx::{
    Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use texts::Texts;
use uuid::Uuid;

use crate::{change::Shape, cpu, report::Measured};

/// Runs of a claim, and projects that it visits at most.
const RUNS: usize = 500;
const VISITS: i64 = 72;
/// Commits over which ends spread, and so claims that are open at once.
const SPREAD: usize = 16;

/// One change of how SQLite keeps runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The ended row carries its event's id, and the outbox has no row.
    EventInRow,
    /// The outbox has one row a commit.
    EventBatch,
    /// Lists are ordered by id: no index by time of the request, nor by job and that.
    FewerLists,
    /// The index by state has failed and cancelled runs alone.
    EndedStates,
    /// No index of ended runs by job and project.
    NoHistory,
    /// Ended runs have a table apart.
    Apart,
    /// A claim deletes the waiting rows and inserts one row; ended runs have a table apart.
    ClaimRow,
    /// No `job_last` triggers (migration 0190).
    NoJobLast,
}

use Change::{
    Apart, ClaimRow, EndedStates, EventBatch, EventInRow, FewerLists, NoHistory, NoJobLast,
};

/// A set of changes under a name.
pub type Variant = (&'static str, &'static [Change]);

/// All variants; the first is what others are compared with.
pub const VARIANTS: [Variant; 13] = [
    ("today", &[]),
    ("event-in-row", &[EventInRow]),
    ("event-batch", &[EventBatch]),
    ("fewer-lists", &[FewerLists]),
    ("ended-states", &[EndedStates]),
    ("no-history", &[NoHistory]),
    ("apart", &[Apart]),
    ("claim-row", &[ClaimRow]),
    ("no-job-last", &[NoJobLast]),
    ("rows-in-place", &[EventBatch, FewerLists, EndedStates]),
    ("rows-apart", &[EventBatch, FewerLists, EndedStates, Apart]),
    ("design-6", &[EventBatch, FewerLists, EndedStates, NoHistory, ClaimRow]),
    ("design-6-bare", &[EventBatch, FewerLists, EndedStates, NoHistory, ClaimRow, NoJobLast]),
];

/// Whether a variant is measured in a shape.
pub fn bears_on((_, changes): &Variant, shape: Shape) -> bool {
    match shape {
        Shape::Keyless | Shape::Schedule => true,
        // The end of a part of a claim is measured on PostgreSQL alone.
        Shape::Spread => !changes.contains(&ClaimRow),
        Shape::SpreadSchedule | Shape::Failing => false,
    }
}

struct Run {
    id: String,
    job: String,
    project: String,
    attempt: i64,
}

/// Lets `runs` wait in a new file and measures how fast they end.
pub async fn measure(
    folder: &Path,
    root: &Path,
    (variant, shape): (&Variant, Shape),
    runs: usize,
) -> Result<Measured> {
    let folder = tempfile::tempdir_in(folder)?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("cascade.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let queue = shape.is_queue();
    let has = |change| variant.1.contains(&change);
    tables::make(&mut connection, root, &has, queue).await?;
    tables::fill(&mut connection, queue, runs).await?;
    let texts = Texts::of(has, queue);
    let mut worker = Worker { connection, texts, queue, event: 1, behind: String::new() };
    let cpu_before = cpu::of_self()?;
    let began = Instant::now();
    let mut ended = 0;
    let mut open = Vec::new();
    loop {
        let claim = worker.claim().await?;
        let nothing = claim.1.is_empty();
        if shape.is_spread() {
            if !nothing {
                // One part for each of the commits to come.
                let mut parts: Vec<_> = (0..SPREAD).map(|_| Vec::new()).collect();
                claim
                    .1
                    .into_iter()
                    .enumerate()
                    .for_each(|(nth, run)| parts[nth % SPREAD].push(run));
                open.push(parts);
            }
            let now: Vec<_> = open.iter_mut().filter_map(Vec::pop).flatten().collect();
            open.retain(|parts| !parts.is_empty());
            if nothing && now.is_empty() {
                break;
            }
            ended += now.len();
            worker.end("", &now).await?;
        } else {
            if nothing {
                break;
            }
            ended += claim.1.len();
            worker.end(&claim.0, &claim.1).await?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    ensure!(ended == runs, "{}: {ended} of {runs} runs have ended", variant.0);
    worker.connection.close().await?;
    let cpu = cpu::of_self()? - cpu_before;
    Ok(Measured {
        runs_per_s: runs as f64 / seconds,
        cpu_us_per_run: cpu * 1e6 / runs as f64,
        bytes_per_run: 0.0,
    })
}

struct Worker {
    connection: SqliteConnection,
    texts: Texts,
    queue: bool,
    /// The next event's id, where the database does not give it.
    event: i64,
    behind: String,
}

impl Worker {
    async fn claim(&mut self) -> Result<(String, Vec<Run>)> {
        let from_first = self.behind.is_empty();
        let mut claim = self.claim_behind().await?;
        if claim.1.is_empty() && !from_first {
            self.behind.clear();
            claim = self.claim_behind().await?;
        }
        Ok(claim)
    }

    async fn claim_behind(&mut self) -> Result<(String, Vec<Run>)> {
        let Self { texts, queue, .. } = *self;
        let claim = Uuid::now_v7().to_string();
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(texts.limits).fetch_all(&mut *tx).await?;
        let query = sqlx::query(texts.choose).bind(self.behind.clone());
        let runs = i64::try_from(RUNS)?;
        let query = if queue {
            query.bind("{}").bind("[]").bind(runs).bind(VISITS)
        } else {
            query.bind(VISITS).bind(runs).bind("{}").bind("[]")
        };
        let chosen = query.fetch_all(&mut *tx).await?;
        let reached: Option<String> =
            chosen.first().map(|row| row.try_get("reached")).transpose()?.flatten();
        self.behind = reached.filter(|_| chosen.len() >= RUNS).unwrap_or_default();
        let mut ids = Vec::new();
        for row in &chosen {
            ids.extend(row.try_get::<Option<String>, _>("id")?);
        }
        let mut taken = Vec::new();
        if !ids.is_empty() {
            let ids = Value::from(ids).to_string();
            let lease = if texts.take[1].is_empty() {
                sqlx::query(texts.take[0]).bind("worker").bind("+30.000 seconds").bind(ids.clone())
            } else {
                let keep = sqlx::query(texts.take[0]).bind(claim.clone()).bind("worker");
                keep.bind(ids.clone()).execute(&mut *tx).await?;
                sqlx::query(texts.take[1]).bind(ids.clone())
            };
            for row in lease.fetch_all(&mut *tx).await? {
                taken.push(Run {
                    id: row.try_get("id")?,
                    job: row.try_get("job_type")?,
                    project: row.try_get("project_id")?,
                    attempt: row.try_get("attempt")?,
                });
            }
            if queue {
                sqlx::query(texts.requests).bind(ids).fetch_all(&mut *tx).await?;
            }
        }
        tx.commit().await?;
        Ok((claim, taken))
    }

    async fn end(&mut self, claim: &str, runs: &[Run]) -> Result<()> {
        let texts = self.texts;
        let mut tx = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        if texts.end[1].starts_with("DELETE FROM claims") {
            sqlx::query(texts.end[0]).bind(claim).execute(&mut *tx).await?;
            sqlx::query(texts.end[1]).bind(claim).execute(&mut *tx).await?;
        } else {
            let nothing = Value::Null;
            let ends = runs.iter().map(|run| {
                json!([
                    run.id,
                    run.attempt,
                    "worker",
                    "completed",
                    nothing,
                    nothing,
                    "-0.001 seconds"
                ])
            });
            let mut query = sqlx::query(texts.end[0]).bind(Value::from_iter(ends).to_string());
            if texts.end[0].contains("?2") {
                query = query.bind(self.event);
            }
            query.fetch_all(&mut *tx).await?;
            if !texts.end[1].is_empty() {
                let ids = Value::from_iter(runs.iter().map(|run| run.id.as_str()));
                sqlx::query(texts.end[1]).bind(ids.to_string()).execute(&mut *tx).await?;
            }
        }
        let at = "2026-11-29T09:00:00.000Z";
        if !texts.tell.is_empty() {
            let events = runs.iter().map(|Run { job, project, .. }| {
                let text = format!(
                    r#"{{"job_type":"{job}","project_id":"{project}","status":"ok","at":"{at}"}}"#
                );
                json!([project, "job_completed", text, at])
            });
            let mut query = sqlx::query(texts.tell).bind(Value::from_iter(events).to_string());
            if texts.tell.contains("?2") {
                query = query.bind(self.event);
            }
            query.fetch_all(&mut *tx).await?;
        }
        self.event += i64::try_from(runs.len())?;
        tx.commit().await?;
        Ok(())
    }
}
