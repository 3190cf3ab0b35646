//! What the worker reports of an attempt, and what came of it.

use std::time::Duration;

use cascade_sdk::{NewRun, Statement};

use crate::{ClaimedRun, Follow};

/// A success, as the runner reports it.
#[derive(Debug, Default, Clone)]
pub struct Success {
    /// One line for the run list.
    pub summary: Option<String>,
    /// JSON text that is kept with the run.
    pub output: Option<String>,
    /// Writes of the plugin that commit with the run.
    pub staged: Vec<Statement>,
    /// Runs that it asks for.
    pub enqueue: Vec<NewRun>,
    /// What it leads to.
    pub follow: Follow,
}

/// A fault, as the runner reports it.
#[derive(Debug, Clone)]
pub struct Fault {
    /// For the run's page.
    pub error: String,
    /// The pause before the next attempt; `None` for no further attempt.
    pub retry_in: Option<Duration>,
}

/// What came of a [`Success`].
#[derive(Debug, Clone)]
pub struct Completed {
    /// Downstream jobs that are due now.
    pub triggered: Vec<String>,
    /// Runs of them that have begun, held by who holds the run that has ended.
    pub begun: Vec<ClaimedRun>,
}

/// What came of a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// Another attempt follows.
    WillRetry,
    /// That was the last one; an event says so.
    ForGood,
}

/// What became of a lease that was to be prolonged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It holds.
    Held,
    /// It holds, and the run is to be cancelled.
    CancelRequested,
    /// Somebody else has the run by now, or it has ended.
    Lost,
}

impl Renewal {
    /// It holds; `cancel` says whether its end was asked for.
    pub fn held(cancel: bool) -> Self {
        if cancel { Self::CancelRequested } else { Self::Held }
    }
}

/// What came of a request to cancel a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelRequest {
    /// It waited; it is cancelled.
    Cancelled,
    /// It runs; its worker is to stop it.
    Requested,
}

/// For how long what is over is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepFor {
    /// Ended runs, counted from their end; their logs go with them.
    pub runs: Duration,
    /// Log lines of runs that are still kept.
    pub logs: Duration,
    /// Events; clients that were away for longer are told to reset.
    pub events: Duration,
    /// Figures of runs.
    pub stats: Duration,
}

/// How many rows one step of pruning removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Ended runs.
    pub runs: u64,
    /// Log lines.
    pub logs: u64,
    /// Events.
    pub events: u64,
    /// Rows of figures.
    pub stats: u64,
}
