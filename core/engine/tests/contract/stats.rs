//! Figures of runs by minute.

use std::time::Duration;

use cascade_engine::{Engine, FigureWriter};
use cascade_model::{
    ERROR_OF_PERCENTILES, Fault, Figures, KeepFor, RunNow, StatFilter, StatGroup, StatKey,
    StatKind, StatPart, StatWorker, Tally, Visible, bucket,
};
use cascade_sdk::{rfc3339, sql};
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

/// So many runs of a project that took so long.
async fn cell(engine: &Engine, slug: &str, ms: u64, runs: u64) -> (StatKey, Tally) {
    let key = StatKey {
        project_id: project(engine, slug).await,
        kind: StatKind::Completed,
        bucket: bucket(Duration::from_millis(ms)),
    };
    (key, Tally { runs, micros: runs * ms * 1000 })
}

/// Counted of the job `up` by nobody in particular, at a time.
fn part(at: DateTime<Utc>, part: u32, cells: &[(StatKey, Tally)]) -> StatPart {
    let minute = at.duration_trunc(TimeDelta::minutes(1)).unwrap();
    StatPart { minute, job_type: "up".into(), part, cells: cells.into() }
}

/// How many rows a table has.
async fn count(engine: &Engine, table: &str) -> u64 {
    let rows = sql(format!("SELECT count(*) AS n FROM {table}"));
    engine.store().database().query(rows).await.unwrap()[0]["n"].as_u64().unwrap()
}

/// A row as an older version writes it.
async fn old_row(engine: &Engine, at: DateTime<Utc>, source: &str, cell: (StatKey, Tally)) {
    let (key, tally) = cell;
    let insert = sql("INSERT INTO run_stats
         (minute, job_type, project_id, kind, bucket, source, runs, micros)
         VALUES ($1, 'up', $2, $3, $4, $5, $6, $7)")
    .bind(rfc3339(at.duration_trunc(TimeDelta::minutes(1)).unwrap()))
    .bind(key.project_id)
    .bind(key.kind.as_str())
    .bind(key.bucket)
    .bind(source)
    .bind(tally.runs)
    .bind(tally.micros);
    engine.store().database().batch(vec![insert]).await.unwrap();
}

async fn cancel_a_run(engine: &Engine, job: &str) {
    let one = project(engine, "one").await;
    let RunNow::Queued(id) = engine.run_now(job, one).await.unwrap() else { panic!() };
    engine.request_cancel(&Visible::All, id).await.unwrap();
}

pub(super) async fn parts_add_up_and_one_that_is_written_again_counts_once(engine: &Engine) {
    let now = engine.store().now().await.unwrap();
    let (one, two) = (cell(engine, "one", 10, 3).await, cell(engine, "two", 400, 1).await);
    engine.store().save_stats("a", None, &[part(now, 0, &[one, two])]).await.unwrap();
    let more = (one.0, Tally { runs: 5, micros: 50_000 });
    for cells in [&[one][..], &[more, two], &[more, two]] {
        engine.store().save_stats("a", None, &[part(now, 1, cells)]).await.unwrap();
    }
    let other = StatPart { job_type: "down".into(), ..part(now, 0, &[one]) };
    let of_b = [part(now, 0, &[more]), other];
    engine.store().save_stats("b", None, &of_b).await.unwrap();
    let figures = of_all(engine).await;
    assert_eq!((figures.completed, figures.duration.count()), (18, 18));
    let p50 = figures.duration.percentile(0.5).unwrap().as_secs_f64() * 1000.0;
    assert!((p50 - 10.0).abs() / 10.0 <= ERROR_OF_PERCENTILES, "{p50} ms");
    assert_eq!(figures.duration.mean(), Some(Duration::from_millis(960) / 18));
    let all = filter(engine, Visible::All).await;
    let jobs = engine.store().stats_by(&all, StatGroup::Job).await.unwrap();
    assert_eq!(jobs["down"].completed, 3);
}

pub(super) async fn parts_are_replaced_by_one_without_a_loss_also_twice(engine: &Engine) {
    let now = engine.store().now().await.unwrap();
    let before = now - TimeDelta::minutes(1);
    let (one, two) = (cell(engine, "one", 10, 3).await, cell(engine, "two", 400, 1).await);
    let parts = [part(before, 0, &[one, two]), part(before, 1, &[two]), part(before, 2, &[one])];
    for source in ["a", "b"] {
        engine.store().save_stats(source, None, &parts).await.unwrap();
    }
    let down = StatPart { job_type: "down".into(), ..part(before, 7, &[one]) };
    engine.store().save_stats("a", None, &[down, part(now, 5, &[one])]).await.unwrap();
    let all = of_all(engine).await;
    assert_eq!(all.completed, 2 * 8 + 3 + 3);
    let twice = |(key, tally): (StatKey, Tally)| {
        (key, Tally { runs: 2 * tally.runs, micros: 2 * tally.micros })
    };
    let merged = [part(before, 0, &[twice(one)]), part(before, 1, &[twice(two)])];
    for _ in 0..2 {
        engine.store().replace_stats("a", &merged).await.unwrap();
        assert_eq!(of_all(engine).await, all);
        assert_eq!(count(engine, "run_figures").await, 2 + 3 + 2, "of one source, job and minute");
    }
}

/// As they are counted and written, over the end of a minute.
pub(super) async fn a_minute_that_is_over_is_one_row_of_a_process_and_job(engine: &Engine) {
    let now = engine.store().now().await.unwrap();
    let next = now + TimeDelta::minutes(1);
    let mut writer = writer(engine);
    for job in ["down", "down", "up", "down"] {
        cancel_a_run(engine, job).await;
        writer.write_at(now).await.unwrap();
    }
    assert_eq!(count(engine, "run_figures").await, 4);
    cancel_a_run(engine, "down").await;
    for (at, cancelled) in [(next, 5), (next, 5), (now, 5)] {
        writer.write_at(at).await.unwrap();
        assert_eq!(count(engine, "run_figures").await, 3, "two of a minute, one of the next");
        assert_eq!(of_all(engine).await.cancelled, cancelled);
    }
    // The database's clock steps back: nothing of the minute that was over is written over.
    cancel_a_run(engine, "down").await;
    writer.write_at(now).await.unwrap();
    assert_eq!(of_all(engine).await.cancelled, 6);
    writer.write_at(next + TimeDelta::minutes(1)).await.unwrap();
    assert_eq!((count(engine, "run_figures").await, of_all(engine).await.cancelled), (3, 6));
    assert_eq!(count(engine, "run_stats").await, 0);
}

pub(super) async fn rows_of_an_older_version_count_too(engine: &Engine) {
    let store = engine.store();
    let now = store.now().await.unwrap();
    let (one, two) = (cell(engine, "one", 10, 3).await, cell(engine, "two", 400, 1).await);
    let worker = StatWorker { worker: "worker-a".into(), host: None, pid: None };
    store.save_stats("a", Some(&worker), &[part(now, 0, &[one])]).await.unwrap();
    old_row(engine, now, "a", one).await;
    old_row(engine, now, "old", two).await;
    let all = filter(engine, Visible::All).await;
    assert_eq!(total(engine, &all).await.completed, 7);
    let projects = store.stats_by(&all, StatGroup::Project).await.unwrap();
    assert_eq!((projects["one"].completed, projects["two"].completed), (6, 1));
    let of_a = StatFilter { worker: Some("worker-a".into()), ..all };
    assert_eq!(total(engine, &of_a).await.completed, 6);
}

pub(super) async fn figures_are_those_of_projects_that_may_be_seen(engine: &Engine) {
    let now = engine.store().now().await.unwrap();
    let cells = [cell(engine, "one", 10, 3).await, cell(engine, "two", 400, 2).await];
    engine.store().save_stats("a", None, &[part(now, 0, &cells)]).await.unwrap();
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

/// They are read as sums that stand beside the figures of each project, and have the same result.
pub(super) async fn who_may_see_all_is_told_what_all_projects_add_up_to(engine: &Engine) {
    let store = engine.store();
    let now = store.now().await.unwrap();
    let (one, two) = (cell(engine, "one", 10, 3).await, cell(engine, "two", 10, 5).await);
    let slow = cell(engine, "two", 400, 1).await;
    let waited = (StatKey { kind: StatKind::Wait, ..two.0 }, Tally { runs: 2, micros: 9_000 });
    let worker = |name: &str| StatWorker { worker: name.into(), host: None, pid: None };
    let parts = [part(now, 0, &[one, two, slow, waited]), part(now, 1, &[one, two])];
    store.save_stats("a", Some(&worker("worker-a")), &parts).await.unwrap();
    let rows = (count(engine, "all_run_stats").await, count(engine, "job_run_stats").await);
    assert_eq!(rows, (6, 4), "of a part one for each kind and bucket");
    // Parts that are written again, replaced, or of an hour that is long over.
    let before = now - TimeDelta::minutes(3);
    let down = StatPart { job_type: "down".into(), ..part(before, 0, &[slow, waited]) };
    let parts = [part(before, 0, &[one]), part(before, 1, &[two, slow]), down];
    for written in [&parts[..1], &parts[..], &parts[..]] {
        store.save_stats("b", Some(&worker("worker-b")), written).await.unwrap();
    }
    store.replace_stats("b", &[part(before, 0, &[one, two, slow])]).await.unwrap();
    let long_ago = [part(now - TimeDelta::days(5), 0, &[one, two, slow])];
    store.save_stats("server", None, &long_ago).await.unwrap();
    let long = Duration::from_secs(30 * 86_400);
    let keep = KeepFor { runs: long, logs: long, events: long, stats: long };
    assert_eq!(store.prune(&keep, 100).await.unwrap().stats, 1, "it is rows by hour now");
    old_row(engine, now, "old", two).await;
    store.sample_queues().await.unwrap();

    let ids = vec![project(engine, "one").await, project(engine, "two").await];
    let all = filter(engine, Visible::All).await;
    let of_job = StatFilter { job_type: Some("up".into()), ..all.clone() };
    let of_worker = StatFilter { worker: Some("worker-b".into()), ..all.clone() };
    for (asked, completed) in [(all, 17 + 10 + 9 + 5), (of_job, 17 + 9 + 9 + 5), (of_worker, 10)] {
        assert_eq!(total(engine, &asked).await.completed, completed);
        let each = StatFilter { visible: Visible::Only(ids.clone()), ..asked.clone() };
        for step in [Duration::from_secs(60), HOUR] {
            let [sums, added] = [&asked, &each].map(|filter| store.stats(filter, step));
            assert_eq!(sums.await.unwrap(), added.await.unwrap());
        }
        for group in [StatGroup::Job, StatGroup::Worker, StatGroup::Project] {
            let [sums, added] = [&asked, &each].map(|filter| store.stats_by(filter, group));
            assert_eq!(sums.await.unwrap(), added.await.unwrap(), "{group:?}");
        }
    }
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
        cancel_a_run(engine, "down").await;
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
    let (one, two) = (cell(engine, "one", 10, 2).await, cell(engine, "two", 400, 1).await);
    let minutes = [0, 1, 59].map(|minute| hour + TimeDelta::minutes(minute));
    let mut parts: Vec<_> = minutes.iter().map(|at| part(*at, 0, &[one, two])).collect();
    parts.push(part(now, 0, &[(one.0, Tally { runs: 7, micros: 70_000 })]));
    engine.store().save_stats("a", None, &parts).await.unwrap();
    // The other process is of an older version.
    for at in minutes {
        old_row(engine, at, "b", one).await;
        old_row(engine, at, "b", two).await;
    }
    old_row(engine, now, "b", parts[3].cells[0]).await;
    let before = of_all(engine).await;
    assert_eq!(before.completed, 2 * (3 * 3 + 7));
    let (long, day) = (Duration::from_secs(30 * 86_400), Duration::from_secs(86_400));
    let mut keep = KeepFor { runs: long, logs: long, events: long, stats: long };
    assert_eq!(engine.store().prune(&keep, 100).await.unwrap().stats, 6 + 3, "rows of both tables");
    assert_eq!(engine.store().prune(&keep, 100).await.unwrap().stats, 0);
    assert_eq!((count(engine, "run_figures").await, count(engine, "run_stats").await), (1, 2 + 1));
    assert_eq!(of_all(engine).await, before, "nothing of it is lost");
    let minute = Duration::from_secs(60);
    let steps = engine.store().stats(&filter(engine, Visible::All).await, minute).await.unwrap();
    assert_eq!((steps.len(), steps[&hour].completed), (2, 18), "they stand at the full hour");
    keep.stats = day;
    assert_eq!(engine.store().prune(&keep, 1).await.unwrap().stats, 1, "a step takes few");
    engine.store().prune(&keep, 100).await.unwrap();
    assert_eq!(of_all(engine).await.completed, 14);
}

/// An older version beside may have made rows by hour of its own, before those of others are due.
pub(super) async fn what_becomes_one_an_hour_is_added_to_what_is_there(engine: &Engine) {
    let now = engine.store().now().await.unwrap();
    let hour = (now - TimeDelta::days(5)).duration_trunc(TimeDelta::hours(1)).unwrap();
    let (one, two) = (cell(engine, "one", 10, 2).await, cell(engine, "two", 400, 1).await);
    old_row(engine, hour, "", one).await;
    let at = hour + TimeDelta::minutes(7);
    let parts = [part(at, 0, &[one, two]), part(at, 1, &[one])];
    engine.store().save_stats("a", None, &parts).await.unwrap();
    let before = of_all(engine).await;
    assert_eq!(before.completed, 7);
    let long = Duration::from_secs(30 * 86_400);
    let mut keep = KeepFor { runs: long, logs: long, events: long, stats: long };
    assert_eq!(engine.store().prune(&keep, 100).await.unwrap().stats, 2);
    assert_eq!(of_all(engine).await, before);
    assert_eq!((count(engine, "run_figures").await, count(engine, "run_stats").await), (0, 2));
    // Rows by minute that are too old at once, as after a long time without a host.
    engine.store().save_stats("a", None, &parts).await.unwrap();
    keep.stats = Duration::from_secs(86_400);
    assert_eq!(engine.store().prune(&keep, 3).await.unwrap().stats, 3, "of both tables together");
    assert_eq!(engine.store().prune(&keep, 3).await.unwrap().stats, 1);
    assert_eq!(of_all(engine).await.ended(), 0);
}

pub(super) async fn figures_are_also_those_of_a_worker_for_two_days(engine: &Engine) {
    let store = engine.store();
    let now = store.now().await.unwrap();
    let worker =
        |name: &str| StatWorker { worker: name.into(), host: Some("machine".into()), pid: Some(7) };
    let (one, two) = (cell(engine, "one", 10, 3).await, cell(engine, "two", 400, 1).await);
    for _ in 0..2 {
        let parts = [part(now, 0, &[one, two])];
        store.save_stats("a", Some(&worker("worker-a")), &parts).await.unwrap();
    }
    store.save_stats("b", Some(&worker("worker-b")), &[part(now, 0, &[one])]).await.unwrap();
    store.save_stats("server", None, &[part(now, 0, &[two])]).await.unwrap();
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
    let parts = [part(old, 0, &[cell(engine, "one", 10, 2).await])];
    store.save_stats("c", Some(&worker("worker-c")), &parts).await.unwrap();
    let long = Duration::from_secs(30 * 86_400);
    let keep = KeepFor { runs: long, logs: long, events: long, stats: long };
    store.prune(&keep, 1000).await.unwrap();
    let left = store.stat_workers().await.unwrap();
    assert_eq!(left, [worker("worker-a"), worker("worker-b")], "its rows are nobody's now");
    assert_eq!(total(engine, &all).await.completed, 10);
}
