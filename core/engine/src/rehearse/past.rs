//! What is kept of the runs of a span.

use cascade_model::{Payload, RunKind, RunRequest, RunState};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A run as it was.
#[derive(Debug, Clone)]
pub struct PastRun {
    /// Its id.
    pub id: Uuid,
    /// The job type.
    pub job: String,
    /// The short name of its project.
    pub project: String,
    /// Where it stands.
    pub state: RunState,
    /// Attempts begun.
    pub attempts: u32,
    /// When it was made.
    pub queued_at: DateTime<Utc>,
    /// When its first attempt began.
    pub began_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How long it waited between attempts.
    pub paused: TimeDelta,
    /// What caused it.
    pub payload: Payload,
    /// Every trace that it belongs to, its own first.
    pub traces: Vec<Uuid>,
    /// What it was asked for, with masked secrets; `None` for a run of its schedule.
    pub request: Option<RunRequest>,
    /// Why it failed.
    pub error: Option<String>,
    /// What a success had to tell.
    pub summary: Option<String>,
    /// The JSON text that it gave out, with masked secrets; only where an edge asks for it.
    pub output: Option<String>,
    /// Whether it was asked for by the code of a run, not by an edge.
    pub by_code: bool,
}

impl PastRun {
    /// Of which kind it is.
    pub fn kind(&self) -> RunKind {
        if self.request.is_some() { RunKind::Queue } else { RunKind::Schedule }
    }

    /// What caused it, with the traces that it belongs to, if it did not begin one.
    pub(super) fn caused(&self) -> Payload {
        let mut payload = self.payload.clone();
        let begun = self.traces.first().is_none_or(|own| *own == self.id);
        payload.trace_id = self.traces.first().copied().filter(|_| !begun);
        payload.traces = self.traces.iter().skip(1).copied().collect();
        payload
    }

    /// Whether it has run to a success or a failure, so that others may be taken to run like it.
    pub(super) fn tells(&self) -> bool {
        matches!(self.state, RunState::Completed | RunState::Failed)
            && self.began_at.is_some()
            && self.finished_at.is_some()
    }
}

/// A schedule as it stands now.
#[derive(Debug, Clone)]
pub struct PastSchedule {
    /// The job type.
    pub job: String,
    /// The short name of the project.
    pub project: String,
    /// When it is due next.
    pub next_run_at: Option<DateTime<Utc>>,
    /// Whether a person has paused it.
    pub paused: bool,
}

/// The runs of a span, with those that were under way when it began.
#[derive(Debug, Clone)]
pub struct History {
    /// Where the span begins.
    pub from: DateTime<Utc>,
    /// Where it ends: now.
    pub to: DateTime<Utc>,
    /// The first queued first.
    pub runs: Vec<PastRun>,
    /// All that there are.
    pub schedules: Vec<PastSchedule>,
    /// Job, project and key whose last run before the span had failed; those alone that an edge asks for.
    pub failed_before: Vec<(String, String, String)>,
    /// How often a file came into force within the span.
    pub changes: u32,
}
