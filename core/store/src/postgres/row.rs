//! Rows of the host's tables as values.

use serde_json::Value;
use sqlx::{Row, postgres::PgRow, types::Json};

use crate::{Result, StoreError};
use cascade_model::{Payload, Run};

/// Columns of a [`Run`], for `worker_runs r JOIN projects p`.
macro_rules! run_columns {
    () => {
        "r.id, r.job_type, r.project_id, p.slug, p.name, r.state, r.attempt, r.max_attempts, \
         r.payload, r.queued_at, r.started_at, r.cancel_requested_at, r.finished_at, r.error, \
         r.summary, r.progress, r.trace_id"
    };
}
pub(super) use run_columns;

/// Columns of worker_runs, in their order.
macro_rules! all_columns {
    () => {
        "id, job_type, project_id, state, attempt, max_attempts, payload, available_at, lease_owner, \
         lease_until, cancel_requested_at, queued_at, started_at, finished_at, error, summary, \
         progress, trace_id"
    };
}
pub(super) use all_columns;

pub(super) fn payload(row: &PgRow) -> Result<Payload> {
    let Json(payload) = row.try_get("payload")?;
    Ok(payload)
}

/// A column that is never negative.
pub(super) fn count(row: &PgRow, column: &'static str) -> Result<u32> {
    let count: i32 = row.try_get(column)?;
    u32::try_from(count).map_err(|e| StoreError::Corrupt { what: column, why: e.to_string() })
}

/// As PostgreSQL keeps it.
pub(super) fn int(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

pub(super) fn run(row: &PgRow) -> Result<Run> {
    let payload = payload(row)?;
    let progress: Option<Json<_>> = row.try_get("progress")?;
    let state: &str = row.try_get("state")?;
    Ok(Run {
        id: row.try_get("id")?,
        job_type: row.try_get("job_type")?,
        project_id: row.try_get("project_id")?,
        project_slug: row.try_get("slug")?,
        state: state.parse().map_err(StoreError::corrupt("state"))?,
        attempt: count(row, "attempt")?,
        max_attempts: count(row, "max_attempts")?,
        triggered_by: serde_json::to_value(payload.trigger()).unwrap_or(Value::Null),
        params: (),
        payload,
        queued_at: row.try_get("queued_at")?,
        started_at: row.try_get("started_at")?,
        cancel_requested_at: row.try_get("cancel_requested_at")?,
        finished_at: row.try_get("finished_at")?,
        error: row.try_get("error")?,
        summary: row.try_get("summary")?,
        progress: progress.map(|Json(progress)| progress),
        trace_id: row.try_get("trace_id")?,
    })
}
