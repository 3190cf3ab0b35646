//! Jobs of projects, and how their latest runs went.

use cascade_model::Payload;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Run, RunState};

/// What a person chose for a scheduled job.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScheduledStatus {
    /// Timers and cascades run it.
    Active,
    /// Nothing of it starts; accepted requests and further attempts wait.
    Paused,
}

impl From<cascade_model::ScheduledStatus> for ScheduledStatus {
    fn from(from: cascade_model::ScheduledStatus) -> Self {
        match from {
            cascade_model::ScheduledStatus::Active => Self::Active,
            cascade_model::ScheduledStatus::Paused => Self::Paused,
        }
    }
}

/// Until when a schedule is paused, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pause {
    /// When it is resumed; null for when somebody does so.
    pub until: Option<DateTime<Utc>>,
    /// Why, in the words of who paused it.
    pub reason: Option<String>,
    /// Who paused it.
    pub by: Option<String>,
    /// When.
    pub at: Option<DateTime<Utc>>,
}

impl From<cascade_model::Pause> for Pause {
    fn from(from: cascade_model::Pause) -> Self {
        let cascade_model::Pause { until, reason, by, at } = from;
        Self { until, reason, by, at }
    }
}

/// A job of one project, with where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScheduledJob {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// That project's short name.
    pub project_slug: String,
    /// What a person chose.
    pub status: ScheduledStatus,
    /// Until when and why it is paused; null where it is not, or where a version before this has paused it.
    pub pause: Option<Pause>,
    /// What jobs.toml says.
    pub enabled: bool,
    /// When it is due.
    pub next_run_at: Option<DateTime<Utc>>,
    /// `every 15m` or `cron LINE ZONE`.
    pub schedule: Option<String>,
    /// Triggers that wait for the next run.
    #[schema(value_type = Object)]
    pub payload: Payload,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// The unfinished run.
    pub current_run: Option<Run>,
    /// The latest finished run.
    pub last_run: Option<Run>,
}

impl From<cascade_model::ScheduledJob> for ScheduledJob {
    fn from(from: cascade_model::ScheduledJob) -> Self {
        Self {
            job_type: from.job_type,
            project_id: from.project_id,
            project_slug: from.project_slug,
            status: from.status.into(),
            pause: from.pause.map(Into::into),
            enabled: from.enabled,
            next_run_at: from.next_run_at,
            schedule: from.schedule,
            payload: from.payload,
            updated_at: from.updated_at,
            current_run: from.current_run.map(Into::into),
            last_run: from.last_run.map(Into::into),
        }
    }
}

/// How the latest runs of a job went in a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trend {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// Its latest ended runs, oldest first; never none.
    pub runs: Vec<EndedRun>,
}

impl From<cascade_model::Trend> for Trend {
    fn from(from: cascade_model::Trend) -> Self {
        Self {
            job_type: from.job_type,
            project_id: from.project_id,
            runs: from.runs.into_iter().map(Into::into).collect(),
        }
    }
}

/// A run that has ended, as a trend shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedRun {
    /// Id.
    pub id: Uuid,
    /// How it ended.
    pub state: RunState,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// What its last attempt took; 0 for one that was cancelled before it began.
    pub took_ms: i64,
}

impl From<cascade_model::EndedRun> for EndedRun {
    fn from(from: cascade_model::EndedRun) -> Self {
        Self {
            id: from.id,
            state: from.state.into(),
            finished_at: from.finished_at,
            took_ms: from.took_ms,
        }
    }
}
