//! The changes of the storage, and the sets of them that are measured.

use clap::ValueEnum;

/// One change of how PostgreSQL keeps runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The ends of a queue's runs find them by id, and not by their worker.
    EndById,
    /// The function of the `job_last` triggers may hash, whatever the session's settings.
    JobLastHashed,
    /// The ended row carries its event's id, and the outbox has no row.
    EventInRow,
    /// The outbox has one row a commit, and its lock is taken last.
    EventBatch,
    /// The primary key of ended runs includes what lists filter by, in place of the index on `queued_at`.
    FilterKey,
    /// No index of ended runs by job and project.
    NoHistory,
    /// A claim deletes the waiting rows and inserts one row that holds them.
    ClaimRow,
    /// Each claimer owns a slice of the ring of projects, and helps others when it is empty.
    Slices,
    /// The walk over the heads of queues ends where enough projects are found.
    ShortWalk,
    /// A claim of a queue is one statement, as that of schedules is.
    AtOnce,
    /// No index of a queue's open runs names what a claim changes, and half of each page is free.
    HotClaim,
    /// No `job_last` triggers (migration 0190).
    NoJobLast,
    /// Attempts that fail end in the commit of those that succeed.
    FailBatch,
    /// A run that fails for good is not counted in `run_problems`.
    NoProblems,
}

use Change::{
    AtOnce, ClaimRow, EndById, EventBatch, EventInRow, FailBatch, FilterKey, HotClaim,
    JobLastHashed, NoHistory, NoJobLast, NoProblems, ShortWalk, Slices,
};

/// A set of changes under a name.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// For the command line and the report.
    pub name: &'static str,
    changes: &'static [Change],
}

impl Variant {
    /// Whether it has a change.
    pub fn has(&self, change: Change) -> bool {
        // The plans of today hide what else there is.
        let of_plans = matches!(change, EndById | JobLastHashed);
        self.changes.contains(&change) || (of_plans && !self.is_today())
    }

    /// Whether it is measured beside today's SQL as it is.
    fn is_today(&self) -> bool {
        ["today", "end-by-id", "job-last-hashed"].contains(&self.name)
    }

    /// Whether it is not the same as another one in a shape and with so many connections.
    pub fn bears_on(&self, shape: Shape, connections: usize) -> bool {
        let differs = |change: &Change| match change {
            Slices => connections > 1,
            EndById | ShortWalk | AtOnce | HotClaim => shape.is_queue(),
            FailBatch | NoProblems => shape == Shape::Failing,
            _ => true,
        };
        self.changes.is_empty() || self.changes.iter().any(differs)
    }
}

/// All variants, in the order of the report: today's SQL as it is, with better plans ([`BASE`]), and, on top of
/// these, what else may change.
pub const VARIANTS: [Variant; 20] = [
    Variant { name: "today", changes: &[] },
    Variant { name: "end-by-id", changes: &[EndById] },
    Variant { name: "job-last-hashed", changes: &[JobLastHashed] },
    Variant { name: BASE, changes: &[] },
    Variant { name: "event-in-row", changes: &[EventInRow] },
    Variant { name: "event-batch", changes: &[EventBatch] },
    Variant { name: "filter-key", changes: &[FilterKey] },
    Variant { name: "no-history", changes: &[NoHistory] },
    Variant { name: "claim-row", changes: &[ClaimRow] },
    Variant { name: "slices", changes: &[Slices] },
    Variant { name: "short-walk", changes: &[ShortWalk] },
    Variant { name: "at-once", changes: &[ShortWalk, AtOnce] },
    Variant { name: "hot-claim", changes: &[HotClaim] },
    Variant { name: "no-job-last", changes: &[NoJobLast] },
    Variant { name: "fail-batch", changes: &[FailBatch] },
    Variant { name: "no-problems", changes: &[NoProblems] },
    Variant { name: "design-6", changes: &[EventBatch, FilterKey, NoHistory, ClaimRow, Slices] },
    Variant {
        name: "design-6-at-once",
        changes: &[
            EventBatch, FilterKey, NoHistory, ClaimRow, Slices, ShortWalk, AtOnce, FailBatch,
        ],
    },
    Variant {
        name: "rows",
        changes: &[EventBatch, FilterKey, Slices, ShortWalk, AtOnce, HotClaim, FailBatch],
    },
    Variant {
        name: "rows-bare",
        changes: &[
            EventBatch, FilterKey, NoHistory, Slices, ShortWalk, AtOnce, HotClaim, NoJobLast,
            FailBatch, NoProblems,
        ],
    },
];

/// What others are compared with.
pub const BASE: &str = "plans";

/// What the runs are, and how they end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// Runs of queues without a key; a claim ends as a whole.
    Keyless,
    /// Runs of schedules, one of each job and project at a time; a claim ends as a whole.
    Schedule,
    /// Runs of queues, whose ends spread over 16 commits ("two seconds"), two of which are on their way.
    Spread,
    /// As `spread`, of schedules.
    SpreadSchedule,
    /// Runs of queues, a tenth of which fail once, and a tenth of these again and for good.
    Failing,
}

impl Shape {
    /// Whether its runs are of queues.
    pub fn is_queue(self) -> bool {
        !matches!(self, Self::Schedule | Self::SpreadSchedule)
    }

    /// Whether its ends are spread.
    pub fn is_spread(self) -> bool {
        matches!(self, Self::Spread | Self::SpreadSchedule)
    }
}
