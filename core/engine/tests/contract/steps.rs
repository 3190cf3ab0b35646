//! The steps that cases are made of.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{
    ClaimedRun, Enqueue, Event, Follow, Lease, OnDuplicate, Renewal, RunRequest, ScheduledJob,
    Success, Visible,
};
use cascade_store::{Queries, Result, ScheduleFilter};
use uuid::Uuid;

pub(super) const LEASE: Duration = Duration::from_secs(30);

/// As a worker and then a server would: the events that are committed get their ids first.
pub(super) async fn events_after(engine: &Engine, id: i64, limit: u32) -> Result<Vec<Event>> {
    engine.store().number_events().await?;
    engine.store().events_after(id, limit).await
}

pub(super) async fn claim(engine: &Engine) -> Vec<ClaimedRun> {
    engine.claim("worker-a", 10, LEASE, &[]).await.unwrap()
}

/// All that begins now, in the order of requests.
pub(super) async fn begun(engine: &Engine) -> Vec<ClaimedRun> {
    let mut all = claim(engine).await;
    loop {
        let more = claim(engine).await;
        if more.is_empty() {
            all.sort_by_key(|run| run.lease.run_id);
            return all;
        }
        all.extend(more);
    }
}

pub(super) fn ids(runs: &[ClaimedRun]) -> Vec<Uuid> {
    runs.iter().map(|run| run.lease.run_id).collect()
}

/// A request for a run of a job without a key.
pub(super) fn keyless(job: &str, project_id: Uuid, args: serde_json::Value) -> Enqueue {
    let (key, run_at, asked_by, tags) = (None, None, None, Vec::new());
    let request = RunRequest { key, args, priority: 0, run_at, asked_by, tags };
    Enqueue { job_type: job.into(), project_id, request, on_duplicate: OnDuplicate::Queue }
}

pub(super) async fn renew(engine: &Engine, lease: &Lease) -> Renewal {
    engine.renew(std::slice::from_ref(lease), LEASE).await.unwrap()[0]
}

pub(super) async fn project(engine: &Engine, slug: &str) -> Uuid {
    engine
        .store()
        .projects(&Visible::All)
        .await
        .unwrap()
        .into_iter()
        .find(|p| p.slug == slug)
        .unwrap()
        .id
}

/// The first claim of an empty store: `up` of both projects; this is project `one`'s.
pub(super) async fn claim_up(engine: &Engine) -> ClaimedRun {
    claim(engine).await.into_iter().find(|run| run.project.slug == "one").unwrap()
}

pub(super) fn success(downstream: &[&str]) -> Success {
    let downstream = downstream.iter().map(|&job| job.into()).collect();
    Success { follow: Follow { downstream, ..Follow::default() }, ..Success::default() }
}

pub(super) async fn scheduled(engine: &Engine, job: &str, slug: &str) -> ScheduledJob {
    let all = engine.store().scheduled(&ScheduleFilter::of(Visible::All)).await.unwrap();
    all.into_iter().find(|s| s.job_type == job && s.project_slug == slug).unwrap()
}

/// A lease of zero ends when the database's clock has moved on by its smallest step.
pub(super) async fn claim_until(engine: &Engine, count: usize) -> Vec<ClaimedRun> {
    let mut runs = Vec::new();
    while runs.len() < count {
        runs.extend(claim(engine).await);
        tokio::task::yield_now().await;
    }
    runs
}

/// Has `work` go on so many times that it waits, and drops it if it is not done by then, as the end of
/// its connection would.
pub(super) async fn break_off<T>(steps: usize, work: impl Future<Output = T>) {
    let mut work = Box::pin(work);
    let mut steps = steps;
    std::future::poll_fn(|context| {
        if steps == 0 || work.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        steps -= 1;
        std::task::Poll::Pending
    })
    .await;
}
