//! Figures of runs.

use std::time::Duration;

use cascade_model::{Figures as Counted, StatWorker as KnownWorker, Times as Measured};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Figures of some time, of one job, project or worker, or of all.
#[derive(Debug, Serialize, ToSchema)]
pub struct Figures {
    /// Runs that succeeded.
    pub completed: u64,
    /// Runs that failed for good.
    pub failed: u64,
    /// Runs that were cancelled.
    pub cancelled: u64,
    /// How long runs waited that ended at their first attempt; null for none.
    pub wait: Option<Times>,
    /// How long the last attempts took of runs that succeeded or failed; null for none.
    pub duration: Option<Times>,
    /// Runs that waited, on average; null where that was not counted.
    pub waiting: Option<f64>,
    /// Runs that ran, on average; null where that was not counted.
    pub running: Option<f64>,
}

/// Times in milliseconds. Percentiles are at most 9.1 % from the true ones; below 1 ms they are told as 0.5.
#[derive(Debug, Serialize, ToSchema)]
pub struct Times {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub mean: f64,
}

/// Figures of a step of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatPoint {
    /// When the step begins.
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub figures: Figures,
}

/// A worker that has figures of the last two days; it may have ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatWorker {
    /// Its name, another at each start.
    pub name: String,
    /// The machine it runs on; for administrators.
    pub host: Option<String>,
    /// Its process there; for administrators.
    pub pid: Option<u32>,
}

impl StatWorker {
    /// As somebody may see it.
    pub fn shown(worker: KnownWorker, to_admin: bool) -> Self {
        let KnownWorker { worker: name, host, pid } = worker;
        Self { name, host: host.filter(|_| to_admin), pid: pid.filter(|_| to_admin) }
    }
}

/// Figures of a job, a project or a worker.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatRow {
    /// The job type, the project's short name, or the worker's name.
    pub name: String,
    #[serde(flatten)]
    pub figures: Figures,
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

impl From<&Measured> for Times {
    fn from(times: &Measured) -> Self {
        let at = |share| times.percentile(share).map(ms).unwrap_or_default();
        let mean = times.mean().map(ms).unwrap_or_default();
        Self { p50: at(0.5), p95: at(0.95), p99: at(0.99), mean }
    }
}

impl From<&Counted> for Figures {
    fn from(counted: &Counted) -> Self {
        let times = |times: &Measured| (times.count() > 0).then(|| times.into());
        let rounded = |mean: f64| (mean * 100.0).round() / 100.0;
        let depth = counted.depth();
        Self {
            completed: counted.completed,
            failed: counted.failed,
            cancelled: counted.cancelled,
            wait: times(&counted.wait),
            duration: times(&counted.duration),
            waiting: depth.map(|(waiting, _)| rounded(waiting)),
            running: depth.map(|(_, running)| rounded(running)),
        }
    }
}
