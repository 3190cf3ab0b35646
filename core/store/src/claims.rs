//! What a claim asks of a database, and what it is told.

use std::time::Duration;

use cascade_model::{ClaimedRun, RunKind};
use uuid::Uuid;

use crate::{Limits, ScheduleRow};

/// Which runs a claim chooses among: those that may start now, of some projects, the longest-waiting of each
/// first. Runs of jobs that are paused, disabled or no longer in jobs.toml are none of them.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// Runs of this kind.
    pub kind: RunKind,
    /// Of projects behind this one; nil for from the first on.
    pub behind: Uuid,
    /// The most projects.
    pub projects: usize,
    /// The most runs, shared out among the projects.
    pub runs: usize,
    /// Jobs to leave to others.
    pub except_jobs: &'a [LeftJob],
    /// Projects to leave out.
    pub except_projects: &'a [Uuid],
}

/// A job whose runs a claim leaves to others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftJob {
    /// The job type.
    pub job: String,
    /// Not those that could have begun for so long; `None` for all of them.
    pub until: Option<Duration>,
}

impl LeftJob {
    /// Seconds, as `until`.
    pub(crate) fn seconds(&self) -> Option<f64> {
        self.until.as_ref().map(Duration::as_secs_f64)
    }
}

impl<T: Into<String>> From<T> for LeftJob {
    /// All runs of a job type.
    fn from(job: T) -> Self {
        Self { job: job.into(), until: None }
    }
}

/// Whom runs are leased to.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// The worker.
    pub owner: &'a str,
    /// How long a lease lasts.
    pub lease: Duration,
}

/// What a choice has found.
#[derive(Debug)]
pub struct Found<R = ClaimedRun> {
    /// The runs, in no order.
    pub runs: Vec<R>,
    /// How many projects have some, though others may hold them.
    pub projects: usize,
    /// The last of these.
    pub last: Option<Uuid>,
}

/// What came of a claim in one statement.
#[derive(Debug)]
pub enum Taken {
    /// It has taken these.
    Runs(Found),
    /// Nothing, as a limit may be near: see [`Tx::waiting_runs`](crate::Tx::waiting_runs).
    LimitNear,
    /// Nothing, as keys have rates: see [`Tx::key_uses`](crate::Tx::key_uses).
    KeyRates,
}

/// A run that may start now, locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRun {
    /// Its id.
    pub id: Uuid,
    /// The job type.
    pub job_type: String,
    /// The project it is for.
    pub project_id: Uuid,
}

/// What there is to do besides what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Workers have not renewed their leases in time: see [`Lost::Unresponsive`](crate::Lost::Unresponsive).
    pub unresponsive: bool,
    /// A schedule is due, and may have a run.
    pub due: bool,
    /// Runs of the kind [`RunKind::Queue`] wait, whether they may start or not.
    pub queued: bool,
    /// A run of a schedule's key may go ahead.
    pub schedule_key_free: bool,
    /// The first and the last project.
    pub projects: Option<(Uuid, Uuid)>,
}

/// When there is something to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Soonest {
    /// There are limits, of job types or projects.
    pub limited: bool,
    /// How long until then; `None` when nothing is in sight.
    pub pause: Option<Duration>,
}

impl Soonest {
    pub(crate) fn new(limited: bool, seconds: Option<f64>) -> Self {
        let pause = seconds.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
        Self { limited, pause }
    }
}

/// How many more runs may start of what has a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What has it.
    pub of: Limited,
    /// How many more; may be negative.
    pub free: i64,
}

/// What has a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limited {
    /// A job type, over all projects.
    Job(String),
    /// A project.
    Project(Uuid),
}

/// What rows of `limits.sql` say, and whether jobs share limits, which are not in it.
pub(crate) fn limits_of(rows: Vec<(String, String, i64)>) -> (Limits, bool) {
    let (mut limits, mut shared) = (Limits::default(), false);
    for (kind, name, free) in rows {
        let of = match (kind.as_str(), name.parse()) {
            ("shared", _) => {
                shared = true;
                continue;
            }
            ("rated", _) => {
                limits.key_rates = true;
                continue;
            }
            ("project", Ok(id)) => Limited::Project(id),
            _ => Limited::Job(name),
        };
        limits.each.push(Limit { of, free });
    }
    (limits, shared)
}

/// When a schedule is due that was written while the clock was ahead.
pub type DueByClock = dyn Fn(&ScheduleRow) -> Option<chrono::DateTime<chrono::Utc>> + Sync;
