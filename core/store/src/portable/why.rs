//! What a run waits for, as far as its rows say.

use cascade_sdk::host::Database;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, first, row};
use crate::Result;

/// A run that waits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RunWaits {
    /// When it may begin.
    pub available_at: DateTime<Utc>,
    /// Whether another run of its key goes before it.
    #[serde(deserialize_with = "row::flag")]
    pub behind: bool,
    /// That run, if it is one that was asked for.
    pub first: Option<Uuid>,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

pub(super) async fn run_waits(database: &dyn Database, run: Uuid) -> Result<Option<RunWaits>> {
    let dialect = database.dialect();
    let queued = Text::of(
        dialect,
        "SELECT q.available_at, q.behind, (SELECT f.id FROM queue_runs f",
    )
    .push(" WHERE f.job_type = q.job_type AND f.project_id = q.project_id AND f.key = q.key")
    .push(" AND NOT f.behind AND f.state IN ('available', 'running', 'retryable')) AS first, ")
    .now()
    .push(" AS now FROM queue_runs q WHERE q.id = ")
    .bind_id(run);
    if let Some(found) = first(database, queued.statement()).await? {
        return Ok(Some(found));
    }
    let scheduled = Text::of(dialect, "SELECT available_at, (1 = 0) AS behind, NULL AS first, ")
        .now()
        .push(" AS now FROM worker_runs WHERE id = ")
        .bind_id(run);
    first(database, scheduled.statement()).await
}
