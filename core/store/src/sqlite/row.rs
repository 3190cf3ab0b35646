//! Rows of the host's tables as values.

use std::str::FromStr;

use cascade_sdk::Project;
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use crate::{Result, StoreError};
use cascade_model::{ClaimedRun, Lease, Payload, RunKind};

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

pub(super) fn claimed(row: &SqliteRow, kind: RunKind) -> Result<ClaimedRun> {
    Ok(ClaimedRun {
        lease: Lease {
            run_id: uuid(row, "id")?,
            kind,
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
        request: None,
        alone: row.try_get("alone")?,
    })
}
