//! A morning of a small installation, rehearsed under other files.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use cascade_config::{Checked, Config, ConfigState, Edge, JobSettings, Retention, Schedule};
use cascade_expr::Expression;
use cascade_model::{On, Payload, Registry, RunRequest, RunState, TriggerNote};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::*;

mod joins;

/// So many seconds after the span began.
fn at(seconds: i64) -> DateTime<Utc> {
    let from: DateTime<Utc> = "2026-11-28T06:00:00Z".parse().unwrap();
    from + TimeDelta::seconds(seconds)
}

const HOUR: i64 = 3600;

fn every(seconds: u64) -> JobSettings {
    let schedule = Some(Schedule::Every(Duration::from_secs(seconds)));
    JobSettings { schedule, ..JobSettings::default() }
}

fn expression(text: &str) -> Option<Expression> {
    Some(Expression::compile(text).unwrap())
}

/// `sync` by its timer, and what follows it.
fn file(sync: JobSettings, edges: &[Edge]) -> ConfigState {
    let mut jobs = BTreeMap::from([("sync".to_owned(), sync)]);
    for edge in edges {
        jobs.entry(edge.job.clone()).or_default();
    }
    let names = edges.iter().map(|edge| edge.job.clone()).collect();
    let config = Config {
        retention: Retention::default(),
        http: Default::default(),
        files: Default::default(),
        secrets: Default::default(),
        path: PathBuf::from("/nowhere/jobs.toml"),
        chains: BTreeMap::from([("sync".into(), names)]),
        edges: BTreeMap::from([("sync".into(), edges.to_vec())]),
        joins: BTreeMap::new(),
        hooks: Default::default(),
        limits: Default::default(),
        data_map: BTreeMap::new(),
        jobs,
        projects: BTreeMap::new(),
    };
    let (config, registry) = (Arc::new(config), Arc::new(Registry::default()));
    Checked { config, registry, text: "".into(), unknown_fields: 0 }.into()
}

/// A run of a schedule that began at once and took `took` seconds.
fn run(id: u128, job: &str, began: i64, took: i64) -> PastRun {
    PastRun {
        id: Uuid::from_u128(id << 64),
        job: job.into(),
        project: "default".into(),
        state: RunState::Completed,
        attempts: 1,
        queued_at: at(began),
        began_at: Some(at(began)),
        finished_at: Some(at(began + took)),
        paused: TimeDelta::zero(),
        payload: Payload::default(),
        traces: vec![Uuid::from_u128(id << 64)],
        request: None,
        error: None,
        summary: None,
        output: None,
        by_code: false,
    }
}

fn of_timer(id: u128, began: i64, new: u32) -> PastRun {
    let mut run = run(id, "sync", began, 60);
    run.payload.due(Some(at(began)));
    run.output = Some(json!({ "new": new, "ids": (0..new).collect::<Vec<_>>() }).to_string());
    run
}

fn led(id: u128, job: &str, by: &PastRun) -> PastRun {
    let ended = by.finished_at.unwrap();
    let mut run = run(id, job, (ended - at(0)).num_seconds(), 10);
    let note = TriggerNote { job_type: by.job.clone(), at: ended, run_id: Some(by.id) };
    run.payload.add_trigger_of(note, &by.traces);
    run.traces.clone_from(&by.traces);
    run
}

/// Six hours, with a run of `sync` every hour, each followed by one of `mail`. The third and fourth bring nothing.
fn history() -> History {
    let mut runs = Vec::new();
    for (nth, new) in [2, 1, 0, 0, 3, 1].into_iter().enumerate() {
        let nth = nth as u128;
        let sync = of_timer(10 + nth, 600 + nth as i64 * HOUR, new);
        runs.push(led(20 + nth, "mail", &sync));
        runs.push(sync);
    }
    runs.sort_by_key(|run| run.queued_at);
    let (schedules, failed_before) = (Vec::new(), Vec::new());
    History { from: at(0), to: at(6 * HOUR), runs, schedules, failed_before, changes: 0 }
}

fn rehearsal(history: &History, before: &ConfigState, after: &ConfigState) -> Rehearsal {
    rehearse(history, before, after, &Deadline::of(Duration::from_secs(60))).unwrap()
}

fn totals(told: &Rehearsal) -> [u64; 5] {
    let Change { before, after, appeared, vanished, moved } = told.total;
    [before, after, appeared, vanished, moved]
}

fn mail() -> Edge {
    Edge::plain("mail")
}

#[test]
fn the_file_in_force_makes_the_history_again() {
    let state = file(every(3600), &[mail()]);
    let told = rehearsal(&history(), &state, &state);
    assert_eq!((told.recorded, told.reproduced), (12, 12));
    assert_eq!(totals(&told), [12, 12, 0, 0, 0]);
    assert_eq!(told.basis, BasisCounts { recorded: 12, ..BasisCounts::default() });
    let hours: Vec<_> = told.hours.iter().map(|hour| hour.after.runs).collect();
    assert_eq!(hours, [2; 6]);
    assert!((told.hours[0].after.busy_seconds - 70.0).abs() < 1e-6);
}

#[test]
fn a_condition_has_runs_vanish() {
    let state = file(every(3600), &[mail()]);
    let when = Edge { when: expression("output.new > 0"), ..mail() };
    let told = rehearsal(&history(), &state, &file(every(3600), &[when]));
    assert_eq!(totals(&told), [12, 10, 0, 2, 0]);
    let first = &told.examples[0];
    assert_eq!((first.kind, first.job.as_str()), (ChangeKind::Vanished, "mail"));
    assert_eq!(first.before, Some(at(600 + 2 * HOUR + 60)));
    assert_eq!((first.cause, first.upstream.as_deref()), ("cascade", Some("sync")));
}

#[test]
fn an_expression_without_a_value_is_told() {
    let state = file(every(3600), &[mail()]);
    let when = Edge { when: expression("output.ids[0] > -1"), ..mail() };
    let told = rehearsal(&history(), &state, &file(every(3600), &[when]));
    let [fault] = &told.faults[..] else { panic!("{:?}", told.faults) };
    assert_eq!((fault.ends, fault.without_value, fault.to.as_str()), (6, 2, "mail"));
    assert!(fault.reason.text.contains("`output.ids[0] > -1` has no value"), "{}", fault.reason);
    assert_eq!(fault.at, at(600 + 2 * HOUR + 60));
}

#[test]
fn a_shorter_interval_has_runs_appear_that_end_like_those_near_them() {
    let state = file(every(3600), &[mail()]);
    let told = rehearsal(&history(), &state, &file(every(1800), &[mail()]));
    // A new schedule counts from when the file comes into force: at half past, and on the hour.
    assert_eq!(told.jobs.iter().map(|job| job.change.after).collect::<Vec<_>>(), [11, 11]);
    assert!(told.total.appeared > 0 && told.basis.nearest > 0);
}

#[test]
fn a_cron_line_that_comes_an_hour_later_moves_its_runs_and_those_that_follow() {
    let cron = |line: &str| {
        let schedule = Some(Schedule::cron(line, chrono_tz::UTC).unwrap());
        JobSettings { schedule, ..JobSettings::default() }
    };
    let sync = of_timer(10, HOUR, 1);
    let runs = vec![sync.clone(), led(20, "mail", &sync)];
    let history = History { runs, ..history() };
    let before = file(cron("0 7 * * *"), &[mail()]);
    let told = rehearsal(&history, &before, &file(cron("30 8 * * *"), &[mail()]));
    assert_eq!(totals(&told), [2, 2, 0, 0, 2]);
    assert_eq!(told.reproduced, 2);
    let moved = &told.examples[1];
    assert_eq!((moved.job.as_str(), moved.before), ("mail", Some(at(HOUR + 60))));
    assert_eq!(moved.after, Some(at(2 * HOUR + 1800 + 60)));
}

#[test]
fn an_edge_with_each_makes_a_run_of_each_element_and_assumes_what_nobody_knows() {
    let state = file(every(3600), &[mail()]);
    let each = Edge {
        each: expression("output.ids"),
        key: expression("string(item)"),
        ..Edge::plain("letter")
    };
    let told = rehearsal(&history(), &state, &file(every(3600), &[mail(), each]));
    assert_eq!(totals(&told), [12, 19, 7, 0, 0]);
    assert_eq!(told.without_history, ["letter"]);
    assert_eq!(told.basis.assumed, 7);
    assert!(told.examples.iter().all(|one| one.key.is_some()));
}

#[test]
fn a_debounce_makes_one_run_of_several_triggers() {
    let state = file(every(600), &[mail()]);
    let mut runs = Vec::new();
    for nth in 0..4 {
        let sync = of_timer(10 + nth, 60 + nth as i64 * 600, 1);
        runs.push(led(20 + nth, "mail", &sync));
        runs.push(sync);
    }
    runs.sort_by_key(|run| run.queued_at);
    let history = History { runs, to: at(2400), ..history() };
    let debounce = Some(Duration::from_secs(900));
    let told = rehearsal(&history, &state, &file(every(600), &[Edge { debounce, ..mail() }]));
    assert_eq!(told.reproduced, 8);
    let mail = told.jobs.iter().find(|row| row.job == "mail").unwrap();
    // It waits on when the span ends.
    assert_eq!((mail.change.before, mail.change.after), (4, 0));
    let at_most = Some(Duration::from_secs(1000));
    let edge = Edge { debounce, at_most, ..super::tests::mail() };
    let told = rehearsal(&history, &state, &file(every(600), &[edge]));
    let mail = told.jobs.iter().find(|row| row.job == "mail").unwrap();
    assert_eq!((mail.change.after, mail.change.moved, mail.change.vanished), (2, 2, 2));
}

#[test]
fn what_was_asked_for_from_outside_stays_and_a_job_that_is_gone_takes_it_along() {
    let mut asked = run(1, "mail", 300, 5);
    asked.payload.add_request(at(300));
    let mut letter = run(2, "letter", 400, 5);
    letter.payload.add_request(at(400));
    letter.request = Some(RunRequest {
        key: Some("a".into()),
        args: json!({}),
        priority: 0,
        run_at: None,
        asked_by: Some("ann".into()),
        tags: Vec::new(),
    });
    let history = History { runs: vec![asked, letter], ..history() };
    let on_demand = JobSettings::default;
    let edges = [mail(), Edge { on: On::Failure, ..Edge::plain("letter") }];
    let before = file(on_demand(), &edges);
    let told = rehearsal(&history, &before, &file(on_demand(), &edges[..1]));
    assert_eq!(told.reproduced, 2);
    assert_eq!(totals(&told), [2, 1, 0, 1, 0]);
    assert_eq!(told.examples[0].key.as_deref(), Some("a"));
    assert_eq!(told.examples[0].cause, "request");
}

#[test]
fn what_the_code_of_a_run_asked_for_follows_that_run() {
    let sync = of_timer(10, 600, 1);
    let mut child = led(20, "letter", &sync);
    child.by_code = true;
    let args = json!({ "n": 1 });
    let (priority, asked_by) = (0, Some("sync".into()));
    child.request =
        Some(RunRequest { key: None, args, priority, run_at: None, asked_by, tags: Vec::new() });
    let history = History { runs: vec![sync, child], ..history() };
    let edge = Edge { on: On::Failure, ..Edge::plain("letter") };
    let before = file(every(86400), std::slice::from_ref(&edge));
    let off = JobSettings { enabled: false, ..every(86400) };
    let told = rehearsal(&history, &before, &file(off, &[edge]));
    assert_eq!(told.reproduced, 2);
    assert_eq!(totals(&told), [2, 0, 0, 2, 0]);
}

#[test]
fn a_timer_that_was_late_as_nobody_was_there_is_as_late_again() {
    let mut late = of_timer(11, 2 * HOUR + 1200, 1);
    late.payload.due(Some(at(HOUR + 600)));
    let runs = vec![of_timer(10, 600, 1), late, of_timer(12, 3 * HOUR + 1200, 1)];
    let history = History { runs, to: at(4 * HOUR), ..history() };
    let state = file(every(3600), &[]);
    let told = rehearsal(&history, &state, &state);
    assert_eq!((told.recorded, told.reproduced, told.total.before), (3, 3, 3));
}

#[test]
fn a_file_that_makes_too_many_runs_is_stopped() {
    let state = file(every(3600), &[mail()]);
    let much = json!({ "ids": (0..9_000).collect::<Vec<_>>() }).to_string();
    let runs = (0..30).map(|nth| PastRun {
        output: Some(much.clone()),
        ..of_timer(10 + nth, 60 + nth as i64 * 600, 1)
    });
    let history = History { runs: runs.collect(), ..history() };
    let each = Edge { each: expression("output.ids"), ..Edge::plain("letter") };
    let candidate = file(every(600), &[each]);
    let deadline = Deadline::of(Duration::from_secs(600));
    let told = rehearse(&history, &state, &candidate, &deadline);
    assert!(matches!(told, Err(RehearseError::TooManyMade { .. })), "{told:?}");
    let told = rehearse(&history, &state, &state, &Deadline::of(Duration::ZERO));
    assert!(matches!(told, Err(RehearseError::TooLong(_))), "{told:?}");
}
