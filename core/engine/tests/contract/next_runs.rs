//! What begins with the end that leads to it.

use std::time::Duration;

use cascade_engine::{Engine, NextRuns};
use cascade_model::{ClaimedRun, Completed, RunState, Visible};
use cascade_store::{Holder, Queries};

use crate::{
    chain::config,
    steps::{LEASE, claim, claim_up, project, scheduled, success},
};

/// Completes a run of `worker-a`, which runs all jobs but those of `except` and has room for so many.
async fn complete(
    engine: &Engine,
    run: &ClaimedRun,
    downstream: &[&str],
    (room, except): (usize, &[&str]),
) -> Completed {
    let holder = Holder { owner: "worker-a", lease: LEASE };
    let takes = |job: &str| !except.contains(&job);
    let next = NextRuns { holder, room, takes: &takes };
    engine.complete_then(&run.lease, success(downstream), Some(&next)).await.unwrap()
}

fn jobs(runs: &[ClaimedRun]) -> Vec<&str> {
    runs.iter().map(|run| run.job_type.as_str()).collect()
}

pub(super) async fn what_a_success_leads_to_begins_with_its_end(engine: &Engine) {
    let up = claim_up(engine).await;
    let done = complete(engine, &up, &["down"], (5, &[])).await;
    assert_eq!((done.triggered, jobs(&done.begun)), (vec!["down".into()], vec!["down"]));
    let down = &done.begun[0];
    assert_eq!((&*down.lease.owner, down.lease.attempt), ("worker-a", 1));
    assert_eq!((&down.project, down.trace_id), (&up.project, up.trace_id));
    let triggers = &down.payload.triggers;
    assert_eq!(
        triggers.iter().map(|note| note.run_id).collect::<Vec<_>>(),
        [Some(up.lease.run_id)]
    );
    let run = engine.store().run(&Visible::All, down.lease.run_id).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Running);
    let ended = engine.store().run(&Visible::All, up.lease.run_id).await.unwrap().unwrap();
    assert!(run.queued_at >= ended.finished_at.unwrap() && run.started_at >= ended.finished_at);
    assert_eq!(scheduled(engine, "down", "one").await.next_run_at, None);
    assert!(claim(engine).await.is_empty(), "it is held");
    // Nobody lists it: it goes back as any other run.
    assert_eq!(engine.give_up_unlisted("worker-a", &[]).await.unwrap(), 2);
    let again = claim(engine).await;
    assert!(jobs(&again).contains(&"down"), "{again:?}");
}

pub(super) async fn what_finds_no_room_or_no_plugin_is_due(engine: &Engine) {
    let up = claim_up(engine).await;
    let done = complete(engine, &up, &["down", "last"], (1, &[])).await;
    let [begun] = &done.begun[..] else { panic!("{:?}", done.begun) };
    let left = if begun.job_type == "down" { "last" } else { "down" };
    assert_eq!(jobs(&claim(engine).await), [left]);
    let done = complete(engine, begun, &["up"], (5, &["up"])).await;
    assert_eq!((jobs(&done.begun), jobs(&claim(engine).await)), (vec![], vec!["up"]));
}

pub(super) async fn what_has_a_run_or_a_limit_is_left_to_claims(engine: &Engine) {
    let up = claim_up(engine).await;
    let one = project(engine, "one").await;
    engine.run_now("down", one).await.unwrap();
    let done = complete(engine, &up, &["down"], (5, &[])).await;
    assert!(done.begun.is_empty(), "a run of it waits");
    let down = claim(engine).await.remove(0);
    engine.run_now("up", one).await.unwrap();
    let up = claim(engine).await.remove(0);
    let done = complete(engine, &up, &["down"], (5, &[])).await;
    assert!(done.begun.is_empty(), "a run of it has begun");
    engine.complete(&down.lease, success(&[])).await.unwrap();
    assert_eq!(jobs(&claim(engine).await), ["down"], "it is due once that has ended");

    let mut limited = config();
    limited.jobs.get_mut("last").unwrap().concurrency = Some(5);
    engine.reconcile(&limited).await.unwrap();
    engine.run_now("up", one).await.unwrap();
    let up = claim(engine).await.remove(0);
    assert!(complete(engine, &up, &["last"], (5, &[])).await.begun.is_empty());
    assert_eq!(jobs(&claim(engine).await), ["last"]);

    let mut limited = config();
    limited.projects.get_mut("one").unwrap().concurrency = Some(5);
    engine.reconcile(&limited).await.unwrap();
    engine.run_now("up", one).await.unwrap();
    let up = claim(engine).await.remove(0);
    assert!(complete(engine, &up, &["down"], (5, &[])).await.begun.is_empty());
}

pub(super) async fn a_timer_goes_on_behind_what_has_begun(engine: &Engine) {
    let up = claim_up(engine).await;
    let down = complete(engine, &up, &["down"], (1, &[])).await.begun.remove(0);
    let before = scheduled(engine, "up", "one").await.next_run_at.unwrap();
    let begun = complete(engine, &down, &["up"], (1, &[])).await.begun;
    assert_eq!(jobs(&begun), ["up"]);
    let after = scheduled(engine, "up", "one").await.next_run_at.unwrap();
    assert!(after >= before && after - before < chrono::TimeDelta::minutes(1), "{before} {after}");
    let pause = engine.next_due("another", &[]).await.unwrap().unwrap();
    assert!(pause > Duration::from_secs(1), "nothing is due: {pause:?}");
}
