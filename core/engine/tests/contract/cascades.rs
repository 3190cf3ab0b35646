//! What a success triggers.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{RunNow, ScheduledStatus, Visible};
use cascade_sdk::Trigger;
use cascade_store::{Queries, StoreError};
use serde_json::json;

use crate::steps::{claim, claim_up, events_after, project, scheduled, success};

pub(super) async fn success_triggers_downstream_of_its_own_project(engine: &Engine) {
    let run = claim_up(engine).await;
    let done = engine.complete(&run.lease, success(&["down"])).await.unwrap();
    assert_eq!(done.triggered, ["down"]);
    assert_eq!(engine.next_due("another", &[]).await.unwrap(), Some(Duration::ZERO));
    let next = claim(engine).await;
    assert_eq!(next.len(), 1);
    assert_eq!((next[0].job_type.as_str(), next[0].project.slug.as_str()), ("down", "one"));
    assert_eq!(next[0].trace_id, run.trace_id, "a cascade is one trace");
    let event = events_after(engine, 0, 10).await.unwrap().remove(0);
    let event: serde_json::Value = serde_json::from_str(&event.payload).unwrap();
    let note = next[0].payload.cascade_triggered_by.clone().unwrap();
    assert_eq!(serde_json::to_value(note).unwrap(), json!({"job_type": "up", "at": event["at"]}));
    assert_eq!(event["status"], "ok");
    assert_eq!(event["project_id"], json!(run.project.id));
    assert_eq!(event.as_object().unwrap().len(), 4);
}

pub(super) async fn a_due_time_in_the_past_is_left_alone(engine: &Engine) {
    // `down` is due but cannot start, since it runs.
    let up = claim_up(engine).await;
    engine.complete(&up.lease, success(&["down"])).await.unwrap();
    let _running = claim(engine).await;
    let one = project(engine, "one").await;
    assert_eq!(engine.run_now("down", one).await.unwrap(), RunNow::AfterCurrent);
    let before = scheduled(engine, "down", "one").await;
    engine.run_now("up", one).await.unwrap();
    let up = claim(engine).await.remove(0);
    engine.complete(&up.lease, success(&["down"])).await.unwrap();
    let after = scheduled(engine, "down", "one").await;
    assert_eq!(after.next_run_at, before.next_run_at);
    assert!(after.payload.cascade_triggered_by.is_some(), "the trigger is kept all the same");
}

pub(super) async fn several_triggers_make_one_run_that_names_them_all(engine: &Engine) {
    let run = claim_up(engine).await;
    engine.complete(&run.lease, success(&["last"])).await.unwrap();
    let one = project(engine, "one").await;
    engine.run_now("down", one).await.unwrap();
    let mut runs = claim(engine).await;
    // What a claim leaves to the next is due at once.
    if runs.len() < 2 {
        assert_eq!(engine.next_due("another", &[]).await.unwrap(), Some(Duration::ZERO));
        runs.extend(claim(engine).await);
    }
    let down = runs.iter().find(|r| r.job_type == "down").unwrap();
    let last = runs.iter().find(|r| r.job_type == "last").unwrap();
    engine.complete(&down.lease, success(&["last"])).await.unwrap();
    engine.run_now("up", one).await.unwrap();
    let up = claim(engine).await.remove(0);
    engine.complete(&up.lease, success(&["last"])).await.unwrap();
    assert!(claim(engine).await.is_empty(), "`last` runs already");
    engine.complete(&last.lease, success(&[])).await.unwrap();
    let more = claim(engine).await;
    assert_eq!(more.len(), 1);
    let triggers: Vec<_> = more[0].payload.triggers.iter().map(|t| t.job_type.as_str()).collect();
    assert_eq!(triggers, ["down", "up"]);
    assert_eq!(more[0].payload.cascade_triggered_by.as_ref().unwrap().job_type, "up");
}

pub(super) async fn a_trigger_while_running_makes_exactly_one_more_run(engine: &Engine) {
    let one = project(engine, "one").await;
    let run = claim_up(engine).await;
    for _ in 0..3 {
        assert_eq!(engine.run_now("up", one).await.unwrap(), RunNow::AfterCurrent);
    }
    engine.complete(&run.lease, success(&[])).await.unwrap();
    let again = claim(engine).await;
    assert_eq!(again.len(), 1);
    assert!(matches!(again[0].payload.trigger(), Trigger::Manual { .. }));
    engine.complete(&again[0].lease, success(&[])).await.unwrap();
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn paused_and_missing_downstream_are_skipped_and_say_so(engine: &Engine) {
    let one = project(engine, "one").await;
    engine.set_status("down", one, ScheduledStatus::Paused).await.unwrap();
    let run = claim_up(engine).await;
    let done = engine.complete(&run.lease, success(&["down", "ghost", "last"])).await.unwrap();
    assert_eq!(done.triggered, ["last"]);
    let logs = engine.store().run_logs(&Visible::All, run.lease.run_id, 10).await.unwrap();
    let said: Vec<_> = logs.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "cascade to down skipped: it is paused",
            "cascade to ghost skipped: it is not scheduled for this project",
        ]
    );
    for name in ["ghost", "gh\0st"] {
        let unknown = engine.set_status(name, one, ScheduledStatus::Paused).await;
        assert!(matches!(unknown, Err(StoreError::NotScheduled { .. })));
    }
}
