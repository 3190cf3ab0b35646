//! Requests to run a job: each is served by a run that its answer names or promises.

use cascade_engine::Engine;
use cascade_model::{ClaimedRun, RunNow, RunState, Visible};
use cascade_sdk::Trigger;
use cascade_store::{Queries, RunFilter, StoreError};
use futures::future::join_all;
use uuid::Uuid;

use crate::steps::{LEASE, claim, claim_up, project, scheduled, success};

async fn request(engine: &Engine, job: &str, project: Uuid) -> RunNow {
    engine.run_now(job, project).await.unwrap()
}

async fn queued(engine: &Engine, job: &str, project: Uuid) -> Uuid {
    match request(engine, job, project).await {
        RunNow::Queued(run) => run,
        other => panic!("{other:?}"),
    }
}

/// Jobs whose success triggered the run, oldest first.
fn triggers(run: &ClaimedRun) -> Vec<&str> {
    run.payload.triggers.iter().map(|trigger| trigger.job_type.as_str()).collect()
}

pub(super) async fn a_request_joins_the_run_that_waits_and_is_told_which(engine: &Engine) {
    claim(engine).await;
    let one = project(engine, "one").await;
    let run = queued(engine, "last", one).await;
    for _ in 0..2 {
        assert_eq!(request(engine, "last", one).await, RunNow::Merged(run));
    }
    let shown = engine.store().run(&Visible::All, run).await.unwrap().unwrap();
    assert_eq!((shown.state, shown.payload.requests), (RunState::Available, 3));
    let claimed = claim(engine).await.remove(0);
    assert_eq!((claimed.lease.run_id, claimed.payload.requests), (run, 3));
    assert!(matches!(claimed.payload.trigger(), Trigger::Manual { .. }));
    engine.complete(&claimed.lease, success(&[])).await.unwrap();
    assert!(claim(engine).await.is_empty(), "no other run was made");
}

pub(super) async fn requests_at_the_same_time_make_one_run_that_counts_them(engine: &Engine) {
    claim(engine).await;
    let one = project(engine, "one").await;
    let answers = join_all((0..200).map(|_| request(engine, "last", one))).await;
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
    let claimed = claim(engine).await;
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].lease.run_id, claimed[0].payload.requests), (made[0], 200));
}

pub(super) async fn requests_while_a_run_is_under_way_get_exactly_one_more(engine: &Engine) {
    let one = project(engine, "one").await;
    let run = claim_up(engine).await;
    let answers = join_all((0..50).map(|_| request(engine, "up", one))).await;
    assert!(answers.iter().all(|answer| *answer == RunNow::AfterCurrent), "{answers:?}");
    assert_eq!(scheduled(engine, "up", "one").await.payload.requests, 50);
    engine.complete(&run.lease, success(&[])).await.unwrap();
    let again = claim(engine).await;
    assert_eq!((again.len(), again[0].payload.requests), (1, 50));
    assert_eq!(request(engine, "up", one).await, RunNow::AfterCurrent, "it has begun");
    engine.complete(&again[0].lease, success(&[])).await.unwrap();
    let third = claim(engine).await;
    assert_eq!((third.len(), third[0].payload.requests), (1, 1));
    engine.complete(&third[0].lease, success(&[])).await.unwrap();
    assert!(claim(engine).await.is_empty());
}

/// A run of `last` of project `one`; `up` ends three times meanwhile and triggers it.
async fn three_triggers_wait(engine: &Engine) -> (Uuid, ClaimedRun) {
    let mut up = claim_up(engine).await;
    let one = project(engine, "one").await;
    queued(engine, "last", one).await;
    let last = claim(engine).await.remove(0);
    for more in [true, true, false] {
        engine.complete(&up.lease, success(&["last"])).await.unwrap();
        if more {
            queued(engine, "up", one).await;
            up = claim(engine).await.remove(0);
        }
    }
    (one, last)
}

pub(super) async fn a_request_loses_no_trigger_that_waits(engine: &Engine) {
    let (one, last) = three_triggers_wait(engine).await;
    assert_eq!(request(engine, "last", one).await, RunNow::AfterCurrent);
    engine.complete(&last.lease, success(&[])).await.unwrap();
    let served = claim(engine).await.remove(0);
    assert_eq!((triggers(&served), served.payload.requests), (vec!["up"; 3], 1));
    engine.complete(&served.lease, success(&[])).await.unwrap();
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn a_request_starts_the_run_that_triggers_wait_for(engine: &Engine) {
    let (one, last) = three_triggers_wait(engine).await;
    engine.complete(&last.lease, success(&[])).await.unwrap();
    let run = queued(engine, "last", one).await;
    let served = claim(engine).await.remove(0);
    assert_eq!(served.lease.run_id, run);
    assert_eq!((triggers(&served), served.payload.requests), (vec!["up"; 3], 1));
    engine.complete(&served.lease, success(&[])).await.unwrap();
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn a_request_leaves_the_cause_of_a_run_that_waits_as_it_is(engine: &Engine) {
    let up = claim_up(engine).await;
    engine.complete(&up.lease, success(&["last"])).await.unwrap();
    let one = project(engine, "one").await;
    // A worker without the job makes the run of it, for others.
    let filter = RunFilter { job_types: vec!["last".into()], ..Default::default() };
    let waits = loop {
        engine.claim("without", 10, LEASE, &["last".into()]).await.unwrap();
        if let Some(run) = engine.store().runs(&filter).await.unwrap().items.pop() {
            break run;
        }
    };
    assert_eq!(request(engine, "last", one).await, RunNow::Merged(waits.id));
    let joined = engine.store().run(&Visible::All, waits.id).await.unwrap().unwrap();
    assert_eq!(joined.triggered_by, waits.triggered_by, "it is still the cascade's");
    let served = claim(engine).await.remove(0);
    assert_eq!((triggers(&served), served.payload.requests), (vec!["up"], 1));
}

pub(super) async fn a_request_reaches_the_run(engine: &Engine) {
    claim(engine).await;
    let one = project(engine, "one").await;
    let RunNow::Queued(id) = engine.run_now("last", one).await.unwrap() else {
        panic!("nothing else of `last` runs")
    };
    let run = claim(engine).await.remove(0);
    assert_eq!(run.lease.run_id, id);
    assert!(matches!(run.payload.trigger(), Trigger::Manual { .. }));
    assert!(matches!(
        engine.run_now("ghost", one).await,
        Err(StoreError::NotScheduled { job }) if job == "ghost"
    ));
}
