//! What a run waits for, as far as its rows say.

use cascade_sdk::host::Database;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, row};
use crate::Result;

/// A run that waits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RunWaits {
    /// When it may begin.
    pub available_at: DateTime<Utc>,
    /// Whether another run of its key goes before it.
    #[serde(deserialize_with = "row::flag")]
    pub behind: bool,
    /// The first of those, if it is one that was asked for.
    pub first: Option<Uuid>,
    /// How many runs of its key go before it.
    pub ahead: u32,
    /// How many runs of its key go at a time.
    pub runs_per_key: u32,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

pub(super) async fn run_waits(database: &dyn Database, run: Uuid) -> Result<Option<RunWaits>> {
    let dialect = database.dialect();
    let first = "FROM queue_runs f WHERE f.job_type = q.job_type AND f.project_id = q.project_id
         AND f.key = q.key AND NOT f.behind AND f.state IN ('available', 'running', 'retryable')";
    let queued = Text::of(dialect, "SELECT q.available_at, q.behind, ")
        .push(&format!("(SELECT f.id {first}) AS first, (SELECT count(*) {first})"))
        .push(
            " + (SELECT count(*) FROM queue_runs b WHERE b.job_type = q.job_type
                 AND b.project_id = q.project_id AND b.beside = q.key AND b.beside IS NOT NULL
                 AND b.state IN ('available', 'running', 'retryable')) AS ahead,
             coalesce((SELECT j.runs_per_key FROM keyed_jobs j WHERE j.job_type = q.job_type), 1)
                 AS runs_per_key, ",
        )
        .now()
        .push(" AS now FROM queue_runs q WHERE q.id = ")
        .bind_id(run);
    if let Some(found) = super::first(database, queued.statement()).await? {
        return Ok(Some(found));
    }
    let scheduled = Text::of(
        dialect,
        "SELECT available_at, (1 = 0) AS behind, NULL AS first, 0 AS ahead, 1 AS runs_per_key, ",
    )
    .now()
    .push(" AS now FROM worker_runs WHERE id = ")
    .bind_id(run);
    super::first(database, scheduled.statement()).await
}
