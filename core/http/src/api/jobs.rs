//! Job types and their schedules.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use cascade_sdk::{DynJob, Origin};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{enqueue, pause, response, times};
use crate::{
    AppState,
    api::{audit::entry, paging::paging, runs::list},
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path, Query},
    },
};
use cascade_access::{Principal, Role};
use cascade_config::{ConfigState, Edge, JobSettings};
use cascade_model::{Pause, Run, RunNow, ScheduledJob, ScheduledStatus};
use cascade_store::{Queries, ScheduleFilter};

#[derive(Serialize, ToSchema)]
pub struct JobType {
    name: String,
    version: String,
    description: String,
    /// How it came (`compiled_in`, `library` or `executable`), the plugin, its version, and where it
    /// was found.
    #[schema(value_type = crate::api::described::Origin)]
    origin: Origin,
    #[schema(value_type = Object)]
    params_schema: Value,
    /// What a run may be asked for.
    #[schema(value_type = Object)]
    args_schema: Value,
    /// What a run gives out; empty where that may be anything.
    #[schema(value_type = Object)]
    output_schema: Value,
    /// What holds where jobs.toml says nothing: what the plugin says, or else the host.
    #[schema(value_type = crate::api::described::JobDefaults)]
    defaults: Value,
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
        let JobSettings { timeout, max_attempts, concurrency, backoff, .. } =
            JobSettings::without_file(Some(&job));
        let timeout = humantime::format_duration(timeout).to_string();
        JobType {
            defaults: json!({
                "timeout": timeout, "max_attempts": max_attempts, "concurrency": concurrency,
                "backoff": backoff,
            }),
            name: job.name,
            version: job.origin.version.clone(),
            description: job.description,
            origin: job.origin,
            params_schema: job.params_schema,
            args_schema: job.args_schema,
            output_schema: job.output_schema,
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
    job: response::ScheduledJob,
    description: String,
    version: String,
    /// Whether this server has the job type's plugin. Without it, runs wait until some worker has it.
    plugin_loaded: bool,
    /// Jobs whose end may trigger it.
    upstream: Vec<String>,
    /// Jobs that its end may trigger.
    downstream: Vec<String>,
    /// The edges that lead from it, with their conditions.
    #[schema(value_type = Vec<crate::api::described::Edge>)]
    edges: Vec<Edge>,
    /// Data that a screen must refetch when it is done.
    data_keys: Vec<String>,
}

/// The most schedules that one answer without pages lists.
const MOST_SCHEDULES: u64 = 20_000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ScheduleQuery {
    /// Only this project.
    project_id: Option<Uuid>,
    /// Only these job types, with commas between.
    job_type: Option<String>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// At most 200. With neither `page` nor this, all are listed, up to 20,000.
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub struct Schedule {
    now: DateTime<Utc>,
    items: Vec<Scheduled>,
    /// Schedules that fit, whatever the page.
    total: u64,
}

/// Each job of each project: state, next run, current and last run; by project, then by job.
#[utoipa::path(
    get, path = "/jobs/scheduler", params(ScheduleQuery),
    responses((status = 200, body = Schedule), Refused)
)]
pub async fn scheduler(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(asked): Query<ScheduleQuery>,
) -> ApiResult<Json<Schedule>> {
    let page = match (asked.page, asked.per_page) {
        (None, None) => None,
        (page, per_page) => Some(paging(page, per_page)?),
    };
    let filter = ScheduleFilter {
        visible: server.scope(&principal, asked.project_id)?,
        job_types: list("job_type", asked.job_type)?,
        page,
    };
    let total = server.store.count_scheduled(&filter).await?;
    if page.is_none() && total > MOST_SCHEDULES {
        let message = format!("query: {total} schedules are too many for one answer");
        let help = "ask for pages with `page` and `per_page`, or name `job_type` or `project_id`; \
                    GET /api/jobs/summary has a row a job";
        return Err(ApiError::bad_request(message).help(help));
    }
    let ConfigState { config, registry, .. } = server.config.state();
    let describe = |mut job: ScheduledJob| {
        job.current_run = job.current_run.map(Run::in_list);
        job.last_run = job.last_run.map(Run::in_list);
        let plugin = registry.job(&job.job_type).map(|job| job.descriptor());
        Scheduled {
            description: plugin.map(|p| p.description.clone()).unwrap_or_default(),
            version: plugin.map(|p| p.origin.version.clone()).unwrap_or_default(),
            plugin_loaded: plugin.is_some(),
            upstream: config.upstream(&job.job_type).map(ToOwned::to_owned).collect(),
            downstream: config.downstream(&job.job_type).to_vec(),
            edges: config.edges(&job.job_type).iter().map(|edge| edge.masked(&registry)).collect(),
            data_keys: config.data_map.get(&job.job_type).cloned().unwrap_or_default(),
            job: job.into(),
        }
    };
    let items = server.store.scheduled(&filter).await?.into_iter().map(describe).collect();
    Ok(Json(Schedule { now: Utc::now(), items, total }))
}

/// How many runs a trend is made of.
const TREND: u32 = 20;
/// Describes `{job_type}`.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only describes the API")]
pub struct JobName {
    /// The job type's name.
    job_type: String,
}

#[derive(Serialize, ToSchema)]
pub struct Trends {
    items: Vec<response::Trend>,
}

/// The last 20 ended runs of each job and project, oldest first: how long they took, how they ended.
#[utoipa::path(get, path = "/jobs/trends", params(Scope), responses((status = 200, body = Trends), Refused))]
pub async fn trends(
    State(server): State<AppState>,
    Caller(principal): Caller,
    Query(asked): Query<Scope>,
) -> ApiResult<Json<Trends>> {
    let visible = server.scope(&principal, asked.project_id)?;
    let trends = server.store.trends(&visible, TREND).await?;
    Ok(Json(Trends { items: trends.into_iter().map(Into::into).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// The project to run it for.
    project_id: Uuid,
    /// What this run is asked for: an object that fits the job's `args_schema`. Such a run waits for the
    /// current one, and is not merged with others.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    args: Option<Map<String, Value>>,
    /// Words by which the run is found: at most 16, of 1 to 64 bytes each. Such a run is not merged with others
    /// either.
    #[serde(default)]
    tags: Vec<String>,
    /// Named to be refused with the reason.
    #[serde(default, deserialize_with = "refuse_params")]
    #[schema(ignore)]
    #[expect(dead_code, reason = "never has a value")]
    params: (),
}

pub(crate) fn refuse_params<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    Err(de::Error::custom(
        "`params` cannot be given with a run: they are the operator's and stand in jobs.toml, under \
         [jobs.NAME.params]",
    ))
}

#[derive(Serialize, ToSchema)]
pub struct RunAnswer {
    /// The run that serves the request; absent when it will only be made after the current one.
    pub(crate) run_id: Option<Uuid>,
    /// `now`; `merged`: a run that waited already serves this request too; `after_current`: the job
    /// runs, and one more run follows for all requests made meanwhile. `requests` in the payload of the
    /// run, or of the schedule, counts them.
    pub(crate) queued: &'static str,
}

impl From<RunNow> for RunAnswer {
    fn from(from: RunNow) -> Self {
        match from {
            RunNow::Queued(id) => Self { run_id: Some(id), queued: "now" },
            RunNow::Merged(id) => Self { run_id: Some(id), queued: "merged" },
            RunNow::AfterCurrent => Self { run_id: None, queued: "after_current" },
        }
    }
}

/// Runs a job as soon as it may: now, by the run of it that waits, or once more after its current run.
#[utoipa::path(
    post, path = "/jobs/{job_type}/run", params(JobName), request_body = RunRequest,
    responses(
        (status = 202, body = RunAnswer), (status = 404, body = ErrorBody),
        (
            status = 409, body = ErrorBody,
            description = "jobs.toml disables the job, or its plugin is not loaded."
        ),
        Refused, BodyRefused
    )
)]
pub async fn run_now(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(job): Path<String>,
    Json(request): Json<RunRequest>,
) -> ApiResult<(StatusCode, Json<RunAnswer>)> {
    let known = known_job(&server, &job)?;
    let project = request.project_id;
    server.demand(&principal, project, Role::Editor)?;
    let args = request.args.filter(|args| !args.is_empty());
    if args.is_some() || !request.tags.is_empty() {
        let asked = (args, request.tags);
        return enqueue::run_now_asked(&server, &principal, peer, (&*known, project), asked).await;
    }
    enqueue::check_args_of_file(&server, &job).map_err(|why| {
        ApiError::bad_request(why).help(format!(
            "give it args, as the form on the page of the job does, or write them under \
             [jobs.{job}.args]"
        ))
    })?;
    let entry = entry(&principal, "run.start", &job, Some(project), json!({}), peer);
    let engine = server.engine.noting(entry).asked_by(&principal.name);
    let queued = engine.run_now(&job, project).await?;
    server.wake.wake();
    Ok((StatusCode::ACCEPTED, Json(queued.into())))
}

/// A job type whose plugin is loaded.
pub(crate) fn known_job(server: &AppState, job: &str) -> ApiResult<Arc<dyn DynJob>> {
    let ConfigState { config, registry, .. } = server.config.state();
    if let Some(known) = registry.job(job) {
        return Ok(known.clone());
    }
    if config.jobs.contains_key(job) {
        return Err(ApiError::conflict(format!("the plugin of `{job}` is not loaded")).help(
            "`cascade check` names the library that is not there and how it is built; the host takes \
             it up within two seconds",
        ));
    }
    Err(ApiError::not_found(format!("there is no job type `{job}`"))
        .help("GET /api/jobs/types lists them"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusRequest {
    /// The project it is scheduled for.
    project_id: Uuid,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// The project it is scheduled for.
    project_id: Uuid,
    /// When it is resumed, at most 366 days ahead; when somebody does so if not given.
    #[serde(default, deserialize_with = "times::optional")]
    until: Option<DateTime<Utc>>,
    /// Why, for those who find it paused and for the audit log.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct StatusAnswer {
    job_type: String,
    project_id: Uuid,
    status: response::ScheduledStatus,
}

/// Nothing of the job starts any more: timers, cascades and retries stop, and accepted requests wait. With `until` it is
/// resumed at that time.
#[utoipa::path(
    post, path = "/jobs/{job_type}/pause", params(JobName), request_body = PauseRequest,
    responses(
        (status = 200, body = StatusAnswer), (status = 404, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn pause(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(job): Path<String>,
    Json(PauseRequest { project_id, until, reason }): Json<PauseRequest>,
) -> ApiResult<Json<StatusAnswer>> {
    server.demand(&principal, project_id, Role::Editor)?;
    let pause = pause::read(&server, &principal, until, reason).await?;
    pause_or_resume(server, principal, peer, (job, project_id), Some(pause)).await
}

/// The job goes on: what waited starts, and timers and cascades run it again.
#[utoipa::path(
    post, path = "/jobs/{job_type}/resume", params(JobName), request_body = StatusRequest,
    responses(
        (status = 200, body = StatusAnswer), (status = 404, body = ErrorBody), Refused, BodyRefused
    )
)]
pub async fn resume(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(job): Path<String>,
    Json(request): Json<StatusRequest>,
) -> ApiResult<Json<StatusAnswer>> {
    server.demand(&principal, request.project_id, Role::Editor)?;
    pause_or_resume(server, principal, peer, (job, request.project_id), None).await
}

async fn pause_or_resume(
    server: AppState,
    principal: Principal,
    peer: Peer,
    (job_type, project_id): (String, Uuid),
    pause: Option<Pause>,
) -> ApiResult<Json<StatusAnswer>> {
    let (action, status, detail) = match &pause {
        Some(pause) => ("job.pause", ScheduledStatus::Paused, pause::detail(pause)),
        None => ("job.resume", ScheduledStatus::Active, json!({})),
    };
    let entry = entry(&principal, action, &job_type, Some(project_id), detail, peer);
    let engine = server.engine.noting(entry);
    engine.pause_or_resume(&job_type, project_id, pause.as_ref()).await?;
    server.wake.wake_all().await;
    Ok(Json(StatusAnswer { job_type, project_id, status: status.into() }))
}
