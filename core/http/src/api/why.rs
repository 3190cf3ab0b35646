//! Why a run ran or waits, and why a job does not run.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    AppState,
    api::{jobs::known_job, response::Told, runs::RunId},
    error::{ApiError, ApiResult, ErrorBody, Refused},
    middleware::{
        auth::Caller,
        extract::{Json, Path, Query},
    },
};
use cascade_access::Role;
use cascade_store::StoreError;

/// One cause.
#[derive(Serialize, ToSchema)]
pub struct Reason {
    /// Names its kind, such as `paused`, `behind_key` or `edge_not_taken`; a later version may have more.
    code: String,
    /// What is so.
    text: String,
    /// The same for programs.
    told: Told,
    /// What would change it; null where nothing is to be changed.
    fix: Option<String>,
    /// The same for programs; with an empty `code` where it is a command.
    fix_told: Option<Told>,
    /// The run that it is about.
    run_id: Option<Uuid>,
    /// The upstream job that it is about.
    upstream: Option<String>,
}

impl From<cascade_engine::Reason> for Reason {
    fn from(from: cascade_engine::Reason) -> Self {
        let cascade_engine::Reason { told, fix, run, upstream } = from;
        Self {
            code: told.code.to_string(),
            text: told.text.clone(),
            told: Told::from(&told),
            fix: fix.as_ref().map(ToString::to_string),
            fix_told: fix.as_ref().map(Told::from),
            run_id: run,
            upstream,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct WhyRun {
    /// What caused it.
    because: Vec<Reason>,
    /// What keeps it from beginning; empty for one that has begun.
    waits: Vec<Reason>,
}

/// Why a run is there, and what it waits for.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/why", params(RunId),
    responses((status = 200, body = WhyRun), (status = 404, body = ErrorBody), Refused)
)]
pub async fn run(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<WhyRun>> {
    let config = server.config.state();
    let why = match server.engine.why_run(&config, &principal.visible(), id).await {
        Err(StoreError::NoRun(id)) => {
            return Err(ApiError::not_found(format!("there is no run {id}")));
        }
        why => why?,
    };
    let shown =
        |reasons: Vec<cascade_engine::Reason>| reasons.into_iter().map(Into::into).collect();
    Ok(Json(WhyRun { because: shown(why.because), waits: shown(why.waits) }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OfProject {
    /// The project.
    project_id: Uuid,
}

#[derive(Serialize, ToSchema)]
pub struct WhyJob {
    /// What keeps the job from running, or what is about to run; empty where its latest run is what its upstream
    /// jobs led to.
    reasons: Vec<Reason>,
}

/// Why nothing of a job runs in a project.
#[utoipa::path(
    get, path = "/jobs/{job_type}/why", params(("job_type" = String, Path), OfProject),
    responses((status = 200, body = WhyJob), (status = 404, body = ErrorBody), (status = 409, description = "Its plugin is not loaded.", body = ErrorBody), Refused)
)]
pub async fn job(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Path(job): Path<String>,
    Query(OfProject { project_id }): Query<OfProject>,
) -> ApiResult<Json<WhyJob>> {
    server.demand(&principal, project_id, Role::Viewer)?;
    known_job(&server, &job)?;
    let config = server.config.state();
    let reasons = server.engine.why_job(&config, &job, project_id).await?;
    Ok(Json(WhyJob { reasons: reasons.into_iter().map(Into::into).collect() }))
}
