//! Why a source could not be read, and what that means for the next try.

use std::time::Duration;

use cascade_sdk::JobError;

/// A source that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    /// For people.
    pub reason: String,
    /// How long to leave the source alone.
    pub pause: Pause,
}

/// When a source that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// At the next run.
    None,
    /// Later each time: asking again at once will not help.
    Growing,
    /// As long as the server said.
    Asked(Duration),
}

impl Fault {
    /// What may be over at the next run.
    pub fn passing(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), pause: Pause::None }
    }

    /// What somebody has to change.
    pub fn lasting(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), pause: Pause::Growing }
    }

    /// A file or folder that could not be read.
    pub fn file(path: &std::path::Path, error: impl std::fmt::Display) -> Self {
        Self::passing(format!("{}: {error}", path.display()))
    }
}

/// Why a sync ended early.
#[derive(Debug)]
pub enum SyncError {
    /// The source's own fault; the others go on.
    Source(Fault),
    /// Cancelled, or the database failed: the run ends.
    Run(JobError),
}

impl From<Fault> for SyncError {
    fn from(fault: Fault) -> Self {
        Self::Source(fault)
    }
}

impl From<JobError> for SyncError {
    fn from(error: JobError) -> Self {
        Self::Run(error)
    }
}

impl From<cascade_sdk::DbError> for SyncError {
    fn from(error: cascade_sdk::DbError) -> Self {
        Self::Run(error.into())
    }
}

impl From<serde_json::Error> for SyncError {
    fn from(error: serde_json::Error) -> Self {
        Self::Run(error.into())
    }
}
