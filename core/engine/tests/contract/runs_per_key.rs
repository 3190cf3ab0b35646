//! Jobs of which several runs of a key go at a time, and keys that args give.

use std::{collections::BTreeSet, time::Duration};

use cascade_config::Config;
use cascade_engine::Engine;
use cascade_model::{
    Begins, ClaimedRun, Enqueue, Enqueued, Fault, KEY_OF_SCHEDULE, OnDuplicate, Renewal, RunEdit,
    RunState, Visible,
};
use cascade_sdk::sql;
use cascade_store::{Queries, StoreError};
use chrono::{TimeDelta, Utc};
use futures::future::{join, join_all};
use serde_json::json;
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{LEASE, begun, claim, ids, keyless, project, renew, success};

fn with(runs_per_key: u32) -> Config {
    let mut config = config();
    config.jobs.get_mut("last").unwrap().runs_per_key = runs_per_key;
    config
}

/// An idle database with so many runs of each key of `last` at a time. Returns the project `one`.
async fn idle(engine: &Engine, runs_per_key: u32) -> Uuid {
    for run in claim(engine).await {
        end(engine, &run).await;
    }
    engine.reconcile(&with(runs_per_key)).await.unwrap();
    assert!(claim(engine).await.is_empty());
    project(engine, "one").await
}

fn asked(project: Uuid, key: &str, n: usize) -> Enqueue {
    let mut asked = keyless("last", project, json!({ "n": n }));
    asked.request.key = Some(key.into());
    asked
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

/// So many runs of a key wait, one request after the other.
async fn wait(engine: &Engine, project: Uuid, key: &str, runs: usize) -> Vec<Uuid> {
    let mut made_runs = Vec::new();
    for n in 0..runs {
        made_runs.push(made(engine, asked(project, key, n)).await);
    }
    made_runs
}

async fn end(engine: &Engine, run: &ClaimedRun) {
    engine.complete(&run.lease, success(&[])).await.unwrap();
}

fn fault(retry_in: Option<Duration>) -> Fault {
    Fault { error: "no luck".into(), retry_in }
}

pub(super) async fn so_many_runs_of_a_key_go_at_a_time_and_the_next_follows_each_end(
    engine: &Engine,
) {
    let one = idle(engine, 3).await;
    let runs = wait(engine, one, "a", 9).await;
    let other = made(engine, asked(one, "b", 0)).await;
    let there = begun(engine).await;
    assert_eq!(ids(&there), [runs[0], runs[1], runs[2], other]);
    // Whatever way a run ends, one follows; one that is tried again keeps its place.
    engine.fail(&there[1].lease, fault(Some(Duration::ZERO))).await.unwrap();
    let again = begun(engine).await;
    assert_eq!((ids(&again), again[0].lease.attempt), (vec![runs[1]], 2));
    end(engine, &there[2]).await;
    let next = begun(engine).await;
    assert_eq!(ids(&next), [runs[3]]);
    engine.request_cancel(&Visible::All, runs[4]).await.unwrap();
    assert!(begun(engine).await.is_empty(), "one that waited is cancelled");
    engine.fail(&next[0].lease, fault(None)).await.unwrap();
    let next = begun(engine).await;
    assert_eq!(ids(&next), [runs[5]]);
    engine.cancel(&next[0].lease).await.unwrap();
    let next = begun(engine).await;
    assert_eq!(ids(&next), [runs[6]]);
    // One that has a place and has not begun.
    end(engine, &there[0]).await;
    engine.request_cancel(&Visible::All, runs[7]).await.unwrap();
    let last = begun(engine).await;
    assert_eq!(ids(&last), [runs[8]]);
    // A lost worker gives up what it holds for good.
    engine.fail(&again[0].lease, fault(Some(Duration::ZERO))).await.unwrap();
    let again = begun(engine).await;
    assert_eq!((ids(&again), again[0].lease.attempt), (vec![runs[1]], 3));
    let more = wait(engine, one, "a", 1).await;
    assert!(begun(engine).await.is_empty());
    assert_eq!(renew(engine, &again[0].lease).await, Renewal::Held);
    let held = next.iter().chain(&last).chain(&there[3..]);
    let held: Vec<_> = held.map(|run| run.lease.clone()).collect();
    engine.give_up_unlisted("worker-a", &held).await.unwrap();
    assert_eq!(ids(&begun(engine).await), more);
}

/// Runs what there is until nothing comes for long; returns what has ended.
async fn work(engine: &Engine, name: &str) -> BTreeSet<Uuid> {
    let running =
        "SELECT count(*) AS runs FROM queue_runs WHERE state = 'running' AND job_type = 'last'
         GROUP BY project_id, coalesce(key, beside)";
    let (mut done, mut idle) = (BTreeSet::new(), 0);
    // The requests may take their time; what waits for nothing at all for so long is stuck.
    while idle < 200 {
        let runs = engine.claim(name, 2, LEASE, &[]).await.unwrap();
        for of_key in engine.store().database().query(sql(running)).await.unwrap() {
            assert!(of_key["runs"].as_i64().unwrap() <= 3, "{of_key:?}");
        }
        idle = if runs.is_empty() { idle + 1 } else { 0 };
        for run in runs {
            end(engine, &run).await;
            done.insert(run.lease.run_id);
        }
    }
    done
}

pub(super) async fn requests_and_ends_at_once_pass_no_limit_and_leave_nothing_behind(
    engine: &Engine,
) {
    let one = idle(engine, 3).await;
    let ask_all = join_all((0..60).map(|n| ask(engine, asked(one, ["a", "b"][n % 2], n))));
    let workers = join_all(["w1", "w2", "w3", "w4"].map(|name| work(engine, name)));
    let (told, done) = join(ask_all, workers).await;
    let told: BTreeSet<_> = told.into_iter().map(|told| told.unwrap().run_id()).collect();
    let done: BTreeSet<_> = done.into_iter().flatten().collect();
    assert_eq!(done, told);
}

pub(super) async fn a_higher_number_holds_at_once_and_a_lower_one_once_others_have_ended(
    engine: &Engine,
) {
    let one = idle(engine, 1).await;
    let runs = wait(engine, one, "a", 9).await;
    let first = begun(engine).await;
    assert_eq!(ids(&first), runs[..1]);
    engine.reconcile(&with(3)).await.unwrap();
    let more = begun(engine).await;
    assert_eq!(ids(&more), runs[1..3], "nothing has ended");
    engine.reconcile(&with(2)).await.unwrap();
    assert!(begun(engine).await.is_empty());
    end(engine, &more[1]).await;
    assert!(begun(engine).await.is_empty(), "two of two run");
    end(engine, &first[0]).await;
    let fourth = begun(engine).await;
    assert_eq!(ids(&fourth), runs[3..4]);
    engine.reconcile(&config()).await.unwrap();
    end(engine, &more[0]).await;
    assert!(begun(engine).await.is_empty());
    end(engine, &fourth[0]).await;
    let mut last = begun(engine).await;
    assert_eq!(ids(&last), runs[4..5]);
    // A start looks at what another version may have left.
    engine.reconcile(&with(2)).await.unwrap();
    last.extend(begun(engine).await);
    assert_eq!(ids(&last), runs[4..6]);
    for expected in &runs[6..] {
        end(engine, &last.remove(0)).await;
        let next = begun(engine).await;
        assert_eq!(ids(&next), [*expected]);
        last.extend(next);
    }
}

pub(super) async fn a_duplicate_is_of_what_waits_however_many_run(engine: &Engine) {
    let one = idle(engine, 2).await;
    let by = |rule, n| Enqueue { on_duplicate: rule, ..asked(one, "k", n) };
    let begin = async |n| {
        let id = made(engine, by(OnDuplicate::Reject, n)).await;
        let run = begun(engine).await.remove(0);
        assert_eq!(run.lease.run_id, id, "what has begun is no duplicate");
        run
    };
    let first = begin(1).await;
    let second = begin(2).await;
    let third = made(engine, by(OnDuplicate::Merge, 3)).await;
    assert_eq!(ask(engine, by(OnDuplicate::Merge, 3)).await.unwrap(), Enqueued::Merged(third));
    let fourth = made(engine, by(OnDuplicate::Merge, 4)).await;
    let rejected = ask(engine, by(OnDuplicate::Reject, 5)).await;
    assert!(matches!(rejected, Err(StoreError::Duplicate { run }) if run == third));
    let fifth = made(engine, by(OnDuplicate::Replace, 5)).await;
    for replaced in [third, fourth] {
        let run = engine.store().run(&Visible::All, replaced).await.unwrap().unwrap();
        assert_eq!(run.error, Some(format!("replaced by {fifth}")));
    }
    assert!(begun(engine).await.is_empty());
    end(engine, &first).await;
    let fifth_runs = begun(engine).await;
    assert_eq!(ids(&fifth_runs), [fifth]);
    // Two that have their places and have not begun are replaced too, or serve another.
    end(engine, &second).await;
    end(engine, &fifth_runs[0]).await;
    let waiting = wait(engine, one, "k", 2).await;
    assert_eq!(ask(engine, by(OnDuplicate::Merge, 1)).await.unwrap(), Enqueued::Merged(waiting[1]));
    let replaces = made(engine, by(OnDuplicate::Replace, 9)).await;
    let after = wait(engine, one, "k", 2).await;
    assert_eq!(ids(&begun(engine).await), [replaces, after[0]]);
}

pub(super) async fn what_waits_for_its_time_leaves_its_place_to_what_may_begin(engine: &Engine) {
    let one = idle(engine, 2).await;
    let mut later = Vec::new();
    for hours in 1..4 {
        let mut request = asked(one, "k", 0);
        request.request.run_at = Some(Utc::now() + TimeDelta::hours(hours));
        later.push(made(engine, request).await);
    }
    let now = wait(engine, one, "k", 3).await;
    let runs = begun(engine).await;
    assert_eq!(ids(&runs), now[..2]);
    // The first of those that wait is chosen once more when one is changed.
    let shown = engine.store().run(&Visible::All, later[2]).await.unwrap().unwrap();
    let edit = RunEdit { begins: Some(Begins::Now), priority: Some(9), ..RunEdit::default() };
    engine.edit(&Visible::All, &shown, &edit).await.unwrap();
    end(engine, &runs[0]).await;
    let next = begun(engine).await;
    assert_eq!(ids(&next), [later[2]]);
    end(engine, &runs[1]).await;
    assert_eq!(ids(&begun(engine).await), now[2..]);
    end(engine, &next[0]).await;
    // A free place is no reason to wait behind one that comes later.
    let more = made(engine, asked(one, "k", 7)).await;
    assert_eq!(ids(&begun(engine).await), [more]);
    for id in &later[..2] {
        let run = engine.store().run(&Visible::All, *id).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Scheduled);
    }
}

pub(super) async fn a_run_that_is_tried_again_takes_a_free_place_or_waits_for_one(engine: &Engine) {
    let one = idle(engine, 2).await;
    let runs = wait(engine, one, "k", 3).await;
    let mut first = begun(engine).await;
    let failed = first.pop().unwrap();
    engine.fail(&failed.lease, fault(None)).await.unwrap();
    let third = begun(engine).await;
    assert_eq!(ids(&third), [runs[2]]);
    engine.retry(&Visible::All, failed.lease.run_id).await.unwrap();
    assert!(begun(engine).await.is_empty());
    end(engine, &third[0]).await;
    let again = begun(engine).await;
    assert_eq!(ids(&again), [runs[1]]);
    engine.fail(&again[0].lease, fault(None)).await.unwrap();
    engine.retry(&Visible::All, failed.lease.run_id).await.unwrap();
    assert_eq!(ids(&begun(engine).await), [runs[1]], "beside the first");
}

pub(super) async fn of_a_schedules_key_one_run_goes_at_a_time(engine: &Engine) {
    let one = idle(engine, 3).await;
    let runs = wait(engine, one, KEY_OF_SCHEDULE, 2).await;
    let first = begun(engine).await;
    assert_eq!(ids(&first), runs[..1]);
    end(engine, &first[0]).await;
    assert_eq!(ids(&begun(engine).await), runs[1..]);
}

pub(super) async fn an_arg_gives_runs_their_key_that_are_asked_for_without_one(engine: &Engine) {
    idle(engine, 2).await;
    let mut config = with(2);
    config.jobs.get_mut("last").unwrap().key_from = Some("customer.id".into());
    engine.reconcile(&config).await.unwrap();
    let one = project(engine, "one").await;
    let of = |args| keyless("last", one, args);
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(made(engine, of(json!({"customer": {"id": 7}}))).await);
    }
    let mut named = of(json!({"customer": {"id": 7}}));
    named.request.key = Some("another".into());
    for asked in [of(json!({"customer": {"id": null}})), of(json!({})), named] {
        runs.push(made(engine, asked).await);
    }
    let there = begun(engine).await;
    assert_eq!(ids(&there), [runs[0], runs[1], runs[3], runs[4], runs[5]]);
    let keys = there.iter().map(|run| run.request.as_ref().unwrap().key.as_deref());
    let keys: Vec<_> = keys.collect();
    assert_eq!(keys, [Some("7"), Some("7"), None, None, Some("another")]);
    let waits = engine.store().run_waits(runs[2]).await.unwrap().unwrap();
    assert_eq!((waits.behind, waits.first), (true, Some(runs[0])));
    assert_eq!((waits.ahead, waits.runs_per_key), (2, 2));
}
