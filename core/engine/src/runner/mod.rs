//! Runs one claimed run: context, time-out, panic, retry, progress, log.
//!
//! A plugin's future is driven on a thread that is not the host's, so that a plugin which blocks
//! (files, computation) never holds up the host: see `worker_threads`. Whatever happens in there, this run alone
//! is affected.

mod children;
mod completer;
mod connections;
mod ending;
mod fence;
mod going_on;
mod host_services;
mod http_client;
pub(crate) mod in_use;
mod missing_jobs;
mod preferred;
mod reach;
mod recorder;
mod supervised;
mod telemetry;
#[cfg(test)]
mod tests;
pub mod trace;
mod upstream;
mod worker_threads;

use std::sync::Arc;

pub use completer::Completer;
pub use http_client::HostHttp;
pub use missing_jobs::MissingJobs;
pub use preferred::PreferredWorkers;
pub(crate) use worker_threads::{HeldRun, SOON, WorkerThreads};

use crate::Engine;
use crate::scheduler::{Held, Wake};
use cascade_bus::Announcer;
use cascade_config::{ConfigState, JobSettings, LiveConfig};
use cascade_model::ClaimedRun;
use cascade_store::LeftJob;
use ending::End;

/// Everything that runs need.
pub struct Runner {
    /// Claims runs and stores how they end.
    pub engine: Engine,
    /// Job types and settings, read at the start and at the end of each run.
    pub config: LiveConfig,
    /// Tells the event hubs to look.
    pub announcer: Announcer,
    /// Tells the scheduler to look.
    pub wake: Wake,
    /// HTTP for plugins.
    pub http: Arc<HostHttp>,
    /// What this worker cannot run.
    pub missing_jobs: MissingJobs,
    /// What it leaves to others for a while.
    pub preferred_workers: PreferredWorkers,
    /// Stores those that succeed.
    pub completer: Completer,
}

impl Runner {
    /// Jobs whose runs this worker, with these labels, leaves to others.
    pub(crate) async fn left_jobs(&self, config: &ConfigState, labels: &[String]) -> Vec<LeftJob> {
        let store = &**self.engine.store();
        let mut left = self.preferred_workers.list(store, config, labels).await;
        left.extend(self.missing_jobs.list(config, labels).into_iter().map(LeftJob::from));
        left
    }

    /// Another worker may be able to run it, or this one soon: the run loses no attempt.
    async fn leave_to_others(&self, run: &ClaimedRun, held: &Held, why: &str) {
        let (run_id, job_type) = (run.lease.run_id, &run.job_type);
        tracing::warn!(%run_id, job_type, "left to other workers: {why}");
        self.missing_jobs.add(job_type);
        let settings = JobSettings::default();
        let given_back = self.store_end(run, &settings, held, End::GivenBack, None, None).await;
        if let Err(error) = given_back {
            tracing::error!(%error, %run_id, "not given back");
        }
    }
}
