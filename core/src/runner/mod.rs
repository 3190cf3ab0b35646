//! Runs one claimed run: context, time-out, panic, retry, progress, log.
//!
//! A plugin's future is driven on a thread of its own, so that a plugin which blocks (files,
//! computation) never holds up the host. Whatever happens in there, this run alone is affected.

mod completer;
mod host_services;
mod http_client;
mod lacking;
mod recorder;
mod telemetry;
#[cfg(test)]
mod tests;
pub mod trace;

use std::{sync::Arc, time::Duration};

use cascade_sdk::{Context, DynJob, JobError, Outcome, RunInfo};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub use completer::Completer;
pub use http_client::HostHttp;
pub use lacking::Lacking;

use crate::{
    bus::{Announcer, jitter},
    config::{Config, ConfigState, JobSettings, LiveConfig},
    registry::panic_text,
    scheduler::{Held, Wake},
    store::{ClaimedRun, Failed, Fault, Lease, Store, StoreError, Success},
};
use completer::Finished;
use host_services::RunServices;

/// How long a plugin may take to stop after it was asked to; then it is abandoned.
const STOP_GRACE: Duration = Duration::from_secs(5);

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

/// Why a run was stopped before it ended by itself.
enum Stopped {
    TimedOut,
    ShuttingDown,
    Cancelled,
    LostLease,
}

impl Runner {
    /// Runs it to its end, or until `give_back`, and reports to the store.
    pub(crate) async fn run(&self, run: ClaimedRun, held: Held, give_back: CancellationToken) {
        let (id, job) = (run.lease.run_id, run.job_type.clone());
        // Costs more than a short run, and what is said at other levels names the run itself.
        let span = tracing::debug_span!(
            "run",
            %id,
            job = run.job_type,
            project = run.project.slug,
            attempt = run.lease.attempt,
            trace = %run.trace_id.simple(),
        );
        match self.run_and_report(run, held, give_back).instrument(span).await {
            Ok(()) => {}
            Err(StoreError::LostLease) => {
                tracing::warn!(run = %id, job, "lease lost; the result is dropped");
            }
            // The lease will expire and another attempt follows.
            Err(error) => tracing::error!(%error, run = %id, job, "its end could not be stored"),
        }
    }

    async fn run_and_report(
        &self,
        run: ClaimedRun,
        held: Held,
        give_back: CancellationToken,
    ) -> Result<(), StoreError> {
        if held.lost.is_cancelled() {
            return Err(StoreError::LostLease);
        }
        let cancel = &held.cancel;
        let began = std::time::Instant::now();
        // One state for the whole run: a plugin that is replaced meanwhile ends it in its old code.
        let ConfigState { config, registry, .. } = self.config.state();
        let settings = config.jobs.get(&run.job_type).cloned().unwrap_or_default();
        let Some(job) = registry.job(&run.job_type).cloned() else {
            // Another worker may have it, or this one soon: the run loses no attempt.
            tracing::warn!(
                run = %run.lease.run_id, job = run.job_type,
                "no plugin of this worker has this job type; left to others"
            );
            self.lacking.add(&run.job_type);
            self.store.release(&run.lease).await?;
            self.wake.wake_peers();
            return Ok(());
        };
        tracing::debug!("started");
        telemetry::started(&run);
        let (recorder, recording) = recorder::start(self.store.clone(), run.lease.run_id);
        let services =
            Arc::new(RunServices::new(self.store.database(), self.http.clone(), recorder));
        let stop = services.stop.clone();
        let mut task = spawn(&run, &config, &settings, job, services.clone());
        let ended = tokio::select! {
            ended = &mut task => Ok(ended),
            () = tokio::time::sleep(settings.timeout) => Err(Stopped::TimedOut),
            () = held.lost.cancelled() => Err(Stopped::LostLease),
            () = cancel.cancelled() => Err(Stopped::Cancelled),
            () = give_back.cancelled() => Err(Stopped::ShuttingDown),
        };
        let result = match ended {
            Ok(ended) => Ok(ended),
            Err(why) => {
                stop.cancel();
                tokio::select! {
                    // Something that stops in time may still have finished its work.
                    ended = &mut task => Ok(ended),
                    () = tokio::time::sleep(STOP_GRACE) => Err(why),
                    () = held.lost.cancelled() => Err(Stopped::LostLease),
                }
            }
        };
        let staged = services.take_staged();
        services.close();
        recording.finish().await;
        telemetry::ended(&run, began.elapsed());
        match result {
            Ok(Ok(Ok(outcome))) => {
                // Read once, here: a chain edited while the run ran is in force.
                let downstream = self.config.current().downstream(&run.job_type).to_vec();
                // PostgreSQL's text has no NUL.
                let summary = outcome.summary.map(|text| text.replace('\0', "\u{fffd}"));
                if staged.is_empty() && downstream.is_empty() {
                    self.completer.complete(Finished { run, summary, began, _held: held }).await;
                    return Ok(());
                }
                let success = Success { summary, staged, downstream };
                self.report_success(&run, &settings, success).await
            }
            Ok(Ok(Err(JobError::Cancelled))) if give_back.is_cancelled() => {
                self.give_back(&run.lease).await
            }
            Ok(Ok(Err(JobError::Cancelled))) if stop.is_cancelled() && !cancel.is_cancelled() => {
                self.report_fault(&run, &settings, timed_out(&settings)).await
            }
            Ok(Ok(Err(JobError::Cancelled))) => self.report_cancelled(&run).await,
            // Whatever a plugin that was asked to stop calls its end, it is not tried again.
            Ok(Ok(Err(_)) | Err(_)) if cancel.is_cancelled() => self.report_cancelled(&run).await,
            Ok(Ok(Err(error))) => self.report_fault(&run, &settings, error).await,
            Ok(Err(crash)) => {
                let error = JobError::retry(crash_text(crash));
                self.report_fault(&run, &settings, error).await
            }
            Err(Stopped::ShuttingDown) => self.give_back(&run.lease).await,
            // It did not stop: it is left to itself, and whatever it still says is dropped.
            Err(Stopped::Cancelled) => self.report_cancelled(&run).await,
            Err(Stopped::TimedOut) => {
                self.report_fault(&run, &settings, timed_out(&settings)).await
            }
            Err(Stopped::LostLease) => Err(StoreError::LostLease),
        }
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
        tracing::debug!(triggered = ?done.triggered, "completed");
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
        let error = error.to_string();
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

/// Starts the plugin on a thread of its own.
fn spawn(
    run: &ClaimedRun,
    config: &Config,
    settings: &JobSettings,
    job: Arc<dyn DynJob>,
    services: Arc<RunServices>,
) -> JoinHandle<Result<Outcome, JobError>> {
    let info = RunInfo {
        job_type: run.job_type.clone(),
        project: run.project.clone(),
        run_id: run.lease.run_id,
        attempt: run.lease.attempt,
        max_attempts: run.max_attempts,
        payload: serde_json::to_value(&run.payload).unwrap_or_default(),
        triggered_by: run.payload.trigger(),
        base_dir: config.base_dir().to_owned(),
    };
    let params = run.payload.params.clone().unwrap_or_else(|| settings.params.clone());
    let handle = tokio::runtime::Handle::current();
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        handle.block_on(job.run(Context::new(info, services), params).instrument(span))
    })
}

fn timed_out(settings: &JobSettings) -> JobError {
    JobError::retry(format!("timed out after {}", humantime::format_duration(settings.timeout)))
}

fn crash_text(crash: tokio::task::JoinError) -> String {
    crash.try_into_panic().map_or_else(|e| e.to_string(), |payload| panic_text(&*payload))
}
