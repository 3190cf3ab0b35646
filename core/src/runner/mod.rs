//! Runs one claimed run: context, time-out, panic, retry, progress, log.
//!
//! A plugin's future is driven on a thread that is not the host's, so that a plugin which blocks
//! (files, computation) never holds up the host: see `lanes`. Whatever happens in there, this run alone
//! is affected.

mod completer;
mod host_services;
mod http_client;
mod lacking;
mod lanes;
mod recorder;
mod supervised;
mod telemetry;
#[cfg(test)]
mod tests;
pub mod trace;

use std::{sync::Arc, time::Duration};

use cascade_sdk::JobError;

pub use completer::Completer;
pub use http_client::HostHttp;
pub use lacking::Lacking;
pub(crate) use lanes::{Lanes, SOON};

use crate::{
    border,
    bus::{Announcer, jitter},
    config::{JobSettings, LiveConfig},
    scheduler::Wake,
    store::{ClaimedRun, Failed, Fault, Lease, Store, StoreError, Success},
};

/// Everything that runs need.
pub struct Runner {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// Job types and settings, read at the start and at the end of each run.
    pub config: LiveConfig,
    /// Tells the event hubs to look.
    pub announcer: Announcer,
    /// Tells the scheduler to look.
    pub wake: Wake,
    /// HTTP for plugins.
    pub http: Arc<HostHttp>,
    /// What this worker cannot run.
    pub lacking: Lacking,
    /// Stores those that succeed.
    pub completer: Completer,
}

impl Runner {
    /// Another worker may have the job type, or this one soon: the run loses no attempt.
    async fn leave_to_others(&self, run: &ClaimedRun) {
        tracing::warn!(
            run = %run.lease.run_id, job = run.job_type,
            "no plugin of this worker has this job type; left to others"
        );
        self.lacking.add(&run.job_type);
        if let Err(error) = self.store.release(&run.lease).await {
            tracing::error!(%error, run = %run.lease.run_id, "not given back");
        }
        self.wake.wake_peers();
    }

    async fn report_success(
        &self,
        run: &ClaimedRun,
        settings: &JobSettings,
        success: Success,
    ) -> Result<(), StoreError> {
        let done = match self.store.complete(&run.lease, success).await {
            // The plugin's own statement was refused: the run has failed, not the store.
            Err(StoreError::Staged(error)) => {
                return self.report_fault(run, settings, error.into()).await;
            }
            done => done?,
        };
        telemetry::counted(run, "completed");
        let (id, job) = (run.lease.run_id, &run.job_type);
        tracing::debug!(run = %id, job, triggered = ?done.triggered, "completed");
        self.wake.wake();
        self.announcer.announce();
        Ok(())
    }

    async fn report_cancelled(&self, run: &ClaimedRun) -> Result<(), StoreError> {
        self.store.cancel(&run.lease).await?;
        telemetry::counted(run, "cancelled");
        tracing::info!(run = %run.lease.run_id, job = run.job_type, "cancelled");
        self.wake.wake();
        Ok(())
    }

    async fn report_fault(
        &self,
        run: &ClaimedRun,
        settings: &JobSettings,
        error: JobError,
    ) -> Result<(), StoreError> {
        let attempt = run.lease.attempt;
        let pause = match &error {
            JobError::Retry { after_ms: Some(ms), .. } => Some(Duration::from_millis(*ms)),
            JobError::Retry { .. } => Some(settings.backoff.delay(attempt, jitter())),
            JobError::Fail { .. } | JobError::Cancelled => None,
        };
        let retry_in = pause.filter(|_| attempt < run.max_attempts);
        let error = border::error(error.to_string());
        let (id, job) = (run.lease.run_id, &run.job_type);
        tracing::warn!(run = %id, job, attempt, error, ?retry_in, "attempt failed");
        let failed = self.store.fail(&run.lease, Fault { error, retry_in }).await?;
        self.wake.wake();
        match failed {
            Failed::WillRetry => telemetry::counted(run, "retried"),
            Failed::ForGood => {
                telemetry::counted(run, "failed");
                self.announcer.announce();
            }
        }
        Ok(())
    }

    async fn give_back(&self, lease: &Lease) -> Result<(), StoreError> {
        tracing::info!(run = %lease.run_id, "given back: shutting down");
        self.store.release(lease).await
    }
}
