//! Workers that tell of themselves, what they run, and which of them are to take no more.

use std::{collections::BTreeMap, time::Duration};

use cascade_model::{Load, Presence, Visible, Worker, WorkerRuns};
use cascade_sdk::{Db, DbError, Dialect, Statement, host::Database};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::{Text, first, rows};
use crate::{Result, StoreError};

/// One that was not seen for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(3600);

/// Says that a worker lives; `true` when it is to take no more runs.
pub(super) async fn tell(database: &dyn Database, presence: &Presence) -> Result<bool> {
    #[derive(Deserialize)]
    struct Asked {
        drain_at: Option<DateTime<Utc>>,
    }
    let Presence { name, version, host, pid, concurrency, plugins, labels, load } = presence;
    let text = Text::of(
        database.dialect(),
        "INSERT INTO worker_processes
             (name, version, host, pid, concurrency, plugins, labels, memory_bytes, cpu_share,
              programs_memory_bytes, programs_cpu_share, started_at, seen_at)
         VALUES (",
    )
    .bind(name.as_str())
    .push(", ")
    .bind(version.as_str())
    .push(", ")
    .bind(host.clone())
    .push(", ")
    .bind(*pid)
    .push(", ")
    .bind(*concurrency)
    .push(", ")
    .bind(Value::from(plugins.clone()).to_string())
    .push(", ")
    .bind(Value::from(labels.clone()).to_string())
    .push(", ")
    .bind(load.memory_bytes)
    .push(", ")
    .bind(load.cpu_share)
    .push(", ")
    .bind(load.programs_memory_bytes)
    .push(", ")
    .bind(load.programs_cpu_share)
    .push(", ")
    .now()
    .push(", ")
    .now()
    .push(
        ") ON CONFLICT (name) DO UPDATE
         SET plugins = excluded.plugins, concurrency = excluded.concurrency, seen_at = excluded.seen_at,
             labels = excluded.labels, memory_bytes = excluded.memory_bytes,
             cpu_share = excluded.cpu_share,
             programs_memory_bytes = excluded.programs_memory_bytes,
             programs_cpu_share = excluded.programs_cpu_share,
             drain_seen_at = CASE WHEN worker_processes.drain_at IS NULL THEN NULL
                 ELSE coalesce(worker_processes.drain_seen_at, excluded.seen_at) END
         RETURNING drain_at",
    );
    let asked: Option<Asked> = first(database, text.statement()).await?;
    Ok(asked.is_some_and(|asked| asked.drain_at.is_some()))
}

/// Forgets a worker that has ended.
pub(super) async fn forget(database: &dyn Database, name: &str) -> Result<()> {
    let text =
        Text::of(database.dialect(), "DELETE FROM worker_processes WHERE name = ").bind(name);
    let removed = Db::over(database).execute(text.statement()).await;
    removed.map(drop).map_err(StoreError::Query)
}

/// Removes those that were not seen for an hour: they ended without a word.
pub(super) async fn prune(database: &dyn Database) -> std::result::Result<u64, DbError> {
    let old = Text::of(database.dialect(), "DELETE FROM worker_processes WHERE seen_at < ")
        .ago(FORGOTTEN);
    Db::over(database).execute(old.statement()).await
}

/// Asks a worker to take no more runs, or to take runs again, with `entry` of the audit log; `false` when it is
/// not known or nothing changes, and then nothing is written.
pub(super) async fn drain(
    database: &dyn Database,
    name: &str,
    by: Option<&str>,
    entry: Statement,
) -> Result<bool> {
    let text = Text::of(database.dialect(), "UPDATE worker_processes SET drain_at = ");
    let text = match by {
        Some(by) => text.now().push(", drain_by = ").bind(by).push(" WHERE drain_at IS NULL"),
        None => text.push("NULL, drain_by = NULL, drain_seen_at = NULL WHERE drain_at IS NOT NULL"),
    };
    let text = text.push(" AND name = ").bind(name);
    let mut tx = database.begin().await.map_err(StoreError::Query)?;
    if tx.execute(text.statement()).await.map_err(StoreError::Query)? == 0 {
        return Ok(false);
    }
    tx.execute(entry).await.map_err(StoreError::Audit)?;
    tx.commit().await.map_err(StoreError::Query)?;
    Ok(true)
}

#[derive(Deserialize)]
struct Told {
    name: String,
    version: Option<String>,
    host: Option<String>,
    pid: Option<u32>,
    concurrency: Option<u32>,
    plugins: Option<String>,
    labels: Option<String>,
    memory_bytes: Option<u64>,
    cpu_share: Option<f64>,
    programs_memory_bytes: Option<u64>,
    programs_cpu_share: Option<f64>,
    started_at: Option<DateTime<Utc>>,
    seen_at: DateTime<Utc>,
    seen_s: f64,
    drain_at: Option<DateTime<Utc>>,
    drain_by: Option<String>,
    drain_seen_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Held {
    worker: String,
    runs: u64,
}

#[derive(Deserialize)]
struct Running {
    worker: String,
    #[serde(flatten)]
    runs: WorkerRuns,
}

/// Workers that give signs of life and are not to drain, without what they hold.
pub(super) async fn live(database: &dyn Database) -> Result<Vec<Worker>> {
    let told: Vec<Told> = rows(database, told(database.dialect()).statement()).await?;
    Ok(told.into_iter().map(worker).filter(Worker::takes_runs).collect())
}

/// What workers tell of themselves.
fn told(dialect: Dialect) -> Text {
    Text::of(
        dialect,
        "SELECT name, version, host, pid, concurrency, plugins, labels, memory_bytes, cpu_share,
             programs_memory_bytes, programs_cpu_share, started_at, seen_at,
             drain_at, drain_by, drain_seen_at, ",
    )
    .seconds_since("seen_at")
    .push(" AS seen_s FROM worker_processes WHERE seen_at >= ")
    .ago(FORGOTTEN)
}

/// Workers by name: those that tell of themselves, and those that hold runs that may be seen.
pub(super) async fn list(database: &dyn Database, visible: &Visible) -> Result<Vec<Worker>> {
    let told = told(database.dialect());
    let held = |select: &str, visible: &Visible| {
        Text::of(
            database.dialect(),
            &format!(
                "SELECT lease_owner AS worker, {select} FROM all_runs
                 WHERE state = 'running' AND lease_owner IS NOT NULL"
            ),
        )
        .and_visible("project_id", visible)
    };
    let all = held("count(*) AS runs", &Visible::All).push(" GROUP BY lease_owner");
    let running = held("job_type, count(*) AS count, min(started_at) AS since", visible)
        .push(" GROUP BY lease_owner, job_type ORDER BY lease_owner, job_type");
    let told: Vec<Told> = rows(database, told.statement()).await?;
    let all: Vec<Held> = rows(database, all.statement()).await?;
    let running: Vec<Running> = rows(database, running.statement()).await?;
    let mut workers: BTreeMap<String, Worker> =
        told.into_iter().map(|told| (told.name.clone(), worker(told))).collect();
    for Held { worker, runs } in all {
        let unknown = || Worker { name: worker.clone(), ..Worker::default() };
        workers.entry(worker.clone()).or_insert_with(unknown).running = runs;
    }
    for Running { worker, runs } in running {
        if let Some(worker) = workers.get_mut(&worker) {
            worker.runs.push(runs);
        }
    }
    Ok(workers.into_values().collect())
}

fn worker(told: Told) -> Worker {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not negative"
    )]
    let seen_s = told.seen_s as u64;
    Worker {
        name: told.name,
        version: told.version,
        host: told.host,
        pid: told.pid,
        concurrency: told.concurrency,
        plugins: told.plugins.and_then(|text| serde_json::from_str(&text).ok()),
        labels: told.labels.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        load: Load {
            memory_bytes: told.memory_bytes,
            cpu_share: told.cpu_share,
            programs_memory_bytes: told.programs_memory_bytes,
            programs_cpu_share: told.programs_cpu_share,
        },
        started_at: told.started_at,
        seen_at: Some(told.seen_at),
        seen_s: Some(seen_s),
        drain_at: told.drain_at,
        drain_by: told.drain_by,
        drain_seen_at: told.drain_seen_at,
        running: 0,
        runs: Vec::new(),
    }
}
