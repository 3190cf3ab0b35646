//! Figures of runs by minute.

use std::time::Duration;

use cascade_engine::{Engine, FigureWriter};
use cascade_model::{
    ERROR_OF_PERCENTILES, Fault, Figures, KeepFor, RunNow, StatFilter, StatGroup, StatKey,
    StatKind, StatRow, StatWorker, Tally, Visible, bucket,
};
use cascade_store::Queries;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::steps::{LEASE, claim, claim_until, project, success};

const HOUR: Duration = Duration::from_secs(3600);

async fn filter(engine: &Engine, visible: Visible) -> StatFilter {
    let now = engine.store().now().await.unwrap();
    let (from, to) = (now - TimeDelta::days(10), now + TimeDelta::hours(2));
    StatFilter { visible, job_type: None, worker: None, from, to }
}

async fn total(engine: &Engine, filter: &StatFilter) -> Figures {
    let mut total = Figures::default();
    let steps = engine.store().stats(filter, HOUR).await.unwrap();
    steps.values().for_each(|figures| total.merge(figures));
    total
}

async fn of_all(engine: &Engine) -> Figures {
    total(engine, &filter(engine, Visible::All).await).await
}

fn writer(engine: &Engine) -> FigureWriter {
    FigureWriter::new(engine.counts().clone(), engine.store().clone(), None)
}

/// Counted by nobody in particular, at a time.
async fn row(engine: &Engine, at: DateTime<Utc>, slug: &str, ms: u64, runs: u64) -> StatRow {
    let time = Duration::from_millis(ms);
    let key = StatKey {
        job_type: "up".into(),
        project_id: project(engine, slug).await,
        kind: StatKind::Completed,
        bucket: bucket(time),
    };
    let minute = at.duration_trunc(TimeDelta::minutes(1)).unwrap();
    StatRow { minute, key, tally: Tally { runs, micros: runs * ms * 1000 } }
}

pub(super) async fn what_a_process_writes_again_counts_once(engine: &Engine) {
    let now = engine.store().now().await.unwrap();
    let mut rows =
        vec![row(engine, now, "one", 10, 3).await, row(engine, now, "two", 400, 1).await];
    engine.store().save_stats("a", None, &rows).await.unwrap();
    rows[0].tally = Tally { runs: 5, micros: 50_000 };
    for _ in 0..2 {
        engine.store().save_stats("a", None, &rows).await.unwrap();
    }
    engine.store().save_stats("b", None, &rows[..1]).await.unwrap();
    let figures = of_all(engine).await;
    assert_eq!((figures.completed, figures.duration.count()), (11, 11));
    let p50 = figures.duration.percentile(0.5).unwrap().as_secs_f64() * 1000.0;
    assert!((p50 - 10.0).abs() / 10.0 <= ERROR_OF_PERCENTILES, "{p50} ms");
    assert_eq!(figures.duration.mean(), Some(Duration::from_millis(500) / 11));
}

pub(super) async fn figures_are_those_of_projects_that_may_be_seen(engine: &Engine) {
    let now = engine.store().now().await.unwrap();
    let rows = [row(engine, now, "one", 10, 3).await, row(engine, now, "two", 400, 2).await];
    engine.store().save_stats("a", None, &rows).await.unwrap();
    engine.store().sample_queues().await.unwrap();
    let one = Visible::Only(vec![project(engine, "one").await]);
    let mine = filter(engine, one).await;
    let figures = total(engine, &mine).await;
    assert_eq!((figures.completed, figures.depth().is_some()), (3, true));
    let by = |group| engine.store().stats_by(&mine, group);
    let projects = by(StatGroup::Project).await.unwrap();
    assert_eq!(projects.keys().collect::<Vec<_>>(), ["one"]);
    assert_eq!(by(StatGroup::Job).await.unwrap()["up"].completed, 3);
    let other = StatFilter { job_type: Some("down".into()), ..mine.clone() };
    assert_eq!(total(engine, &other).await.completed, 0);
    let nobody = filter(engine, Visible::Only(Vec::new())).await;
    assert_eq!(total(engine, &nobody).await.ended(), 0);
}

/// Cancelled while it waits, and lost with its worker at its last attempt: neither is seen to end by a worker.
pub(super) async fn ends_that_no_worker_saw_are_counted(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let one = project(engine, "one").await;
    let RunNow::Queued(waits) = engine.run_now("up", one).await.unwrap() else { panic!() };
    engine.request_cancel(&Visible::All, waits).await.unwrap();
    engine.run_now("up", one).await.unwrap();
    for attempt in 1..=2 {
        let run = claim_until(engine, 1).await.remove(0);
        assert_eq!((run.lease.attempt, run.max_attempts), (attempt, 2));
        engine.give_up_unlisted("worker-a", &[]).await.unwrap();
    }
    writer(engine).write().await.unwrap();
    let figures = of_all(engine).await;
    assert_eq!((figures.cancelled, figures.failed), (1, 1));
}

pub(super) async fn what_was_counted_is_written_once_and_adds_up_over_writes(engine: &Engine) {
    let mut writer = writer(engine);
    for round in 1..=3 {
        let one = project(engine, "one").await;
        let RunNow::Queued(id) = engine.run_now("down", one).await.unwrap() else { panic!() };
        engine.request_cancel(&Visible::All, id).await.unwrap();
        for _ in 0..2 {
            writer.write().await.unwrap();
        }
        assert_eq!(of_all(engine).await.cancelled, round);
    }
}

pub(super) async fn what_waits_is_counted_by_one_process_a_minute(engine: &Engine) {
    let runs = claim(engine).await;
    let fault = Fault { error: "no luck".into(), retry_in: Some(LEASE) };
    engine.fail(&runs[0].lease, fault).await.unwrap();
    // A minute may end in between.
    let mut counts = 0;
    for _ in 0..5 {
        counts += u32::from(engine.store().sample_queues().await.unwrap());
    }
    assert!((1..=2).contains(&counts), "{counts} counts");
    assert_eq!(of_all(engine).await.depth(), Some((1.0, 1.0)));
}

pub(super) async fn figures_of_long_ago_become_one_an_hour_and_then_go(engine: &Engine) {
    let now = engine.store().now().await.unwrap();
    let hour = (now - TimeDelta::days(5)).duration_trunc(TimeDelta::hours(1)).unwrap();
    let mut rows = Vec::new();
    for minute in [0, 1, 59] {
        let at = hour + TimeDelta::minutes(minute);
        rows.extend([row(engine, at, "one", 10, 2).await, row(engine, at, "two", 400, 1).await]);
    }
    rows.push(row(engine, now, "one", 10, 7).await);
    for source in ["a", "b"] {
        engine.store().save_stats(source, None, &rows).await.unwrap();
    }
    let before = of_all(engine).await;
    assert_eq!(before.completed, 2 * (3 * 3 + 7));
    let (long, day) = (Duration::from_secs(30 * 86_400), Duration::from_secs(86_400));
    let mut keep = KeepFor { runs: long, logs: long, events: long, stats: long };
    assert_eq!(engine.store().prune(&keep, 100).await.unwrap().stats, 12);
    assert_eq!(engine.store().prune(&keep, 100).await.unwrap().stats, 0);
    assert_eq!(of_all(engine).await, before, "nothing of it is lost");
    let minute = Duration::from_secs(60);
    let steps = engine.store().stats(&filter(engine, Visible::All).await, minute).await.unwrap();
    assert_eq!((steps.len(), steps[&hour].completed), (2, 18), "they stand at the full hour");
    keep.stats = day;
    assert_eq!(engine.store().prune(&keep, 1).await.unwrap().stats, 1, "a step takes few");
    engine.store().prune(&keep, 100).await.unwrap();
    assert_eq!(of_all(engine).await.completed, 14);
}

pub(super) async fn figures_are_also_those_of_a_worker_for_two_days(engine: &Engine) {
    let store = engine.store();
    let now = store.now().await.unwrap();
    let worker =
        |name: &str| StatWorker { worker: name.into(), host: Some("machine".into()), pid: Some(7) };
    let rows = vec![row(engine, now, "one", 10, 3).await, row(engine, now, "two", 400, 1).await];
    for _ in 0..2 {
        store.save_stats("a", Some(&worker("worker-a")), &rows).await.unwrap();
    }
    store.save_stats("b", Some(&worker("worker-b")), &rows[..1]).await.unwrap();
    store.save_stats("server", None, &rows[1..]).await.unwrap();
    store.sample_queues().await.unwrap();
    let all = filter(engine, Visible::All).await;
    let counted = |figures: std::collections::BTreeMap<String, Figures>| {
        figures.into_iter().map(|(name, one)| (name, one.completed)).collect::<Vec<_>>()
    };
    let by_worker = counted(store.stats_by(&all, StatGroup::Worker).await.unwrap());
    assert_eq!(by_worker, [("worker-a".into(), 4), ("worker-b".into(), 3)]);
    assert_eq!(total(engine, &all).await.completed, 8);
    let of_a = StatFilter { worker: Some("worker-a".into()), ..all.clone() };
    let figures = total(engine, &of_a).await;
    assert_eq!((figures.completed, figures.depth()), (4, None), "what waits is nobody's");
    assert_eq!(counted(store.stats_by(&of_a, StatGroup::Project).await.unwrap())[0].1, 3);
    let two = Visible::Only(vec![project(engine, "two").await]);
    let theirs =
        counted(store.stats_by(&filter(engine, two).await, StatGroup::Worker).await.unwrap());
    assert_eq!(theirs, [("worker-a".into(), 1)]);
    assert_eq!(store.stat_workers().await.unwrap(), [worker("worker-a"), worker("worker-b")]);

    let old = now - TimeDelta::hours(49);
    let rows = [row(engine, old, "one", 10, 2).await];
    store.save_stats("c", Some(&worker("worker-c")), &rows).await.unwrap();
    let long = Duration::from_secs(30 * 86_400);
    let keep = KeepFor { runs: long, logs: long, events: long, stats: long };
    store.prune(&keep, 1000).await.unwrap();
    let left = store.stat_workers().await.unwrap();
    assert_eq!(left, [worker("worker-a"), worker("worker-b")], "its rows are nobody's now");
    assert_eq!(total(engine, &all).await.completed, 10);
}
