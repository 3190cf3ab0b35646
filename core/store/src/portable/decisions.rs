//! Which edges were taken at the end of a run, as JSON text.

use cascade_model::{Decisions, KEY_OF_SCHEDULE, RunKind, RunState, Visible};
use cascade_sdk::{Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, first, rows};
use crate::{Result, StoreError};

/// Cancelled runs that are passed over on the way to one that succeeded or failed.
const MOST_CANCELLED: u32 = 50;
/// Runs of a key among which the last that ended is looked for.
const MOST_OF_KEY: u32 = 1000;

/// Keeps the decisions of a run, in the transaction that ends it. A run that is tried again by a person ends
/// again: the latest end counts.
pub fn decided(run: Uuid, at: DateTime<Utc>, Decisions { failed, edges }: &Decisions) -> Statement {
    // Names, words and booleans: there is nothing that JSON cannot hold.
    let edges = serde_json::to_string(edges).unwrap_or_else(|_| "[]".into());
    sql("INSERT INTO run_decisions (run_id, ended_at, failed, edges) VALUES ($1, $2, $3, $4)
         ON CONFLICT (run_id) DO UPDATE
         SET ended_at = excluded.ended_at, failed = excluded.failed, edges = excluded.edges")
    .bind(run)
    .bind(rfc3339(at))
    .bind(*failed)
    .bind(edges)
}

pub(super) async fn of(
    database: &dyn Database,
    visible: &Visible,
    run: Uuid,
) -> Result<Option<Decisions>> {
    #[derive(Deserialize)]
    struct Row {
        failed: bool,
        edges: String,
    }
    let query = Text::of(database.dialect(), "SELECT d.failed, d.edges FROM run_decisions d")
        .push(" JOIN all_runs r ON r.id = d.run_id WHERE d.run_id = ")
        .bind_id(run)
        .and_visible("r.project_id", visible);
    let Some(Row { failed, edges }) = first(database, query.statement()).await? else {
        return Ok(None);
    };
    let corrupt = |error: serde_json::Error| StoreError::Corrupt {
        what: "run_decisions.edges",
        why: error.to_string(),
    };
    Ok(Some(Decisions { failed, edges: serde_json::from_str(&edges).map_err(corrupt)? }))
}

#[derive(Deserialize)]
struct Row {
    state: RunState,
    finished_at: DateTime<Utc>,
}

pub(super) async fn last_failed(database: &dyn Database, job: &str, project: Uuid) -> Result<bool> {
    let of_schedule = "SELECT r.state, r.finished_at FROM (SELECT job_type, project_id";
    let query = Text::of(database.dialect(), of_schedule)
        .push(" FROM scheduled_jobs WHERE job_type = ")
        .bind(job)
        .push(" AND project_id = ")
        .bind_id(project)
        .push(") s")
        .join_last_runs(RunKind::Schedule, MOST_CANCELLED)
        .push(" ORDER BY r.finished_at DESC, r.id DESC");
    let mut latest: Vec<Row> = rows(database, query.statement()).await?;
    // Runs with args may have the key of the schedule too.
    latest.extend(ended_of_key(database, job, project, KEY_OF_SCHEDULE).await?);
    Ok(failed(latest))
}

/// As [`last_failed`] of the runs that were asked for with a key.
pub(super) async fn last_failed_of_key(
    database: &dyn Database,
    job: &str,
    project: Uuid,
    key: &str,
) -> Result<bool> {
    Ok(failed(ended_of_key(database, job, project, key).await?))
}

/// Those that ended last, among those that were asked for last.
async fn ended_of_key(
    database: &dyn Database,
    job: &str,
    project: Uuid,
    key: &str,
) -> Result<Vec<Row>> {
    let query = Text::of(database.dialect(), "SELECT state, finished_at FROM (SELECT r.state,")
        .push(" r.finished_at, r.id FROM run_requests q JOIN all_runs r ON r.id = q.run_id")
        .push(" WHERE q.job_type = ")
        .bind(job)
        .push(" AND q.project_id = ")
        .bind_id(project)
        .push(" AND q.key = ")
        .bind(key)
        .push(" AND r.finished_at IS NOT NULL ORDER BY q.queued_at DESC, q.run_id DESC LIMIT ")
        .push(&MOST_OF_KEY.to_string())
        .push(") ended ORDER BY finished_at DESC, id DESC LIMIT ")
        .push(&MOST_CANCELLED.to_string());
    rows(database, query.statement()).await
}

/// Whether the latest of them that was not cancelled has failed.
fn failed(mut ended: Vec<Row>) -> bool {
    ended.sort_by_key(|run| std::cmp::Reverse(run.finished_at));
    let counts = ended.into_iter().find(|run| run.state != RunState::Cancelled);
    counts.is_some_and(|run| run.state == RunState::Failed)
}
