//! One run, from its start to the report of its end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cascade_sdk::{BoxFuture, Context, JobError, Level, LogLine, Outcome, RunInfo, host::Host};
use futures::FutureExt;
use serde_json::Value;
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    Runner,
    completer::{Finished, How},
    ending::End,
    going_on::GoesOn,
    host_services::RunServices,
    telemetry, upstream,
    worker_threads::{WorkerThread, WorkerThreads},
};
use crate::{retry, scheduler::Held};
use cascade_config::{ConfigState, JobSettings};
use cascade_expr::Status;
use cascade_model::{ClaimedRun, Success, border};
use cascade_registry::panic_text;
use cascade_store::StoreError;

/// How long a plugin may take to stop after it was asked to; then it is abandoned.
pub(super) const STOP_GRACE: Duration = Duration::from_secs(5);

/// Said of a run that was queued with own params by a version that allowed them.
const IGNORED_PARAMS: &str =
    "the params that this run was requested with are ignored: params stand in jobs.toml only";

/// Said of outputs that were not read.
const LEFT_OUT: &str = "are left out: the newest of them are more than 16 MiB";

fn warning(message: String) -> LogLine {
    LogLine { at: chrono::Utc::now(), level: Level::Warn, message, fields: Value::Null }
}

/// How a plugin's body ended; a panic is its text.
type Ended = Result<Result<Outcome<Value>, JobError>, String>;

/// Why a run was stopped before it ended by itself.
pub(super) enum Stopped {
    TimedOut,
    ShuttingDown,
    Cancelled,
    LostLease,
}

impl Stopped {
    /// For the run's log.
    fn told(&self, settings: &JobSettings) -> String {
        match self {
            Self::TimedOut => timed_out(settings).to_string(),
            Self::ShuttingDown => "its worker ends".into(),
            Self::Cancelled => "somebody cancelled it".into(),
            Self::LostLease => "its lease was lost".into(),
        }
    }
}

/// A run that has begun, for whoever reports its end.
pub(crate) struct Supervised {
    runner: Arc<Runner>,
    run: ClaimedRun,
    held: Held,
    settings: JobSettings,
    services: Arc<RunServices>,
    pub(super) began: Instant,
    thread: Option<OnThread>,
}

/// Where a run is, and where its end is told if somebody else than its thread reports it.
struct OnThread {
    threads: WorkerThreads,
    thread: Arc<WorkerThread>,
    turn: usize,
    told: oneshot::Receiver<Ended>,
}

/// Begins a run: what is left to report, and the plugin's body. `None` when there is nothing to do.
pub(super) fn started(
    runner: &Arc<Runner>,
    run: ClaimedRun,
    held: Held,
    runtime: &Handle,
) -> Option<(Box<Supervised>, BoxFuture<'static, Ended>)> {
    let (id, job_type) = (run.lease.run_id, run.job_type.clone());
    if held.lost.is_cancelled() {
        tracing::warn!(run_id = %id, job_type, "lease lost before it began");
        return None;
    }
    if held.cancel.is_cancelled() {
        if let Err(error) = runtime.block_on(runner.cancel_unbegun(&run, &held)) {
            tracing::error!(%error, run_id = %id, job_type, "its end could not be stored");
        }
        return None;
    }
    // One state for the whole run: a plugin that is replaced meanwhile ends it in its old code.
    let ConfigState { config, registry, args_schemas, .. } = runner.config.state();
    let Some(job) = registry.job(&job_type).cloned() else {
        let why = "no plugin of this worker has this job type";
        runtime.block_on(runner.leave_to_others(&run, &held, why));
        return None;
    };
    let Some(settings) = config.jobs.get(&job_type).cloned() else {
        let why = "jobs.toml does not name this job";
        runtime.block_on(runner.leave_to_others(&run, &held, why));
        return None;
    };
    tracing::debug!(run_id = %id, job_type, "started");
    telemetry::started(&run);
    let services = Arc::new(RunServices::new(
        runner.clone(),
        run.clone(),
        &held,
        config.clone(),
        runtime.clone(),
    ));
    let mut info = RunInfo::new(job_type, run.project.clone(), id);
    info.attempt = run.lease.attempt;
    info.max_attempts = run.max_attempts;
    info.payload = serde_json::to_value(&run.payload).unwrap_or_default();
    info.triggered_by = run.payload.trigger();
    info.scheduled_for = run.payload.scheduled_for;
    info.base_dir = config.base_dir().to_owned();
    info.allowed_folders.clone_from(&config.files.allow);
    // What a timer or a plain edge starts is asked for what the file says.
    info.args = settings.args.clone();
    let mut unfit = None;
    if let Some(request) = &run.request {
        info.args.clone_from(&request.args);
        // Its caller may not have known the schema that is in force by now.
        let readable = request.readable_args();
        unfit = readable.and_then(|args| args_schemas.of(&info.job_type)?.check(args)).err();
    }
    let params = settings.params.clone();
    if run.payload.has_ignored_params() {
        tracing::warn!(run_id = %id, job_type = info.job_type, "{IGNORED_PARAMS}");
        services.log(warning(IGNORED_PARAMS.into()));
    }
    // What is said at other levels names the run itself: a span costs more than a short run.
    let span = tracing::debug_span!(
        "run",
        run_id = %id,
        job_type = run.job_type,
        project = run.project.slug,
        attempt = run.lease.attempt,
        trace_id = %run.trace_id.simple(),
    );
    let (store, payload, host) =
        (runner.engine.store().clone(), run.payload.clone(), services.clone());
    let body = async move {
        if let Some(why) = unfit {
            return Err(JobError::fail(why));
        }
        if !payload.triggers.is_empty() {
            let (upstream, left_out) = upstream::of(&*store, &registry, &payload).await?;
            info.upstream = upstream;
            if left_out > 0 {
                host.log(warning(format!("{left_out} outputs of upstream runs {LEFT_OUT}")));
            }
        }
        job.run(Context::new(info, host), params).await
    };
    let body = std::panic::AssertUnwindSafe(body);
    let body = body.catch_unwind().map(|ended| ended.map_err(|panic| panic_text(&*panic)));
    let supervised = Box::new(Supervised {
        runner: runner.clone(),
        run,
        held,
        settings,
        services,
        began: Instant::now(),
        thread: None,
    });
    Some((supervised, Box::pin(body.instrument(span))))
}

impl Supervised {
    /// Where it runs, and where its end is told.
    pub(super) fn on(
        &mut self,
        threads: WorkerThreads,
        thread: Arc<WorkerThread>,
        turn: usize,
        told: oneshot::Receiver<Ended>,
    ) {
        self.thread = Some(OnThread { threads, thread, turn, told });
    }

    /// Waits for its end, or until it is to stop; then reports.
    pub async fn supervise(mut self: Box<Self>, give_back: CancellationToken) {
        let Some(OnThread { threads, thread, turn, mut told }) = self.thread.take() else { return };
        let _measured = self.runner.wake.in_use().measure(&self.run.lease, thread.number());
        let Held { cancel, lost, .. } = &self.held;
        let left = self.settings.timeout.saturating_sub(self.began.elapsed());
        // A sender that is gone has ended without a word, which none does.
        let silent = |_| Err("its thread ended".to_owned());
        let ended = tokio::select! {
            ended = &mut told => Ok(ended.unwrap_or_else(silent)),
            () = tokio::time::sleep(left) => Err(Stopped::TimedOut),
            () = lost.cancelled() => Err(Stopped::LostLease),
            () = cancel.cancelled() => Err(Stopped::Cancelled),
            () = give_back.cancelled() => Err(Stopped::ShuttingDown),
        };
        let result = match ended {
            Ok(ended) => Ok(ended),
            Err(why) => {
                self.services.stop.cancel();
                let stopped = tokio::select! {
                    // Something that stops in time may still have finished its work.
                    ended = &mut told => Ok(ended.unwrap_or_else(silent)),
                    () = tokio::time::sleep(STOP_GRACE) => Err(why),
                };
                if let Err(why) = &stopped {
                    // It is left to itself, and whatever it still says is dropped.
                    self.services.abandon(&why.told(&self.settings)).await;
                    threads.abandon(&thread, turn);
                }
                stopped
            }
        };
        let next = GoesOn { threads, has_thread: false };
        self.report_within(result, give_back.is_cancelled(), Some(next)).await;
    }

    /// Reports the end of a run that was over soon, on its thread.
    pub(super) async fn report(mut self: Box<Self>, ended: Result<Ended, Stopped>) {
        let next = self.thread.take();
        let next = next.map(|on| GoesOn { threads: on.threads, has_thread: true });
        self.report_within(ended, false, next).await;
    }

    async fn report_within(
        self: Box<Self>,
        result: Result<Ended, Stopped>,
        shutting_down: bool,
        next: Option<GoesOn>,
    ) {
        let (id, job) = (self.run.lease.run_id, self.run.job_type.clone());
        match self.reported(result, shutting_down, next).await {
            Ok(()) => {}
            Err(StoreError::LostLease) => {
                tracing::warn!(run_id = %id, job_type = job, "lease lost; the result is dropped");
            }
            // Nobody lists the run any more: the next renewal gives it back.
            Err(error) => {
                tracing::error!(%error, run_id = %id, job_type = job, "its end could not be stored")
            }
        }
    }

    async fn reported(
        self: Box<Self>,
        result: Result<Ended, Stopped>,
        shutting_down: bool,
        next: Option<GoesOn>,
    ) -> Result<(), StoreError> {
        let Self { runner, run, held, settings, services, began, .. } = *self;
        services.close().await;
        let (staged, enqueue) = (services.take_staged(), services.take_enqueued());
        let took = began.elapsed();
        telemetry::ended(&run, took);
        let (cancelled, stopped) = (held.cancel.is_cancelled(), services.stop.is_cancelled());
        let failed = |error| End::failed(&run, &settings, error);
        let end = match result {
            Ok(Ok(Ok(outcome))) => {
                let leads = runner.leads_on(&run, Status::Success);
                let summary = outcome.summary.map(border::summary);
                match border::output(outcome.output) {
                    Ok(None) if staged.is_empty() && !leads && enqueue.is_empty() => {
                        let how = How::Completed(summary);
                        runner.completer.complete(Finished { run, how, began, took, held });
                        return Ok(());
                    }
                    Ok(output) => {
                        let success =
                            Success { summary, output, staged, enqueue, ..Success::default() };
                        End::Completed(Box::new(success))
                    }
                    Err(why) => failed(JobError::fail(why)),
                }
            }
            // A cancel that was promised holds: given back, the run would begin once more elsewhere.
            Ok(Ok(Err(JobError::Cancelled))) if shutting_down && !cancelled => End::GivenBack,
            Ok(Ok(Err(JobError::Cancelled))) if stopped && !cancelled => {
                failed(timed_out(&settings))
            }
            Ok(Ok(Err(JobError::Cancelled))) => End::Cancelled,
            // Whatever a plugin that was asked to stop calls its end, it is not tried again.
            Ok(Ok(Err(_)) | Err(_)) if cancelled => End::Cancelled,
            Ok(Ok(Err(JobError::Snooze { after_ms }))) => End::Snoozed(retry::snooze(after_ms)),
            Ok(Ok(Err(error))) => failed(error),
            Ok(Err(panic)) => failed(JobError::retry(panic)),
            Err(Stopped::ShuttingDown) if !cancelled => {
                tracing::info!(run_id = %run.lease.run_id, "given back: shutting down");
                End::GivenBack
            }
            Err(Stopped::Cancelled | Stopped::ShuttingDown) => End::Cancelled,
            Err(Stopped::TimedOut) => failed(timed_out(&settings)),
            Err(Stopped::LostLease) => return Err(StoreError::LostLease),
        };
        match end {
            End::Failed(fault)
                if fault.retry_in.is_some() || !runner.leads_on(&run, Status::Failure) =>
            {
                let how = How::Failed(fault);
                runner.completer.complete(Finished { run, how, began, took, held });
                Ok(())
            }
            end => {
                let next = next.as_ref();
                runner.store_end(&run, &settings, &held, end, Some(took), next).await
            }
        }
    }
}

fn timed_out(settings: &JobSettings) -> JobError {
    JobError::retry(format!("timed out after {}", humantime::format_duration(settings.timeout)))
}
