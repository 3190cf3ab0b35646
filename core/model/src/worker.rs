//! Workers as people see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a worker says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Its name, which holds the leases of its runs.
    pub name: String,
    /// The version of Cascade.
    pub version: String,
    /// The machine it runs on.
    pub host: Option<String>,
    /// Its process there.
    pub pid: u32,
    /// Runs at a time.
    pub concurrency: u32,
    /// Names and versions of the plugins it has, as `NAME VERSION`.
    pub plugins: Vec<String>,
}

/// A worker that lives, or was there not long ago.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// The version of Cascade; `None` for one that does not tell, as those before 0.2.
    pub version: Option<String>,
    /// The machine it runs on.
    pub host: Option<String>,
    /// Its process there.
    pub pid: Option<u32>,
    /// Runs at a time.
    pub concurrency: Option<u32>,
    /// Names and versions of its plugins.
    pub plugins: Option<Vec<String>>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last gave a sign of life.
    pub seen_at: Option<DateTime<Utc>>,
    /// Seconds since then, by the database's clock.
    pub seen_s: Option<u64>,
    /// When somebody asked it to take no more runs.
    pub drain_at: Option<DateTime<Utc>>,
    /// Who asked.
    pub drain_by: Option<String>,
    /// When it heard of that, and has taken none since.
    pub drain_seen_at: Option<DateTime<Utc>>,
    /// Runs that it holds, whether they may be seen or not.
    pub running: u64,
    /// What it runs, of what may be seen.
    pub runs: Vec<WorkerRuns>,
}

/// Runs of a job that a worker holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerRuns {
    /// The job type.
    pub job_type: String,
    /// How many.
    pub count: u64,
    /// When the first of them began.
    pub since: Option<DateTime<Utc>>,
}
