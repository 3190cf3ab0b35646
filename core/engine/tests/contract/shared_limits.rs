//! Limits that several jobs share.

use std::time::Duration;

use cascade_config::{Config, Rate, SharedLimit};
use cascade_engine::Engine;
use cascade_model::ClaimedRun;
use cascade_sdk::sql;
use cascade_store::Connections;
use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{LEASE, claim, claim_until, keyless, project, success};

const HOUR: Duration = Duration::from_secs(3600);

/// `down` and `last` share the limit `api`; `up` does not.
fn sharing(limit: SharedLimit) -> Config {
    let mut config = config();
    for job in ["down", "last"] {
        config.jobs.get_mut(job).unwrap().limits = vec!["api".into()];
    }
    config.limits.insert("api".into(), limit);
    config
}

fn at_a_time(runs: u32) -> Config {
    sharing(SharedLimit { concurrency: Some(runs), rate: None })
}

fn an_hour(runs: u32) -> Config {
    let rate = Some(Rate { count: runs, period: HOUR });
    sharing(SharedLimit { concurrency: None, rate })
}

/// So many runs of a job wait in the project `one`.
async fn ask(engine: &Engine, job: &str, runs: u32) {
    let one = project(engine, "one").await;
    let asked = |n| keyless(job, one, json!({ "n": n }));
    engine.enqueue(&(0..runs).map(asked).collect::<Vec<_>>(), None).await.unwrap();
}

/// What is due at the start has run.
async fn idle(engine: &Engine, config: &Config) {
    for run in claim(engine).await {
        end(engine, &run).await;
    }
    engine.reconcile(config).await.unwrap();
    assert!(claim(engine).await.is_empty());
}

async fn end(engine: &Engine, run: &ClaimedRun) {
    engine.complete(&run.lease, success(&[])).await.unwrap();
}

fn count(runs: &[ClaimedRun], job: &str) -> usize {
    runs.iter().filter(|run| run.job_type == job).count()
}

/// All that may start now: a claim may leave something to the next.
async fn all(engine: &Engine) -> Vec<ClaimedRun> {
    let mut found = Vec::new();
    loop {
        let more = claim(engine).await;
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

pub(super) async fn jobs_that_share_a_limit_run_so_many_together(engine: &Engine) {
    idle(engine, &at_a_time(2)).await;
    ask(engine, "down", 3).await;
    ask(engine, "last", 3).await;
    let two = project(engine, "two").await;
    engine.run_now("last", two).await.unwrap();
    engine.run_now("up", two).await.unwrap();
    let runs = all(engine).await;
    assert_eq!(count(&runs, "up"), 1, "it shares nothing");
    assert_eq!(runs.len(), 3);
    let next = engine.next_due("another", &[]).await.unwrap();
    assert!(next.is_none_or(|next| next > Duration::from_secs(1)), "no reason to look: {next:?}");
    let limited: Vec<_> = runs.iter().filter(|run| run.job_type != "up").collect();
    end(engine, limited[0]).await;
    assert_eq!(claim_until(engine, 1).await.len(), 1);
    assert!(claim(engine).await.is_empty());

    engine.reconcile(&at_a_time(4)).await.unwrap();
    assert_eq!(all(engine).await.len(), 2, "raised while it runs");
    engine.reconcile(&at_a_time(1)).await.unwrap();
    end(engine, limited[1]).await;
    assert!(claim(engine).await.is_empty(), "lowered while more run");
    engine.reconcile(&config()).await.unwrap();
    assert_eq!(all(engine).await.len(), 2, "without the limit all begin");
}

pub(super) async fn a_rate_lets_so_many_runs_begin_in_its_time(engine: &Engine) {
    idle(engine, &an_hour(3)).await;
    ask(engine, "down", 4).await;
    ask(engine, "last", 4).await;
    let runs = all(engine).await;
    assert_eq!(runs.len(), 3);
    for run in &runs {
        end(engine, run).await;
    }
    assert!(claim(engine).await.is_empty(), "those that have ended count");
    // Its own leases are no reason for it to look.
    let next = engine.next_due("worker-a", &[]).await.unwrap().unwrap();
    let almost = HOUR - Duration::from_secs(600);
    assert!(next > almost && next <= HOUR, "when the first is an hour old: {next:?}");

    engine.reconcile(&an_hour(5)).await.unwrap();
    assert_eq!(all(engine).await.len(), 2, "raised while it runs");
    passes(engine, HOUR).await;
    assert_eq!(engine.next_due("worker-a", &[]).await.unwrap(), Some(Duration::ZERO));
    assert_eq!(all(engine).await.len(), 3, "all that is left");
    let kept = sql("SELECT runs FROM shared_limit_begins");
    let kept = engine.store().database().query(kept).await.unwrap();
    assert!(kept.len() <= 3, "what counts no more is removed: {kept:?}");
}

/// As if what has begun had begun so much earlier.
async fn passes(engine: &Engine, time: Duration) {
    let ms = i64::try_from(time.as_millis()).unwrap();
    let earlier =
        sql("UPDATE shared_limit_begins SET piece_ms = piece_ms - $1, last_ms = last_ms - $2");
    engine.store().database().batch(vec![earlier.bind(ms).bind(ms)]).await.unwrap();
}

pub(super) async fn what_begins_ahead_of_the_clock_counts_no_more(engine: &Engine) {
    idle(engine, &an_hour(1)).await;
    ask(engine, "down", 2).await;
    assert_eq!(all(engine).await.len(), 1);
    let ahead = sql("UPDATE shared_limit_begins SET last_ms = last_ms + 86400000");
    engine.store().database().batch(vec![ahead]).await.unwrap();
    assert_eq!(all(engine).await.len(), 1, "the clock was set back by a day");
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn a_shared_limit_holds_for_workers_that_claim_at_once(engine: &Engine) {
    let rate = Some(Rate { count: 20, period: HOUR });
    idle(engine, &sharing(SharedLimit { concurrency: Some(7), rate })).await;
    ask(engine, "down", 30).await;
    ask(engine, "last", 30).await;
    let workers: Vec<_> = (0..6).map(|nth| format!("worker-{nth}")).collect();
    let mut begun = 0;
    loop {
        let claims = workers.iter().map(|worker| engine.claim(worker, 4, LEASE, &[]));
        let mut runs: Vec<_> =
            join_all(claims).await.into_iter().flat_map(Result::unwrap).collect();
        // Of claims that met, none may have counted alone.
        if runs.is_empty() {
            runs = claim(engine).await;
        }
        if runs.is_empty() {
            break;
        }
        assert!(runs.len() <= 7, "{} at a time", runs.len());
        begun += runs.len();
        for run in &runs {
            end(engine, run).await;
        }
    }
    assert_eq!(begun, 20);
}

pub(super) async fn a_job_at_a_shared_limit_keeps_no_other_waiting(engine: &Engine) {
    idle(engine, &at_a_time(1)).await;
    ask(engine, "last", 3000).await;
    assert_eq!(all(engine).await.len(), 1);
    ask(engine, "down", 1).await;
    ask(engine, "up", 2).await;
    let runs = all(engine).await;
    assert_eq!((count(&runs, "up"), runs.len()), (2, 2), "`down` shares the limit");
}

pub(super) async fn a_run_needs_room_under_each_of_its_limits(engine: &Engine) {
    let with_gpu = |runs| {
        let mut config = at_a_time(runs);
        config.jobs.get_mut("down").unwrap().limits.push("gpu".into());
        config.limits.insert("gpu".into(), SharedLimit { concurrency: Some(1), rate: None });
        config
    };
    idle(engine, &with_gpu(5)).await;
    ask(engine, "down", 3).await;
    ask(engine, "last", 9).await;
    // Which of two jobs goes first is left to chance: `last` may take all five places.
    let mut runs = all(engine).await;
    assert_eq!(runs.len(), 5);
    assert!(count(&runs, "down") <= 1, "{runs:?}");
    engine.reconcile(&with_gpu(20)).await.unwrap();
    runs.extend(all(engine).await);
    assert_eq!((count(&runs, "down"), count(&runs, "last")), (1, 9));
}

pub(super) async fn runs_that_come_back_leave_their_places(engine: &Engine) {
    idle(engine, &at_a_time(1)).await;
    ask(engine, "down", 1).await;
    ask(engine, "last", 1).await;
    let first = claim_until(engine, 1).await.remove(0);
    engine.release(&first.lease).await.unwrap();
    let again = claim_until(engine, 1).await.remove(0);
    assert_eq!(engine.give_up_unlisted("worker-a", &[]).await.unwrap(), 1, "its worker is gone");
    let third = claim_until(engine, 1).await.remove(0);
    let ids: Vec<Uuid> = [&first, &again, &third].map(|run| run.lease.run_id).into();
    assert!(claim(engine).await.is_empty(), "{ids:?}");
}

pub(super) async fn limits_are_written_where_they_have_changed(engine: &Engine) {
    let counted = async || {
        let mut tx = engine.store().begin(Connections::Shared).await.unwrap();
        let limits = tx.limits().await.unwrap();
        tx.rollback().await.unwrap();
        limits
    };
    assert!(counted().await.is_empty());
    engine.reconcile(&an_hour(3)).await.unwrap();
    let limits = counted().await;
    assert_eq!((limits.each.len(), limits.shared.len()), (0, 1));
    let api = &limits.shared[0];
    assert_eq!(
        (&*api.name, api.rate, api.concurrency),
        ("api", Some(Rate { count: 3, period: HOUR }), None)
    );
    assert_eq!(api.jobs, ["down", "last"]);
    engine.reconcile(&config()).await.unwrap();
    assert!(counted().await.is_empty());
}
