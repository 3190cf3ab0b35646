use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::RunState;

/// How the latest runs of a job went in a project.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// Its latest ended runs, oldest first; never none.
    pub runs: Vec<EndedRun>,
}

/// A run that has ended, as a trend shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
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

impl EndedRun {
    /// Of a run that began, if it did, and ended at these times.
    pub fn new(
        id: Uuid,
        state: RunState,
        started_at: Option<DateTime<Utc>>,
        finished_at: DateTime<Utc>,
    ) -> Self {
        let took = started_at.map_or(0, |began| (finished_at - began).num_milliseconds());
        Self { id, state, finished_at, took_ms: took.max(0) }
    }
}

/// Rows that come by job and project, oldest first, as trends.
pub fn grouped(rows: impl IntoIterator<Item = (String, Uuid, EndedRun)>) -> Vec<Trend> {
    let mut trends: Vec<Trend> = Vec::new();
    for (job_type, project_id, run) in rows {
        match trends.last_mut() {
            Some(last) if last.job_type == job_type && last.project_id == project_id => {
                last.runs.push(run);
            }
            _ => trends.push(Trend { job_type, project_id, runs: vec![run] }),
        }
    }
    trends
}
