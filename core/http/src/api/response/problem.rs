//! Failed runs, grouped by error.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::RunState;

/// Places that a problem is listed with.
const PLACES: usize = 50;

/// A kind of failure over jobs and projects.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Of the error's text without its numbers.
    pub fingerprint: String,
    /// The newest error, shortened.
    pub error: String,
    /// The newest run that failed with it.
    pub run_id: Uuid,
    /// Failed runs.
    pub runs: u64,
    /// The first failure.
    pub first_seen: DateTime<Utc>,
    /// The newest failure.
    pub last_seen: DateTime<Utc>,
    /// Failed runs of each of the last 24 hours, the oldest first.
    pub trend: Vec<u64>,
    /// Jobs in projects that it was seen in.
    pub places_total: usize,
    /// How many of them have not succeeded since.
    pub failing: usize,
    /// The newest 50 of them.
    pub places: Vec<ProblemPlace>,
}

/// A kind of failure in one job and project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemPlace {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// That project's short name.
    pub project_slug: String,
    /// The newest run that failed with it here.
    pub run_id: Uuid,
    /// Failed runs.
    pub runs: u64,
    /// The newest failure.
    pub last_seen: DateTime<Utc>,
    /// How the latest ended run of the job in the project ended.
    pub last_state: RunState,
    /// Hidden until then.
    pub muted_until: Option<DateTime<Utc>>,
    /// When somebody marked it as handled.
    pub handled_at: Option<DateTime<Utc>>,
}

impl From<cascade_model::Problem> for Problem {
    fn from(from: cascade_model::Problem) -> Self {
        let (fingerprint, failing) = (from.fingerprint().to_owned(), from.failing());
        let cascade_model::Problem { places, trend } = from;
        let newest = places.first();
        Self {
            fingerprint,
            error: newest.map(|place| place.error.clone()).unwrap_or_default(),
            run_id: newest.map(|place| place.run_id).unwrap_or_default(),
            runs: places.iter().map(|place| place.runs).sum(),
            first_seen: places.iter().map(|place| place.first_seen).min().unwrap_or_default(),
            last_seen: newest.map(|place| place.last_seen).unwrap_or_default(),
            trend: trend.into(),
            places_total: places.len(),
            failing,
            places: places.into_iter().take(PLACES).map(Into::into).collect(),
        }
    }
}

impl From<cascade_model::ProblemPlace> for ProblemPlace {
    fn from(from: cascade_model::ProblemPlace) -> Self {
        Self {
            job_type: from.job_type,
            project_id: from.project_id,
            project_slug: from.project_slug,
            run_id: from.run_id,
            runs: from.runs,
            last_seen: from.last_seen,
            last_state: from.last_state.into(),
            muted_until: from.muted_until,
            handled_at: from.handled_at,
        }
    }
}

/// What needs attention, in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attention {
    /// Kinds of failures that are open.
    pub problems: u64,
    /// Jobs in projects whose latest run failed with one of these.
    pub failing: u64,
    /// Schedules that have been due for over two minutes and have no run.
    pub late: u64,
    /// Runs that could have started over two minutes ago.
    pub stuck: u64,
}

impl From<cascade_model::Attention> for Attention {
    fn from(from: cascade_model::Attention) -> Self {
        let cascade_model::Attention { problems, failing, late, stuck } = from;
        Self { problems, failing, late, stuck }
    }
}
