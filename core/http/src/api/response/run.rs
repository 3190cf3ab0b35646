//! Runs and what they said.

use cascade_config::{ConfigState, all_masked, masked};
use cascade_model::Payload;
use cascade_sdk::Progress;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::tags;

/// Where a run stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Waits for the time that it was asked for.
    Scheduled,
    /// Waits for a worker.
    Available,
    /// A worker holds its lease.
    Running,
    /// An attempt failed; waits for its backoff.
    Retryable,
    /// Succeeded.
    Completed,
    /// Failed for good.
    Failed,
    /// Stopped on request.
    Cancelled,
}

impl From<cascade_model::RunState> for RunState {
    fn from(from: cascade_model::RunState) -> Self {
        match from {
            cascade_model::RunState::Scheduled => Self::Scheduled,
            cascade_model::RunState::Available => Self::Available,
            cascade_model::RunState::Running => Self::Running,
            cascade_model::RunState::Retryable => Self::Retryable,
            cascade_model::RunState::Completed => Self::Completed,
            cascade_model::RunState::Failed => Self::Failed,
            cascade_model::RunState::Cancelled => Self::Cancelled,
        }
    }
}

/// What becomes of a request while a run of its key waits.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDuplicate {
    /// That run serves the request too, if its args are the same; otherwise as `queue`.
    Merge,
    /// The request waits behind that run.
    Queue,
    /// That run is cancelled.
    Replace,
    /// The request is refused.
    Reject,
}

impl From<OnDuplicate> for cascade_model::OnDuplicate {
    fn from(from: OnDuplicate) -> Self {
        match from {
            OnDuplicate::Merge => Self::Merge,
            OnDuplicate::Queue => Self::Queue,
            OnDuplicate::Replace => Self::Replace,
            OnDuplicate::Reject => Self::Reject,
        }
    }
}

/// A run as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Run {
    /// Id; attempts share it.
    pub id: Uuid,
    /// The job type.
    pub job_type: String,
    /// The project it works for.
    pub project_id: Uuid,
    /// That project's short name.
    pub project_slug: String,
    /// Where it stands.
    pub state: RunState,
    /// Attempts begun so far.
    pub attempt: u32,
    /// The last attempt there will be.
    pub max_attempts: u32,
    /// What caused it, `cascade_triggered_by` among it.
    #[schema(value_type = Object)]
    pub payload: Payload,
    /// Why it exists, in one word and where from.
    #[schema(value_type = super::super::described::Trigger)]
    pub triggered_by: Value,
    /// Always null: params stand in jobs.toml. The field stays for clients of the first edition.
    #[schema(value_type = Option<Object>)]
    pub params: (),
    /// When it was put into the queue.
    pub queued_at: DateTime<Utc>,
    /// When the latest attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When a person asked for its end.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// The latest fault.
    pub error: Option<String>,
    /// What a success had to tell.
    pub summary: Option<String>,
    /// How far it has come.
    #[schema(value_type = Option<super::super::described::Progress>)]
    pub progress: Option<Progress>,
    /// Shared by all runs of one cascade.
    pub trace_id: Uuid,
    /// At most as many runs of a key as the job's `runs_per_key` says have begun and not ended, for each job and project;
    /// null for a run that is independent of others.
    pub key: Option<String>,
    /// What this run was asked for, secrets masked; null for a run of its schedule.
    #[schema(value_type = Option<Object>)]
    pub args: Value,
    /// 0 to 9; the highest goes first.
    pub priority: u8,
    /// When it was to begin, if not at once.
    pub run_at: Option<DateTime<Utc>>,
    /// Who or what asked for it.
    pub asked_by: Option<String>,
    /// Words by which it is found: its own, and those that its job has in jobs.toml.
    pub tags: Vec<String>,
}

impl Run {
    /// As people see it: a plugin that is not loaded cannot tell which args are secret.
    pub fn shown(run: cascade_model::Run, state: &ConfigState) -> Self {
        let args = run.request.as_ref().map(|request| match state.registry.job(&run.job_type) {
            Some(job) => masked(&job.descriptor().args_schema, &request.args),
            None => all_masked(&request.args),
        });
        let own = run.request.as_ref().map(|request| request.tags.as_slice()).unwrap_or_default();
        let tags = tags::of_run(&state.config, &run.job_type, own);
        Self { args: args.unwrap_or_default(), tags, ..run.into() }
    }
}

/// Without args, which may have secrets, and without tags: see [`Run::shown`].
impl From<cascade_model::Run> for Run {
    fn from(from: cascade_model::Run) -> Self {
        let asked_by = match &from.request {
            Some(request) => request.asked_by.clone(),
            None => from.payload.requested_by.clone(),
        };
        Self {
            id: from.id,
            job_type: from.job_type,
            project_id: from.project_id,
            project_slug: from.project_slug,
            state: from.state.into(),
            attempt: from.attempt,
            max_attempts: from.max_attempts,
            payload: from.payload,
            triggered_by: from.triggered_by,
            params: from.params,
            queued_at: from.queued_at,
            started_at: from.started_at,
            cancel_requested_at: from.cancel_requested_at,
            finished_at: from.finished_at,
            error: from.error,
            summary: from.summary,
            progress: from.progress,
            trace_id: from.trace_id,
            priority: from.request.as_ref().map_or(0, |request| request.priority),
            run_at: from.request.as_ref().and_then(|request| request.run_at),
            args: Value::Null,
            tags: Vec::new(),
            asked_by,
            key: from.request.and_then(|request| request.key),
        }
    }
}

/// An attempt of a run that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailedAttempt {
    /// From 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it failed, or was found to be lost.
    pub ended_at: DateTime<Utc>,
    /// Why.
    pub error: String,
    /// The worker that had it.
    pub worker: String,
}

impl From<cascade_model::FailedAttempt> for FailedAttempt {
    fn from(from: cascade_model::FailedAttempt) -> Self {
        let cascade_model::FailedAttempt { attempt, started_at, ended_at, error, worker } = from;
        Self { attempt, started_at, ended_at, error, worker }
    }
}

/// One page of runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunPage {
    /// The runs, in the order asked for.
    pub items: Vec<Run>,
    /// How many there are on all pages.
    pub total: u64,
    /// From 1.
    pub page: u32,
    /// Items on a page.
    pub per_page: u32,
}

impl RunPage {
    /// As people see it.
    pub fn shown(from: cascade_model::RunPage, state: &ConfigState) -> Self {
        Self {
            items: from.items.into_iter().map(|run| Run::shown(run, state)).collect(),
            total: from.total,
            page: from.page,
            per_page: from.per_page,
        }
    }
}

/// One line of a run's log as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunLogRow {
    /// Its number: greater than those of the lines before it, with gaps.
    pub seq: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// `debug`, `info`, `warn` or `error`.
    #[schema(value_type = super::super::described::Level)]
    pub level: String,
    /// Text for a person.
    pub message: String,
    /// Structured fields.
    #[schema(value_type = Option<Object>)]
    pub fields: Option<Value>,
}

impl From<cascade_model::RunLogRow> for RunLogRow {
    fn from(from: cascade_model::RunLogRow) -> Self {
        let cascade_model::RunLogRow { seq, at, level, message, fields } = from;
        Self { seq, at, level, message, fields }
    }
}
