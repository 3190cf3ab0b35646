//! What a claim brings, and to whom.

use cascade_engine::Engine;
use cascade_sdk::Trigger;
use cascade_store::{Queries, StoreError};

use crate::chain::config;
use crate::steps::{LEASE, claim, claim_up, scheduled};

pub(super) async fn a_new_root_timer_is_due_at_once_and_others_wait(engine: &Engine) {
    let depth = engine.store().queue_depth().await.unwrap();
    assert_eq!(depth.len(), 1, "{depth:?}");
    assert_eq!(
        (depth[0].job_type.as_str(), depth[0].state.as_str(), depth[0].count),
        ("up", "due", 2)
    );
    let mut runs = claim(engine).await;
    runs.sort_by(|a, b| a.project.slug.cmp(&b.project.slug));
    let claimed: Vec<_> =
        runs.iter().map(|r| (r.job_type.as_str(), r.project.slug.as_str())).collect();
    assert_eq!(claimed, [("up", "one"), ("up", "two")]);
    assert_eq!(runs[0].payload.trigger(), Trigger::Timer);
    let due = runs[0].payload.scheduled_for.unwrap();
    assert!(due <= runs[0].started_at, "{due}");
    let next = engine.next_due("another", &[]).await.unwrap().unwrap();
    assert!(next <= LEASE, "the lease is the next thing to look after, not {next:?}");
    assert!(scheduled(engine, "up", "one").await.next_run_at > Some(chrono::Utc::now()));
    assert_eq!(scheduled(engine, "down", "one").await.next_run_at, None);
}

pub(super) async fn a_worker_leaves_to_others_what_it_has_no_plugin_for(engine: &Engine) {
    let lacking = ["up".into()];
    assert!(engine.claim("without", 10, LEASE, &lacking).await.unwrap().is_empty());
    assert_eq!(engine.next_due("without", &lacking).await.unwrap(), None, "nothing to wake up for");
    let first = claim_up(engine).await;
    assert_eq!(first.lease.attempt, 1);
    // As one that found out only then: the run goes back as it was.
    engine.release(&first.lease).await.unwrap();
    assert!(engine.claim("without", 10, LEASE, &lacking).await.unwrap().is_empty());
    let again = engine.claim("with", 10, LEASE, &[]).await.unwrap().remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (first.lease.run_id, 1));
}

pub(super) async fn a_run_is_claimed_once(engine: &Engine) {
    let (a, b) = tokio::join!(engine.claim("a", 10, LEASE, &[]), engine.claim("b", 10, LEASE, &[]));
    assert_eq!(a.unwrap().len() + b.unwrap().len(), 2);
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn a_released_run_keeps_its_attempt(engine: &Engine) {
    let run = claim_up(engine).await;
    engine.release(&run.lease).await.unwrap();
    assert!(matches!(engine.release(&run.lease).await, Err(StoreError::LostLease)));
    let again = engine.claim("worker-b", 10, LEASE, &[]).await.unwrap().remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (run.lease.run_id, 1));
}

/// What a small claim leaves is there for others at once, as runs.
pub(super) async fn a_claim_fires_what_is_due_however_little_it_takes(engine: &Engine) {
    let mut config = config();
    for nth in 0..30 {
        config.jobs.insert(format!("more_{nth}"), config.jobs["up"].clone());
    }
    engine.reconcile(&config).await.unwrap();
    assert_eq!(engine.claim("worker-a", 1, LEASE, &[]).await.unwrap().len(), 1);
    let depth = engine.store().queue_depth().await.unwrap();
    let of = |state| depth.iter().filter(|d| d.state == state).map(|d| d.count).sum::<i64>();
    assert_eq!((of("due"), of("available"), of("running")), (0, 61, 1), "{depth:?}");
}
