//! Many failures in one commit.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{ClaimedRun, Fault, JobCompleted, Lease, ProblemState, RunState, Visible};
use cascade_store::Queries;
use futures::future::join_all;
use serde_json::json;

use crate::steps::{LEASE, claim, claim_until, events_after, keyless, project, success};

/// So many runs of `last`, under way.
async fn begun(engine: &Engine, runs: usize) -> Vec<ClaimedRun> {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let project_id = project(engine, "one").await;
    let asked = |n: usize| keyless("last", project_id, json!({ "n": n }));
    engine.enqueue(&(0..runs).map(asked).collect::<Vec<_>>(), None).await.unwrap();
    claim_until(engine, runs).await
}

fn fault(run: &ClaimedRun, error: String, retry_in: Option<Duration>) -> (Lease, Fault) {
    (run.lease.clone(), Fault { error, retry_in })
}

pub(super) async fn failures_of_a_commit_are_kept_each_with_its_run(engine: &Engine) {
    let (store, runs) = (engine.store(), begun(engine, 5).await);
    let before = events_after(engine, 0, 10).await.unwrap().last().map_or(0, |event| event.id);
    let error = |nth: usize| format!("port {nth} refused");
    let mut faults: Vec<_> =
        runs.iter().enumerate().map(|(nth, run)| fault(run, error(nth), None)).collect();
    faults[2].0.attempt += 1;
    let held = engine.fail_all(&faults).await.unwrap();
    assert_eq!(held, [true, true, false, true, true]);
    for (nth, run) in runs.iter().enumerate().filter(|(nth, _)| *nth != 2) {
        let id = run.lease.run_id;
        let shown = store.run(&Visible::All, id).await.unwrap().unwrap();
        assert_eq!((shown.state, shown.error), (RunState::Failed, Some(error(nth))));
        let kept = store.failed_attempts(id).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].attempt, &kept[0].error), (1, &error(nth)));
        assert_eq!((kept[0].started_at, &*kept[0].worker), (shown.started_at, "worker-a"));
        let lines = store.run_logs(&Visible::All, id, 10).await.unwrap();
        let said: Vec<_> = lines.iter().map(|line| (&*line.level, &*line.message)).collect();
        assert_eq!(said, [("error", &*error(nth))]);
    }
    let left = store.run(&Visible::All, runs[2].lease.run_id).await.unwrap().unwrap();
    assert_eq!(left.state, RunState::Running);
    let events = events_after(engine, before, 10).await.unwrap();
    let said = |text: &str| serde_json::from_str::<JobCompleted>(text).unwrap().status;
    assert!(events.iter().all(|event| said(&event.payload).as_str() == "failed"));
    assert_eq!(events.len(), 4);
    let problems = store.problems(&Visible::All, ProblemState::Open).await.unwrap();
    assert_eq!(problems.len(), 1, "errors that differ by a number");
    let place = &problems[0].places[0];
    assert_eq!(
        (place.runs, &place.error),
        (4, &error(4)),
        "all are counted, and the last is shown"
    );
    assert_eq!(problems[0].trend.iter().sum::<u64>(), 4);
    assert!(engine.fail_all(&faults).await.unwrap().iter().all(|held| !held), "once is enough");
}

pub(super) async fn attempts_that_fail_together_wait_each_for_its_pause(engine: &Engine) {
    let runs = begun(engine, 3).await;
    let pause = |nth: usize| Some(LEASE * u32::from(nth != 1));
    let faults: Vec<_> = runs
        .iter()
        .enumerate()
        .map(|(nth, run)| fault(run, format!("no luck {nth}"), pause(nth)))
        .collect();
    assert_eq!(engine.fail_all(&faults).await.unwrap(), [true; 3]);
    let again = claim_until(engine, 1).await;
    let [again] = &again[..] else { panic!("{again:?}") };
    assert_eq!((again.lease.run_id, again.lease.attempt), (runs[1].lease.run_id, 2));
    for run in [&runs[0], &runs[2]] {
        let shown = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
        assert_eq!((shown.state, shown.attempt), (RunState::Retryable, 1));
        assert_eq!(engine.store().failed_attempts(shown.id).await.unwrap().len(), 1);
    }
    let problems = engine.store().problems(&Visible::All, ProblemState::Open).await.unwrap();
    assert!(problems.is_empty(), "none has failed for good");
}

pub(super) async fn commits_with_the_same_errors_do_not_deadlock(engine: &Engine) {
    for _ in 0..3 {
        let runs = begun(engine, 24).await;
        let halves = runs.chunks(12).enumerate().map(|(half, runs)| {
            let faults: Vec<_> = runs
                .iter()
                .enumerate()
                .map(|(nth, run)| (if half == 0 { nth } else { 11 - nth }, run))
                .map(|(kind, run)| fault(run, "x".repeat(kind + 1), None))
                .collect();
            async move { engine.fail_all(&faults).await }
        });
        for held in join_all(halves).await {
            assert_eq!(held.unwrap(), [true; 12]);
        }
    }
    let problems = engine.store().problems(&Visible::All, ProblemState::Open).await.unwrap();
    assert_eq!(problems.len(), 12);
    assert!(problems.iter().all(|problem| problem.places[0].runs == 6), "{problems:?}");
}
