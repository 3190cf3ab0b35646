//! How attempts end.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{ClaimedRun, Done, Failed, Fault, JobCompleted, RunState, Success, Visible};
use cascade_sdk::sql;
use cascade_store::{Queries, StoreError};
use serde_json::json;

use crate::steps::{claim, claim_up, events_after, success};

pub(super) async fn failure_retries_then_fails_with_an_event_and_no_cascade(engine: &Engine) {
    let fault = |retry_in| Fault { error: "no luck".into(), retry_in };
    let run = claim_up(engine).await;
    let first = engine.fail(&run.lease, fault(Some(Duration::ZERO))).await.unwrap();
    assert_eq!(first, Failed::WillRetry);
    assert!(events_after(engine, 0, 10).await.unwrap().is_empty());
    let again = claim(engine).await.remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (run.lease.run_id, 2));
    let last = engine.fail(&again.lease, fault(None)).await.unwrap();
    let events = events_after(engine, 0, 10).await.unwrap();
    assert_eq!((last, events.len()), (Failed::ForGood, 1));
    assert!(events[0].payload.contains(r#""status":"failed""#));
    assert!(claim(engine).await.is_empty());
    let run = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
    assert_eq!((run.state, run.error.as_deref()), (RunState::Failed, Some("no luck")));
}

pub(super) async fn staged_writes_commit_with_the_run_or_not_at_all(engine: &Engine) {
    let db = engine.store().database();
    db.batch(vec![sql("CREATE TABLE note (text text NOT NULL)")]).await.unwrap();
    let count =
        || async { db.query(sql("SELECT count(*) AS n FROM note")).await.unwrap()[0]["n"].clone() };
    let staged = |text: Option<&str>| Success {
        staged: vec![sql("INSERT INTO note VALUES ($1)").bind(text)],
        ..success(&["down"])
    };
    let run = claim_up(engine).await;
    let refused = engine.complete(&run.lease, staged(None)).await;
    assert!(matches!(refused, Err(StoreError::Staged(_))));
    let state = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap().state;
    assert_eq!((state, count().await), (RunState::Running, json!(0)));
    assert!(claim(engine).await.is_empty(), "nothing cascaded");
    engine.complete(&run.lease, staged(Some("x"))).await.unwrap();
    assert_eq!(count().await, json!(1));
    engine.complete(&run.lease, staged(Some("y"))).await.unwrap_err();
    assert_eq!(count().await, json!(1));
}

pub(super) async fn many_successes_are_stored_in_one_commit_and_lost_leases_left_out(
    engine: &Engine,
) {
    let runs = claim(engine).await;
    let done = |run: &ClaimedRun| Done {
        lease: run.lease.clone(),
        job_type: run.job_type.clone(),
        project_id: run.project.id,
        summary: Some(format!("of {}", run.project.slug)),
        ran: Duration::ZERO,
    };
    let mut all: Vec<_> = runs.iter().map(done).collect();
    let mut stale = all[0].clone();
    stale.lease.attempt += 1;
    all.insert(1, stale);
    let events = engine.complete_all(&all).await.unwrap();
    let ids: Vec<_> = events.iter().map(|event| event.as_ref().map(|event| event.id)).collect();
    assert_eq!(ids, [Some(1), None, Some(2)], "each with its own id, in their order");
    let kept = engine.store().events_after(0, 10).await.unwrap();
    for (run, (event, kept)) in runs.iter().zip(events.iter().flatten().zip(&kept)) {
        assert_eq!((event.id, &event.payload), (kept.id, &kept.payload));
        let shown = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
        let said: JobCompleted = serde_json::from_str(&event.payload).unwrap();
        assert_eq!((shown.state, shown.finished_at), (RunState::Completed, Some(said.at)));
        assert_eq!(shown.summary, Some(format!("of {}", run.project.slug)));
        assert_eq!((&said.job_type, said.project_id), (&run.job_type, run.project.id));
    }
    assert!(engine.store().number_events().await.unwrap().iter().all(|event| event.id <= 2));
    let again = engine.complete_all(&all).await.unwrap();
    assert!(again.iter().all(Option::is_none), "once is enough");
    // What is numbered later follows.
    engine.run_now("up", runs[0].project.id).await.unwrap();
    let next = claim(engine).await.remove(0);
    engine.complete(&next.lease, success(&[])).await.unwrap();
    assert_eq!(events_after(engine, 2, 10).await.unwrap()[0].id, 3);
}

pub(super) async fn a_batch_of_successes_shows_times_in_milliseconds(engine: &Engine) {
    let run = claim_up(engine).await;
    let done = Done {
        lease: run.lease.clone(),
        job_type: run.job_type,
        project_id: run.project.id,
        summary: None,
        ran: Duration::from_nanos(1_234_567),
    };
    assert!(engine.complete_all(&[done]).await.unwrap()[0].is_some());
    let shown = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
    for at in [shown.started_at.unwrap(), shown.finished_at.unwrap()] {
        assert_eq!(at.timestamp_subsec_micros() % 1000, 0, "{at}");
    }
}

pub(super) async fn a_snooze_waits_and_costs_no_attempt(engine: &Engine) {
    let run = claim_up(engine).await;
    let fault = Fault { error: "no luck".into(), retry_in: Some(Duration::ZERO) };
    engine.fail(&run.lease, fault).await.unwrap();
    // `up` has two attempts: this is the last.
    let last = claim(engine).await.remove(0);
    engine.snooze(&last.lease, Duration::ZERO).await.unwrap();
    let again = claim(engine).await.remove(0);
    assert_eq!(again.lease, last.lease);
    engine.snooze(&again.lease, Duration::from_secs(600)).await.unwrap();
    assert!(matches!(
        engine.snooze(&again.lease, Duration::ZERO).await,
        Err(StoreError::LostLease)
    ));
    assert!(claim(engine).await.is_empty());
    let shown = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
    assert_eq!((shown.state, shown.attempt), (RunState::Retryable, 1));
    assert_eq!(shown.error.as_deref(), Some("no luck"), "of the attempt before");
    let log = engine.store().run_logs(&Visible::All, run.lease.run_id, 10).await.unwrap();
    assert_eq!(log.last().unwrap().message, "snoozed for 10m");
}

pub(super) async fn each_attempt_that_failed_is_kept_with_its_error_and_worker(engine: &Engine) {
    let first = claim_up(engine).await;
    let id = first.lease.run_id;
    let again = Fault { error: "no luck".into(), retry_in: Some(Duration::ZERO) };
    engine.fail(&first.lease, again).await.unwrap();
    let second = crate::steps::claim_until(engine, 1).await.remove(0);
    assert_eq!(second.lease.run_id, id);
    engine.give_up_unlisted("worker-a", &[]).await.unwrap();
    let kept = engine.store().failed_attempts(id).await.unwrap();
    let told: Vec<_> = kept.iter().map(|one| (one.attempt, one.worker.as_str())).collect();
    assert_eq!(told, [(1, "worker-a"), (2, "worker-a")]);
    assert_eq!(kept[0].error, "no luck");
    assert!(kept[1].error.contains("lost track of it"), "{}", kept[1].error);
    assert!(kept[0].started_at.unwrap() <= kept[0].ended_at);
}
