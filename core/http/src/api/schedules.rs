//! One action on many jobs over many projects.

use std::collections::BTreeSet;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    api::{audit::entry, enqueue::check_args_of_file, pause, reason::check_reason, times},
    error::{ApiError, ApiResult, BodyRefused, Refused},
    middleware::{
        auth::{Caller, Peer},
        extract::Json,
    },
};
use cascade_access::{Principal, Role};
use cascade_engine::Many;
use cascade_model::Pause;
use cascade_store::{Queries, StoreError};

/// The most jobs that one request may name.
const MOST_JOBS: usize = 200;
/// The most projects that one request may name.
const MOST_PROJECTS: usize = 1000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenJobs {
    /// 1 to 200 job types.
    #[schema(min_items = 1, max_items = 200)]
    jobs: Vec<String>,
    /// Only in these projects, at most 1,000; in all in which one may do it if not given.
    #[serde(default)]
    #[schema(max_items = 1000)]
    project_ids: Option<Vec<Uuid>>,
    /// Why, for the audit log.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// As [`ChosenJobs`], with the end of the pause.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobsToPause {
    /// 1 to 200 job types.
    #[schema(min_items = 1, max_items = 200)]
    jobs: Vec<String>,
    /// Only in these projects, at most 1,000; in all in which one may do it if not given.
    #[serde(default)]
    #[schema(max_items = 1000)]
    project_ids: Option<Vec<Uuid>>,
    /// When they are resumed, at most 366 days ahead; when somebody does so if not given.
    #[serde(default, deserialize_with = "times::optional")]
    until: Option<DateTime<Utc>>,
    /// Why, for those who find them paused and for the audit log.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Where it was not done.
#[derive(Serialize, ToSchema)]
pub struct RefusedPlace {
    /// The project; null for a job that is scheduled in none of them, or that can run in none.
    project_id: Option<Uuid>,
    /// The job type; null for all of them.
    job_type: Option<String>,
    message: String,
}

#[derive(Default, Serialize, ToSchema)]
pub struct ManyAnswer {
    /// Schedules, each a job in a project, to which it was done.
    done: u64,
    /// Projects in which it was.
    projects: u64,
    refused: Vec<RefusedPlace>,
}

enum Deed {
    Run,
    Pause(Pause),
    Resume,
}

impl Deed {
    fn name(&self) -> &'static str {
        match self {
            Self::Run => "jobs.run",
            Self::Pause(_) => "jobs.pause",
            Self::Resume => "jobs.resume",
        }
    }

    fn until(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Pause(pause) => pause.until,
            Self::Run | Self::Resume => None,
        }
    }
}

impl ChosenJobs {
    /// # Errors
    /// 400 that names the field.
    fn checked(mut self) -> ApiResult<Self> {
        if !(1..=MOST_JOBS).contains(&self.jobs.len()) {
            let message = format!("body: `jobs` names {} jobs", self.jobs.len());
            return Err(
                ApiError::bad_request(message).help(format!("name 1 to {MOST_JOBS} at a time"))
            );
        }
        if let Some(given) = &self.project_ids
            && given.len() > MOST_PROJECTS
        {
            let message = format!("body: `project_ids` names {} projects", given.len());
            let help = format!("name at most {MOST_PROJECTS}, or leave it out for all of them");
            return Err(ApiError::bad_request(message).help(help));
        }
        check_reason(self.reason.as_deref())?;
        let mut seen = BTreeSet::new();
        self.jobs.retain(|job| seen.insert(job.clone()));
        Ok(self)
    }
}

/// Each project by itself, in one transaction with its entry in the audit log: a database that fails half-way
/// does not hide what was done before.
async fn act(
    server: &AppState,
    principal: &Principal,
    peer: Peer,
    chosen: ChosenJobs,
    deed: Deed,
) -> ApiResult<Json<ManyAnswer>> {
    let ChosenJobs { mut jobs, project_ids, reason } = chosen.checked()?;
    let editable = server.store.projects(&principal.with_role(Role::Editor)).await?;
    let editable: Vec<_> = editable.into_iter().map(|project| project.id).collect();
    let mut answer = ManyAnswer::default();
    if matches!(deed, Deed::Run) {
        // Such runs could only fail, in every project.
        jobs.retain(|job| {
            let Err(message) = check_args_of_file(server, job) else { return true };
            let job_type = Some(job.clone());
            answer.refused.push(RefusedPlace { project_id: None, job_type, message });
            false
        });
    }
    let projects = match project_ids {
        None => editable,
        Some(asked) => {
            let asked: BTreeSet<_> = asked.into_iter().collect();
            let (may, may_not): (Vec<_>, Vec<_>) =
                asked.into_iter().partition(|project| editable.contains(project));
            answer.refused.extend(may_not.into_iter().map(|project| RefusedPlace {
                project_id: Some(project),
                job_type: None,
                message: match principal.role(project) {
                    Some(has) if !has.ge(&Role::Editor) => {
                        format!("this takes the role {}, not {has}", Role::Editor)
                    }
                    _ => format!("there is no project {project}"),
                },
            }));
            may
        }
    };
    let mut missing: BTreeSet<String> = jobs.iter().cloned().collect();
    let projects = if jobs.is_empty() { Vec::new() } else { projects };
    for project in projects {
        let mut detail = json!({ "jobs": jobs, "reason": reason });
        if let Some(until) = deed.until() {
            detail["until"] = json!(until);
        }
        let target = format!("{} jobs", jobs.len());
        let entry = entry(principal, deed.name(), &target, Some(project), detail, peer);
        let engine = server.engine.noting(entry).asked_by(&principal.name);
        let done = match &deed {
            Deed::Run => engine.run_many(&jobs, project).await,
            Deed::Pause(pause) => engine.pause_or_resume_many(&jobs, project, Some(pause)).await,
            Deed::Resume => engine.pause_or_resume_many(&jobs, project, None).await,
        };
        answer.note(project, done, &mut missing);
    }
    answer.refused.extend(missing.into_iter().map(|job| RefusedPlace {
        project_id: None,
        message: StoreError::NotScheduled { job: job.clone() }.to_string(),
        job_type: Some(job),
    }));
    server.wake.wake_all().await;
    Ok(Json(answer))
}

impl ManyAnswer {
    fn note(
        &mut self,
        project: Uuid,
        done: Result<Many, StoreError>,
        missing: &mut BTreeSet<String>,
    ) {
        let refused = |job_type, message: &str| RefusedPlace {
            project_id: Some(project),
            job_type,
            message: message.into(),
        };
        match done {
            Ok(Many { done, disabled }) => {
                self.done += done.len() as u64;
                self.projects += u64::from(!done.is_empty());
                for job in done.iter().chain(&disabled) {
                    missing.remove(job);
                }
                let why = "jobs.toml disables this job, or no longer names it for this project";
                self.refused.extend(disabled.into_iter().map(|job| refused(Some(job), why)));
            }
            // Said once, if no project has the job.
            Err(StoreError::NotScheduled { .. }) => {}
            Err(error) => {
                tracing::error!(%error, %project, "jobs of a project could not be changed");
                self.refused.push(refused(None, "the server could not do it; see its log"));
            }
        }
    }
}

/// Pauses many jobs in many projects; with `until`, up to that time.
#[utoipa::path(
    post, path = "/schedules/pause", request_body = JobsToPause,
    responses((status = 200, body = ManyAnswer), Refused, BodyRefused)
)]
pub async fn pause(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Json(JobsToPause { jobs, project_ids, until, reason }): Json<JobsToPause>,
) -> ApiResult<Json<ManyAnswer>> {
    let chosen = ChosenJobs { jobs, project_ids, reason }.checked()?;
    let pause = pause::read(&server, &principal, until, chosen.reason.clone()).await?;
    act(&server, &principal, peer, chosen, Deed::Pause(pause)).await
}

/// Resumes many jobs in many projects.
#[utoipa::path(
    post, path = "/schedules/resume", request_body = ChosenJobs,
    responses((status = 200, body = ManyAnswer), Refused, BodyRefused)
)]
pub async fn resume(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Json(chosen): Json<ChosenJobs>,
) -> ApiResult<Json<ManyAnswer>> {
    act(&server, &principal, peer, chosen, Deed::Resume).await
}

/// Runs many jobs in many projects as soon as they may.
#[utoipa::path(
    post, path = "/schedules/run", request_body = ChosenJobs,
    responses((status = 200, body = ManyAnswer), Refused, BodyRefused)
)]
pub async fn run(
    State(server): State<AppState>,
    Caller(principal): Caller,
    peer: Peer,
    Json(chosen): Json<ChosenJobs>,
) -> ApiResult<Json<ManyAnswer>> {
    act(&server, &principal, peer, chosen, Deed::Run).await
}
