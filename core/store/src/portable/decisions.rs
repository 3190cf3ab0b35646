//! Which edges were taken at the end of a run, as JSON text.

use cascade_model::{Decisions, RunKind, RunState, Visible};
use cascade_sdk::{Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, first, rows};
use crate::{Result, StoreError};

/// Cancelled runs that are passed over on the way to one that succeeded or failed.
const MOST_CANCELLED: u32 = 50;

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
}

pub(super) async fn last_failed(database: &dyn Database, job: &str, project: Uuid) -> Result<bool> {
    let query = Text::of(database.dialect(), "SELECT r.state FROM (SELECT job_type, project_id")
        .push(" FROM scheduled_jobs WHERE job_type = ")
        .bind(job)
        .push(" AND project_id = ")
        .bind_id(project)
        .push(") s")
        .join_last_runs(RunKind::Schedule, MOST_CANCELLED)
        .push(" ORDER BY r.finished_at DESC, r.id DESC");
    latest_failed(database, query).await
}

/// As [`last_failed`] of the runs that were asked for with a key.
pub(super) async fn last_failed_of_key(
    database: &dyn Database,
    job: &str,
    project: Uuid,
    key: &str,
) -> Result<bool> {
    // Runs of a key follow one another: the last that was asked for and has ended is the last that ended.
    let query = Text::of(database.dialect(), "SELECT r.state FROM run_requests q")
        .push(" JOIN all_runs r ON r.id = q.run_id WHERE q.job_type = ")
        .bind(job)
        .push(" AND q.project_id = ")
        .bind_id(project)
        .push(" AND q.key = ")
        .bind(key)
        .push(" AND r.finished_at IS NOT NULL ORDER BY q.queued_at DESC, q.run_id DESC LIMIT ")
        .push(&MOST_CANCELLED.to_string());
    latest_failed(database, query).await
}

async fn latest_failed(database: &dyn Database, query: Text) -> Result<bool> {
    let latest: Vec<Row> = rows(database, query.statement()).await?;
    let counts = latest.into_iter().find(|run| run.state != RunState::Cancelled);
    Ok(counts.is_some_and(|run| run.state == RunState::Failed))
}
