//! How jobs ended last, and how they stand over all projects.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{
    Fault, JobCounts, KeepFor, LastEnd, RunNow, RunState, ScheduledStatus, Visible,
};
use cascade_store::Queries;
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{claim, claim_until, project, success};

async fn counts(engine: &Engine, visible: &Visible, job: &str) -> JobCounts {
    let all = engine.store().job_counts(visible).await.unwrap();
    let names: Vec<_> = all.iter().map(|one| one.job_type.as_str()).collect();
    assert_eq!(names, ["down", "last", "up"]);
    all.into_iter().find(|one| one.job_type == job).unwrap()
}

/// How `up` ended last in project `one`.
async fn last(engine: &Engine) -> Option<LastEnd> {
    let one = Visible::Only(vec![project(engine, "one").await]);
    let found = engine.store().last_ends(&one, vec!["up".into()]).await.unwrap();
    assert!(found.len() <= 1, "{found:?}");
    found.into_iter().next()
}

/// Runs `up` in project `one` to its end.
async fn run_up(engine: &Engine, fails: bool) -> Uuid {
    let one = project(engine, "one").await;
    let RunNow::Queued(id) = engine.run_now("up", one).await.unwrap() else { panic!() };
    let runs = claim_until(engine, 1).await;
    let run = runs.iter().find(|run| run.lease.run_id == id).unwrap();
    if fails {
        let fault = Fault { error: "no luck".into(), retry_in: None };
        engine.fail(&run.lease, fault).await.unwrap();
    } else {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    id
}

pub(super) async fn the_last_end_of_each_job_is_known(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let failed = run_up(engine, true).await;
    let end = last(engine).await.unwrap();
    assert_eq!((end.run_id, end.state, end.recent.as_str()), (failed, RunState::Failed, "sf"));
    let run = engine.store().run(&Visible::All, failed).await.unwrap().unwrap();
    assert_eq!(Some(end.finished_at), run.finished_at);

    let one = project(engine, "one").await;
    let RunNow::Queued(waits) = engine.run_now("up", one).await.unwrap() else { panic!() };
    engine.request_cancel(&Visible::All, waits).await.unwrap();
    let end = last(engine).await.unwrap();
    assert_eq!((end.run_id, end.state, end.recent.as_str()), (waits, RunState::Cancelled, "sfc"));
    for _ in 0..20 {
        run_up(engine, false).await;
    }
    assert_eq!(last(engine).await.unwrap().recent, "s".repeat(20), "the latest twenty");
}

pub(super) async fn a_run_that_is_tried_again_is_not_the_last_that_ended(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let before = last(engine).await.unwrap();
    let failed = run_up(engine, true).await;
    engine.retry(&Visible::All, failed).await.unwrap();
    assert_eq!(last(engine).await.unwrap(), before);
    let again = claim_until(engine, 1).await.remove(0);
    engine.complete(&again.lease, success(&[])).await.unwrap();
    let end = last(engine).await.unwrap();
    assert_eq!((end.run_id, end.state, end.recent.as_str()), (failed, RunState::Completed, "ss"));
}

pub(super) async fn nothing_is_known_of_runs_that_were_removed(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    assert!(last(engine).await.is_some());
    let long = Duration::from_secs(86400);
    let keep = KeepFor { runs: Duration::ZERO, logs: long, events: long, stats: long };
    while last(engine).await.is_some() {
        engine.store().prune(&keep, 10).await.unwrap();
    }
    assert_eq!(counts(engine, &Visible::All, "up").await.last_end, None);
}

pub(super) async fn jobs_are_counted_by_how_they_stand(engine: &Engine) {
    let (one, two) = (project(engine, "one").await, project(engine, "two").await);
    let runs = claim(engine).await;
    let of = |project| runs.iter().find(|run| run.project.id == project).unwrap().lease.clone();
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&of(one), fault).await.unwrap();
    engine.run_now("up", one).await.unwrap();
    engine.set_status("up", two, ScheduledStatus::Paused).await.unwrap();
    let up = counts(engine, &Visible::All, "up").await;
    let next = crate::steps::scheduled(engine, "up", "one").await.next_run_at;
    assert_eq!(
        JobCounts { last_end: None, ..up.clone() },
        JobCounts {
            job_type: "up".into(),
            schedules: 2,
            disabled: 0,
            paused: 1,
            resumes_at: None,
            waiting: 1,
            running: 1,
            failing: 1,
            next_run_at: next,
            last_end: None,
        }
    );
    assert_eq!(up.last_end, last(engine).await.map(|end| end.finished_at));
    let mine = counts(engine, &Visible::Only(vec![two]), "up").await;
    assert_eq!((mine.schedules, mine.paused, mine.waiting, mine.running), (1, 1, 0, 1));
    assert_eq!((mine.failing, mine.next_run_at), (0, None), "it is paused there");

    let mut config = config();
    config.jobs.get_mut("up").unwrap().enabled = false;
    engine.reconcile(&config).await.unwrap();
    let up = counts(engine, &Visible::All, "up").await;
    assert_eq!((up.disabled, up.paused, up.next_run_at), (2, 0, None));
}
