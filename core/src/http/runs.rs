//! Runs: which there are, what they said, what caused what, and what people may do to them.

use std::str::FromStr;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    AppState,
    error::{ApiError, ApiResult},
    extract::Params,
};
use crate::store::{
    CancelRequest, CascadeTree, Run, RunFilter, RunLogRow, RunPage, RunState, TriggerKind,
};

/// The most runs that a cascade is shown with.
const MOST_IN_CASCADE: u32 = 500;
/// The longest text that is looked for.
const LONGEST_TEXT: usize = 200;

#[derive(Deserialize, IntoParams)]
pub struct RunQuery {
    /// Only this project.
    project_id: Option<Uuid>,
    /// Only these job types, with commas between.
    job_type: Option<String>,
    /// Only these states, with commas between.
    state: Option<String>,
    /// Only what a `timer`, a person (`manual`) or a `cascade` caused.
    trigger: Option<String>,
    /// Queued at this time or later.
    from: Option<DateTime<Utc>>,
    /// Queued before this time.
    to: Option<DateTime<Utc>>,
    /// Only those with this text in error, summary or job type, or at the start of the id.
    text: Option<String>,
    /// Only runs of this trace.
    trace_id: Option<Uuid>,
    /// `queued_at`, `started_at`, `finished_at`, `took`, `job_type` or `state`; with `-` in front
    /// the greatest first. `-queued_at` if not given.
    sort: Option<String>,
    /// From 1.
    page: Option<u32>,
    /// At most 200; 50 if not given.
    per_page: Option<u32>,
}

/// Runs, newest first unless `sort` says otherwise; all filters must fit.
#[utoipa::path(get, path = "/jobs/runs", params(RunQuery), responses((status = 200, body = RunPage), (status = 400)))]
pub async fn runs(
    State(server): State<AppState>,
    Params(query): Params<RunQuery>,
) -> ApiResult<Json<RunPage>> {
    let text = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
        let message = format!("query: `text` is longer than {LONGEST_TEXT} characters");
        return Err(ApiError::bad_request(message).help("look for a part of it"));
    }
    let filter = RunFilter {
        project_id: query.project_id,
        job_types: list("job_type", query.job_type)?,
        states: list::<RunState>("state", query.state)?,
        trigger: one::<TriggerKind>("trigger", query.trigger)?,
        from: query.from,
        to: query.to,
        text: text.map(ToOwned::to_owned),
        trace_id: query.trace_id,
        sort: one("sort", query.sort)?.unwrap_or_default(),
        page: query.page.unwrap_or(1).max(1),
        per_page: query.per_page.unwrap_or(50).clamp(1, 200),
    };
    Ok(Json(server.store.runs(&filter).await?))
}

/// A parameter that may be left out or left empty.
fn one<T: FromStr<Err: ToString>>(name: &str, given: Option<String>) -> ApiResult<Option<T>> {
    Ok(list(name, given)?.pop())
}

fn list<T: FromStr<Err: ToString>>(name: &str, given: Option<String>) -> ApiResult<Vec<T>> {
    let given = given.unwrap_or_default();
    let parts = given.split(',').map(str::trim).filter(|part| !part.is_empty());
    let read = |part: &str| {
        part.parse::<T>().map_err(|fault| {
            ApiError::bad_request(format!("query: `{name}`: {}", fault.to_string()))
        })
    };
    parts.map(read).collect()
}

/// One run.
#[utoipa::path(get, path = "/jobs/runs/{id}", responses((status = 200, body = Run), (status = 404)))]
pub async fn run(State(server): State<AppState>, Path(id): Path<Uuid>) -> ApiResult<Json<Run>> {
    Ok(Json(found(&server, id).await?))
}

async fn found(server: &AppState, id: Uuid) -> ApiResult<Run> {
    let run = server.store.run(id).await?;
    run.ok_or_else(|| ApiError::not_found(format!("there is no run {id}")))
}

#[derive(Serialize, ToSchema)]
pub struct RunLogs {
    items: Vec<RunLogRow>,
}

/// The log of a run: its latest 5,000 lines, oldest first.
#[utoipa::path(get, path = "/jobs/runs/{id}/logs", responses((status = 200, body = RunLogs)))]
pub async fn run_logs(
    State(server): State<AppState>,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<RunLogs>> {
    Ok(Json(RunLogs { items: server.store.run_logs(id, 5000).await? }))
}

/// All runs that the trigger which caused this run caused, the first of them first: a tree.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/cascade",
    responses((status = 200, body = CascadeTree), (status = 404))
)]
pub async fn cascade(
    State(server): State<AppState>,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<CascadeTree>> {
    let run = found(&server, id).await?;
    let runs = server.store.trace(run.trace_id, run.project_id, MOST_IN_CASCADE + 1).await?;
    Ok(Json(CascadeTree::of(run, runs, MOST_IN_CASCADE)))
}

#[derive(Serialize, ToSchema)]
pub struct RunChange {
    run_id: Uuid,
    /// The state it is in now.
    #[schema(value_type = String)]
    state: RunState,
}

/// Cancels a run: one that waits at once; one that runs is asked to stop, and abandoned if it does
/// not within 5 s.
#[utoipa::path(
    post, path = "/jobs/runs/{id}/cancel",
    responses((status = 202, body = RunChange), (status = 404), (status = 409))
)]
pub async fn cancel(
    State(server): State<AppState>,
    Path(run_id): Path<Uuid>,
) -> ApiResult<(StatusCode, Json<RunChange>)> {
    let state = match server.store.request_cancel(run_id).await? {
        CancelRequest::Cancelled => RunState::Cancelled,
        CancelRequest::Requested => {
            server.wake.cancel(run_id).await;
            RunState::Running
        }
    };
    Ok((StatusCode::ACCEPTED, Json(RunChange { run_id, state })))
}

/// Gives a failed or cancelled run one more attempt.
#[utoipa::path(
    post, path = "/jobs/runs/{id}/retry",
    responses((status = 202, body = RunChange), (status = 404), (status = 409))
)]
pub async fn retry(
    State(server): State<AppState>,
    Path(run_id): Path<Uuid>,
) -> ApiResult<(StatusCode, Json<RunChange>)> {
    server.store.retry(run_id).await?;
    server.wake.wake_all().await;
    Ok((StatusCode::ACCEPTED, Json(RunChange { run_id, state: RunState::Available })))
}
