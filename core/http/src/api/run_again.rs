//! What people do with a run that is over: mark it as done, or run it once more from here.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::response;
use crate::{
    AppState,
    api::{
        audit::entry,
        enqueue::check_args_of_file,
        jobs::{RunAnswer, known_job},
        reason::LONGEST_REASON,
        runs::{RunId, editable, found, noted},
    },
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path},
    },
};
use cascade_access::Role;
use cascade_config::Config;
use cascade_model::{On, RunState, Visible};
use cascade_store::{Queries, RunFilter};

/// What would follow.
#[derive(Serialize, ToSchema)]
pub struct DonePreview {
    /// What would become of each edge; those that need an output have none.
    decisions: Vec<response::Decision>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// Why, for the run and the audit log.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct MarkedDone {
    run_id: Uuid,
    state: response::RunState,
    /// Jobs that are due by it.
    triggered: Vec<String>,
}

/// What would follow if a failed or cancelled run were marked as done. Nothing is changed.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/done/preview", params(RunId),
    responses(
        (status = 200, body = DonePreview), (status = 404, body = ErrorBody),
        (status = 409, description = "Its state does not allow that.", body = ErrorBody), Refused
    )
)]
pub async fn done_preview(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<DonePreview>> {
    found(&server, &principal, id).await?;
    let config = server.config.state();
    let decisions = server.engine.preview_done(&config, &principal.visible(), id).await?;
    Ok(Json(DonePreview { decisions: decisions.into_iter().map(Into::into).collect() }))
}

/// Completes a failed or cancelled run: its edges on success are taken, with no output, and what it failed of is
/// handled, unless a later run has failed of it.
#[utoipa::path(
    post, path = "/jobs/runs/{id}/done", params(RunId), request_body = Done,
    responses(
        (status = 200, body = MarkedDone), (status = 404, body = ErrorBody),
        (status = 409, description = "Its state does not allow that.", body = ErrorBody),
        Refused, BodyRefused
    )
)]
pub async fn done(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(id): Path<Uuid>,
    Json(Done { reason }): Json<Done>,
) -> ApiResult<Json<MarkedDone>> {
    let run = editable(&server, &principal, id).await?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        let message = format!("body: `reason` has to have 1 to {LONGEST_REASON} characters");
        return Err(ApiError::bad_request(message));
    }
    let detail = json!({ "job_type": run.job_type, "was": run.state, "reason": reason });
    let entry = entry(&principal, "run.done", &id.to_string(), Some(run.project_id), detail, peer);
    let config = server.config.state();
    let editable = principal.with_role(Role::Editor);
    let engine = server.engine.noting(entry);
    let triggered = engine.mark_done(&config, &editable, id, &principal.name, reason).await?;
    server.wake.wake_all().await;
    let state = response::RunState::Completed;
    Ok(Json(MarkedDone { run_id: id, state, triggered }))
}

/// An edge that may be taken after the run.
#[derive(Serialize, ToSchema)]
pub struct Follows {
    job: String,
    on: response::On,
    /// Its condition.
    when: Option<String>,
}

/// What a rerun would lead to.
#[derive(Serialize, ToSchema)]
pub struct RerunPreview {
    /// Runs of the job in the project that are unfinished: one without args is served by them or comes after them, and
    /// so does one of the same key.
    unfinished: u64,
    /// The edges in force that lead from the job.
    follows: Vec<Follows>,
    /// The jobs that may run by these edges, by those behind them and by joins, the nearest first.
    jobs: Vec<String>,
}

/// All jobs that edges and joins lead to from a job, the nearest first.
fn reached(config: &Config, job: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut from = job.to_owned();
    let mut next = 0;
    loop {
        let by_edges = config.edges(&from).iter().map(|edge| &edge.job);
        let joins = config.joins.iter().filter(|(_, join)| join.rule.names(&from));
        for job in by_edges.chain(joins.map(|(job, _)| job)) {
            if !found.contains(job) {
                found.push(job.clone());
            }
        }
        let Some(job) = found.get(next) else { return found };
        from.clone_from(job);
        next += 1;
    }
}

/// What a rerun of a run would lead to, by the edges in force. Nothing is started.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/rerun/preview", params(RunId),
    responses((status = 200, body = RerunPreview), (status = 404, body = ErrorBody), Refused)
)]
pub async fn rerun_preview(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<RerunPreview>> {
    let run = found(&server, &principal, id).await?;
    let config = server.config.state().config;
    let filter = RunFilter {
        visible: Visible::Only(vec![run.project_id]),
        job_types: vec![run.job_type.clone()],
        states: vec![
            RunState::Scheduled,
            RunState::Available,
            RunState::Running,
            RunState::Retryable,
        ],
        per_page: 1,
        ..RunFilter::default()
    };
    let unfinished = server.store.runs(&filter).await?.total;
    let edges = config.edges(&run.job_type).iter();
    let follows = edges.map(|edge| Follows {
        job: edge.job.clone(),
        on: On::into(edge.on),
        when: edge.when.as_ref().map(|when| when.source().to_owned()),
    });
    let follows = follows.collect();
    Ok(Json(RerunPreview { unfinished, follows, jobs: reached(&config, &run.job_type) }))
}

/// Runs a run once more, from here: a new run of the same job with the same args and key, in a trace of its own; what
/// follows it follows by the edges in force. One without args is as `POST /api/jobs/{job_type}/run`.
#[utoipa::path(
    post, path = "/jobs/runs/{id}/rerun", params(RunId),
    responses(
        (status = 202, body = RunAnswer), (status = 404, body = ErrorBody),
        (
            status = 409, body = ErrorBody,
            description = "jobs.toml disables the job, its plugin is not loaded, or the args do not fit it any more."
        ),
        Refused
    )
)]
pub async fn rerun(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(id): Path<Uuid>,
) -> ApiResult<(StatusCode, Json<RunAnswer>)> {
    let run = editable(&server, &principal, id).await?;
    known_job(&server, &run.job_type)?;
    if let Some(request) = &run.request {
        let schemas = server.config.state().args_schemas;
        let schema = schemas.of(&run.job_type).map_err(ApiError::conflict)?;
        request.readable_args().and_then(|args| schema.check(args)).map_err(|why| {
            ApiError::conflict(format!("what the run was asked for does not fit its job: {why}"))
                .help("ask for a run with other args on the page of the job")
        })?;
    } else {
        check_args_of_file(&server, &run.job_type).map_err(|why| {
            ApiError::conflict(why).help("ask for a run with args on the page of the job")
        })?;
    }
    let engine = server.engine.noting(noted(&principal, "run.rerun", &run, peer));
    let editable = principal.with_role(Role::Editor);
    let queued = engine.rerun(&editable, id, &principal.name).await?;
    server.wake.wake();
    Ok((StatusCode::ACCEPTED, Json(queued.into())))
}
