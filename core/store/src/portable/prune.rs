//! Removes what is older than it is to be kept.

use cascade_model::{KeepFor, Pruned};
use cascade_sdk::{Db, DbError, host::Database};
use serde::Deserialize;

use super::Text;
use crate::{Result, StoreError};

/// One short transaction for each table, so that nobody waits long.
pub(super) async fn prune(database: &dyn Database, keep: &KeepFor, batch: u32) -> Result<Pruned> {
    // Lines first: what is left of a run's log then goes with the run, and is little.
    let logs = logs(database, keep, batch).await.map_err(StoreError::Query)?;
    let runs = runs(database, keep, batch).await.map_err(StoreError::Query)?;
    outputs(database, keep, batch).await.map_err(StoreError::Query)?;
    let events = events(database, keep, batch).await.map_err(StoreError::Query)?;
    super::problems::prune(database, keep.runs, batch).await.map_err(StoreError::Query)?;
    Ok(Pruned { runs, logs, events })
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

/// Only SQLite removes the lines of a run with it; PostgreSQL's table of logs has no foreign key. A run
/// that is retried meanwhile keeps both: it has not ended when the first statement comes to it.
async fn runs(database: &dyn Database, keep: &KeepFor, batch: u32) -> Removed {
    #[derive(Deserialize)]
    struct Old {
        id: String,
    }
    let (dialect, db) = (database.dialect(), Db::over(database));
    let old = "SELECT id FROM worker_runs
               WHERE state IN ('completed', 'failed', 'cancelled') AND finished_at < ";
    let old = Text::of(dialect, old).ago(keep.runs).push(" LIMIT ").bind(batch);
    let old: Vec<Old> = db.fetch_all(old.statement()).await?;
    if old.is_empty() {
        return Ok(0);
    }
    let ids: Vec<_> = old.into_iter().map(|run| run.id).collect();
    let runs = Text::of(dialect, "DELETE FROM worker_runs WHERE ")
        .among("id", ids.clone())
        .push(" AND state IN ('completed', 'failed', 'cancelled')");
    let lines = Text::of(dialect, "DELETE FROM run_logs WHERE ")
        .among("run_id", ids)
        .push(" AND NOT EXISTS (SELECT 1 FROM worker_runs r WHERE r.id = run_logs.run_id)");
    let removed = db.batch(vec![runs.statement(), lines.statement()]).await?;
    Ok(removed.first().copied().unwrap_or(0))
}

async fn outputs(database: &dyn Database, keep: &KeepFor, batch: u32) -> Removed {
    let old = "DELETE FROM run_outputs WHERE run_id IN (
                   SELECT run_id FROM run_outputs WHERE ended_at < ";
    let old = Text::of(database.dialect(), old)
        .ago(keep.runs)
        .push(" ORDER BY ended_at LIMIT ")
        .bind(batch)
        .skip_locked()
        .push(")");
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
