//! Workers.

use cascade_model::{Load, Worker as Known, WorkerRuns as Held};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// How a worker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkerState {
    /// It takes runs.
    Active,
    /// It is to take no more runs, and ends those that it has.
    Draining,
    /// It takes no more runs, and has none.
    Drained,
    /// It gave no sign of life for 45 s.
    Unresponsive,
    /// It holds runs and tells nothing of itself: an older version.
    Unknown,
}

/// A worker.
#[derive(Debug, Serialize, ToSchema)]
pub struct Worker {
    /// Its name, another at each start.
    pub name: String,
    pub state: WorkerState,
    /// The version of Cascade; null for an older one that does not tell.
    pub version: Option<String>,
    /// The machine it runs on; for administrators.
    pub host: Option<String>,
    /// Its process there; for administrators.
    pub pid: Option<u32>,
    /// Runs at a time.
    pub concurrency: Option<u32>,
    /// Its plugins, each as name and version.
    pub plugins: Option<Vec<String>>,
    /// What it was started with: jobs that need labels are run by workers that have all of them.
    pub labels: Vec<String>,
    /// What it used of the machine when it last gave a sign of life.
    pub load: WorkerLoad,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// Its latest sign of life; it gives one every 15 s.
    pub seen_at: Option<DateTime<Utc>>,
    /// When it was asked to take no more runs.
    pub drain_at: Option<DateTime<Utc>>,
    /// Who asked; for administrators.
    pub drain_by: Option<String>,
    /// When it heard of that; it has taken no run since.
    pub drain_seen_at: Option<DateTime<Utc>>,
    /// Runs that it holds, of all projects.
    pub running: u64,
    /// What it runs, of the projects that may be seen.
    pub runs: Vec<WorkerRuns>,
}

/// What a worker uses of its machine; null where the machine does not tell.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerLoad {
    /// Resident memory of its process.
    pub memory_bytes: Option<u64>,
    /// Processor time of its process since the report before, as a share of one processor.
    pub cpu_share: Option<f64>,
    /// Resident memory of the programs that it runs and of all that they have started.
    pub programs_memory_bytes: Option<u64>,
    /// Processor time of these programs, as a share of one processor.
    pub programs_cpu_share: Option<f64>,
}

impl From<Load> for WorkerLoad {
    fn from(load: Load) -> Self {
        let Load { memory_bytes, cpu_share, programs_memory_bytes, programs_cpu_share } = load;
        Self { memory_bytes, cpu_share, programs_memory_bytes, programs_cpu_share }
    }
}

/// Runs of a job that a worker holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkerRuns {
    pub job_type: String,
    pub count: u64,
    /// When the first of them began.
    pub since: Option<DateTime<Utc>>,
}

fn state(worker: &Known) -> WorkerState {
    match worker.seen_s {
        None => WorkerState::Unknown,
        Some(Known::UNRESPONSIVE_S..) => WorkerState::Unresponsive,
        Some(_) if worker.drain_at.is_none() => WorkerState::Active,
        Some(_) if worker.drain_seen_at.is_some() && worker.running == 0 => WorkerState::Drained,
        Some(_) => WorkerState::Draining,
    }
}

impl Worker {
    /// As somebody may see it.
    pub fn shown(worker: Known, to_admin: bool) -> Self {
        let state = state(&worker);
        let runs = |Held { job_type, count, since }| WorkerRuns { job_type, count, since };
        Self {
            name: worker.name,
            state,
            version: worker.version,
            host: worker.host.filter(|_| to_admin),
            pid: worker.pid.filter(|_| to_admin),
            concurrency: worker.concurrency,
            plugins: worker.plugins,
            labels: worker.labels,
            load: worker.load.into(),
            started_at: worker.started_at,
            seen_at: worker.seen_at,
            drain_at: worker.drain_at,
            drain_by: worker.drain_by.filter(|_| to_admin),
            drain_seen_at: worker.drain_seen_at,
            running: worker.running,
            runs: worker.runs.into_iter().map(runs).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_drained_when_it_has_heard_and_holds_nothing() {
        let seen = Known { seen_s: Some(2), ..Known::default() };
        let asked = Known { drain_at: Some(Utc::now()), ..seen.clone() };
        let heard = Known { drain_seen_at: Some(Utc::now()), running: 1, ..asked.clone() };
        let over = Known { running: 0, ..heard.clone() };
        let silent = Known { seen_s: Some(45), ..over.clone() };
        let states = [&Known::default(), &seen, &asked, &heard, &over, &silent].map(state);
        assert_eq!(
            states,
            [
                WorkerState::Unknown,
                WorkerState::Active,
                WorkerState::Draining,
                WorkerState::Draining,
                WorkerState::Drained,
                WorkerState::Unresponsive,
            ]
        );
    }
}
