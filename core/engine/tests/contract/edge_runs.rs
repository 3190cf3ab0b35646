//! Runs that edges make at the end of another one.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{
    ClaimedRun, Debounce, Decision, EdgeRun, Enqueue, Enqueued, Fault, Follow, On, OnDuplicate,
    RunRequest, RunState, ScheduledStatus, Success, Visible,
};
use cascade_sdk::sql;
use cascade_store::{Queries, RunFilter, StoreError};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::steps::{claim, claim_up, project, scheduled, success};

const HOUR: Duration = Duration::from_secs(3600);

/// A run of `last`.
fn made(key: Option<&str>, args: Value) -> EdgeRun {
    let (key, asked_by) = (key.map(Into::into), Some("up".into()));
    EdgeRun {
        job: "last".into(),
        request: RunRequest { key, args, priority: 0, run_at: None, asked_by, tags: Vec::new() },
        after: None,
        on_duplicate: OnDuplicate::Queue,
        debounce: None,
    }
}

fn decision(job: &str, runs: u32) -> Decision {
    Decision {
        job: job.into(),
        on: On::Success,
        when: None,
        taken: true,
        join: false,
        runs: Some(runs),
        reason: None,
    }
}

fn ends_with(runs: Vec<EdgeRun>) -> Success {
    Success { follow: Follow { runs, ..Follow::default() }, ..Success::default() }
}

fn args(run: &ClaimedRun) -> &Value {
    &run.request.as_ref().unwrap().args
}

/// The runs of `last`, oldest first.
async fn of_last(engine: &Engine) -> Vec<cascade_model::Run> {
    let filter = RunFilter { job_types: vec!["last".into()], ..RunFilter::default() };
    let mut runs = engine.store().runs(&filter).await.unwrap().items;
    runs.reverse();
    runs
}

pub(super) async fn an_end_makes_the_runs_of_its_edges_or_none(engine: &Engine) {
    let run = claim_up(engine).await;
    let all = || (0..3).map(|n| made(None, json!({ "n": n }))).collect::<Vec<_>>();
    let mut stale = run.lease.clone();
    stale.attempt += 1;
    let lost = engine.complete(&stale, ends_with(all())).await;
    assert!(matches!(lost, Err(StoreError::LostLease)));
    assert!(of_last(engine).await.is_empty());
    engine.complete(&run.lease, ends_with(all())).await.unwrap();
    let runs = claim(engine).await;
    let mut asked: Vec<_> = runs.iter().map(|run| args(run)["n"].as_i64().unwrap()).collect();
    asked.sort_unstable();
    assert_eq!(asked, [0, 1, 2]);
    for made in &runs {
        assert_eq!(made.trace_id, run.trace_id);
        assert_eq!(made.payload.triggers[0].run_id, Some(run.lease.run_id));
        assert_eq!(made.request.as_ref().unwrap().asked_by.as_deref(), Some("up"));
    }
}

pub(super) async fn a_failure_makes_the_runs_of_its_edges(engine: &Engine) {
    let run = claim_up(engine).await;
    let follow = Follow { runs: vec![made(Some("k"), json!({ "why": 1 }))], ..Follow::default() };
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail_then(&run.lease, fault, follow).await.unwrap();
    let next = claim(engine).await.remove(0);
    assert_eq!((next.job_type.as_str(), args(&next)), ("last", &json!({ "why": 1 })));
}

pub(super) async fn an_edge_to_a_job_that_is_not_scheduled_makes_no_run_and_says_so(
    engine: &Engine,
) {
    let run = claim_up(engine).await;
    let ghost = EdgeRun { job: "ghost".into(), ..made(None, json!({})) };
    let follow = Follow {
        runs: vec![ghost, made(None, json!({}))],
        decisions: vec![decision("ghost", 1), decision("last", 1)],
        ..Follow::default()
    };
    engine.complete(&run.lease, Success { follow, ..Success::default() }).await.unwrap();
    let kept = engine.store().decisions(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
    let code = |edge: &Decision| edge.reason.as_ref().map(|why| why.code.to_string());
    let told: Vec<_> = kept.edges.iter().map(|edge| (edge.runs, code(edge))).collect();
    assert_eq!(told, [(None, Some("not_scheduled".into())), (Some(1), None)]);
    assert_eq!(of_last(engine).await.len(), 1);
}

pub(super) async fn runs_of_edges_wait_while_their_job_is_paused(engine: &Engine) {
    let run = claim_up(engine).await;
    let one = project(engine, "one").await;
    engine.set_status("last", one, ScheduledStatus::Paused).await.unwrap();
    engine.complete(&run.lease, ends_with(vec![made(None, json!({ "n": 1 }))])).await.unwrap();
    assert!(claim(engine).await.is_empty());
    engine.set_status("last", one, ScheduledStatus::Active).await.unwrap();
    assert_eq!(args(&claim(engine).await[0]), &json!({ "n": 1 }));
}

pub(super) async fn an_edge_that_waits_makes_a_scheduled_run(engine: &Engine) {
    let run = claim_up(engine).await;
    let later = EdgeRun { after: Some(HOUR), ..made(Some(""), json!({})) };
    engine.complete(&run.lease, ends_with(vec![later])).await.unwrap();
    assert!(claim(engine).await.is_empty());
    let waits = of_last(engine).await.remove(0);
    assert_eq!(waits.state, RunState::Scheduled);
    // It keeps nobody waiting for the key of the schedule.
    engine.run_now("last", waits.project_id).await.unwrap();
    let now = claim(engine).await.remove(0);
    assert_ne!(now.lease.run_id, waits.id);
    engine.complete(&now.lease, success(&[])).await.unwrap();
    let due = format!("UPDATE queue_runs SET available_at = queued_at WHERE id = '{}'", waits.id);
    engine.store().database().batch(vec![sql(due)]).await.unwrap();
    assert_eq!(claim(engine).await.remove(0).lease.run_id, waits.id);
}

pub(super) async fn later_runs_of_a_key_go_in_the_order_of_their_times(engine: &Engine) {
    let later = |n, after| EdgeRun { after: Some(after), ..made(Some("k"), json!({ "n": n })) };
    let ends = [(1, HOUR), (2, 2 * HOUR)].map(|(n, after)| ends_with(vec![later(n, after)]));
    end_each(engine, ends.into()).await;
    let waiting = of_last(engine).await;
    assert_eq!(waiting[0].request.as_ref().unwrap().args, json!({ "n": 1 }));
    let due =
        format!("UPDATE queue_runs SET available_at = queued_at WHERE id = '{}'", waiting[0].id);
    engine.store().database().batch(vec![sql(due)]).await.unwrap();
    assert_eq!(claim(engine).await.remove(0).lease.run_id, waiting[0].id, "it waits for nobody");
}

/// Ends runs of `up` one after another, each with one of `ends`.
async fn end_each(engine: &Engine, ends: Vec<Success>) -> Uuid {
    let mut project_id = Uuid::nil();
    for (nth, success) in ends.into_iter().enumerate() {
        let run = match nth {
            0 => claim_up(engine).await,
            _ => {
                engine.run_now("up", project_id).await.unwrap();
                claim(engine).await.remove(0)
            }
        };
        assert_eq!(run.job_type, "up");
        project_id = run.project.id;
        engine.complete(&run.lease, success).await.unwrap();
    }
    project_id
}

pub(super) async fn debounced_triggers_of_a_key_make_one_run_with_the_latest_args(engine: &Engine) {
    let rule = Debounce { quiet: HOUR, at_most: 10 * HOUR };
    let wait = |key, n: i64| {
        let run = made(Some(key), json!({ "n": n }));
        ends_with(vec![EdgeRun { debounce: Some(rule), ..run }])
    };
    let one = end_each(engine, vec![wait("k", 1), wait("k", 2), wait("other", 3)]).await;
    let waiting = of_last(engine).await;
    let asked = |run: &cascade_model::Run| run.request.as_ref().unwrap().args["n"].clone();
    assert_eq!(waiting.iter().map(asked).collect::<Vec<_>>(), [json!(2), json!(3)]);
    assert_eq!(waiting[0].payload.triggers.len(), 2);
    assert!(claim(engine).await.is_empty());
    // A request of the same key and args starts it at once, and does not make another one.
    let request = RunRequest {
        key: Some("k".into()),
        args: json!({ "n": 2 }),
        priority: 0,
        run_at: None,
        asked_by: None,
        tags: Vec::new(),
    };
    let on_duplicate = OnDuplicate::Merge;
    let ask = Enqueue { job_type: "last".into(), project_id: one, request, on_duplicate };
    let told = engine.enqueue(&[ask], None).await.unwrap();
    assert_eq!(told, [Enqueued::Merged(waiting[0].id)]);
    let begun = claim(engine).await.remove(0);
    assert_eq!((begun.lease.run_id, args(&begun)), (waiting[0].id, &json!({ "n": 2 })));
    // A trigger from now on is of the next run.
    engine.run_now("up", one).await.unwrap();
    let up = claim(engine).await.remove(0);
    engine.complete(&up.lease, wait("k", 4)).await.unwrap();
    assert_eq!(of_last(engine).await.len(), 3);
}

pub(super) async fn debounced_triggers_of_a_schedule_make_one_run_when_they_pause(engine: &Engine) {
    let rule = |quiet| Debounce { quiet, at_most: 10 * HOUR };
    let wait = |quiet| {
        let debounced = vec![("last".into(), rule(quiet))];
        Success { follow: Follow { debounced, ..Follow::default() }, ..Success::default() }
    };
    let one = end_each(engine, vec![wait(HOUR), wait(HOUR)]).await;
    assert!(claim(engine).await.is_empty());
    // What waits is started by hand, with all that it waited for; nothing is left behind.
    engine.run_now("last", one).await.unwrap();
    let run = claim(engine).await.remove(0);
    assert_eq!((run.job_type.as_str(), run.payload.triggers.len()), ("last", 2));
    engine.complete(&run.lease, success(&[])).await.unwrap();
    assert!(claim(engine).await.is_empty());
    assert_eq!(scheduled(engine, "last", "one").await.next_run_at, None);
}

pub(super) async fn a_merge_for_now_does_not_join_a_run_that_begins_later(engine: &Engine) {
    let run = claim_up(engine).await;
    let one = run.project.id;
    engine.complete(&run.lease, success(&[])).await.unwrap();
    let ask = |run_at| Enqueue {
        job_type: "last".into(),
        project_id: one,
        request: RunRequest {
            key: Some("k".into()),
            args: json!({}),
            priority: 0,
            run_at,
            asked_by: None,
            tags: Vec::new(),
        },
        on_duplicate: OnDuplicate::Merge,
    };
    let in_an_hour = chrono::Utc::now() + HOUR;
    let told = |asked| async move { engine.enqueue(&[asked], None).await.unwrap()[0] };
    let Enqueued::Made(later) = told(ask(Some(in_an_hour))).await else { panic!("made") };
    assert_eq!(told(ask(Some(in_an_hour + HOUR))).await, Enqueued::Merged(later));
    let Enqueued::Made(now) = told(ask(None)).await else { panic!("not served in an hour") };
    let begun = claim(engine).await.remove(0);
    assert_eq!(begun.lease.run_id, now);
    engine.complete(&begun.lease, success(&[])).await.unwrap();
    // The later one is not behind anything any more.
    let due = format!("UPDATE queue_runs SET available_at = queued_at WHERE id = '{later}'");
    engine.store().database().batch(vec![sql(due)]).await.unwrap();
    assert_eq!(claim(engine).await.remove(0).lease.run_id, later);
}

pub(super) async fn the_latest_run_of_a_key_says_whether_it_had_failed(engine: &Engine) {
    let ends = ["a", "b"].map(|key| made(Some(key), json!({})));
    let run = claim_up(engine).await;
    let one = run.project.id;
    engine.complete(&run.lease, ends_with(ends.to_vec())).await.unwrap();
    for run in claim(engine).await {
        match run.request.as_ref().unwrap().key.as_deref() {
            Some("a") => {
                let fault = Fault { error: "no luck".into(), retry_in: None };
                engine.fail(&run.lease, fault).await.unwrap();
            }
            _ => drop(engine.complete(&run.lease, success(&[])).await.unwrap()),
        }
    }
    let failed = async |key| engine.store().last_failed_of_key("last", one, key).await.unwrap();
    assert!(failed("a").await && !failed("b").await && !failed("c").await);
}

pub(super) async fn runs_of_the_schedule_s_key_count_with_and_without_args(engine: &Engine) {
    let run = claim_up(engine).await;
    let one = run.project.id;
    engine.complete(&run.lease, ends_with(vec![made(Some(""), json!({}))])).await.unwrap();
    let with_args = claim(engine).await.remove(0);
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&with_args.lease, fault).await.unwrap();
    let failed = async || engine.store().last_failed("last", one).await.unwrap();
    assert!(failed().await);
    engine.run_now("last", one).await.unwrap();
    let plain = claim(engine).await.remove(0);
    assert!(plain.request.is_none());
    engine.complete(&plain.lease, success(&[])).await.unwrap();
    assert!(!failed().await);
}
