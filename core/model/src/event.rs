use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Lease;

/// How a job ended, as the browser hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// It succeeded.
    Ok,
    /// It failed for good.
    Failed,
}

/// The payload of `job_completed`, exactly as it goes over the wire. Keys may be added, none changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCompleted {
    /// The job type.
    pub job_type: String,
    /// The project it ran for.
    pub project_id: Uuid,
    /// How it ended.
    pub status: EventStatus,
    /// When it ended.
    pub at: DateTime<Utc>,
}

impl JobCompleted {
    /// The kind of the event, which is also the name of the bus channel and of the SSE event.
    pub const KIND: &'static str = "job_completed";
}

impl EventStatus {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        }
    }
}

/// A success that says nothing else: many of them end in one commit.
#[derive(Debug, Clone)]
pub struct Done {
    /// Held until then.
    pub lease: Lease,
    /// The job type.
    pub job_type: String,
    /// The project it ran for.
    pub project_id: Uuid,
    /// One line for the run list.
    pub summary: Option<String>,
    /// How long its body took and the wait for the commit so far.
    pub ran: Duration,
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Grows in the order of commits.
    pub id: i64,
    /// Whose event it is.
    pub project_id: Uuid,
    /// [`JobCompleted::KIND`] for now.
    pub kind: String,
    /// JSON text, as it goes over the wire.
    pub payload: String,
    /// Time since its run ended, by the database's clock, when it was read.
    pub age: Duration,
}
