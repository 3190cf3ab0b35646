//! The joins of a trace: what each waits for, and what became of it.

use cascade_engine::{Waited, waited};
use cascade_model::{JoinRow, JoinRule, Run};
use cascade_store::Queries;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::response::{Late, Needs, Told};
use crate::{AppState, error::ApiResult};

/// A join of a trace.
#[derive(Serialize, ToSchema)]
pub struct TraceJoin {
    /// The job that it triggers.
    job: String,
    needs: Needs,
    late: Late,
    state: JoinState,
    /// Why it has not fired, or what was missing as it fired late.
    reason: Option<String>,
    /// The same for programs.
    told: Option<Told>,
    /// When that was settled.
    settled_at: Option<DateTime<Utc>>,
    /// The run of its job in the trace.
    run_id: Option<Uuid>,
    /// When its time is over.
    due_at: Option<DateTime<Utc>>,
    /// The jobs that it waits for, in the order of jobs.toml.
    all_of: Vec<JoinedJob>,
}

/// How far a join has come.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JoinState {
    /// Runs that may lead to its jobs have not ended.
    Waiting,
    /// Its job was triggered.
    Fired,
    /// It has not fired: a manual retry may still complete it.
    Unmet,
    /// It has not fired, and its time is over.
    Late,
}

/// A job that a join waits for.
#[derive(Serialize, ToSchema)]
pub struct JoinedJob {
    job: String,
    state: JoinedState,
    /// A job that leads to it and failed.
    failed: Option<String>,
    /// Jobs that lead to it and whose runs have not ended.
    waits_for: Vec<String>,
    /// Its runs that have not ended, and triggers that wait for one.
    open: u32,
    /// Its runs that have succeeded.
    succeeded: u32,
    /// Its runs that have failed or were cancelled.
    failures: u32,
}

/// How a job that a join waits for stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinedState {
    /// Its runs, or runs that may lead to it, have not ended.
    Open,
    Succeeded,
    /// One of its runs has failed or was cancelled.
    Failed,
    /// It has not run, as a job that leads to it failed.
    NotReached,
    /// It has not run: an edge was not taken, or made no run.
    Skipped,
}

/// Those of the traces of `run` that jobs.toml still has.
pub(super) async fn of(server: &AppState, run: &Run) -> ApiResult<Vec<TraceJoin>> {
    let config = server.config.current();
    if config.joins.is_empty() {
        return Ok(Vec::new());
    }
    let rows = server.store.joins_of_trace(run.trace_id, run.project_id).await?;
    let mut found = Vec::new();
    for row in rows {
        let Some(join) = config.joins.get(&row.key.job) else { continue };
        let mut told = described(&row, &join.rule);
        if matches!(told.state, JoinState::Fired) {
            let (trace, project) = (run.trace_id, run.project_id);
            let made = server.store.latest_in_trace(trace, project, &row.key.job).await?;
            told.run_id = made.map(|run| run.id);
        }
        found.push(told);
    }
    Ok(found)
}

fn described(row: &JoinRow, rule: &JoinRule) -> TraceJoin {
    let outcome = row.state.outcome.as_ref();
    let state = match outcome {
        None => JoinState::Waiting,
        Some(outcome) if outcome.fired => JoinState::Fired,
        Some(outcome) if outcome.late => JoinState::Late,
        Some(_) => JoinState::Unmet,
    };
    let why = outcome.and_then(|outcome| outcome.reason.as_ref());
    TraceJoin {
        job: rule.job.clone(),
        needs: rule.needs.into(),
        late: rule.late.into(),
        state,
        reason: why.map(|why| why.text.clone()),
        told: why.map(Told::from),
        settled_at: outcome.map(|outcome| outcome.at),
        run_id: None,
        due_at: row.due_at,
        all_of: rule.all_of.iter().map(|named| joined(row, rule, named)).collect(),
    }
}

fn joined(row: &JoinRow, rule: &JoinRule, named: &str) -> JoinedJob {
    let parts = &row.state.parts;
    let part = parts.get(named).cloned().unwrap_or_default();
    let upstream = rule.upstream.get(named).into_iter().flatten();
    let is_open = |job: &&String| parts.get(*job).is_some_and(|part| part.open > 0);
    let (state, failed) = match waited(&row.state, rule, named) {
        Waited::Open => (JoinedState::Open, None),
        Waited::Succeeded => (JoinedState::Succeeded, None),
        Waited::Failed => (JoinedState::Failed, None),
        Waited::NotReached { failed } => (JoinedState::NotReached, Some(failed)),
        Waited::Skipped => (JoinedState::Skipped, None),
    };
    JoinedJob {
        job: named.to_owned(),
        state,
        failed,
        waits_for: upstream.filter(is_open).cloned().collect(),
        open: part.open,
        succeeded: part.ok,
        failures: part.failed,
    }
}
