//! Job types, their schedules and runs.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    AppState,
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    extract::{Json, Path, Query},
    paging::paging,
};
use crate::{
    config::{ConfigState, masked, unmasked},
    store::{
        CancelRequest, Run, RunFilter, RunLogRow, RunNow, RunPage, RunState, ScheduledJob,
        ScheduledStatus,
    },
};

#[derive(Serialize, ToSchema)]
pub struct JobType {
    name: String,
    version: String,
    description: String,
    /// The plugin, its version and where it was found.
    origin: String,
    params_schema: Value,
}

#[derive(Serialize, ToSchema)]
pub struct JobTypes {
    items: Vec<JobType>,
}

/// Every job type that some plugin brings.
#[utoipa::path(
    get, path = "/jobs/types",
    responses((status = 200, body = JobTypes), Refused)
)]
pub async fn types(State(server): State<AppState>) -> Json<JobTypes> {
    let describe = |job: &std::sync::Arc<dyn cascade_sdk::DynJob>| {
        let job = job.descriptor().clone();
        JobType {
            name: job.name,
            version: job.origin.version.clone(),
            description: job.description,
            origin: job.origin.to_string(),
            params_schema: job.params_schema,
        }
    };
    Json(JobTypes { items: server.config.registry().jobs().map(describe).collect() })
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Scope {
    /// Only this project.
    project_id: Option<Uuid>,
}

#[derive(Serialize, ToSchema)]
pub struct Scheduled {
    #[serde(flatten)]
    job: ScheduledJob,
    description: String,
    version: String,
    /// Jobs whose success triggers it.
    upstream: Vec<String>,
    /// Jobs that its success triggers.
    downstream: Vec<String>,
    /// Data that a screen must refetch when it is done.
    data_keys: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Schedule {
    now: DateTime<Utc>,
    items: Vec<Scheduled>,
}

/// Each job of each project: state, next run, current and last run.
#[utoipa::path(
    get, path = "/jobs/scheduler", params(Scope),
    responses((status = 200, body = Schedule), Refused)
)]
pub async fn scheduler(
    State(server): State<AppState>,
    Query(scope): Query<Scope>,
) -> ApiResult<Json<Schedule>> {
    let ConfigState { config, registry, .. } = server.config.state();
    let describe = |mut job: ScheduledJob| {
        for run in job.current_run.iter_mut().chain(&mut job.last_run) {
            hide_secrets(&server, run);
        }
        let plugin = registry.job(&job.job_type).map(|job| job.descriptor());
        Scheduled {
            description: plugin.map(|p| p.description.clone()).unwrap_or_default(),
            version: plugin.map(|p| p.origin.version.clone()).unwrap_or_default(),
            upstream: config.upstream(&job.job_type).map(ToOwned::to_owned).collect(),
            downstream: config.downstream(&job.job_type).to_vec(),
            data_keys: config.data_map.get(&job.job_type).cloned().unwrap_or_default(),
            job,
        }
    };
    let items = server.store.scheduled(scope.project_id).await?.into_iter().map(describe).collect();
    Ok(Json(Schedule { now: Utc::now(), items }))
}

/// Describes `{id}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct RunId {
    /// The run.
    id: Uuid,
}

/// Describes `{job_type}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct JobName {
    /// The job type's name.
    job_type: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RunQuery {
    /// Only this project.
    project_id: Option<Uuid>,
    /// Only this job type.
    job_type: Option<String>,
    /// Only this state.
    #[param(inline)]
    state: Option<RunState>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// At most 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<u32>,
}

/// Runs, newest first.
#[utoipa::path(
    get, path = "/jobs/runs", params(RunQuery),
    responses((status = 200, body = RunPage), Refused)
)]
pub async fn runs(
    State(server): State<AppState>,
    Query(query): Query<RunQuery>,
) -> ApiResult<Json<RunPage>> {
    let (page, per_page) = paging(query.page, query.per_page)?;
    let filter = RunFilter {
        project_id: query.project_id,
        job_type: query.job_type,
        state: query.state,
        page,
        per_page,
    };
    let mut page = server.store.runs(&filter).await?;
    page.items.iter_mut().for_each(|run| hide_secrets(&server, run));
    Ok(Json(page))
}

/// One run.
#[utoipa::path(
    get, path = "/jobs/runs/{id}", params(RunId),
    responses((status = 200, body = Run), (status = 404, body = ErrorBody), Refused)
)]
pub async fn run(State(server): State<AppState>, Path(id): Path<Uuid>) -> ApiResult<Json<Run>> {
    let run = server.store.run(id).await?;
    let mut run = run.ok_or_else(|| ApiError::not_found(format!("there is no run {id}")))?;
    hide_secrets(&server, &mut run);
    Ok(Json(run))
}

/// A run may have params of its own.
fn hide_secrets(server: &AppState, run: &mut Run) {
    let registry = server.config.registry();
    if let Some(params) = &mut run.payload.params {
        // Params of a job type that is gone are shown by nobody's rules.
        *params = registry
            .job(&run.job_type)
            .map_or(Value::Null, |job| masked(&job.descriptor().params_schema, params));
    }
}

#[derive(Serialize, ToSchema)]
pub struct RunLogs {
    items: Vec<RunLogRow>,
}

/// The log of a run: its latest 5,000 lines, oldest first.
#[utoipa::path(
    get, path = "/jobs/runs/{id}/logs", params(RunId),
    responses((status = 200, body = RunLogs), Refused)
)]
pub async fn run_logs(
    State(server): State<AppState>,
    Path(id): Path<Uuid>,
) -> ApiResult<Json<RunLogs>> {
    Ok(Json(RunLogs { items: server.store.run_logs(id, 5000).await? }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// The project to run it for.
    project_id: Uuid,
    /// Params for this run, in the place of those of jobs.toml; `params_schema` of the job type says
    /// which.
    params: Option<Value>,
}

#[derive(Serialize, ToSchema)]
pub struct RunAnswer {
    /// Absent when the run will only be made after the current one.
    run_id: Option<Uuid>,
    /// `now` or `after_current`.
    queued: &'static str,
}

/// Runs a job as soon as it may: now, or once more after its current run.
#[utoipa::path(
    post, path = "/jobs/{job_type}/run", params(JobName), request_body = RunRequest,
    responses(
        (status = 202, body = RunAnswer), (status = 404, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn run_now(
    State(server): State<AppState>,
    Path(job): Path<String>,
    Json(request): Json<RunRequest>,
) -> ApiResult<(StatusCode, Json<RunAnswer>)> {
    let plugin = server.config.registry().job(&job).cloned().ok_or_else(|| {
        ApiError::not_found(format!("there is no job type `{job}`"))
            .help("GET /api/jobs/types lists them")
    })?;
    if let Some(params) = &request.params {
        let schema = &plugin.descriptor().params_schema;
        jsonschema::validate(schema, params).map_err(|fault| {
            ApiError::bad_request(format!("params{}: {fault}", fault.instance_path()))
        })?;
    }
    // A form that was filled with what GET /api/jobs/config shows has the secrets of jobs.toml.
    let kept = server.config.current().jobs.get(&job).map(|settings| settings.params.clone());
    let params = request.params.map(|given| {
        unmasked(&plugin.descriptor().params_schema, given, &kept.unwrap_or_default())
    });
    let queued = server.store.run_now(&job, request.project_id, params).await?;
    server.wake.wake_all().await;
    let answer = match queued {
        RunNow::Queued(id) => RunAnswer { run_id: Some(id), queued: "now" },
        RunNow::AfterCurrent => RunAnswer { run_id: None, queued: "after_current" },
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

#[derive(Serialize, ToSchema)]
pub struct RunChange {
    run_id: Uuid,
    /// The state it is in now.
    state: RunState,
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
    post, path = "/jobs/runs/{id}/retry", params(RunId),
    responses(
        (status = 202, body = RunChange), (status = 404, body = ErrorBody),
        (status = 409, description = "Its state does not allow that.", body = ErrorBody), Refused
    )
)]
pub async fn retry(
    State(server): State<AppState>,
    Path(run_id): Path<Uuid>,
) -> ApiResult<(StatusCode, Json<RunChange>)> {
    server.store.retry(run_id).await?;
    server.wake.wake_all().await;
    Ok((StatusCode::ACCEPTED, Json(RunChange { run_id, state: RunState::Available })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusRequest {
    /// The project it is scheduled for.
    project_id: Uuid,
}

#[derive(Serialize, ToSchema)]
pub struct StatusAnswer {
    job_type: String,
    project_id: Uuid,
    status: ScheduledStatus,
}

/// Timers and cascades stop running the job.
#[utoipa::path(
    post, path = "/jobs/{job_type}/pause", params(JobName), request_body = StatusRequest,
    responses(
        (status = 200, body = StatusAnswer), (status = 404, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn pause(
    State(server): State<AppState>,
    Path(job): Path<String>,
    Json(request): Json<StatusRequest>,
) -> ApiResult<Json<StatusAnswer>> {
    set_status(server, job, request.project_id, ScheduledStatus::Paused).await
}

/// Timers and cascades run the job again.
#[utoipa::path(
    post, path = "/jobs/{job_type}/resume", params(JobName), request_body = StatusRequest,
    responses(
        (status = 200, body = StatusAnswer), (status = 404, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn resume(
    State(server): State<AppState>,
    Path(job): Path<String>,
    Json(request): Json<StatusRequest>,
) -> ApiResult<Json<StatusAnswer>> {
    set_status(server, job, request.project_id, ScheduledStatus::Active).await
}

async fn set_status(
    server: AppState,
    job_type: String,
    project_id: Uuid,
    status: ScheduledStatus,
) -> ApiResult<Json<StatusAnswer>> {
    server.store.set_status(&job_type, project_id, status).await?;
    server.wake.wake_all().await;
    Ok(Json(StatusAnswer { job_type, project_id, status }))
}
