//! What a rehearsal tells.

use cascade_model::Explanation;
use chrono::{DateTime, Utc};

/// What another file would have made of the runs of a span. No job has run.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// Where the span begins.
    pub from: DateTime<Utc>,
    /// Where it ends.
    pub to: DateTime<Utc>,
    /// Recorded runs that began in the span.
    pub recorded: u64,
    /// Those of them that the file in force makes again at the same time, with a second's grace.
    pub reproduced: u64,
    /// How often a file came into force in the span: what ran before was decided by another one.
    pub changes: u32,
    /// Totals of both files.
    pub total: Change,
    /// By job and project: first those with most changes. At most [`MOST_ROWS`](super::MOST_ROWS).
    pub jobs: Vec<JobChange>,
    /// Jobs in projects that are left out of `jobs`.
    pub more: u64,
    /// The first changes, in the order of time.
    pub examples: Vec<Example>,
    /// The load, hour by hour.
    pub hours: Vec<Hour>,
    /// Edges of the candidate whose expressions had no value at some ends.
    pub faults: Vec<EdgeFault>,
    /// How the runs under the candidate were taken to end.
    pub basis: BasisCounts,
    /// Jobs without a recorded run: each of their runs is taken to succeed after a second, without output.
    pub without_history: Vec<String>,
    /// Jobs that are paused now, in some project: they are rehearsed as if they ran.
    pub paused: Vec<String>,
}

/// Runs under the file in force and under the candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Runs that began under the file in force.
    pub before: u64,
    /// Runs that began under the candidate.
    pub after: u64,
    /// Those under the candidate that are not under the file in force.
    pub appeared: u64,
    /// Those under the file in force that are not under the candidate.
    pub vanished: u64,
    /// Those of the same cause that begin at another time.
    pub moved: u64,
}

impl Change {
    pub(super) fn changes(&self) -> u64 {
        self.appeared + self.vanished + self.moved
    }
}

/// A job in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobChange {
    /// The job type.
    pub job: String,
    /// The short name of the project.
    pub project: String,
    /// Its runs.
    pub change: Change,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// It is under the candidate alone.
    Appeared,
    /// It is under the file in force alone.
    Vanished,
    /// It begins at another time.
    Moved,
}

impl ChangeKind {
    /// As the API calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Vanished => "vanished",
            Self::Moved => "moved",
        }
    }
}

/// One run that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// How.
    pub kind: ChangeKind,
    /// The job type.
    pub job: String,
    /// The short name of the project.
    pub project: String,
    /// Its key, if it has one.
    pub key: Option<String>,
    /// When it begins under the file in force.
    pub before: Option<DateTime<Utc>>,
    /// When it begins under the candidate.
    pub after: Option<DateTime<Utc>>,
    /// `timer`, `request` or `cascade`.
    pub cause: &'static str,
    /// The job whose end led to it.
    pub upstream: Option<String>,
}

/// What runs in an hour, or in the part of it that is in the span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hour {
    /// Where it begins.
    pub at: DateTime<Utc>,
    /// Under the file in force.
    pub before: Load,
    /// Under the candidate.
    pub after: Load,
}

/// How much runs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Load {
    /// Runs that begin.
    pub runs: u64,
    /// The seconds of all runs together.
    pub busy_seconds: f64,
}

/// An edge whose expressions had no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeFault {
    /// The job whose end the edge follows.
    pub from: String,
    /// The job that it leads to.
    pub to: String,
    /// Ends that it was looked at after.
    pub ends: u64,
    /// Those at which it had no value.
    pub without_value: u64,
    /// Why it had none at the first of them. Quotes no value.
    pub reason: Explanation,
    /// The project of that.
    pub project: String,
    /// When that was.
    pub at: DateTime<Utc>,
}

/// How many runs were taken to end like what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BasisCounts {
    /// As the recorded run of the same cause.
    pub recorded: u64,
    /// As the recorded run of the job, project and key that was nearest in time.
    pub nearest: u64,
    /// With the median duration of the job and the output of its latest success.
    pub median: u64,
    /// With a second and no output, as the job has no history.
    pub assumed: u64,
}
