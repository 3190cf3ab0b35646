//! What runs tell Prometheus and the trace collector.

use std::time::Duration;

use super::trace;
use cascade_model::ClaimedRun;

/// Queueing and cascade latency, both by the database's clock.
pub(super) fn started(run: &ClaimedRun) {
    let waited = (run.started_at - run.queued_at).to_std().unwrap_or_default();
    metrics::histogram!("cascade_run_wait_seconds", "job_type" => run.job_type.clone())
        .record(waited);
    if let (Some(upstream), 1) = (&run.payload.cascade_triggered_by, run.lease.attempt) {
        let latency = (run.started_at - upstream.at).to_std().unwrap_or_default();
        metrics::histogram!("cascade_hop_seconds", "job_type" => run.job_type.clone())
            .record(latency);
    }
}

pub(super) fn ended(run: &ClaimedRun, took: Duration) {
    metrics::histogram!("cascade_run_duration_seconds", "job_type" => run.job_type.clone())
        .record(took);
}

/// How an attempt ended: `completed`, `retried`, `snoozed`, `failed` or `cancelled`.
pub(super) fn counted(run: &ClaimedRun, result: &'static str) {
    metrics::counter!(
        "cascade_runs_total", "job_type" => run.job_type.clone(), "result" => result
    )
    .increment(1);
    trace::attempt(run, result);
}
