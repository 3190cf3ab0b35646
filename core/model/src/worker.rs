//! Workers as people see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a worker says of itself.
#[derive(Debug, Clone, PartialEq)]
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
    /// What it was started with: it runs jobs that need some of these, and no others that need any.
    pub labels: Vec<String>,
    /// What its process uses of the machine.
    pub load: Load,
}

/// What a process uses of its machine; `None` where the machine does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Resident memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Processor time since the report before, as a share of one processor: 1.5 is one and a half of them.
    pub cpu_share: Option<f64>,
    /// Resident memory of the programs that it runs, with all that these have started, bytes.
    pub programs_memory_bytes: Option<u64>,
    /// Processor time of these programs, as a share of one processor.
    pub programs_cpu_share: Option<f64>,
}

/// A worker that lives, or was there not long ago.
#[derive(Debug, Clone, PartialEq, Default)]
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
    /// What it was started with; none for one that does not tell.
    pub labels: Vec<String>,
    /// What its process used of the machine when it last gave a sign of life.
    pub load: Load,
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

impl Worker {
    /// One that has given no sign of life for so many seconds does not respond: it gives three in that time.
    pub const UNRESPONSIVE_S: u64 = 45;

    /// Whether it lives and takes runs that it may run.
    pub fn takes_runs(&self) -> bool {
        let lives = self.seen_s.is_some_and(|seconds| seconds < Self::UNRESPONSIVE_S);
        lives && self.drain_at.is_none()
    }

    /// Whether it may run a job that needs `labels`.
    pub fn has_labels(&self, labels: &[String]) -> bool {
        labels.iter().all(|label| self.labels.contains(label))
    }

    /// Whether it has a plugin, of any version.
    pub fn has_plugin(&self, plugin: &str) -> bool {
        let is_it = |told: &String| {
            told.strip_prefix(plugin).is_some_and(|version| version.starts_with(' '))
        };
        self.plugins.iter().flatten().any(is_it)
    }
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
