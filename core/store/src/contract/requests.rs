//! Requests to run a job: each is served by a run that its answer names or promises.

use cascade_sdk::Trigger;
use futures::future::join_all;
use uuid::Uuid;

use super::{LEASE, claim, claim_up, project, scheduled, success};
use crate::{RunFilter, Store};
use cascade_model::Visible;
use cascade_model::{ClaimedRun, RunNow, RunState};

async fn request(store: &impl Store, job: &str, project: Uuid) -> RunNow {
    store.run_now(job, project).await.unwrap()
}

async fn queued(store: &impl Store, job: &str, project: Uuid) -> Uuid {
    match request(store, job, project).await {
        RunNow::Queued(run) => run,
        other => panic!("{other:?}"),
    }
}

/// Jobs whose success triggered the run, oldest first.
fn triggers(run: &ClaimedRun) -> Vec<&str> {
    run.payload.triggers.iter().map(|trigger| trigger.job_type.as_str()).collect()
}

pub(super) async fn a_request_joins_the_run_that_waits_and_is_told_which(store: &impl Store) {
    claim(store).await;
    let one = project(store, "one").await;
    let run = queued(store, "last", one).await;
    for _ in 0..2 {
        assert_eq!(request(store, "last", one).await, RunNow::Merged(run));
    }
    let shown = store.run(&Visible::All, run).await.unwrap().unwrap();
    assert_eq!((shown.state, shown.payload.requests), (RunState::Available, 3));
    let claimed = claim(store).await.remove(0);
    assert_eq!((claimed.lease.run_id, claimed.payload.requests), (run, 3));
    assert!(matches!(claimed.payload.trigger(), Trigger::Manual { .. }));
    store.complete(&claimed.lease, success(&[])).await.unwrap();
    assert!(claim(store).await.is_empty(), "no other run was made");
}

pub(super) async fn requests_at_the_same_time_make_one_run_that_counts_them(store: &impl Store) {
    claim(store).await;
    let one = project(store, "one").await;
    let answers = join_all((0..200).map(|_| request(store, "last", one))).await;
    let made: Vec<_> = answers
        .iter()
        .filter_map(|answer| match answer {
            RunNow::Queued(run) => Some(*run),
            RunNow::Merged(_) | RunNow::AfterCurrent => None,
        })
        .collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    let others = answers.iter().filter(|answer| **answer == RunNow::Merged(made[0])).count();
    assert_eq!(others, 199, "{answers:?}");
    let claimed = claim(store).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].lease.run_id, claimed[0].payload.requests), (made[0], 200));
}

pub(super) async fn requests_while_a_run_is_under_way_get_exactly_one_more(store: &impl Store) {
    let one = project(store, "one").await;
    let run = claim_up(store).await;
    let answers = join_all((0..50).map(|_| request(store, "up", one))).await;
    assert!(answers.iter().all(|answer| *answer == RunNow::AfterCurrent), "{answers:?}");
    assert_eq!(scheduled(store, "up", "one").await.payload.requests, 50);
    store.complete(&run.lease, success(&[])).await.unwrap();
    let again = claim(store).await;
    assert_eq!((again.len(), again[0].payload.requests), (1, 50));
    assert_eq!(request(store, "up", one).await, RunNow::AfterCurrent, "it has begun");
    store.complete(&again[0].lease, success(&[])).await.unwrap();
    let third = claim(store).await;
    assert_eq!((third.len(), third[0].payload.requests), (1, 1));
    store.complete(&third[0].lease, success(&[])).await.unwrap();
    assert!(claim(store).await.is_empty());
}

/// A run of `last` of project `one`; `up` ends three times meanwhile and triggers it.
async fn three_triggers_wait(store: &impl Store) -> (Uuid, ClaimedRun) {
    let mut up = claim_up(store).await;
    let one = project(store, "one").await;
    queued(store, "last", one).await;
    let last = claim(store).await.remove(0);
    for more in [true, true, false] {
        store.complete(&up.lease, success(&["last"])).await.unwrap();
        if more {
            queued(store, "up", one).await;
            up = claim(store).await.remove(0);
        }
    }
    (one, last)
}

pub(super) async fn a_request_loses_no_trigger_that_waits(store: &impl Store) {
    let (one, last) = three_triggers_wait(store).await;
    assert_eq!(request(store, "last", one).await, RunNow::AfterCurrent);
    store.complete(&last.lease, success(&[])).await.unwrap();
    let served = claim(store).await.remove(0);
    assert_eq!((triggers(&served), served.payload.requests), (vec!["up"; 3], 1));
    store.complete(&served.lease, success(&[])).await.unwrap();
    assert!(claim(store).await.is_empty());
}

pub(super) async fn a_request_starts_the_run_that_triggers_wait_for(store: &impl Store) {
    let (one, last) = three_triggers_wait(store).await;
    store.complete(&last.lease, success(&[])).await.unwrap();
    let run = queued(store, "last", one).await;
    let served = claim(store).await.remove(0);
    assert_eq!(served.lease.run_id, run);
    assert_eq!((triggers(&served), served.payload.requests), (vec!["up"; 3], 1));
    store.complete(&served.lease, success(&[])).await.unwrap();
    assert!(claim(store).await.is_empty());
}

pub(super) async fn a_request_leaves_the_cause_of_a_run_that_waits_as_it_is(store: &impl Store) {
    let up = claim_up(store).await;
    store.complete(&up.lease, success(&["last"])).await.unwrap();
    let one = project(store, "one").await;
    // A worker without the job makes the run of it, for others.
    let filter = RunFilter { job_types: vec!["last".into()], ..Default::default() };
    let waits = loop {
        store.claim("without", 10, LEASE, &["last".into()]).await.unwrap();
        if let Some(run) = store.runs(&filter).await.unwrap().items.pop() {
            break run;
        }
    };
    assert_eq!(request(store, "last", one).await, RunNow::Merged(waits.id));
    let joined = store.run(&Visible::All, waits.id).await.unwrap().unwrap();
    assert_eq!(joined.triggered_by, waits.triggered_by, "it is still the cascade's");
    let served = claim(store).await.remove(0);
    assert_eq!((triggers(&served), served.payload.requests), (vec!["up"], 1));
}
