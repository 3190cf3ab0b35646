//! What is unfinished of a trace, and which schedules its runs have triggered that wait.

use std::collections::HashMap;

use cascade_model::Payload;
use cascade_sdk::host::Database;
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, first, one, row, rows};
use crate::Result;

/// What may still begin of a trace, at one moment: where both are 0, nothing follows any more, unless a person asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct TraceActivity {
    /// Runs that wait or run.
    pub unfinished: u64,
    /// Schedules whose next run would be of this trace.
    pub pending: u64,
}

/// A schedule that has been triggered, and whose run is not made yet.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Triggered {
    /// The job type.
    pub job_type: String,
    /// What waits for its next run.
    #[serde(deserialize_with = "row::payload")]
    pub payload: Payload,
}

#[derive(Deserialize)]
struct Of {
    id: Uuid,
    trace_id: Uuid,
}

/// In one statement, so that what moves from the one to the other is never missed.
pub(super) async fn activity(
    database: &dyn Database,
    trace: Uuid,
    project: Uuid,
) -> Result<TraceActivity> {
    let text = Text::of(database.dialect(), "SELECT (SELECT count(*) FROM all_runs r WHERE ");
    let query = super::runs::of_trace(text, trace)
        .push(" AND r.project_id = ")
        .bind_id(project)
        .push(" AND r.state NOT IN ('completed', 'failed', 'cancelled')) AS unfinished, ")
        .push("(SELECT count(*) FROM scheduled_jobs s WHERE s.project_id = ")
        .bind_id(project)
        .push(" AND s.payload ->> 'trace_id' = ")
        .bind_id(trace)
        .push(") AS pending");
    one(database, query.statement()).await
}

/// The schedules of a project that runs have triggered, whatever their traces.
pub(super) async fn triggered(database: &dyn Database, project: Uuid) -> Result<Vec<Triggered>> {
    let text = Text::of(
        database.dialect(),
        "SELECT s.job_type, CAST(s.payload AS text) AS payload FROM scheduled_jobs s WHERE s.project_id = ",
    );
    let text = text.bind_id(project).push(" AND s.payload ->> 'triggers' IS NOT NULL");
    rows(database, text.push(" ORDER BY s.job_type").statement()).await
}

/// The traces of runs; those that were removed are not there.
pub(super) async fn traces_of(
    database: &dyn Database,
    runs: Vec<Uuid>,
) -> Result<HashMap<Uuid, Uuid>> {
    if runs.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = runs.iter().map(Uuid::to_string).collect();
    let text = Text::of(database.dialect(), "SELECT r.id, r.trace_id FROM all_runs r WHERE ");
    let found: Vec<Of> = rows(database, text.among("r.id", ids).statement()).await?;
    Ok(found.into_iter().map(|run| (run.id, run.trace_id)).collect())
}

/// The project of a trace; `None` where no run of it is kept.
pub(super) async fn project(database: &dyn Database, trace: Uuid) -> Result<Option<Uuid>> {
    #[derive(Deserialize)]
    struct Row {
        project_id: Uuid,
    }
    let text = Text::of(database.dialect(), "SELECT r.project_id FROM all_runs r WHERE ");
    let query = super::runs::of_trace(text, trace).push(" LIMIT 1");
    Ok(first::<Row>(database, query.statement()).await?.map(|row| row.project_id))
}
