//! Runs with args: one, or many at once.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    jobs::{JobName, RunAnswer, known_job, refuse_params},
    response, times,
};
use crate::{
    AppState,
    api::audit::entry,
    error::{ApiError, ApiResult, BodyRefused, ErrorBody, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::{Json, Path},
    },
};
use cascade_access::{Principal, Role};
use cascade_config::{ArgsSchema, ConfigState};
use cascade_model::{
    Enqueue, Enqueued, HIGHEST_PRIORITY, KEY_OF_SCHEDULE, LONGEST_KEY, OnDuplicate, RunRequest,
    RunState, Visible, border, revision, tag,
};
use cascade_sdk::DynJob;
use cascade_store::{IdempotencyKey, Queries, RunFilter};

/// The most runs of one request.
const MOST_AT_ONCE: usize = 10_000;
/// The name of the header with which a request may be sent again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A run that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRun {
    /// The project to run it for.
    project_id: Uuid,
    /// What this run is asked for: an object that fits the job's `args_schema`; `{}` if left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    args: Option<Map<String, Value>>,
    /// At most as many runs of a key have begun and not ended, for each job and project, as the job's `runs_per_key` says,
    /// which is 1 if left out: 1 to 256 bytes. Left out: what the job's `key_from` gives, or else independent of all
    /// other runs.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    key: Option<String>,
    /// What becomes of the request while a run of its key waits: `merge` (that run serves it too, if its args
    /// are the same), `queue` (it waits behind), `replace` (that run is cancelled), `reject` (409).
    /// `queue` if left out, or `merge` for a request without args.
    #[serde(default)]
    on_duplicate: Option<response::OnDuplicate>,
    /// Not before this time.
    #[serde(default, deserialize_with = "times::optional")]
    run_at: Option<DateTime<Utc>>,
    /// 0 to 9, that of the job if left out: the highest goes first.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9)]
    priority: Option<u8>,
    /// Words by which it is found, beside those of its job: up to 16, each of 1 to 64 bytes.
    #[serde(default)]
    #[schema(max_items = 16)]
    tags: Vec<String>,
    /// Named to be refused with the reason.
    #[serde(default, deserialize_with = "refuse_params")]
    #[schema(ignore)]
    #[expect(dead_code, reason = "never has a value")]
    params: (),
}

/// The run that serves a request.
#[derive(Serialize, ToSchema)]
pub struct EnqueueAnswer {
    run_id: Uuid,
    /// Where it stands.
    state: response::RunState,
    /// It was there before: a run that waits serves this request too, or the request was sent before.
    duplicate: bool,
}

/// Makes a run with args. Sent again within a day with the same `Idempotency-Key`, it makes no second one.
#[utoipa::path(
    post, path = "/jobs/{job_type}/runs",
    params(
        JobName,
        ("Idempotency-Key" = Option<String>, Header, description =
            "1 to 256 visible characters: the same request is answered alike for 24 hours.")
    ),
    request_body = NewRun,
    responses(
        (status = 201, body = EnqueueAnswer),
        (status = 200, description = "A run that was there before serves it.", body = EnqueueAnswer),
        (status = 404, body = ErrorBody),
        (
            status = 409, body = ErrorBody,
            description = "jobs.toml disables the job, its plugin is not loaded, or a run of its key \
                           waits and `on_duplicate` is `reject`."
        ),
        (
            status = 422, body = ErrorBody,
            description = "The idempotency key was used for another request."
        ),
        Refused, BodyRefused
    )
)]
pub async fn enqueue(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(job): Path<String>,
    headers: HeaderMap,
    Json(run): Json<NewRun>,
) -> ApiResult<(StatusCode, Json<EnqueueAnswer>)> {
    let takes = takes(&server, &job)?;
    server.demand(&principal, run.project_id, Role::Editor)?;
    let asked = asked(&principal, &job, run, &takes).map_err(|error| error.in_body(None))?;
    let key = idempotency_key(&headers, &principal, &asked)?;
    let detail = json!({ "key": asked.request.key, "priority": asked.request.priority });
    let entry = entry(&principal, "run.enqueue", &job, Some(asked.project_id), detail, peer);
    let engine = server.engine.noting(entry);
    let told = engine.enqueue(std::slice::from_ref(&asked), key.as_ref()).await?;
    server.wake.wake_for_caller();
    let told = told.first().copied();
    let told = told.ok_or_else(|| ApiError::internal(&"a request was not answered"))?;
    let later = asked.request.run_at.is_some_and(|at| at > Utc::now());
    let state = match told {
        Enqueued::Made(_) if later => RunState::Scheduled,
        Enqueued::Made(_) | Enqueued::Merged(_) => RunState::Available,
        Enqueued::Duplicate(id) => {
            let run = server.store.run(&principal.visible(), id).await?;
            run.map_or(RunState::Completed, |run| run.state)
        }
    };
    let duplicate = !matches!(told, Enqueued::Made(_));
    let status = if duplicate { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(EnqueueAnswer { run_id: told.run_id(), state: state.into(), duplicate })))
}

/// Runs a job once with args, or those of jobs.toml, and tags, as its schedule does: after what is unfinished of it in
/// the project.
pub(crate) async fn run_now_asked(
    server: &AppState,
    principal: &Principal,
    peer: Peer,
    (job, project_id): (&dyn DynJob, Uuid),
    (args, tags): (Option<Map<String, Value>>, Vec<String>),
) -> ApiResult<(StatusCode, Json<RunAnswer>)> {
    let descriptor = job.descriptor();
    let config = server.config.current();
    let by_default = || config.jobs.get(&descriptor.name)?.args.as_object().cloned();
    let takes = takes(server, &descriptor.name)?;
    let run = NewRun {
        project_id,
        args: args.or_else(by_default),
        key: None,
        on_duplicate: Some(response::OnDuplicate::Queue),
        run_at: None,
        priority: None,
        tags,
        params: (),
    };
    let asked = asked(principal, &descriptor.name, run, &takes);
    let mut asked = asked.map_err(|error| error.in_body(None))?;
    asked.request.key = Some(KEY_OF_SCHEDULE.into());
    let entry = entry(principal, "run.start", &descriptor.name, Some(project_id), json!({}), peer);
    let unfinished = RunFilter {
        visible: Visible::Only(vec![project_id]),
        job_types: vec![descriptor.name.clone()],
        states: vec![RunState::Available, RunState::Running, RunState::Retryable],
        per_page: 1,
        ..RunFilter::default()
    };
    let busy = server.store.runs(&unfinished).await?.total > 0;
    let told = server.engine.noting(entry).enqueue(std::slice::from_ref(&asked), None).await?;
    server.wake.wake_for_caller();
    let run_id = told.first().map(|told| told.run_id());
    // It is known already, unlike the run of a request without args.
    let queued = match busy {
        true => "after_current",
        false => "now",
    };
    Ok((StatusCode::ACCEPTED, Json(RunAnswer { run_id, queued })))
}

/// Runs that are asked for together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRuns {
    /// 1 to 10,000 runs.
    #[schema(min_items = 1, max_items = 10_000)]
    runs: Vec<NewRun>,
}

/// The runs that serve a request, in its order.
#[derive(Serialize, ToSchema)]
pub struct EnqueueAnswers {
    run_ids: Vec<Uuid>,
    /// How many of them were there before.
    duplicates: usize,
}

/// Makes many runs with args: all of them, or none. A fault names the first run that is wrong, from 0.
#[utoipa::path(
    post, path = "/jobs/{job_type}/runs/bulk", params(JobName), request_body = NewRuns,
    responses(
        (status = 201, body = EnqueueAnswers), (status = 404, body = ErrorBody),
        (
            status = 409, body = ErrorBody,
            description = "jobs.toml disables the job, its plugin is not loaded, or a run of a key \
                           waits and `on_duplicate` is `reject`."
        ),
        Refused, BodyRefused
    )
)]
pub async fn enqueue_all(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Path(job): Path<String>,
    Json(NewRuns { runs }): Json<NewRuns>,
) -> ApiResult<(StatusCode, Json<EnqueueAnswers>)> {
    let takes = takes(&server, &job)?;
    if !(1..=MOST_AT_ONCE).contains(&runs.len()) {
        let message = format!("body: `runs` has {} runs", runs.len());
        let help = format!("ask for 1 to {MOST_AT_ONCE} at once");
        return Err(ApiError::bad_request(message).help(help));
    }
    let mut all = Vec::with_capacity(runs.len());
    let mut by_project = HashMap::new();
    for (index, run) in runs.into_iter().enumerate() {
        let project = run.project_id;
        if let std::collections::hash_map::Entry::Vacant(new) = by_project.entry(project) {
            server.demand(&principal, project, Role::Editor)?;
            new.insert(0_usize);
        }
        *by_project.entry(project).or_default() += 1;
        let asked = asked(&principal, &job, run, &takes);
        all.push(asked.map_err(|error| error.in_body(Some(index)))?);
    }
    let project = by_project.keys().next().copied().filter(|_| by_project.len() == 1);
    let detail = json!({ "runs": all.len() });
    let entry = entry(&principal, "run.enqueue", &job, project, detail, peer);
    let told = server.engine.noting(entry).enqueue(&all, None).await?;
    server.wake.wake_for_caller();
    let duplicates = told.iter().filter(|told| !matches!(told, Enqueued::Made(_))).count();
    let run_ids = told.iter().map(|told| told.run_id()).collect();
    Ok((StatusCode::CREATED, Json(EnqueueAnswers { run_ids, duplicates })))
}

/// Why a run that is asked for is refused.
enum Unfit {
    /// A value of the request.
    Value(String),
    /// What the token may not do.
    Forbidden(&'static str),
    /// Args against their schema.
    Args(String),
    /// Too many bytes of args.
    TooLarge(usize),
}

impl Unfit {
    /// With the place of the run in the body.
    fn in_body(self, index: Option<usize>) -> ApiError {
        let place = index.map_or("body".to_owned(), |index| format!("body: `runs[{index}]`"));
        match self {
            Self::Value(why) => ApiError::bad_request(format!("{place}: {why}")),
            Self::Forbidden(why) => ApiError::forbidden(format!("{place}: {why}")),
            Self::Args(why) => ApiError::bad_request(format!("{place}: {why}"))
                .help("`args_schema` in GET /api/jobs/types says what the job takes"),
            Self::TooLarge(bytes) => {
                let most = border::ARGS;
                let message = format!("{place}: `args` has {bytes} bytes, more than {most}");
                ApiError::too_large(message).help("give the run a reference to what is large")
            }
        }
    }
}

/// What requests of a job have to fit.
struct Takes {
    schema: Arc<ArgsSchema>,
    /// Of runs that name none.
    priority: u8,
}

fn takes(server: &AppState, job: &str) -> ApiResult<Takes> {
    known_job(server, job)?;
    let ConfigState { config, args_schemas, .. } = server.config.state();
    let priority = config.jobs.get(job).and_then(|settings| settings.priority);
    let schema = args_schemas.of(job).map_err(ApiError::conflict)?;
    Ok(Takes { schema, priority: priority.unwrap_or(0) })
}

fn fitting(args: Map<String, Value>, takes: &Takes) -> Result<Value, Unfit> {
    let args = Value::Object(args);
    let bytes = args.to_string().len();
    if bytes > border::ARGS {
        return Err(Unfit::TooLarge(bytes));
    }
    takes.schema.check(&args).map_err(Unfit::Args)?;
    Ok(args)
}

/// Args that a run of `job` may be asked for.
///
/// # Errors
/// As for a new run.
pub(crate) fn checked_args(
    server: &AppState,
    job: &str,
    args: Map<String, Value>,
) -> ApiResult<Value> {
    fitting(args, &takes(server, job)?).map_err(|unfit| unfit.in_body(None))
}

/// Whether a run without args of its request, which has those of jobs.toml, could succeed.
///
/// # Errors
/// Why it could only fail.
pub(crate) fn check_args_of_file(server: &AppState, job: &str) -> Result<(), String> {
    let ConfigState { config, args_schemas, .. } = server.config.state();
    // Without its plugin or its settings, what makes the run tells so.
    let (Ok(schema), Some(settings)) = (args_schemas.of(job), config.jobs.get(job)) else {
        return Ok(());
    };
    let told = |why| format!("`{job}` cannot run with the args that jobs.toml gives it: {why}");
    schema.check(&settings.args).map_err(told)
}

fn asked(principal: &Principal, job: &str, run: NewRun, takes: &Takes) -> Result<Enqueue, Unfit> {
    let key = run.key;
    if key.as_ref().is_some_and(|key| !(1..=LONGEST_KEY).contains(&key.len())) {
        return Err(Unfit::Value(format!("`key` has to have 1 to {LONGEST_KEY} bytes")));
    }
    let priority = run.priority.unwrap_or(takes.priority);
    if priority > HIGHEST_PRIORITY {
        return Err(Unfit::Value(format!("`priority` has to be 0 to {HIGHEST_PRIORITY}")));
    }
    let replaces = matches!(run.on_duplicate, Some(response::OnDuplicate::Replace));
    if replaces && principal.only_enqueues().is_some() {
        return Err(Unfit::Forbidden("this token may not cancel runs, as `replace` does"));
    }
    let has_args = run.args.as_ref().is_some_and(|args| !args.is_empty());
    let args = fitting(run.args.unwrap_or_default(), takes)?;
    let tags = tag::tags(run.tags).map_err(|why| Unfit::Value(format!("`tags`: {why}")))?;
    let by_default = if has_args { OnDuplicate::Queue } else { OnDuplicate::Merge };
    let asked_by = Some(principal.name.clone());
    Ok(Enqueue {
        job_type: job.into(),
        project_id: run.project_id,
        request: RunRequest { key, args, priority, run_at: run.run_at, asked_by, tags },
        on_duplicate: run.on_duplicate.map_or(by_default, Into::into),
    })
}

/// The key with which the request may be sent again.
fn idempotency_key(
    headers: &HeaderMap,
    principal: &Principal,
    asked: &Enqueue,
) -> ApiResult<Option<IdempotencyKey>> {
    let Some(given) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = given.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    let key = key.ok_or_else(|| {
        let message =
            format!("header: `Idempotency-Key` has to have 1 to {LONGEST_KEY} visible characters");
        ApiError::bad_request(message).help("a UUID that is new for each request does")
    })?;
    let Enqueue { job_type, project_id, request, on_duplicate } = asked;
    let mut body = vec![
        json!(job_type),
        json!(project_id),
        json!(request.key),
        json!(request.args),
        json!(request.priority),
        json!(request.run_at),
        json!(on_duplicate),
    ];
    // Without tags it is the body of the version before, which may have answered the first time.
    if !request.tags.is_empty() {
        body.push(json!(request.tags));
    }
    let body = Value::Array(body);
    Ok(Some(IdempotencyKey {
        scope: format!("{} {project_id} {job_type}", principal.user_id),
        key: key.into(),
        digest: revision(&body.to_string()),
    }))
}
