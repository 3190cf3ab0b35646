//! Runs that a worker leaves to others until they could have begun for some time.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{Enqueued, Visible};
use cascade_sdk::sql;
use cascade_store::{LeftJob, Queries, RunFilter};
use serde_json::json;
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{LEASE, claim, ids, keyless, project, success};

const LONG: Duration = Duration::from_secs(1800);

fn for_long(job: &str) -> LeftJob {
    LeftJob { until: Some(LONG), ..job.into() }
}

/// A run that could begin for longer than that.
async fn could_begin_for_long(engine: &Engine, table: &str, id: Uuid) {
    let text =
        format!("UPDATE {table} SET available_at = '2026-01-01T00:00:00.000Z' WHERE id = '{id}'");
    engine.store().database().batch(vec![sql(text)]).await.unwrap();
}

/// The time after which the next one of them is to be taken.
async fn is_next(engine: &Engine, left: &[LeftJob]) {
    let next = engine.next_due("lesser", left).await.unwrap().unwrap();
    assert!(next > LONG / 2 && next <= LONG, "{next:?}");
}

pub(super) async fn timers_are_left_until_they_could_have_begun_for_so_long(engine: &Engine) {
    let left = [for_long("up")];
    // As runs, as the timers were due.
    assert!(engine.claim("lesser", 10, LEASE, &left).await.unwrap().is_empty());
    is_next(engine, &left).await;
    assert_eq!(engine.next_due("best", &[]).await.unwrap(), Some(Duration::ZERO));
    let one = project(engine, "one").await;
    let filter = RunFilter { visible: Visible::Only(vec![one]), ..RunFilter::default() };
    let first = engine.store().runs(&filter).await.unwrap().items.remove(0).id;
    could_begin_for_long(engine, "worker_runs", first).await;
    assert_eq!(engine.next_due("lesser", &left).await.unwrap(), Some(Duration::ZERO));
    let taken = engine.claim("lesser", 10, LEASE, &left).await.unwrap();
    assert_eq!(ids(&taken), [first]);
    is_next(engine, &left).await;
    let others = claim(engine).await;
    assert_eq!(others.iter().map(|run| &*run.project.slug).collect::<Vec<_>>(), ["two"]);
}

async fn asked(engine: &Engine, job: &str, project: Uuid) -> Uuid {
    let asked = keyless(job, project, json!({}));
    match engine.enqueue(&[asked], None).await.unwrap()[0] {
        Enqueued::Made(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Of a job only those that have waited are taken, though all of them stand in one queue.
pub(super) async fn requests_are_left_until_they_could_have_begun_for_so_long(engine: &Engine) {
    // Nobody's lease ends before.
    for run in engine.claim("worker-a", 10, LONG * 2, &[]).await.unwrap() {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let (one, left) = (project(engine, "one").await, [for_long("last")]);
    let (old, fresh) = (asked(engine, "last", one).await, asked(engine, "last", one).await);
    assert!(engine.claim("lesser", 10, LEASE, &left).await.unwrap().is_empty());
    is_next(engine, &left).await;
    could_begin_for_long(engine, "queue_runs", old).await;
    let not_left = asked(engine, "down", one).await;
    let mut taken = Vec::new();
    while taken.len() < 2 {
        taken.extend(engine.claim("lesser", 10, LEASE, &left).await.unwrap());
    }
    let mut taken = ids(&taken);
    taken.sort_unstable();
    assert_eq!(taken, [old, not_left]);
    is_next(engine, &left).await;
    assert_eq!(ids(&claim(engine).await), [fresh]);
}

/// Where claims count what runs.
pub(super) async fn so_are_those_that_have_limits(engine: &Engine) {
    let mut config = config();
    for settings in config.jobs.values_mut() {
        settings.concurrency = Some(10);
    }
    engine.reconcile(&config).await.unwrap();
    requests_are_left_until_they_could_have_begun_for_so_long(engine).await;
}
