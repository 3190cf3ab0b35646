use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::RunState;

/// How a job stands over the projects that somebody may see: schedules by state, and when one is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCounts {
    /// The job type.
    pub job_type: String,
    /// Projects in which it is scheduled.
    pub schedules: u64,
    /// Schedules that jobs.toml disables.
    pub disabled: u64,
    /// Enabled schedules that a person paused.
    pub paused: u64,
    /// When the first of its pauses is over that has an end.
    pub resumes_at: Option<DateTime<Utc>>,
    /// Runs that wait for a worker, for the first time or again.
    pub waiting: u64,
    /// Runs that are worked on.
    pub running: u64,
    /// Schedules whose latest ended run failed.
    pub failing: u64,
    /// When the first of its active schedules is due.
    pub next_run_at: Option<DateTime<Utc>>,
    /// When its latest ended run ended.
    pub last_end: Option<DateTime<Utc>>,
}

/// How a job ended last in a project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LastEnd {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// The run.
    pub run_id: Uuid,
    /// How it ended.
    pub state: RunState,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// How up to 20 latest runs ended, a letter each, oldest first: see [`recent_states`].
    pub recent: String,
}

/// The states that the letters of [`LastEnd::recent`] stand for.
pub fn recent_states(letters: &str) -> impl Iterator<Item = RunState> + '_ {
    letters.chars().map(|letter| match letter {
        's' => RunState::Completed,
        'f' => RunState::Failed,
        _ => RunState::Cancelled,
    })
}
