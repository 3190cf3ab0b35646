//! Removes what is older than it is to be kept.

use cascade_model::{KeepFor, Pruned};
use cascade_sdk::{Db, DbError, Dialect, host::Database};
use serde::Deserialize;

use super::{Text, requests::IDEMPOTENCY_KEYS_ARE_KEPT};
use crate::{Result, StoreError};

/// One short transaction for each table, so that nobody waits long.
pub(super) async fn prune(database: &dyn Database, keep: &KeepFor, batch: u32) -> Result<Pruned> {
    // Lines first: what is left of a run's log then goes with the run, and is little.
    let logs = logs(database, keep, batch).await.map_err(StoreError::Query)?;
    let of_schedules = runs(database, "worker_runs", keep, batch).await;
    let of_queues = runs(database, "queue_runs", keep, batch).await.map_err(StoreError::Query)?;
    let runs = of_schedules.map_err(StoreError::Query)? + of_queues;
    idempotency_keys(database, batch).await.map_err(StoreError::Query)?;
    key_begins(database, batch).await.map_err(StoreError::Query)?;
    for table in ["run_outputs", "run_decisions", "run_attempts"] {
        beside_runs(database, table, keep, batch).await.map_err(StoreError::Query)?;
    }
    super::joins::prune(database, keep.runs, batch).await.map_err(StoreError::Query)?;
    let events = events(database, keep, batch).await.map_err(StoreError::Query)?;
    super::problems::prune(database, keep.runs, batch).await.map_err(StoreError::Query)?;
    super::workers::prune(database).await.map_err(StoreError::Query)?;
    let stats =
        super::stats::prune(database, keep.stats, batch).await.map_err(StoreError::Query)?;
    Ok(Pruned { runs, logs, events, stats })
}

type Removed = std::result::Result<u64, DbError>;

async fn logs(database: &dyn Database, keep: &KeepFor, batch: u32) -> Removed {
    let old = "DELETE FROM run_logs WHERE seq IN (SELECT seq FROM run_logs WHERE at < ";
    let old = Text::of(database.dialect(), old)
        .ago(keep.logs)
        .push(" ORDER BY at LIMIT ")
        .bind(batch)
        .skip_locked()
        .push(")");
    Db::over(database).execute(old.statement()).await
}

/// The log of a run and what it was asked for go with it. One that is retried meanwhile keeps both: it has not
/// ended when the first statement comes to it.
async fn runs(database: &dyn Database, table: &str, keep: &KeepFor, batch: u32) -> Removed {
    #[derive(Deserialize)]
    struct Old {
        id: String,
    }
    let (dialect, db) = (database.dialect(), Db::over(database));
    let old = format!(
        "SELECT id FROM {table}
         WHERE state IN ('completed', 'failed', 'cancelled') AND finished_at < "
    );
    let old = Text::of(dialect, &old).ago(keep.runs).push(" LIMIT ").bind(batch);
    let old: Vec<Old> = db.fetch_all(old.statement()).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let ids: Vec<_> = old.into_iter().map(|run| run.id).collect();
    let runs = Text::of(dialect, &format!("DELETE FROM {table} WHERE "))
        .among("id", ids.clone())
        .push(" AND state IN ('completed', 'failed', 'cancelled')");
    let of_runs = |of: &str| {
        Text::of(dialect, &format!("DELETE FROM {of} WHERE "))
            .among("run_id", ids.clone())
            .push(&format!(" AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.id = {of}.run_id)"))
    };
    let beside =
        ["run_logs", "run_requests", "run_attempts", "run_reruns", "run_tags", "run_processes"]
            .map(of_runs);
    let removed = [runs].into_iter().chain(beside).map(Text::statement).collect();
    let removed = db.batch(removed).await?;
    Ok(removed.first().copied().unwrap_or(0))
}

async fn idempotency_keys(database: &dyn Database, batch: u32) -> Removed {
    let old = "DELETE FROM idempotency_keys WHERE (scope, key) IN (
                   SELECT scope, key FROM idempotency_keys WHERE at < ";
    let old = Text::of(database.dialect(), old)
        .ago(IDEMPOTENCY_KEYS_ARE_KEPT)
        .push(" ORDER BY at LIMIT ")
        .bind(batch)
        .skip_locked()
        .push(")");
    Db::over(database).execute(old.statement()).await
}

/// What has begun of keys, where it counts no more.
async fn key_begins(database: &dyn Database, batch: u32) -> Removed {
    let hour = match database.dialect() {
        Dialect::Postgres => "floor(extract(epoch FROM now()) / 3600)",
        Dialect::Sqlite => "CAST(strftime('%s', 'now') AS INTEGER) / 3600",
    };
    let old = "DELETE FROM key_begins WHERE (job_type, project_id, key) IN (
                   SELECT job_type, project_id, key FROM key_begins WHERE until_hour < ";
    let old = Text::of(database.dialect(), old)
        .push(hour)
        .push(" ORDER BY until_hour LIMIT ")
        .bind(batch)
        .skip_locked()
        .push(") AND until_hour < ")
        .push(hour);
    Db::over(database).execute(old.statement()).await
}

/// What stands beside the runs and is kept for as long.
async fn beside_runs(database: &dyn Database, table: &str, keep: &KeepFor, batch: u32) -> Removed {
    let old = format!(
        "DELETE FROM {table} WHERE run_id IN (SELECT run_id FROM {table} WHERE ended_at < "
    );
    let old = Text::of(database.dialect(), &old)
        .ago(keep.runs)
        .push(" ORDER BY ended_at LIMIT ")
        .bind(batch)
        .skip_locked()
        .push(") AND ended_at < ")
        .ago(keep.runs);
    Db::over(database).execute(old.statement()).await
}

async fn events(database: &dyn Database, keep: &KeepFor, batch: u32) -> Removed {
    let old = Text::of(
        database.dialect(),
        "DELETE FROM events WHERE id IN (
             SELECT id FROM (
                 SELECT id, at FROM events WHERE id < (SELECT max(id) FROM events)
                 ORDER BY id LIMIT ",
    )
    .bind(batch)
    .push(") AS oldest WHERE at < ")
    .ago(keep.events)
    .push(")");
    Db::over(database).execute(old.statement()).await
}
