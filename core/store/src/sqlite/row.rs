//! Rows of the host's tables as values.

use std::str::FromStr;

use cascade_sdk::Project;
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{Result, StoreError};
use cascade_model::{ClaimedRun, Lease, Payload, Run};

/// Columns of a [`Run`], for `worker_runs r JOIN projects p`.
macro_rules! run_columns {
    () => {
        "r.id, r.job_type, r.project_id, p.slug, p.name, r.state, r.attempt, r.max_attempts, \
         r.payload, r.queued_at, r.started_at, r.cancel_requested_at, r.finished_at, r.error, r.summary, r.progress, \
         r.trace_id, r.lease_owner"
    };
}
pub(super) use run_columns;

pub(super) fn uuid(row: &SqliteRow, column: &'static str) -> Result<Uuid> {
    parsed(row, column)
}

/// A column kept as text, as the type it stands for.
pub(super) fn parsed<T: FromStr>(row: &SqliteRow, column: &'static str) -> Result<T>
where
    T::Err: ToString,
{
    let text: String = row.try_get(column)?;
    text.parse().map_err(|e: T::Err| StoreError::Corrupt { what: column, why: e.to_string() })
}

pub(super) fn payload(row: &SqliteRow) -> Result<Payload> {
    let text: String = row.try_get("payload")?;
    Payload::parse(&text).map_err(StoreError::corrupt("payload"))
}

pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<Option<T>> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|e| StoreError::Corrupt { what: column, why: e.to_string() })
}

pub(super) fn run(row: &SqliteRow) -> Result<Run> {
    let payload = payload(row)?;
    Ok(Run {
        id: uuid(row, "id")?,
        job_type: row.try_get("job_type")?,
        project_id: uuid(row, "project_id")?,
        project_slug: row.try_get("slug")?,
        state: parsed(row, "state")?,
        attempt: row.try_get("attempt")?,
        max_attempts: row.try_get("max_attempts")?,
        triggered_by: serde_json::to_value(payload.trigger()).unwrap_or(Value::Null),
        params: (),
        payload,
        queued_at: row.try_get("queued_at")?,
        started_at: row.try_get("started_at")?,
        cancel_requested_at: row.try_get("cancel_requested_at")?,
        finished_at: row.try_get("finished_at")?,
        error: row.try_get("error")?,
        summary: row.try_get("summary")?,
        progress: json(row, "progress")?,
        trace_id: uuid(row, "trace_id")?,
    })
}

pub(super) fn claimed(row: &SqliteRow) -> Result<ClaimedRun> {
    Ok(ClaimedRun {
        lease: Lease {
            run_id: uuid(row, "id")?,
            owner: row.try_get("lease_owner")?,
            attempt: row.try_get("attempt")?,
        },
        job_type: row.try_get("job_type")?,
        project: Project {
            id: uuid(row, "project_id")?,
            slug: row.try_get("slug")?,
            name: row.try_get("name")?,
        },
        max_attempts: row.try_get("max_attempts")?,
        payload: payload(row)?,
        trace_id: uuid(row, "trace_id")?,
        queued_at: row.try_get("queued_at")?,
        started_at: row.try_get("started_at")?,
    })
}
