//! Runs that callers ask for, with args and keys.

use std::{collections::BTreeSet, time::Duration};

use cascade_engine::Engine;
use cascade_model::{
    ClaimedRun, Enqueue, Enqueued, Fault, KEY_OF_SCHEDULE, KeepFor, OnDuplicate, Renewal, RunNow,
    RunRequest, RunState, Visible,
};
use cascade_sdk::sql;
use cascade_store::{IdempotencyKey, Queries, RunFilter, StoreError};
use chrono::{TimeDelta, Utc};
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{LEASE, claim, claim_until, project, renew, success};

/// A request of `last`, whose schedule has no timer.
fn asked(project_id: Uuid, key: Option<&str>, args: Value) -> Enqueue {
    let request = RunRequest {
        key: key.map(Into::into),
        args,
        priority: 0,
        run_at: None,
        asked_by: Some("ann".into()),
        tags: Vec::new(),
    };
    let on_duplicate = OnDuplicate::Queue;
    Enqueue { job_type: "last".into(), project_id, request, on_duplicate }
}

async fn ask(engine: &Engine, asked: Enqueue) -> Result<Enqueued, StoreError> {
    engine.enqueue(&[asked], None).await.map(|told| told[0])
}

async fn made(engine: &Engine, asked: Enqueue) -> Uuid {
    match ask(engine, asked).await.unwrap() {
        Enqueued::Made(id) => id,
        other => panic!("{other:?}"),
    }
}

/// An idle database: what is due at the start has run. Returns the project `one`.
async fn idle(engine: &Engine) -> Uuid {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    assert!(claim(engine).await.is_empty());
    project(engine, "one").await
}

fn args(run: &ClaimedRun) -> &Value {
    &run.request.as_ref().unwrap().args
}

async fn shown(engine: &Engine, id: Uuid) -> cascade_model::Run {
    engine.store().run(&Visible::All, id).await.unwrap().unwrap()
}

async fn end(engine: &Engine, run: &ClaimedRun) {
    engine.complete(&run.lease, success(&[])).await.unwrap();
}

pub(super) async fn requests_with_args_make_a_run_each(engine: &Engine) {
    let one = idle(engine).await;
    let requests = (0..200).map(|n| ask(engine, asked(one, None, json!({ "n": n }))));
    let told: BTreeSet<_> =
        join_all(requests).await.into_iter().map(|told| told.unwrap().run_id()).collect();
    assert_eq!(told.len(), 200);
    let mut seen = BTreeSet::new();
    while seen.len() < 200 {
        for run in engine.claim("worker-a", 50, LEASE, &[]).await.unwrap() {
            assert!(told.contains(&run.lease.run_id));
            seen.insert(args(&run)["n"].as_i64().unwrap());
        }
    }
    assert_eq!(seen, (0..200).collect());
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn of_a_key_one_run_has_begun_and_the_next_follows_its_end(engine: &Engine) {
    let one = idle(engine).await;
    let mut runs = Vec::new();
    for n in 0..4 {
        runs.push(made(engine, asked(one, Some("invoice 7"), json!({ "n": n }))).await);
    }
    let other = made(engine, asked(one, Some("invoice 8"), json!({}))).await;
    let mut first = claim(engine).await;
    first.sort_by_key(|run| run.lease.run_id);
    let ids: Vec<_> = first.iter().map(|run| run.lease.run_id).collect();
    assert_eq!(ids, [runs[0], other], "one of each key");
    end(engine, &first[1]).await;
    // One that is to be tried again keeps its key, and goes before those behind it.
    let again = Fault { error: "no luck".into(), retry_in: Some(Duration::ZERO) };
    engine.fail(&first[0].lease, again).await.unwrap();
    let retried = claim_until(engine, 1).await.remove(0);
    assert_eq!((retried.lease.run_id, retried.lease.attempt), (runs[0], 2));
    assert!(claim(engine).await.is_empty());
    end(engine, &retried).await;
    // Whatever way a run ends, the next goes ahead.
    let second = claim(engine).await.remove(0);
    assert_eq!((second.lease.run_id, args(&second)), (runs[1], &json!({ "n": 1 })));
    engine.request_cancel(&Visible::All, runs[2]).await.unwrap();
    let gone = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&second.lease, gone).await.unwrap();
    let last = claim(engine).await.remove(0);
    assert_eq!(last.lease.run_id, runs[3], "the third was cancelled");
    engine.cancel(&last.lease).await.unwrap();
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn a_duplicate_is_merged_queued_replaced_or_rejected(engine: &Engine) {
    let one = idle(engine).await;
    let by =
        |rule, n: i64| Enqueue { on_duplicate: rule, ..asked(one, Some("k"), json!({ "n": n })) };
    let first = made(engine, by(OnDuplicate::Reject, 1)).await;
    assert_eq!(ask(engine, by(OnDuplicate::Merge, 1)).await.unwrap(), Enqueued::Merged(first));
    assert_eq!(shown(engine, first).await.payload.requests, 2);
    // Requests with different args never become one run.
    let second = made(engine, by(OnDuplicate::Merge, 2)).await;
    let rejected = ask(engine, by(OnDuplicate::Reject, 3)).await;
    assert!(matches!(rejected, Err(StoreError::Duplicate { run }) if run == first));
    let third = made(engine, by(OnDuplicate::Replace, 3)).await;
    for replaced in [first, second] {
        let run = shown(engine, replaced).await;
        assert_eq!(run.state, RunState::Cancelled);
        assert_eq!(run.error, Some(format!("replaced by {third}")));
    }
    let run = claim(engine).await.remove(0);
    assert_eq!(run.lease.run_id, third);
    // One that has begun is no duplicate: the request makes exactly one more.
    let fourth = made(engine, by(OnDuplicate::Reject, 3)).await;
    assert_eq!(ask(engine, by(OnDuplicate::Merge, 3)).await.unwrap(), Enqueued::Merged(fourth));
    assert!(claim(engine).await.is_empty());
    end(engine, &run).await;
    let run = claim(engine).await.remove(0);
    assert_eq!((run.lease.run_id, run.payload.requests), (fourth, 2));
}

pub(super) async fn the_highest_priority_of_a_project_goes_first(engine: &Engine) {
    let one = idle(engine).await;
    for (n, priority) in [(0, 0), (1, 5), (2, 9), (3, 5)] {
        let mut request = asked(one, None, json!({ "n": n }));
        request.request.priority = priority;
        made(engine, request).await;
    }
    let mut order = Vec::new();
    while order.len() < 4 {
        for run in engine.claim("worker-a", 1, LEASE, &[]).await.unwrap() {
            order.push(args(&run)["n"].as_i64().unwrap());
        }
    }
    assert_eq!(order, [2, 1, 3, 0]);
}

pub(super) async fn a_run_waits_for_its_time_and_keeps_nobody_waiting(engine: &Engine) {
    let one = idle(engine).await;
    let mut later = asked(one, Some("k"), json!({ "n": 1 }));
    later.request.run_at = Some(Utc::now() + TimeDelta::hours(1));
    let later = made(engine, later).await;
    assert_eq!(shown(engine, later).await.state, RunState::Scheduled);
    let filter = RunFilter { states: vec![RunState::Scheduled], ..Default::default() };
    assert_eq!(engine.store().runs(&filter).await.unwrap().total, 1);
    assert!(claim(engine).await.is_empty());
    let next = engine.next_due("worker-a", &[]).await.unwrap().unwrap();
    assert!(next > Duration::from_secs(3000) && next <= Duration::from_secs(3600), "{next:?}");
    // A run of its key that may start now goes before it.
    let now = made(engine, asked(one, Some("k"), json!({ "n": 2 }))).await;
    let run = claim(engine).await.remove(0);
    assert_eq!(run.lease.run_id, now);
    end(engine, &run).await;
    assert_eq!(shown(engine, later).await.state, RunState::Scheduled);
    assert!(claim(engine).await.is_empty());
    let moved = format!("UPDATE queue_runs SET available_at = queued_at WHERE id = '{later}'");
    engine.store().database().batch(vec![sql(moved)]).await.unwrap();
    assert_eq!(claim(engine).await.remove(0).lease.run_id, later);
}

pub(super) async fn a_request_that_is_sent_again_makes_no_second_run(engine: &Engine) {
    let one = idle(engine).await;
    let key = |digest: &str| IdempotencyKey {
        scope: "ann one last".into(),
        key: "7".into(),
        digest: digest.into(),
    };
    let request = asked(one, None, json!({ "n": 1 }));
    let send = async |digest: &str| {
        engine.enqueue(std::slice::from_ref(&request), Some(&key(digest))).await
    };
    let answers = join_all((0..20).map(|_| send("same"))).await;
    let answers: Vec<_> = answers.into_iter().map(|told| told.unwrap()[0]).collect();
    let new: Vec<_> = answers.iter().filter(|told| matches!(told, Enqueued::Made(_))).collect();
    assert_eq!(new.len(), 1, "{answers:?}");
    let run = new[0].run_id();
    assert_eq!(
        answers.iter().filter(|told| **told == Enqueued::Duplicate(run)).count(),
        19,
        "{answers:?}"
    );
    assert!(matches!(send("other").await, Err(StoreError::KeyUsed { run: of }) if of == run));
    assert_eq!(claim(engine).await.len(), 1);
    // A day later the key is free, whether it was pruned or not.
    let yesterday = "UPDATE idempotency_keys SET at = '2026-01-01T00:00:00.000Z'";
    engine.store().database().batch(vec![sql(yesterday)]).await.unwrap();
    assert!(matches!(send("other").await.unwrap()[0], Enqueued::Made(_)));
}

pub(super) async fn many_requests_are_all_made_or_none(engine: &Engine) {
    let one = idle(engine).await;
    let waits = made(engine, asked(one, Some("taken"), json!({}))).await;
    let many = |last: Enqueue| {
        let mut all: Vec<_> = (0..2500)
            .map(|n| asked(one, (n % 2 == 0).then_some("many"), json!({ "n": n })))
            .collect();
        all.push(last);
        all
    };
    let reject =
        Enqueue { on_duplicate: OnDuplicate::Reject, ..asked(one, Some("taken"), json!({})) };
    let refused = engine.enqueue(&many(reject), None).await;
    assert!(matches!(refused, Err(StoreError::Duplicate { run }) if run == waits));
    let ghost = Enqueue { job_type: "ghost".into(), ..asked(one, None, json!({})) };
    let refused = engine.enqueue(&many(ghost), None).await;
    assert!(matches!(refused, Err(StoreError::NotScheduled { job }) if job == "ghost"));
    let all = RunFilter { key: Some("many".into()), ..Default::default() };
    assert_eq!(engine.store().runs(&all).await.unwrap().total, 0);
    let told = engine.enqueue(&many(asked(one, None, json!({}))), None).await.unwrap();
    assert!(told.iter().all(|told| matches!(told, Enqueued::Made(_))));
    assert_eq!(engine.store().runs(&all).await.unwrap().total, 1250);
    let mut begun = 0;
    loop {
        let runs = engine.claim("worker-a", 500, LEASE, &[]).await.unwrap();
        if runs.is_empty() {
            break;
        }
        begun += runs.len();
    }
    assert_eq!(begun, 1250 + 1 + 1 + 1, "one of the key, one of the other, and all without");
}

pub(super) async fn a_long_queue_does_not_keep_another_job_waiting(engine: &Engine) {
    let one = idle(engine).await;
    let mut config = config();
    config.jobs.get_mut("last").unwrap().concurrency = Some(1);
    engine.reconcile(&config).await.unwrap();
    let many: Vec<_> = (0..3000).map(|n| asked(one, None, json!({ "n": n }))).collect();
    engine.enqueue(&many, None).await.unwrap();
    let first = claim_until(engine, 1).await;
    assert_eq!(first[0].job_type, "last");
    // The job is at its limit: what waits of it is stepped over, in this project and in others.
    let two = project(engine, "two").await;
    for project in [one, two] {
        let down = Enqueue { job_type: "down".into(), ..asked(project, None, json!({})) };
        made(engine, down).await;
    }
    let mut other = Vec::new();
    while other.len() < 2 {
        other.extend(engine.claim("worker-a", 1, LEASE, &[]).await.unwrap());
    }
    assert!(other.iter().all(|run| run.job_type == "down"));
    assert!(claim(engine).await.is_empty());
    let next = engine.next_due("another", &[]).await.unwrap();
    assert!(next.is_none_or(|next| next > Duration::from_secs(1)), "{next:?}");
    end(engine, &first[0]).await;
    assert_eq!(claim_until(engine, 1).await.len(), 1);
}

pub(super) async fn limits_count_both_kinds_of_runs(engine: &Engine) {
    let one = idle(engine).await;
    let mut config = config();
    config.jobs.get_mut("last").unwrap().concurrency = Some(2);
    engine.reconcile(&config).await.unwrap();
    engine.run_now("last", one).await.unwrap();
    for n in 0..3 {
        made(engine, asked(one, None, json!({ "n": n }))).await;
    }
    let mut runs = claim_until(engine, 2).await;
    assert_eq!(runs.len(), 2);
    assert!(claim(engine).await.is_empty());
    for _ in 0..2 {
        end(engine, &runs.remove(0)).await;
        runs.extend(claim_until(engine, 1).await);
        assert_eq!(runs.len(), 2);
    }
}

pub(super) async fn a_lost_lease_gives_the_run_back_with_its_args(engine: &Engine) {
    let one = idle(engine).await;
    let id = made(engine, asked(one, Some("k"), json!({ "n": 1 }))).await;
    let dead = loop {
        if let Some(run) = engine.claim("dead", 10, LEASE, &[]).await.unwrap().pop() {
            break run.lease;
        }
    };
    engine.renew(&[dead], Duration::ZERO).await.unwrap();
    let again = claim_until(engine, 1).await.remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (id, 2));
    assert_eq!(args(&again), &json!({ "n": 1 }));
    assert_eq!(renew(engine, &again.lease).await, Renewal::Held);
    assert_eq!(engine.give_up_unlisted("worker-a", &[]).await.unwrap(), 1);
    assert_eq!(shown(engine, id).await.state, RunState::Retryable);
    let last = claim_until(engine, 1).await.remove(0);
    assert_eq!((last.lease.attempt, last.max_attempts), (3, 3));
    assert_eq!(engine.give_up_unlisted("worker-a", &[]).await.unwrap(), 1);
    assert_eq!(shown(engine, id).await.state, RunState::Failed);
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn a_run_that_is_tried_again_waits_for_its_key(engine: &Engine) {
    let one = idle(engine).await;
    let failed = made(engine, asked(one, Some("k"), json!({ "n": 1 }))).await;
    let run = claim(engine).await.remove(0);
    let gone = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&run.lease, gone).await.unwrap();
    let next = made(engine, asked(one, Some("k"), json!({ "n": 2 }))).await;
    engine.retry(&Visible::All, failed).await.unwrap();
    let run = claim(engine).await.remove(0);
    assert_eq!(run.lease.run_id, next);
    assert!(claim(engine).await.is_empty());
    end(engine, &run).await;
    let again = claim(engine).await.remove(0);
    assert_eq!((again.lease.run_id, args(&again)), (failed, &json!({ "n": 1 })));
}

pub(super) async fn a_run_that_was_cancelled_behind_its_key_and_is_tried_again_begins(
    engine: &Engine,
) {
    let one = idle(engine).await;
    made(engine, asked(one, Some("k"), json!({ "n": 1 }))).await;
    let behind = made(engine, asked(one, Some("k"), json!({ "n": 2 }))).await;
    let first = claim(engine).await.remove(0);
    engine.request_cancel(&Visible::All, behind).await.unwrap();
    end(engine, &first).await;
    engine.retry(&Visible::All, behind).await.unwrap();
    let again = claim_until(engine, 1).await.remove(0);
    assert_eq!(again.lease.run_id, behind);
    // And it is the first of its key now.
    made(engine, asked(one, Some("k"), json!({ "n": 3 }))).await;
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn a_run_of_a_schedule_is_not_tried_again_beside_one_with_args(engine: &Engine) {
    let one = idle(engine).await;
    engine.run_now("last", one).await.unwrap();
    let failed = claim(engine).await.remove(0);
    let gone = || Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&failed.lease, gone()).await.unwrap();
    made(engine, asked(one, Some(KEY_OF_SCHEDULE), json!({ "n": 1 }))).await;
    let with_args = claim(engine).await.remove(0);
    let refused = engine.retry(&Visible::All, failed.lease.run_id).await;
    assert!(matches!(refused, Err(StoreError::WrongState(_))), "{refused:?}");
    end(engine, &with_args).await;
    engine.retry(&Visible::All, failed.lease.run_id).await.unwrap();
    assert_eq!(claim(engine).await.remove(0).lease.run_id, failed.lease.run_id);
}

pub(super) async fn a_run_with_args_that_is_tried_again_waits_for_that_of_the_schedule(
    engine: &Engine,
) {
    let one = idle(engine).await;
    let failed = made(engine, asked(one, Some(KEY_OF_SCHEDULE), json!({ "n": 1 }))).await;
    let run = claim(engine).await.remove(0);
    engine.fail(&run.lease, Fault { error: "no luck".into(), retry_in: None }).await.unwrap();
    engine.run_now("last", one).await.unwrap();
    let of_schedule = claim(engine).await.remove(0);
    engine.retry(&Visible::All, failed).await.unwrap();
    assert!(claim(engine).await.is_empty());
    end(engine, &of_schedule).await;
    assert_eq!(claim_until(engine, 1).await.remove(0).lease.run_id, failed);
}

pub(super) async fn the_run_of_a_schedule_and_one_with_args_take_turns(engine: &Engine) {
    let one = idle(engine).await;
    let with_args = |n: i64| asked(one, Some(KEY_OF_SCHEDULE), json!({ "n": n }));
    let first = made(engine, with_args(1)).await;
    let run = claim(engine).await.remove(0);
    assert_eq!(run.lease.run_id, first);
    // A request and a trigger wait for it.
    assert_eq!(engine.run_now("last", one).await.unwrap(), RunNow::AfterCurrent);
    assert!(claim(engine).await.is_empty());
    end(engine, &run).await;
    let of_schedule = claim(engine).await.remove(0);
    assert!(of_schedule.request.is_none());
    // And the other way around.
    let second = made(engine, with_args(2)).await;
    assert!(claim(engine).await.is_empty());
    end(engine, &of_schedule).await;
    let run = claim_until(engine, 1).await.remove(0);
    assert_eq!((run.lease.run_id, args(&run)), (second, &json!({ "n": 2 })));
    end(engine, &run).await;
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn runs_of_both_kinds_are_listed_and_pruned_together(engine: &Engine) {
    let one = idle(engine).await;
    let id = made(engine, asked(one, Some("k"), json!({ "n": 1 }))).await;
    let run = claim(engine).await.remove(0);
    end(engine, &run).await;
    let listed = engine.store().runs(&RunFilter::default()).await.unwrap();
    assert_eq!(listed.total, 3, "two of timers");
    assert_eq!(listed.items[0].id, id);
    let request = listed.items[0].request.as_ref().unwrap();
    assert_eq!((request.key.as_deref(), &request.args), (Some("k"), &json!({ "n": 1 })));
    assert_eq!(request.asked_by.as_deref(), Some("ann"));
    let last = crate::steps::scheduled(engine, "last", "one").await.last_run;
    assert_eq!(last.unwrap().id, id);
    let keep = KeepFor {
        runs: Duration::ZERO,
        logs: Duration::ZERO,
        events: Duration::ZERO,
        stats: Duration::ZERO,
    };
    while engine.store().runs(&RunFilter::default()).await.unwrap().total > 0 {
        engine.store().prune(&keep, 10).await.unwrap();
    }
    let left = sql("SELECT count(*) AS n FROM run_requests");
    let left = engine.store().database().query(left).await.unwrap();
    assert_eq!(left[0]["n"], 0);
}
