//! Runs that wait are changed: their args, when they begin, and what they go before.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{
    Begins, ClaimedRun, Debounce, EdgeRun, Enqueue, Fault, Follow, KEY_OF_SCHEDULE, OnDuplicate,
    Run, RunEdit, RunNow, RunRequest, RunState, Success, Visible,
};
use cascade_store::{Queries, Result, RunFilter, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::steps::{claim, claim_until, claim_up, project, success};

const HOUR: Duration = Duration::from_secs(3600);

fn later() -> DateTime<Utc> {
    Utc::now() + TimeDelta::hours(2)
}

fn now() -> RunEdit {
    RunEdit { begins: Some(Begins::Now), ..RunEdit::default() }
}

fn put_off() -> RunEdit {
    RunEdit { begins: Some(Begins::At(later())), ..RunEdit::default() }
}

fn prior(priority: u8) -> RunEdit {
    RunEdit { priority: Some(priority), ..RunEdit::default() }
}

fn with(args: Value) -> RunEdit {
    RunEdit { args: Some(args), ..RunEdit::default() }
}

/// A request of `last` in the project `one`.
async fn made(
    engine: &Engine,
    key: Option<&str>,
    args: Value,
    run_at: Option<DateTime<Utc>>,
) -> Uuid {
    let key = key.map(Into::into);
    let request = RunRequest { key, args, priority: 0, run_at, asked_by: None, tags: Vec::new() };
    let (job_type, project_id) = ("last".into(), project(engine, "one").await);
    let on_duplicate = OnDuplicate::Queue;
    let asked = Enqueue { job_type, project_id, request, on_duplicate };
    engine.enqueue(&[asked], None).await.unwrap()[0].run_id()
}

async fn shown(engine: &Engine, id: Uuid) -> Run {
    engine.store().run(&Visible::All, id).await.unwrap().unwrap()
}

async fn edit(engine: &Engine, id: Uuid, change: &RunEdit) -> Result<()> {
    let run = shown(engine, id).await;
    engine.edit(&Visible::All, &run, change).await
}

async fn refused(engine: &Engine, id: Uuid, change: &RunEdit) -> String {
    let before = shown(engine, id).await;
    let error = engine.edit(&Visible::All, &before, change).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongState(_)), "{error:?}");
    assert_eq!(shown(engine, id).await, before);
    error.to_string()
}

/// What was due at the start has run.
async fn idle(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    assert!(claim(engine).await.is_empty());
}

/// The one run that may start now.
async fn only(engine: &Engine) -> ClaimedRun {
    let mut runs = claim(engine).await;
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

pub(super) async fn a_run_that_waits_has_other_args_and_begins_at_another_time(engine: &Engine) {
    idle(engine).await;
    let id = made(engine, None, json!({ "n": 1 }), Some(later())).await;
    let tags = Some(vec!["a".to_owned(), "b".to_owned()]);
    let all = RunEdit { args: Some(json!({ "n": 2 })), priority: Some(7), tags, ..now() };
    edit(engine, id, &all).await.unwrap();
    let run = shown(engine, id).await;
    assert_eq!(run.state, RunState::Available);
    let request = run.request.unwrap();
    assert_eq!((&request.args, request.priority, request.run_at), (&json!({ "n": 2 }), 7, None));
    assert_eq!(request.tags, ["a", "b"]);
    let other = RunEdit { tags: Some(vec!["c".to_owned()]), ..RunEdit::default() };
    edit(engine, id, &other).await.unwrap();
    assert_eq!(shown(engine, id).await.request.unwrap().tags, ["c"]);
    // What is not named stays.
    edit(engine, id, &put_off()).await.unwrap();
    let run = shown(engine, id).await;
    let request = run.request.unwrap();
    assert_eq!((run.state, &request.args), (RunState::Scheduled, &json!({ "n": 2 })));
    assert!(request.run_at.unwrap() > Utc::now());
    assert!(claim(engine).await.is_empty());
    edit(engine, id, &now()).await.unwrap();
    let begun = only(engine).await;
    assert_eq!(begun.lease.run_id, id);
    let request = begun.request.unwrap();
    assert_eq!((&request.args, request.priority), (&json!({ "n": 2 }), 7));
}

pub(super) async fn a_changed_run_takes_its_place_among_those_of_its_key(engine: &Engine) {
    idle(engine).await;
    let mut runs = Vec::new();
    for n in 0..4 {
        runs.push(made(engine, Some("k"), json!({ "n": n }), None).await);
    }
    // One that is put off lets the others go ahead, and comes back once it is to begin.
    edit(engine, runs[0], &put_off()).await.unwrap();
    edit(engine, runs[3], &prior(9)).await.unwrap();
    // The second was first as it was chosen; what is at once keeps its place before it.
    edit(engine, runs[1], &now()).await.unwrap();
    edit(engine, runs[1], &prior(9)).await.unwrap();
    let mut order = Vec::new();
    for _ in 0..3 {
        let run = only(engine).await;
        order.push(run.lease.run_id);
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    assert_eq!(order, [runs[1], runs[3], runs[2]]);
    assert!(claim(engine).await.is_empty());
    let next = made(engine, Some("k"), json!({ "n": 4 }), Some(later())).await;
    edit(engine, next, &now()).await.unwrap();
    let run = only(engine).await;
    assert_eq!(run.lease.run_id, next, "it goes before one that waits for its time");
    engine.complete(&run.lease, success(&[])).await.unwrap();
    edit(engine, runs[0], &now()).await.unwrap();
    assert_eq!(only(engine).await.lease.run_id, runs[0]);
}

pub(super) async fn the_next_attempt_is_made_at_once_or_put_off(engine: &Engine) {
    idle(engine).await;
    let one = project(engine, "one").await;
    let later_again = || Fault { error: "no luck".into(), retry_in: Some(HOUR) };
    let RunNow::Queued(of_schedule) = engine.run_now("up", one).await.unwrap() else {
        panic!("nothing else of `up` runs")
    };
    let asked_for = made(engine, Some("k"), json!({ "n": 1 }), None).await;
    let behind = made(engine, Some("k"), json!({ "n": 2 }), None).await;
    for run in claim_until(engine, 2).await {
        engine.fail(&run.lease, later_again()).await.unwrap();
    }
    for id in [of_schedule, asked_for] {
        assert_eq!(shown(engine, id).await.state, RunState::Retryable);
        edit(engine, id, &put_off()).await.unwrap();
    }
    assert!(claim(engine).await.is_empty(), "one that is tried again keeps its key");
    let why = refused(engine, asked_for, &with(json!({}))).await;
    assert!(why.contains("an attempt has begun with the args"), "{why}");
    for id in [of_schedule, asked_for] {
        edit(engine, id, &now()).await.unwrap();
    }
    let mut again = claim_until(engine, 2).await;
    again.sort_by_key(|run| run.lease.run_id);
    let ids: Vec<_> = again.iter().map(|run| (run.lease.run_id, run.lease.attempt)).collect();
    assert_eq!(ids, [(of_schedule, 2), (asked_for, 2)]);
    for run in &again {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    assert_eq!(only(engine).await.lease.run_id, behind);
}

pub(super) async fn what_cannot_be_changed_is_refused_and_stays_as_it_is(engine: &Engine) {
    idle(engine).await;
    let one = project(engine, "one").await;
    let RunNow::Queued(of_schedule) = engine.run_now("last", one).await.unwrap() else {
        panic!("nothing else of `last` runs")
    };
    assert!(refused(engine, of_schedule, &now()).await.contains("waits for a worker"));
    assert!(refused(engine, of_schedule, &prior(3)).await.contains("neither args nor a priority"));
    let run = only(engine).await;
    assert!(refused(engine, of_schedule, &now()).await.contains("has begun already"));
    engine.complete(&run.lease, success(&[])).await.unwrap();
    assert!(refused(engine, of_schedule, &now()).await.contains("has ended already"));
    // One that serves several requests is not what any of them has asked for.
    let id = made(engine, Some("k"), json!({ "n": 1 }), None).await;
    let asked = shown(engine, id).await.request.unwrap();
    let (job_type, on_duplicate) = ("last".into(), OnDuplicate::Merge);
    let merged = Enqueue { job_type, project_id: one, request: *asked, on_duplicate };
    assert_eq!(engine.enqueue(&[merged], None).await.unwrap()[0].run_id(), id);
    assert!(refused(engine, id, &with(json!({}))).await.contains("serves other requests"));
    edit(engine, id, &put_off()).await.unwrap();
    let run = shown(engine, id).await;
    let elsewhere = Visible::Only(vec![project(engine, "two").await]);
    let unseen = engine.edit(&elsewhere, &run, &now()).await;
    assert!(matches!(unseen, Err(StoreError::NoRun(run)) if run == id));
}

pub(super) async fn a_debounced_run_that_is_started_leaves_the_next_trigger_to_another(
    engine: &Engine,
) {
    let up = claim_up(engine).await;
    let rule = Debounce { quiet: HOUR, at_most: 10 * HOUR };
    let trigger = |n: i64| {
        let (key, args, asked_by) = (Some("k".into()), json!({ "n": n }), None);
        let request =
            RunRequest { key, args, priority: 0, run_at: None, asked_by, tags: Vec::new() };
        let (job, on_duplicate) = ("last".into(), OnDuplicate::Queue);
        let run = EdgeRun { job, request, after: None, on_duplicate, debounce: Some(rule) };
        Success { follow: Follow { runs: vec![run], ..Follow::default() }, ..Success::default() }
    };
    let of_last = async || {
        let filter = RunFilter { job_types: vec!["last".into()], ..RunFilter::default() };
        engine.store().runs(&filter).await.unwrap().items
    };
    engine.complete(&up.lease, trigger(1)).await.unwrap();
    let id = of_last().await[0].id;
    let why = refused(engine, id, &with(json!({ "n": 2 }))).await;
    assert!(why.contains("waits for its triggers to pause"), "{why}");
    let both = RunEdit { args: Some(json!({ "n": 2 })), ..now() };
    edit(engine, id, &both).await.unwrap();
    engine.run_now("up", project(engine, "one").await).await.unwrap();
    let all = claim_until(engine, 2).await;
    let (last, up): (Vec<_>, Vec<_>) = all.into_iter().partition(|run| run.job_type == "last");
    assert_eq!((last[0].lease.run_id, up.len()), (id, 1));
    assert_eq!(last[0].request.as_ref().unwrap().args, json!({ "n": 2 }));
    engine.complete(&up[0].lease, trigger(3)).await.unwrap();
    assert_eq!(of_last().await.len(), 2);
}

pub(super) async fn a_run_of_the_schedule_s_key_that_is_put_off_lets_the_schedule_run(
    engine: &Engine,
) {
    idle(engine).await;
    let one = project(engine, "one").await;
    let id = made(engine, Some(KEY_OF_SCHEDULE), json!({ "n": 1 }), None).await;
    edit(engine, id, &put_off()).await.unwrap();
    assert!(matches!(engine.run_now("last", one).await.unwrap(), RunNow::Queued(_)));
    let run = only(engine).await;
    edit(engine, id, &now()).await.unwrap();
    assert!(claim(engine).await.is_empty(), "the run of the schedule is under way");
    engine.complete(&run.lease, success(&[])).await.unwrap();
    loop {
        // A look at the queue finds it, as no run of the key has ended.
        if let Some(run) = claim(engine).await.pop() {
            assert_eq!(run.lease.run_id, id);
            break;
        }
    }
}

pub(super) async fn many_changes_of_one_key_at_the_same_time_lose_no_run(engine: &Engine) {
    idle(engine).await;
    let mut runs = Vec::new();
    for n in 0..8 {
        runs.push(made(engine, Some("k"), json!({ "n": n }), None).await);
    }
    let change = async |at: usize, id: Uuid| match at % 4 {
        0 => edit(engine, id, &put_off()).await,
        1 => edit(engine, id, &prior(9)).await,
        2 => edit(engine, id, &with(json!({ "n": 99 }))).await,
        _ => engine.request_cancel(&Visible::All, id).await.map(drop),
    };
    let changes = runs.iter().enumerate().map(|(at, id)| change(at, *id));
    for done in join_all(changes).await {
        done.unwrap();
    }
    for put_off in [runs[0], runs[4]] {
        edit(engine, put_off, &now()).await.unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 6 {
        let run = only(engine).await;
        seen.push(run.lease.run_id);
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    seen.sort_unstable();
    let mut left = [0, 1, 2, 4, 5, 6].map(|at| runs[at]);
    left.sort_unstable();
    assert_eq!(seen, left);
    assert!(claim(engine).await.is_empty());
}
