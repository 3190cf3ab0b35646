//! Which runs repeat which other run.

use cascade_sdk::{Statement, host::Database, sql};
use serde::Deserialize;
use uuid::Uuid;

use super::rows;
use crate::Result;

/// The most reruns of a run that are told, the latest.
const MOST: u32 = 20;

/// Notes that `run` is `of` once more, in the transaction that makes it.
pub fn rerun_noted(run: Uuid, of: Uuid) -> Statement {
    sql("INSERT INTO run_reruns (run_id, rerun_of) VALUES ($1, $2)").bind(run).bind(of)
}

pub(super) async fn of(database: &dyn Database, run: Uuid) -> Result<Vec<Uuid>> {
    #[derive(Deserialize)]
    struct Row {
        run_id: Uuid,
    }
    let query =
        sql("SELECT run_id FROM run_reruns WHERE rerun_of = $1 ORDER BY run_id DESC LIMIT $2");
    let found: Vec<Row> = rows(database, query.bind(run).bind(MOST)).await?;
    Ok(found.into_iter().map(|row| row.run_id).collect())
}
