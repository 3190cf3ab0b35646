//! Rows of the host's tables as values. A column of JSON is read as text, because the databases have
//! different types for it; so is a truth value, which SQLite keeps as 0 or 1.

use cascade_model::{Payload, Run, RunRequest, RunState};
use cascade_sdk::Progress;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error};
use serde_json::Value;
use uuid::Uuid;

use crate::args::args_of;

/// Whence [`RUN_COLUMNS`] are read.
pub(super) const RUN_TABLES: &str = "all_runs r JOIN projects p ON p.id = r.project_id \
    LEFT JOIN run_requests q ON q.run_id = r.id";

/// Columns of a [`RunRow`].
pub(super) const RUN_COLUMNS: &str = "r.id, r.job_type, r.project_id, p.slug, r.state, r.attempt, \
    r.max_attempts, CAST(r.payload AS text) AS payload, r.queued_at, r.started_at, \
    r.cancel_requested_at, r.finished_at, r.error, r.summary, \
    CAST(r.progress AS text) AS progress, r.trace_id, q.run_id AS request, q.key, q.args, q.priority, \
    q.run_at, q.asked_by, CASE WHEN q.run_id IS NOT NULL THEN \
    (SELECT string_agg(w.tag, '\n') FROM run_tags w WHERE w.run_id = q.run_id) END AS tags";

/// A run as [`RUN_COLUMNS`] read it.
#[derive(Deserialize)]
pub(super) struct RunRow {
    id: Uuid,
    job_type: String,
    project_id: Uuid,
    slug: String,
    state: RunState,
    attempt: u32,
    max_attempts: u32,
    #[serde(deserialize_with = "payload")]
    payload: Payload,
    queued_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    cancel_requested_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    error: Option<String>,
    summary: Option<String>,
    #[serde(deserialize_with = "json")]
    progress: Option<Progress>,
    trace_id: Uuid,
    /// The run once more, if it was asked for with what follows.
    request: Option<Uuid>,
    key: Option<String>,
    #[serde(deserialize_with = "args")]
    args: Value,
    priority: Option<u8>,
    run_at: Option<DateTime<Utc>>,
    asked_by: Option<String>,
    #[serde(deserialize_with = "lines")]
    tags: Vec<String>,
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        let request = row.request.map(|_| RunRequest {
            key: row.key,
            args: row.args,
            priority: row.priority.unwrap_or_default(),
            run_at: row.run_at,
            asked_by: row.asked_by,
            tags: row.tags,
        });
        Self {
            id: row.id,
            job_type: row.job_type,
            project_id: row.project_id,
            project_slug: row.slug,
            state: row.state,
            attempt: row.attempt,
            max_attempts: row.max_attempts,
            triggered_by: serde_json::to_value(row.payload.trigger()).unwrap_or(Value::Null),
            params: (),
            payload: row.payload,
            queued_at: row.queued_at,
            started_at: row.started_at,
            cancel_requested_at: row.cancel_requested_at,
            finished_at: row.finished_at,
            error: row.error,
            summary: row.summary,
            progress: row.progress,
            trace_id: row.trace_id,
            request: request.map(Box::new),
        }
    }
}

/// Texts without line breaks, in their order.
fn lines<'de, D: Deserializer<'de>>(column: D) -> Result<Vec<String>, D::Error> {
    let text = Option::<String>::deserialize(column)?.unwrap_or_default();
    let mut lines: Vec<_> = text.lines().map(ToOwned::to_owned).collect();
    lines.sort();
    Ok(lines)
}

/// The payload of a run or of a schedule.
pub(super) fn payload<'de, D: Deserializer<'de>>(column: D) -> Result<Payload, D::Error> {
    Payload::parse(&String::deserialize(column)?).map_err(D::Error::custom)
}

/// JSON that is kept as text, or NULL.
pub(super) fn json<'de, T, D>(column: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(column)?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(D::Error::custom)
}

/// Args of a run; null for one that was not asked for.
fn args<'de, D: Deserializer<'de>>(column: D) -> Result<Value, D::Error> {
    let text = Option::<String>::deserialize(column)?;
    Ok(text.as_deref().map(args_of).unwrap_or_default())
}

/// A truth value.
pub(super) fn flag<'de, D: Deserializer<'de>>(column: D) -> Result<bool, D::Error> {
    match Value::deserialize(column)? {
        Value::Bool(flag) => Ok(flag),
        other => match other.as_i64() {
            Some(number) => Ok(number != 0),
            None => Err(D::Error::custom(format!("{other} is no truth value"))),
        },
    }
}
