//! What runs tell Prometheus and the trace collector.

use std::time::Duration;

use super::trace;
use crate::{figures::CountedEnd, job_labels::job_label};
use cascade_model::{
    ClaimedRun, StatKind,
    metric::{self, JOB_LABEL},
};

/// Queueing and cascade latency, both by the database's clock.
pub(super) fn started(run: &ClaimedRun) {
    let waited = (run.started_at - run.queued_at).to_std().unwrap_or_default();
    metrics::histogram!(metric::RUN_WAIT.name, JOB_LABEL => job_label(&run.job_type))
        .record(waited);
    if let (Some(upstream), 1) = (&run.payload.cascade_triggered_by, run.lease.attempt) {
        let latency = (run.started_at - upstream.at).to_std().unwrap_or_default();
        metrics::histogram!(metric::HOP.name, JOB_LABEL => job_label(&run.job_type))
            .record(latency);
    }
}

pub(super) fn ended(run: &ClaimedRun, took: Duration) {
    metrics::histogram!(metric::RUN_DURATION.name, JOB_LABEL => job_label(&run.job_type))
        .record(took);
}

/// How an attempt ended: `completed`, `retried`, `snoozed`, `failed` or `cancelled`.
pub(super) fn counted(run: &ClaimedRun, result: &'static str) {
    metrics::counter!(
        metric::RUNS.name, JOB_LABEL => job_label(&run.job_type), "result" => result
    )
    .increment(1);
    trace::attempt(run, result);
}

/// The end of a run, for its figures. A first attempt waits from when it might begin.
pub(super) fn counted_end(
    run: &ClaimedRun,
    kind: StatKind,
    took: Option<Duration>,
) -> CountedEnd<'_> {
    let run_at = run.request.as_ref().and_then(|request| request.run_at);
    let from = run_at.map_or(run.queued_at, |at| at.max(run.queued_at));
    let waited = (run.started_at - from).to_std().unwrap_or_default();
    CountedEnd {
        job_type: &run.job_type,
        project: run.project.id,
        kind,
        took,
        waited: (run.lease.attempt == 1).then_some(waited),
    }
}
