use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Payload, Run};

/// What a person chose for a scheduled job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduledStatus {
    /// Timers and cascades run it.
    Active,
    /// Nothing of it starts; accepted requests and further attempts wait.
    Paused,
}

impl fmt::Display for ScheduledStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Paused => "paused",
        })
    }
}

impl FromStr for ScheduledStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "active" => Ok(Self::Active),
            "paused" => Ok(Self::Paused),
            other => Err(format!("`{other}` is neither active nor paused")),
        }
    }
}

/// Until when a schedule is paused, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// When it is resumed; `None` for when somebody does so.
    pub until: Option<DateTime<Utc>>,
    /// Why, in the words of who paused it.
    pub reason: Option<String>,
    /// Who paused it.
    pub by: Option<String>,
    /// When that was, by the database's clock; `None` for a pause that is yet to be noted.
    pub at: Option<DateTime<Utc>>,
}

/// A job of one project, with where it stands.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduledJob {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// That project's short name.
    pub project_slug: String,
    /// What a person chose.
    pub status: ScheduledStatus,
    /// Until when and why it is paused, where that was noted.
    pub pause: Option<Pause>,
    /// What jobs.toml says.
    pub enabled: bool,
    /// When it is due.
    pub next_run_at: Option<DateTime<Utc>>,
    /// `every 15m` or `cron LINE ZONE`.
    pub schedule: Option<String>,
    /// Triggers that wait for the next run.
    pub payload: Payload,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// The unfinished run.
    pub current_run: Option<Run>,
    /// The latest finished run.
    pub last_run: Option<Run>,
}

/// What came of a request to run a job now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunNow {
    /// This run waits for a worker.
    Queued(Uuid),
    /// This run waited already, and serves this request too.
    Merged(Uuid),
    /// The job runs already; it will run once more afterwards.
    AfterCurrent,
}

/// How much of a job type waits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct QueueDepth {
    /// The job type.
    pub job_type: String,
    /// The runs' state: available, running or retryable; or `due` for schedules that no worker has
    /// turned into a run yet.
    pub state: String,
    /// How many runs.
    pub count: i64,
    /// Age of the one that has waited longest, in seconds; 0 for none.
    pub oldest_age_s: f64,
}
