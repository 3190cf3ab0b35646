//! How far joins have come, and which traces a run belongs to beside its own.

use std::time::Duration;

use cascade_model::{JoinKey, JoinRow, JoinState};
use cascade_sdk::{Db, DbError, Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, first, rows};
use crate::{Result, StoreError};

/// What the text of a state says.
pub(crate) fn join_state(text: &str) -> Result<JoinState> {
    let state = serde_json::from_str(text).map_err(|error| error.to_string());
    state.map_err(StoreError::corrupt("run_joins.state"))
}

/// Stores a locked state.
pub fn save_join(JoinRow { key, state, due_at }: &JoinRow) -> Statement {
    // Names, numbers and times: there is nothing that JSON cannot hold.
    let state = serde_json::to_string(state).unwrap_or_else(|_| "{}".into());
    sql("UPDATE run_joins SET state = $1, due_at = $2
         WHERE trace_id = $3 AND project_id = $4 AND job_type = $5")
    .bind(state)
    .bind(due_at.map(rfc3339))
    .bind(key.trace_id)
    .bind(key.project_id)
    .bind(key.job.clone())
}

/// Forgets a locked state that says nothing.
pub fn forget_join(key: &JoinKey) -> Statement {
    sql("DELETE FROM run_joins WHERE trace_id = $1 AND project_id = $2 AND job_type = $3")
        .bind(key.trace_id)
        .bind(key.project_id)
        .bind(key.job.clone())
}

/// Keeps that a run belongs to a trace beside its own.
pub fn of_trace(run: Uuid, trace: Uuid) -> Statement {
    sql("INSERT INTO run_traces (trace_id, run_id) VALUES ($1, $2)
         ON CONFLICT (trace_id, run_id) DO NOTHING")
    .bind(trace)
    .bind(run)
}

const COLUMNS: &str = "SELECT trace_id, project_id, job_type, state, due_at FROM run_joins WHERE ";

#[derive(Deserialize)]
struct Row {
    trace_id: Uuid,
    project_id: Uuid,
    job_type: String,
    state: String,
    due_at: Option<DateTime<Utc>>,
}

async fn read(database: &dyn Database, query: Text) -> Result<Vec<JoinRow>> {
    let found: Vec<Row> = rows(database, query.statement()).await?;
    let row = |row: Row| {
        let Row { trace_id, project_id, job_type: job, due_at, .. } = row;
        let key = JoinKey { trace_id, project_id, job };
        Ok(JoinRow { key, state: join_state(&row.state)?, due_at })
    };
    found.into_iter().map(row).collect()
}

/// Those of these that are there.
pub(super) async fn of_keys(database: &dyn Database, keys: &[JoinKey]) -> Result<Vec<JoinRow>> {
    let Some(JoinKey { project_id, .. }) = keys.first() else { return Ok(Vec::new()) };
    let mut traces: Vec<_> = keys.iter().map(|key| key.trace_id.to_string()).collect();
    traces.sort();
    traces.dedup();
    let mut jobs: Vec<_> = keys.iter().map(|key| key.job.clone()).collect();
    jobs.sort();
    jobs.dedup();
    let query = Text::of(database.dialect(), COLUMNS)
        .among("trace_id", traces)
        .push(" AND project_id = ")
        .bind_id(*project_id)
        .and_among("job_type", jobs);
    let mut found = read(database, query).await?;
    found.retain(|row| keys.contains(&row.key));
    Ok(found)
}

/// Those of a trace, by job.
pub(super) async fn in_trace(
    database: &dyn Database,
    trace: Uuid,
    project: Uuid,
) -> Result<Vec<JoinRow>> {
    let query = Text::of(database.dialect(), COLUMNS)
        .push("trace_id = ")
        .bind_id(trace)
        .push(" AND project_id = ")
        .bind_id(project)
        .push(" ORDER BY job_type");
    read(database, query).await
}

/// That of the latest trace.
pub(super) async fn latest(
    database: &dyn Database,
    job: &str,
    project: Uuid,
) -> Result<Option<JoinRow>> {
    let query = Text::of(database.dialect(), COLUMNS)
        .push("job_type = ")
        .bind(job)
        .push(" AND project_id = ")
        .bind_id(project)
        .push(" ORDER BY trace_id DESC LIMIT 1");
    Ok(read(database, query).await?.pop())
}

/// Up to `limit` whose time is over, the first of them first.
pub(super) async fn late(database: &dyn Database, limit: u32) -> Result<Vec<JoinRow>> {
    let query = Text::of(database.dialect(), COLUMNS)
        .push("due_at <= ")
        .now()
        .push(" ORDER BY due_at LIMIT ")
        .bind(limit);
    read(database, query).await
}

/// When the time of the next is over, and the database's clock.
pub(super) async fn next_late(
    database: &dyn Database,
) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
    #[derive(Deserialize)]
    struct Next {
        due_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    }
    let query = Text::of(database.dialect(), "SELECT min(due_at) AS due_at, ").now();
    let query = query.push(" AS now FROM run_joins WHERE due_at IS NOT NULL");
    let next: Option<Next> = first(database, query.statement()).await?;
    Ok(next.and_then(|next| next.due_at.map(|due| (due, next.now))))
}

/// Removes what is older than runs are kept; how far the latest runs have come is kept.
pub(super) async fn prune(
    database: &dyn Database,
    keep: Duration,
    batch: u32,
) -> std::result::Result<(), DbError> {
    let old = |table: &str, key: &str, at: &str| {
        let old = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {at} < "
        );
        Text::of(database.dialect(), &old)
    };
    let joins = old("run_joins", "trace_id, project_id, job_type", "made_at");
    let joins = joins.ago(keep).push(" AND trace_id <> ").bind_id(Uuid::nil());
    let traces = old("run_traces", "trace_id, run_id", "at").ago(keep);
    for old in [joins, traces] {
        let old = old.push(" LIMIT ").bind(batch).push(")");
        Db::over(database).execute(old.statement()).await?;
    }
    Ok(())
}
