//! Rates of keys, and numbers of single keys.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use cascade_config::{Config, KeySettings, Rate, SharedLimit};
use cascade_engine::Engine;
use cascade_model::{
    Begins, ClaimedRun, Enqueue, Enqueued, Fault, KEY_OF_SCHEDULE, KeepFor, OnDuplicate, RunEdit,
    Visible,
};
use cascade_sdk::{rfc3339, sql};
use cascade_store::Queries;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{LEASE, begun, claim, ids, keyless, project, success};

const HOUR: Duration = Duration::from_secs(3600);

fn an_hour(count: u32) -> Option<Rate> {
    Some(Rate { count, period: HOUR })
}

/// So many runs of each key of `last` at a time, at this rate.
fn with(runs_per_key: u32, rate: Option<Rate>) -> Config {
    let mut config = config();
    let last = config.jobs.get_mut("last").unwrap();
    (last.runs_per_key, last.rate_per_key) = (runs_per_key, rate);
    config
}

/// What is due at the start has run. Returns the project `one`.
async fn idle(engine: &Engine, config: &Config) -> Uuid {
    for run in claim(engine).await {
        end(engine, &run).await;
    }
    engine.reconcile(config).await.unwrap();
    assert!(claim(engine).await.is_empty());
    project(engine, "one").await
}

async fn end(engine: &Engine, run: &ClaimedRun) {
    engine.complete(&run.lease, success(&[])).await.unwrap();
}

fn asked(project: Uuid, key: &str, n: usize) -> Enqueue {
    let mut asked = keyless("last", project, json!({ "n": n }));
    asked.request.key = Some(key.into());
    asked
}

async fn ask(engine: &Engine, asked: Enqueue) -> Enqueued {
    engine.enqueue(&[asked], None).await.unwrap()[0]
}

/// So many runs of a key wait, one request after the other.
async fn wait(engine: &Engine, project: Uuid, key: &str, runs: usize) -> Vec<Uuid> {
    let mut made = Vec::new();
    for n in 0..runs {
        made.push(ask(engine, asked(project, key, n)).await.run_id());
    }
    made
}

/// Begins what may, and ends it; which runs those were.
async fn work(engine: &Engine) -> Vec<Uuid> {
    let mut done = Vec::new();
    loop {
        let runs = begun(engine).await;
        if runs.is_empty() {
            return done;
        }
        for run in &runs {
            end(engine, run).await;
        }
        done.extend(ids(&runs));
    }
}

/// As if what has begun had begun so much earlier, and what is held was held since then.
async fn passes(engine: &Engine, time: Duration) {
    let database = engine.store().database();
    let earlier = TimeDelta::from_std(time).unwrap();
    let mut statements = Vec::new();
    for row in database.query(sql("SELECT key, begun FROM key_begins")).await.unwrap() {
        let pieces: Vec<(i64, u64)> = serde_json::from_str(row["begun"].as_str().unwrap()).unwrap();
        let pieces: Vec<_> =
            pieces.iter().map(|(ms, runs)| (ms - earlier.num_milliseconds(), runs)).collect();
        let update = sql("UPDATE key_begins SET begun = $1 WHERE key = $2");
        statements.push(update.bind(json!(pieces).to_string()).bind(row["key"].as_str().unwrap()));
    }
    for (run, until) in held(engine).await {
        let at = rfc3339(until - earlier);
        let update = sql("UPDATE queue_runs SET available_at = $1, held_until = $2 WHERE id = $3");
        statements.push(update.bind(at.clone()).bind(at).bind(run));
    }
    database.batch(statements).await.unwrap();
}

/// The runs that are held, with until when.
async fn held(engine: &Engine) -> BTreeMap<Uuid, DateTime<Utc>> {
    let held = "SELECT id, held_until FROM queue_runs
        WHERE held_until = available_at AND state IN ('available', 'retryable')";
    let rows = engine.store().database().query(sql(held)).await.unwrap();
    let row = |row: &cascade_sdk::Row| {
        let text = |column: &str| row[column].as_str().unwrap().to_owned();
        (text("id").parse().unwrap(), text("held_until").parse().unwrap())
    };
    rows.iter().map(row).collect()
}

async fn held_ids(engine: &Engine) -> Vec<Uuid> {
    held(engine).await.into_keys().collect()
}

pub(super) async fn of_a_key_so_many_runs_begin_in_its_time(engine: &Engine) {
    let one = idle(engine, &with(5, an_hour(2))).await;
    let runs = wait(engine, one, "a", 4).await;
    let other = wait(engine, one, "b", 1).await;
    let elsewhere = wait(engine, project(engine, "two").await, "a", 1).await;
    let none = engine.enqueue(&[(); 3].map(|()| keyless("last", one, json!({}))), None).await;
    let none: Vec<_> = none.unwrap().into_iter().map(Enqueued::run_id).collect();
    let there = begun(engine).await;
    let expected = [&runs[..2], &other, &elsewhere, &none].concat();
    assert_eq!(ids(&there), expected);
    for run in &there {
        end(engine, run).await;
    }
    assert!(begun(engine).await.is_empty(), "those that have ended count");
    assert_eq!(held_ids(engine).await, runs[2..]);
    let next = engine.next_due("worker-a", &[]).await.unwrap().unwrap();
    let almost = HOUR - Duration::from_secs(600);
    assert!(next > almost && next <= HOUR, "when the first is an hour old: {next:?}");
    let waits = engine.store().run_waits(runs[2]).await.unwrap().unwrap();
    assert_eq!((waits.held_by, waits.behind), (an_hour(2), false));
    assert!(waits.available_at > waits.now);

    passes(engine, HOUR).await;
    assert_eq!(engine.next_due("worker-a", &[]).await.unwrap(), Some(Duration::ZERO));
    assert_eq!(ids(&begun(engine).await), runs[2..]);
}

pub(super) async fn each_attempt_counts_and_one_that_waits_for_its_next_is_held_too(
    engine: &Engine,
) {
    let one = idle(engine, &with(1, an_hour(2))).await;
    let runs = wait(engine, one, "a", 1).await;
    for attempt in [1, 2] {
        let run = begun(engine).await.remove(0);
        assert_eq!((run.lease.run_id, run.lease.attempt), (runs[0], attempt));
        let fault = Fault { error: "no luck".into(), retry_in: Some(Duration::ZERO) };
        engine.fail(&run.lease, fault).await.unwrap();
    }
    assert!(begun(engine).await.is_empty());
    assert_eq!(held_ids(engine).await, runs);
    passes(engine, HOUR).await;
    let third = begun(engine).await;
    assert_eq!((ids(&third), third[0].lease.attempt), (runs, 3));
}

pub(super) async fn of_a_schedules_key_and_without_one_no_rate_counts(engine: &Engine) {
    let one = idle(engine, &with(1, an_hour(1))).await;
    let runs = wait(engine, one, KEY_OF_SCHEDULE, 3).await;
    assert_eq!(work(engine).await, runs);
    for _ in 0..2 {
        engine.run_now("last", one).await.unwrap();
        assert_eq!(work(engine).await.len(), 1);
    }
    let kept = engine.store().database().query(sql("SELECT key FROM key_begins")).await.unwrap();
    assert!(kept.is_empty(), "{kept:?}");
}

pub(super) async fn a_held_run_keeps_its_place_before_later_requests(engine: &Engine) {
    for runs_per_key in [1, 2] {
        let one = idle(engine, &with(runs_per_key, an_hour(1))).await;
        let key = format!("k{runs_per_key}");
        let mut runs = wait(engine, one, &key, 3).await;
        assert_eq!(work(engine).await, runs[..1]);
        runs.extend(wait(engine, one, &key, 2).await);
        assert!(begun(engine).await.is_empty());
        for next in &runs[1..] {
            passes(engine, HOUR).await;
            assert_eq!(work(engine).await, [*next], "{runs:?}");
        }
        assert!(held(engine).await.is_empty());
    }
}

pub(super) async fn a_held_run_serves_a_request_for_the_same_and_is_replaced(engine: &Engine) {
    let one = idle(engine, &with(1, an_hour(1))).await;
    let by = |rule, n| Enqueue { on_duplicate: rule, ..asked(one, "k", n) };
    let runs = wait(engine, one, "k", 2).await;
    assert_eq!(work(engine).await, runs[..1]);
    let before = held(engine).await;
    assert_eq!(before.keys().collect::<Vec<_>>(), [&runs[1]]);
    assert_eq!(ask(engine, by(OnDuplicate::Merge, 1)).await, Enqueued::Merged(runs[1]));
    assert_eq!(held(engine).await, before, "it is held as long as before");
    let other = ask(engine, by(OnDuplicate::Merge, 7)).await;
    assert!(matches!(other, Enqueued::Made(_)), "{other:?}");
    let replaces = ask(engine, by(OnDuplicate::Replace, 9)).await.run_id();
    assert!(begun(engine).await.is_empty());
    assert_eq!(held_ids(engine).await, [replaces]);
    passes(engine, HOUR).await;
    assert_eq!(work(engine).await, [replaces]);
}

pub(super) async fn a_held_run_that_is_told_to_begin_is_held_again_in_its_place(engine: &Engine) {
    for runs_per_key in [1, 2] {
        let one = idle(engine, &with(runs_per_key, an_hour(1))).await;
        let key = format!("k{runs_per_key}");
        let runs = wait(engine, one, &key, 4).await;
        assert_eq!(work(engine).await, runs[..1]);
        let edit = async |run: Uuid, edit: RunEdit| {
            let shown = engine.store().run(&Visible::All, run).await.unwrap().unwrap();
            engine.edit(&Visible::All, &shown, &edit).await.unwrap();
            assert!(begun(engine).await.is_empty());
        };
        edit(runs[1], RunEdit { begins: Some(Begins::Now), ..RunEdit::default() }).await;
        passes(engine, HOUR).await;
        assert_eq!(work(engine).await, [runs[1]]);
        // One behind goes first: those that are held wait behind it in their order.
        edit(runs[3], RunEdit { priority: Some(5), ..RunEdit::default() }).await;
        for next in [runs[3], runs[2]] {
            passes(engine, HOUR).await;
            assert_eq!(work(engine).await, [next], "{runs:?}");
        }
    }
}

pub(super) async fn a_key_may_have_other_numbers_than_its_job(engine: &Engine) {
    let mut config = with(2, an_hour(3));
    let keys = &mut config.jobs.get_mut("last").unwrap().keys;
    let of = |runs_per_key, rate_per_key| KeySettings { runs_per_key, rate_per_key };
    keys.insert("many".into(), of(Some(4), an_hour(6)));
    keys.insert("one".into(), of(Some(1), None));
    keys.insert("slow".into(), of(None, an_hour(1)));
    let one = idle(engine, &config).await;
    let mut expected = Vec::new();
    let mut all = BTreeMap::new();
    for (key, at_once) in [("any", 2), ("many", 4), ("one", 1), ("slow", 1)] {
        let runs = wait(engine, one, key, 9).await;
        expected.extend(runs[..at_once].to_vec());
        all.insert(key, runs);
    }
    let there = begun(engine).await;
    assert_eq!(ids(&there), expected);
    let waits = async |run: Uuid| engine.store().run_waits(run).await.unwrap().unwrap();
    assert_eq!(
        (waits(all["many"][8]).await.runs_per_key, waits(all["many"][8]).await.ahead),
        (4, 4)
    );
    assert_eq!(waits(all["one"][8]).await.runs_per_key, 1);
    assert_eq!(waits(all["any"][8]).await.runs_per_key, 2);
    let slow = waits(all["slow"][1]).await;
    assert_eq!((slow.held_by, slow.has_own_rate), (an_hour(1), true));
    for run in &there {
        end(engine, run).await;
    }
    let more: BTreeSet<_> = work(engine).await.into_iter().collect();
    let rest = [&all["any"][2..3], &all["many"][4..6], &all["one"][1..3]].concat();
    assert_eq!(more, rest.into_iter().collect());
    assert!(!waits(all["any"][3]).await.has_own_rate);

    // Two numbers are turned round, and one is gone.
    let keys = &mut config.jobs.get_mut("last").unwrap().keys;
    keys.insert("many".into(), of(Some(1), an_hour(100)));
    keys.insert("one".into(), of(Some(3), an_hour(100)));
    keys.remove("slow");
    engine.reconcile(&config).await.unwrap();
    let expected = [&all["many"][6..7], &all["one"][3..6], &all["slow"][1..3]].concat();
    let there = begun(engine).await;
    // Those that held places of `many` before its number was lowered keep them.
    let there: BTreeSet<_> = ids(&there).into_iter().collect();
    assert!(expected.iter().all(|run| there.contains(run)), "{there:?}");
    assert!(there.len() <= expected.len() + 3);
}

pub(super) async fn a_rate_that_changes_holds_at_once(engine: &Engine) {
    let one = idle(engine, &with(3, an_hour(2))).await;
    let runs = wait(engine, one, "k", 9).await;
    assert_eq!(work(engine).await, runs[..2]);
    assert_eq!(held_ids(engine).await, runs[2..5]);
    engine.reconcile(&with(3, an_hour(4))).await.unwrap();
    assert_eq!(work(engine).await, runs[2..4], "raised");
    let before = held(engine).await;
    assert_eq!(before.keys().copied().collect::<Vec<_>>(), runs[4..7]);
    engine.reconcile(&with(3, an_hour(4))).await.unwrap();
    engine.fill_keys().await.unwrap();
    assert_eq!(held(engine).await, before, "nothing has changed");
    engine.reconcile(&with(3, an_hour(1))).await.unwrap();
    assert!(begun(engine).await.is_empty(), "lowered");
    passes(engine, HOUR).await;
    assert_eq!(work(engine).await, runs[4..5]);
    // For one key alone, and then for none.
    let mut config = with(3, an_hour(1));
    let keys = &mut config.jobs.get_mut("last").unwrap().keys;
    keys.insert("k".into(), KeySettings { runs_per_key: None, rate_per_key: an_hour(2) });
    engine.reconcile(&config).await.unwrap();
    assert_eq!(work(engine).await, runs[5..6]);
    engine.reconcile(&with(3, None)).await.unwrap();
    assert_eq!(work(engine).await, runs[6..], "without the rate all begin");
    assert!(held(engine).await.is_empty());
}

pub(super) async fn what_another_limit_keeps_waiting_counts_nothing(engine: &Engine) {
    let mut config = with(5, an_hour(3));
    config.jobs.get_mut("last").unwrap().limits = vec!["api".into()];
    let api = SharedLimit { concurrency: Some(1), rate: None };
    config.limits.insert("api".into(), api);
    let one = idle(engine, &config).await;
    let runs = wait(engine, one, "k", 5).await;
    for expected in &runs[..3] {
        let there = begun(engine).await;
        assert_eq!(ids(&there), [*expected]);
        end(engine, &there[0]).await;
    }
    assert!(begun(engine).await.is_empty());
    assert_eq!(held_ids(engine).await, runs[3..]);
}

pub(super) async fn many_keys_at_their_rates_keep_no_other_waiting(engine: &Engine) {
    let one = idle(engine, &with(1, an_hour(1))).await;
    let of_all = || (0..300).map(|n| asked(one, &format!("k{n}"), n)).collect::<Vec<_>>();
    engine.enqueue(&of_all(), None).await.unwrap();
    assert_eq!(work(engine).await.len(), 300);
    engine.enqueue(&of_all(), None).await.unwrap();
    let other = wait(engine, one, "other", 1).await;
    let found = engine.claim("worker-a", 1, LEASE, &[]).await.unwrap();
    assert_eq!(ids(&found), other, "one claim goes past all that it holds");
    assert_eq!(held(engine).await.len(), 300);
    assert!(engine.claim("worker-a", 1, LEASE, &[]).await.unwrap().is_empty());
}

pub(super) async fn beside_a_limit_that_is_far_away_a_rate_holds_too(engine: &Engine) {
    let mut config = with(5, an_hour(3));
    config.jobs.get_mut("last").unwrap().concurrency = Some(1000);
    let one = idle(engine, &config).await;
    let runs = wait(engine, one, "k", 2).await;
    assert_eq!(work(engine).await, runs);
    // A claim that has counted what runs is tried without that after a while.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        assert!(claim(engine).await.is_empty());
    }
    let more = wait(engine, one, "k", 3).await;
    assert_eq!(work(engine).await, more[..1]);
    assert_eq!(held_ids(engine).await, more[1..]);
}

/// Claims as a worker does until all runs are done; when each began: after the one time, and before the other.
async fn work_until(
    engine: &Engine,
    name: &str,
    all: usize,
    done: &std::sync::Mutex<Vec<(String, Instant, Instant)>>,
) {
    while done.lock().unwrap().len() < all {
        let before = Instant::now();
        let runs = engine.claim(name, 3, LEASE, &[]).await.unwrap();
        let after = Instant::now();
        for run in &runs {
            let key = run.request.as_ref().unwrap().key.clone().unwrap();
            done.lock().unwrap().push((key, before, after));
            end(engine, run).await;
        }
        if runs.is_empty() {
            let next = engine.next_due(name, &[]).await.unwrap().unwrap_or_default();
            tokio::time::sleep(next.min(Duration::from_millis(100))).await;
        }
    }
}

pub(super) async fn in_no_time_more_begin_than_may_however_many_workers_claim(engine: &Engine) {
    const PERIOD: Duration = Duration::from_millis(1500);
    let rate = Some(Rate { count: 5, period: PERIOD });
    let one = idle(engine, &with(4, rate)).await;
    for key in ["a", "b", "c"] {
        wait(engine, one, key, 12).await;
    }
    let done = std::sync::Mutex::default();
    let workers = ["w1", "w2", "w3", "w4"].map(|name| work_until(engine, name, 36, &done));
    join_all(workers).await;
    let done = done.into_inner().unwrap();
    assert_eq!(done.len(), 36);
    for key in ["a", "b", "c"] {
        let of_key: Vec<_> = done.iter().filter(|(of, ..)| of == key).collect();
        for (_, from, _) in &of_key {
            // Those that have begun for certain in the period from then on.
            let within = of_key
                .iter()
                .filter(|(_, before, after)| before >= from && *after < *from + PERIOD);
            assert!(within.count() <= 5, "{done:?}");
        }
    }
}

pub(super) async fn what_counts_no_more_of_keys_is_removed(engine: &Engine) {
    let one = idle(engine, &with(1, an_hour(1))).await;
    wait(engine, one, "a", 1).await;
    wait(engine, one, "b", 1).await;
    assert_eq!(work(engine).await.len(), 2);
    let database = engine.store().database();
    let kept = async || {
        let kept = database.query(sql("SELECT key FROM key_begins ORDER BY key")).await.unwrap();
        kept.iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let keep = KeepFor { runs: HOUR, logs: HOUR, events: HOUR, stats: HOUR };
    engine.store().prune(&keep, 10).await.unwrap();
    assert_eq!(kept().await, ["a", "b"]);
    let over = sql("UPDATE key_begins SET until_hour = until_hour - 3 WHERE key = 'a'");
    database.batch(vec![over]).await.unwrap();
    engine.store().prune(&keep, 10).await.unwrap();
    assert_eq!(kept().await, ["b"]);
}
