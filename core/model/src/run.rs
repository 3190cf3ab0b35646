use std::{fmt, str::FromStr};

use cascade_sdk::{Progress, Project};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Payload, RunRequest};
use crate::border;

/// Where a run stands; see the diagram in `docs/architecture.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Waits for the time that it was asked for. Databases keep it as available from then on.
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

impl RunState {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 7] = [
        Self::Scheduled,
        Self::Available,
        Self::Running,
        Self::Retryable,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Available => "available",
            Self::Running => "running",
            Self::Retryable => "retryable",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is no run state; there is: {known}")
        })
    }
}

/// Where a run comes from, and in which tables it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// Made by its schedule: by a timer, a plain edge, or a request without args. At most one is unfinished for
    /// each job and project.
    Schedule,
    /// Asked for by a caller, with args: see [`RunRequest`].
    Queue,
}

impl RunKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Schedule, Self::Queue];
}

/// The right to work on a run: void once the run has another owner or attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run_id: Uuid,
    /// Its kind.
    pub kind: RunKind,
    /// The worker that holds it.
    pub owner: String,
    /// Fences off an earlier attempt of the same worker.
    pub attempt: u32,
}

/// A lease that its worker still holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// The lease.
    pub lease: Lease,
    /// Its run has begun some time ago, or alone. If its worker is lost from now on, the attempt is used up; before,
    /// any of those that were held with it may have ended the worker's process, and no attempt is.
    pub begun: bool,
}

impl HeldLease {
    /// Of a run that has begun.
    pub fn begun(lease: &Lease) -> Self {
        Self { lease: lease.clone(), begun: true }
    }
}

/// A run that this worker holds now.
#[derive(Debug, Clone)]
pub struct ClaimedRun {
    /// The right to work on it.
    pub lease: Lease,
    /// The job type.
    pub job_type: String,
    /// The project it works for.
    pub project: Project,
    /// The last attempt there will be.
    pub max_attempts: u32,
    /// What caused it.
    pub payload: Payload,
    /// Shared by all runs of one cascade.
    pub trace_id: Uuid,
    /// When it was put into the queue.
    pub queued_at: DateTime<Utc>,
    /// When this attempt began, by the database's clock.
    pub started_at: DateTime<Utc>,
    /// What a caller asked for; `None` for a run of its schedule.
    pub request: Option<Box<RunRequest>>,
    /// A worker was lost while it was young, so that it is to begin while no other run of its worker is: if it ends the
    /// process again, it was this run.
    pub alone: bool,
}

impl ClaimedRun {
    /// Whether others of its key may wait for its end.
    pub fn has_key(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.key.is_some())
    }

    /// Every trace that it belongs to, its own first.
    pub fn all_traces(&self) -> Vec<Uuid> {
        all_traces(self.trace_id, &self.payload)
    }
}

fn all_traces(own: Uuid, payload: &Payload) -> Vec<Uuid> {
    let others = payload.traces.iter().copied().filter(|trace| *trace != own);
    std::iter::once(own).chain(others).collect()
}

/// A run as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    pub payload: Payload,
    /// Why it exists, in one word and where from.
    pub triggered_by: Value,
    /// Always null: params stand in jobs.toml. The field stays for clients of the first edition.
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
    pub progress: Option<Progress>,
    /// Shared by all runs of one cascade.
    pub trace_id: Uuid,
    /// What a caller asked for; `None` for a run of its schedule.
    #[serde(skip)]
    pub request: Option<Box<RunRequest>>,
}

impl Run {
    /// Every trace that it belongs to, its own first.
    pub fn all_traces(&self) -> Vec<Uuid> {
        all_traces(self.trace_id, &self.payload)
    }

    /// As lists carry it: long texts are cut, with a mark. The run by its id has them whole.
    pub fn in_list(mut self) -> Self {
        let short = |text| border::capped(text, border::IN_LISTS);
        self.error = self.error.map(short);
        self.summary = self.summary.map(short);
        if let Some(progress) = &mut self.progress {
            progress.message = short(std::mem::take(&mut progress.message));
        }
        self
    }
}

/// An attempt of a run that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// One page of runs.
#[derive(Debug, Clone, Serialize)]
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
