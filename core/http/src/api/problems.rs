//! Why runs fail: failures grouped by error over jobs and projects, and how people mark them.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::response;
use crate::{
    AppState,
    api::{audit::entry, bulk, bulk::BulkAnswer, times},
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path, Query},
    },
};
use cascade_access::{Principal, Role};
use cascade_model::{Problem, ProblemState, RunState};
use cascade_store::{ProblemMark, Queries};

/// The most runs that one request retries.
const MOST_RETRIED: usize = 200;

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ListedState {
    /// Not marked, or it has occurred again since.
    #[default]
    Open,
    /// Hidden for a while.
    Muted,
    /// Handled, and it has not occurred again.
    Handled,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProblemQuery {
    /// Only this project.
    project_id: Option<Uuid>,
    /// `open` if not given.
    #[serde(default)]
    #[param(inline, required = false)]
    state: ListedState,
}

#[derive(Serialize, ToSchema)]
pub struct Problems {
    items: Vec<response::Problem>,
}

/// Why runs failed, grouped by error, the newest first: of the 2,000 jobs in projects that failed last.
#[utoipa::path(get, path = "/problems", params(ProblemQuery), responses((status = 200, body = Problems), Refused))]
pub async fn list(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<ProblemQuery>,
) -> ApiResult<Json<Problems>> {
    let visible = server.scope(&principal, query.project_id)?;
    let state = match query.state {
        ListedState::Open => ProblemState::Open,
        ListedState::Muted => ProblemState::Muted,
        ListedState::Handled => ProblemState::Handled,
    };
    let found = server.store.problems(&visible, state).await?;
    Ok(Json(Problems { items: found.into_iter().map(Into::into).collect() }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AttentionQuery {
    /// Only this project.
    project_id: Option<Uuid>,
}

/// What needs attention, in numbers.
#[utoipa::path(
    get, path = "/problems/attention", params(AttentionQuery),
    responses((status = 200, body = response::Attention), Refused)
)]
pub async fn attention(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<AttentionQuery>,
) -> ApiResult<Json<response::Attention>> {
    let visible = server.scope(&principal, query.project_id)?;
    Ok(Json(server.store.attention(&visible).await?.into()))
}

/// Describes `{fingerprint}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct Fingerprint {
    /// The problem.
    #[param(max_length = 64)]
    fingerprint: String,
}

/// A problem in the projects where one may change something.
async fn editable(
    server: &AppState,
    principal: &Principal,
    fingerprint: &str,
) -> ApiResult<Problem> {
    let find = |visible| async move { server.store.problem(&visible, fingerprint).await };
    if let Some(problem) = find(principal.with_role(Role::Editor)).await? {
        return Ok(problem);
    }
    match find(principal.visible()).await? {
        Some(_) => Err(ApiError::forbidden("this takes the role editor in one of its projects")),
        None => Err(ApiError::not_found(format!("there is no problem {fingerprint}"))),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mute {
    /// It is hidden until then.
    #[serde(default, deserialize_with = "times::optional")]
    #[schema(required, nullable = false)]
    until: Option<DateTime<Utc>>,
}

#[derive(Serialize, ToSchema)]
pub struct Marked {
    fingerprint: String,
    /// Jobs in projects where it is marked now.
    places: u64,
}

async fn mark(
    server: &AppState,
    principal: &Principal,
    peer: Peer,
    problem: &Problem,
    (action, mark): (&'static str, ProblemMark),
) -> ApiResult<Json<Marked>> {
    let fingerprint = problem.fingerprint().to_owned();
    let newest = problem.places.first();
    let error: String =
        newest.map(|place| place.error.chars().take(200).collect()).unwrap_or_default();
    let detail = match mark {
        ProblemMark::Muted(until) => json!({ "error": error, "until": until }),
        ProblemMark::Handled | ProblemMark::Reopened => json!({ "error": error }),
    };
    let entry = entry(principal, action, &fingerprint, None, detail, peer);
    let projects = principal.with_role(Role::Editor);
    let places = server.store.mark_problem(&projects, &fingerprint, mark, entry).await?;
    Ok(Json(Marked { fingerprint, places }))
}

/// Hides a problem until a time.
#[utoipa::path(
    post, path = "/problems/{fingerprint}/mute", params(Fingerprint), request_body = Mute,
    responses(
        (status = 200, body = Marked), (status = 404, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn mute(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(fingerprint): Path<String>,
    Json(asked): Json<Mute>,
) -> ApiResult<Json<Marked>> {
    let problem = editable(&server, &principal, &fingerprint).await?;
    let until = asked.until.filter(|until| *until > Utc::now());
    let until = until.ok_or_else(|| {
        ApiError::bad_request("body: `until` must be a time that is still to come")
    })?;
    let said = ("problem.mute", ProblemMark::Muted(until));
    mark(&server, &principal, peer, &problem, said).await
}

/// Marks a problem as handled. It is open again when a run fails with it.
#[utoipa::path(
    post, path = "/problems/{fingerprint}/handled", params(Fingerprint),
    responses((status = 200, body = Marked), (status = 404, body = ErrorBody), Refused)
)]
pub async fn handled(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(fingerprint): Path<String>,
) -> ApiResult<Json<Marked>> {
    let problem = editable(&server, &principal, &fingerprint).await?;
    let said = ("problem.handled", ProblemMark::Handled);
    mark(&server, &principal, peer, &problem, said).await
}

/// Removes the mark of a problem: it is open again.
#[utoipa::path(
    post, path = "/problems/{fingerprint}/reopen", params(Fingerprint),
    responses((status = 200, body = Marked), (status = 404, body = ErrorBody), Refused)
)]
pub async fn reopen(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(fingerprint): Path<String>,
) -> ApiResult<Json<Marked>> {
    let problem = editable(&server, &principal, &fingerprint).await?;
    let said = ("problem.reopen", ProblemMark::Reopened);
    mark(&server, &principal, peer, &problem, said).await
}

/// Retries the newest run that failed with it, in each job and project whose latest run failed: at most
/// 200.
#[utoipa::path(
    post, path = "/problems/{fingerprint}/retry", params(Fingerprint),
    responses((status = 200, body = BulkAnswer), (status = 404, body = ErrorBody), Refused)
)]
pub async fn retry(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(fingerprint): Path<String>,
) -> ApiResult<Json<BulkAnswer>> {
    let problem = editable(&server, &principal, &fingerprint).await?;
    let failing = problem.places.iter().filter(|place| place.last_state == RunState::Failed);
    let runs = failing.map(|place| place.run_id).take(MOST_RETRIED).collect();
    Ok(Json(bulk::retry_all(&server, &principal, peer, runs).await))
}
