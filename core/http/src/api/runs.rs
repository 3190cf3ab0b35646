//! Runs: which there are, what they said, what caused what, and what people may do to them.

use std::str::FromStr;

use axum::{extract::State, http::StatusCode};
use cascade_sdk::Statement;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::response;
use crate::{
    AppState,
    api::{
        audit::entry,
        conditions::{MOST_LOOKED_INTO, Where, WhereQuery, conditions, narrow_enough},
        paging::paging,
        tags::{self, TagQuery, Tags},
        times,
    },
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path, Query},
    },
};
use cascade_access::{Principal, Role};
use cascade_config::{all_masked, masked};
use cascade_model::{CancelRequest, LONGEST_KEY, Run, RunState};
use cascade_store::{Queries, RunFilter, TriggerKind};

/// The longest text that is looked for.
pub(crate) const LONGEST_TEXT: usize = 200;

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunQuery {
    /// Only this project.
    pub(super) project_id: Option<Uuid>,
    /// Only these job types, with commas between.
    pub(super) job_type: Option<String>,
    /// Only these states, with commas between.
    #[param(
        pattern = "^((scheduled|available|running|retryable|completed|failed|cancelled)(,|$))*$"
    )]
    pub(super) state: Option<String>,
    /// Only what a `timer`, a person (`manual`) or a `cascade` caused.
    #[param(pattern = "^(timer|manual|cascade)?$")]
    pub(super) trigger: Option<String>,
    /// Only what was asked for with this key.
    #[param(max_length = 256)]
    pub(super) key: Option<String>,
    /// Queued at this time or later.
    #[serde(default, deserialize_with = "times::optional")]
    pub(super) from: Option<DateTime<Utc>>,
    /// Queued before this time.
    #[serde(default, deserialize_with = "times::optional")]
    pub(super) to: Option<DateTime<Utc>>,
    /// Only those with this text in error, summary or job type, or at the start of the id.
    #[param(max_length = 200)]
    pub(super) text: Option<String>,
    /// Only runs of this trace.
    pub(super) trace_id: Option<Uuid>,
    /// Only runs that this run caused.
    pub(super) parent_id: Option<Uuid>,
    /// `queued_at`, `started_at`, `finished_at`, `took`, `job_type` or `state`; with `-` in front
    /// the greatest first. `-queued_at` if not given.
    #[param(pattern = "^(-?(queued_at|started_at|finished_at|took|job_type|state))?$")]
    pub(super) sort: Option<String>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    pub(super) page: Option<u32>,
    /// At most 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    pub(super) per_page: Option<u32>,
}

/// Runs, newest first unless `sort` says otherwise; all filters must fit.
#[utoipa::path(
    get, path = "/jobs/runs", params(RunQuery, WhereQuery, TagQuery),
    responses(
        (status = 200, body = response::RunPage),
        (status = 404, description = "There is no run `parent_id`.", body = ErrorBody), Refused
    )
)]
pub async fn runs(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<RunQuery>,
    Where(texts): Where,
    Tags(tags): Tags,
) -> ApiResult<Json<response::RunPage>> {
    let filter = filter_of(&server, &principal, query, (&texts, tags)).await?;
    let mut page = server.store.runs(&filter).await?;
    page.items = page.items.into_iter().map(Run::in_list).collect();
    Ok(Json(response::RunPage::shown(page, &server.config.state())))
}

/// Which runs are asked for.
///
/// # Errors
/// 400 that names the parameter, or 404 for a project or a `parent_id` that is not there.
pub(super) async fn filter_of(
    server: &AppState,
    principal: &Principal,
    query: RunQuery,
    (texts, tags): (&[String], Vec<String>),
) -> ApiResult<RunFilter> {
    let (page, per_page) = paging(query.page, query.per_page)?;
    let text = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > LONGEST_TEXT) {
        let message = format!("query: `text` is longer than {LONGEST_TEXT} characters");
        return Err(ApiError::bad_request(message).help("look for a part of it"));
    }
    let registry = server.config.registry();
    let (conditions, job_types) =
        conditions(&registry, "query: `where`", texts, list("job_type", query.job_type)?)?;
    let tags = tags::filters(&server.config.current(), "query: `tag`", tags)?;
    let trace_id = trace_of(server, principal, query.trace_id, query.parent_id).await?;
    let filter = RunFilter {
        visible: server.scope(principal, query.project_id)?,
        job_types,
        states: list::<RunState>("state", query.state)?,
        trigger: one::<TriggerKind>("trigger", query.trigger)?,
        key: key_in("query: `key`", query.key)?,
        from: query.from,
        to: query.to,
        text: text.map(ToOwned::to_owned),
        trace_id,
        parent_id: query.parent_id,
        conditions,
        tags,
        sort: one("sort", query.sort)?.unwrap_or_default(),
        page,
        per_page,
    };
    narrow_enough(server, "query: `where`", &filter, MOST_LOOKED_INTO).await?;
    Ok(filter)
}

/// The trace in which runs are looked for: runs that one caused are found by the trace of that.
pub(crate) async fn trace_of(
    server: &AppState,
    principal: &Principal,
    trace: Option<Uuid>,
    parent: Option<Uuid>,
) -> ApiResult<Option<Uuid>> {
    match (trace, parent) {
        (None, Some(parent)) => Ok(Some(found(server, principal, parent).await?.trace_id)),
        _ => Ok(trace),
    }
}

/// A key that runs are looked for by: none is kept that is longer.
pub(crate) fn key_in(place: &str, key: Option<String>) -> ApiResult<Option<String>> {
    match key {
        Some(key) if key.chars().count() > LONGEST_KEY => Err(ApiError::bad_request(format!(
            "{place} is longer than {LONGEST_KEY} characters: no run has such a key"
        ))),
        fits => Ok(fits),
    }
}

/// A parameter that may be left out or left empty.
pub(crate) fn one<T: FromStr<Err: ToString>>(
    name: &str,
    given: Option<String>,
) -> ApiResult<Option<T>> {
    Ok(list(name, given)?.pop())
}

pub(crate) fn list<T: FromStr<Err: ToString>>(
    name: &str,
    given: Option<String>,
) -> ApiResult<Vec<T>> {
    let given = given.unwrap_or_default();
    let parts = given.split(',').map(str::trim).filter(|part| !part.is_empty());
    let read = |part: &str| {
        part.parse::<T>().map_err(|fault| {
            ApiError::bad_request(format!("query: `{name}`: {}", fault.to_string()))
        })
    };
    parts.map(read).collect()
}

#[derive(Serialize, ToSchema)]
pub struct RunDetails {
    #[serde(flatten)]
    run: response::Run,
    /// What it gave out: any JSON, or null for nothing.
    output: Value,
    /// When it may begin, or its next attempt: for one that waits for a time.
    next_attempt_at: Option<DateTime<Utc>>,
    /// Its attempts that failed, the first of them first.
    failed_attempts: Vec<response::FailedAttempt>,
    /// What became of each edge when it ended; empty where `state` says it all: plain edges follow each
    /// success.
    decisions: Vec<response::Decision>,
    /// The run that it is once more: see `POST /api/jobs/runs/{id}/rerun`.
    rerun_of: Option<Uuid>,
    /// Runs that are this one once more, the latest first.
    reruns: Vec<Uuid>,
    /// What it uses of the machine while it runs, as its worker has measured it in the last minute: after its first
    /// seconds, and on Linux.
    process: Option<response::RunProcess>,
}

/// One run, with its output and what became of the edges that lead from it.
#[utoipa::path(get, path = "/jobs/runs/{id}", params(RunId), responses((status = 200, body = RunDetails), (status = 404, body = ErrorBody), Refused))]
pub async fn run(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<RunDetails>> {
    let run = found(&server, &principal, id).await?;
    let text = server.store.outputs(&[id]).await?.remove(&id);
    let output = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    // A plugin that is not loaded cannot tell which parts are secret.
    let registry = server.config.registry();
    let output = match registry.job(&run.job_type) {
        Some(job) => masked(&job.descriptor().output_schema, &output),
        None => all_masked(&output),
    };
    let attempts = server.store.failed_attempts(id).await?;
    let failed_attempts = attempts.into_iter().map(Into::into).collect();
    let decisions = server.store.decisions(&principal.visible(), id).await?;
    let decisions = decisions.map(|made| made.edges).unwrap_or_default();
    let decisions = decisions.into_iter().map(Into::into).collect();
    let rerun_of = run.payload.rest.get(cascade_engine::RERUN_OF).and_then(Value::as_str);
    let rerun_of = rerun_of.and_then(|run| run.parse().ok());
    let reruns = server.store.reruns(id).await?;
    let process = match run.state {
        RunState::Running => server.store.run_process(id, run.attempt).await?,
        _ => None,
    };
    let process = process.map(Into::into);
    let next_attempt_at = next_attempt(&server, &run).await?;
    let run = response::Run::shown(run, &server.config.state());
    Ok(Json(RunDetails {
        run,
        output,
        next_attempt_at,
        failed_attempts,
        decisions,
        rerun_of,
        reruns,
        process,
    }))
}

/// When a run that waits may begin, if it waits for a time.
async fn next_attempt(server: &AppState, run: &Run) -> ApiResult<Option<DateTime<Utc>>> {
    if !matches!(run.state, RunState::Scheduled | RunState::Available | RunState::Retryable) {
        return Ok(None);
    }
    let waits = server.store.run_waits(run.id).await?;
    Ok(waits.filter(|waits| waits.available_at > waits.now).map(|waits| waits.available_at))
}

/// Describes `{id}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct RunId {
    /// The run.
    id: Uuid,
}

/// For the audit log.
pub(crate) fn noted(
    principal: &Principal,
    action: &'static str,
    run: &Run,
    peer: Peer,
) -> Statement {
    let detail = json!({ "job_type": run.job_type });
    entry(principal, action, &run.id.to_string(), Some(run.project_id), detail, peer)
}

/// A run that one may change.
pub(crate) async fn editable(server: &AppState, principal: &Principal, id: Uuid) -> ApiResult<Run> {
    let run = found(server, principal, id).await?;
    server.demand(principal, run.project_id, Role::Editor)?;
    Ok(run)
}

pub(crate) async fn found(server: &AppState, principal: &Principal, id: Uuid) -> ApiResult<Run> {
    let run = server.store.run(&principal.visible(), id).await?;
    run.ok_or_else(|| ApiError::not_found(format!("there is no run {id}")))
}

#[derive(Serialize, ToSchema)]
pub struct RunChange {
    run_id: Uuid,
    /// The state it is in now.
    state: response::RunState,
}

/// Cancels a run: one that waits at once; one that runs is asked to stop, and abandoned if it does
/// not within 5 s.
#[utoipa::path(
    post, path = "/jobs/runs/{id}/cancel", params(RunId),
    responses(
        (status = 202, body = RunChange), (status = 404, body = ErrorBody),
        (status = 409, description = "Its state does not allow that.", body = ErrorBody), Refused
    )
)]
pub async fn cancel(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(run_id): Path<Uuid>,
) -> ApiResult<(StatusCode, Json<RunChange>)> {
    let run = editable(&server, &principal, run_id).await?;
    let editable = principal.with_role(Role::Editor);
    let engine = server.engine.noting(noted(&principal, "run.cancel", &run, peer));
    let state = match engine.request_cancel(&editable, run_id).await? {
        // Another may begin now: the next of its key, or what a join made due.
        CancelRequest::Cancelled => {
            server.wake.wake_all().await;
            RunState::Cancelled
        }
        CancelRequest::Requested => {
            server.wake.cancel(run_id).await;
            RunState::Running
        }
    };
    Ok((StatusCode::ACCEPTED, Json(RunChange { run_id, state: state.into() })))
}

/// Gives a failed or cancelled run one more attempt.
#[utoipa::path(
    post, path = "/jobs/runs/{id}/retry", params(RunId),
    responses(
        (status = 202, body = RunChange), (status = 404, body = ErrorBody),
        (status = 409, description = "Its state does not allow that.", body = ErrorBody), Refused
    )
)]
pub async fn retry(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(run_id): Path<Uuid>,
) -> ApiResult<(StatusCode, Json<RunChange>)> {
    let run = editable(&server, &principal, run_id).await?;
    let engine = server.engine.noting(noted(&principal, "run.retry", &run, peer));
    engine.retry(&principal.with_role(Role::Editor), run_id).await?;
    server.wake.wake_all().await;
    Ok((StatusCode::ACCEPTED, Json(RunChange { run_id, state: response::RunState::Available })))
}
