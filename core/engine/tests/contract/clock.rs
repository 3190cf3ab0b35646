//! A clock that is set back, which SQLite shares with its process.

use cascade_engine::Engine;
use cascade_sdk::sql;
use cascade_store::sqlite::SqliteStore;

use crate::chain::config;
use crate::steps::{LEASE, scheduled};

/// The clock was two hours ahead when a job fired, another was triggered and a third was being run; then the
/// process ended, and the clock was set right.
#[tokio::test]
async fn what_was_written_while_the_clock_was_ahead_is_due_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let open = async || {
        let store = SqliteStore::open(&folder.path().join("cascade.db")).await.unwrap();
        Engine::new(std::sync::Arc::new(store))
    };
    let engine = open().await;
    engine.store().migrate(&[]).await.unwrap();
    engine.reconcile(&config()).await.unwrap();
    let dead = engine.claim("dead", 1, LEASE, &[]).await.unwrap().remove(0);
    for ahead in [
        "UPDATE scheduled_jobs
         SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', updated_at, '+2 hours'),
             next_run_at = strftime('%Y-%m-%dT%H:%M:%fZ', next_run_at, '+2 hours')",
        "UPDATE scheduled_jobs SET next_run_at = updated_at WHERE job_type = 'last'",
        "UPDATE worker_runs
         SET queued_at = strftime('%Y-%m-%dT%H:%M:%fZ', queued_at, '+2 hours'),
             available_at = strftime('%Y-%m-%dT%H:%M:%fZ', available_at, '+2 hours'),
             lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', lease_until, '+2 hours')",
    ] {
        engine.store().database().batch(vec![sql(ahead)]).await.unwrap();
    }
    drop(engine);
    let engine = open().await;
    let mut runs = Vec::new();
    while runs.len() < 4 {
        runs.extend(engine.claim("w", 10, LEASE, &[]).await.unwrap());
    }
    let of = |job: &str| runs.iter().filter(|run| run.job_type == job).count();
    assert_eq!((of("up"), of("last")), (2, 2), "{runs:?}");
    let again = runs.iter().find(|run| run.lease.run_id == dead.lease.run_id).unwrap();
    assert!(again.alone && again.lease.attempt == 1, "the dead process is lost: {again:?}");
    let due = scheduled(&engine, "up", "one").await.next_run_at.unwrap() - chrono::Utc::now();
    assert!(due <= chrono::TimeDelta::hours(1), "{due:?}");
}
