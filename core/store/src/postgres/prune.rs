use std::time::Duration;

use super::PostgresStore;
use crate::Result;
use cascade_model::{KeepFor, Pruned};

/// One short statement for each table; rows that another process holds are skipped.
pub(super) async fn prune(store: &PostgresStore, keep: &KeepFor, batch: u32) -> Result<Pruned> {
    let remove = async |sql: &'static str, age: Duration| {
        let query = sqlx::query(sql).bind(age.as_secs_f64()).bind(i64::from(batch));
        Result::Ok(query.execute(&store.pool).await?.rows_affected())
    };
    // Lines first: what is left of a run's log then goes with the run, and is little.
    let logs = remove(
        "DELETE FROM run_logs WHERE seq IN (
             SELECT seq FROM run_logs WHERE at < now() - make_interval(secs => $1::float8)
             ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
         )",
        keep.logs,
    )
    .await?;
    let runs = remove(
        "WITH old AS (
             DELETE FROM ended_runs WHERE id IN (
                 SELECT id FROM ended_runs
                 WHERE finished_at < now() - make_interval(secs => $1::float8)
                 LIMIT $2 FOR UPDATE SKIP LOCKED
             )
             RETURNING id
         ), lines AS (
             DELETE FROM run_logs WHERE run_id IN (SELECT id FROM old)
         )
         SELECT FROM old",
        keep.runs,
    )
    .await?;
    let events = remove(
        "DELETE FROM events WHERE id IN (
             SELECT id FROM (
                 SELECT id, at FROM events WHERE id < (SELECT max(id) FROM events)
                 ORDER BY id LIMIT $2
             ) oldest
             WHERE at < now() - make_interval(secs => $1::float8)
         )",
        keep.events,
    )
    .await?;
    Ok(Pruned { runs, logs, events })
}
