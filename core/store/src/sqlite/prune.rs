use std::time::Duration;

use super::SqliteStore;
use crate::Result;
use cascade_model::{KeepFor, Pruned};

/// One short transaction for each table, so that nobody waits long for the one writer.
pub(super) async fn prune(store: &SqliteStore, keep: &KeepFor, batch: u32) -> Result<Pruned> {
    let remove = async |sql: &'static str, age: Duration| {
        let modifier = format!("-{:.3} seconds", age.as_secs_f64());
        let done = sqlx::query(sql).bind(modifier).bind(batch).execute(&store.write).await?;
        Result::Ok(done.rows_affected())
    };
    // Lines first: what is left of a run's log then goes with the run, and is little.
    let logs = remove(
        "DELETE FROM run_logs WHERE seq IN (
             SELECT seq FROM run_logs WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $1) LIMIT $2
         )",
        keep.logs,
    )
    .await?;
    let runs = remove(
        "DELETE FROM worker_runs WHERE id IN (
             SELECT id FROM worker_runs
             WHERE state IN ('completed', 'failed', 'cancelled')
               AND finished_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $1)
             ORDER BY finished_at LIMIT $2
         )",
        keep.runs,
    )
    .await?;
    let events = remove(
        "DELETE FROM events WHERE id IN (
             SELECT id FROM events
             WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $1)
               AND id < (SELECT max(id) FROM events)
             ORDER BY at LIMIT $2
         )",
        keep.events,
    )
    .await?;
    Ok(Pruned { runs, logs, events })
}
