//! Traces: runs in their places, and groups of many.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Run;

/// The runs that one trigger caused.
#[derive(Debug, Serialize, ToSchema)]
pub struct CascadeTree {
    /// The first of them.
    pub root: Uuid,
    /// In the order they were queued, the root first.
    pub items: Vec<CascadeRun>,
    /// Whether there are more of them than are told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Runs of one job that one run caused, where they are 20 or more, with `grouped=true`: they are not among
    /// `items`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<RunGroup>>,
    /// How many runs of the trace stand how, with `grouped=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states: Option<StateCounts>,
    /// Runs that neither `items` nor `groups` tell of, with `grouped=true`, such as those that runs of a group
    /// caused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<u64>,
}

impl From<cascade_model::CascadeTree> for CascadeTree {
    fn from(from: cascade_model::CascadeTree) -> Self {
        Self {
            root: from.root,
            items: from.items.into_iter().map(Into::into).collect(),
            truncated: from.truncated,
            groups: None,
            states: None,
            hidden: None,
        }
    }
}

/// A run in its place.
#[derive(Debug, Serialize, ToSchema)]
pub struct CascadeRun {
    /// The run.
    pub run: Run,
    /// The run whose success triggered it, if it is among these.
    pub parent: Option<Uuid>,
}

impl From<cascade_model::CascadeRun> for CascadeRun {
    fn from(from: cascade_model::CascadeRun) -> Self {
        Self { run: from.run.into(), parent: from.parent }
    }
}

/// How many runs stand how.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct StateCounts {
    pub scheduled: u64,
    pub available: u64,
    pub running: u64,
    pub retryable: u64,
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
}

impl From<cascade_model::StateCounts> for StateCounts {
    fn from(from: cascade_model::StateCounts) -> Self {
        let cascade_model::StateCounts {
            scheduled,
            available,
            running,
            retryable,
            completed,
            failed,
            cancelled,
        } = from;
        Self { scheduled, available, running, retryable, completed, failed, cancelled }
    }
}

/// The runs of one job that one run caused.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunGroup {
    /// The run that caused them.
    pub parent: Uuid,
    /// Their job.
    pub job_type: String,
    /// How many there are.
    pub total: u64,
    /// How many of them stand how.
    pub states: StateCounts,
    /// When the first of them was queued.
    pub queued_at: DateTime<Utc>,
    /// When the first of the latest attempts began.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last of them ended; null while one is unfinished.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<cascade_model::TraceGroup> for RunGroup {
    fn from(from: cascade_model::TraceGroup) -> Self {
        let over = from.states.unfinished() == 0;
        Self {
            parent: from.parent,
            job_type: from.job_type,
            total: from.states.total(),
            states: from.states.into(),
            queued_at: from.queued_at,
            started_at: from.started_at,
            finished_at: from.finished_at.filter(|_| over),
        }
    }
}

/// Runs that one run caused, a page of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Children {
    /// The first queued first.
    pub items: Vec<Run>,
    /// What `after` is to be for the next page; null for the last.
    pub next: Option<Uuid>,
}
