//! Joins, rehearsed.

use std::collections::BTreeSet;

use cascade_config::Join;
use cascade_model::{JoinRule, Late, Needs};

use super::*;

/// As of `file`, where `report` waits for `mail` and `letter`, which follow `sync`.
fn joining(join: JoinRule) -> ConfigState {
    let state = file(every(3600), &[mail(), Edge::plain("letter")]);
    let mut config = (*state.config).clone();
    let of_sync = || BTreeSet::from(["sync".to_owned()]);
    let all_of = vec!["mail".to_owned(), "letter".to_owned()];
    let upstream = all_of.iter().map(|named| (named.clone(), of_sync())).collect();
    let rule = JoinRule {
        job: "report".into(),
        all_of: all_of.clone(),
        upstream,
        roots: of_sync(),
        ..join
    };
    let JoinRule { within, late, needs, by, .. } = rule.clone();
    let (when, args, key) = (None, None, None);
    let join = Join { all_of, within, late, needs, by, when, args, key, rule: Arc::new(rule) };
    config.joins.insert("report".into(), join);
    config.jobs.entry("report".into()).or_default();
    let (config, registry) = (Arc::new(config), state.registry.clone());
    Checked { config, registry, text: "".into(), unknown_fields: 0 }.into()
}

/// `mail`, and `letter` that takes a minute, follow a run of `sync`, and `report` follows both.
fn joined(nth: u128, began: i64) -> Vec<PastRun> {
    let sync = of_timer(10 + nth, began, 1);
    let mail = led(20 + nth, "mail", &sync);
    let mut letter = led(30 + nth, "letter", &sync);
    letter.finished_at = letter.began_at.map(|at| at + TimeDelta::seconds(60));
    let mut report = led(40 + nth, "report", &letter);
    let of_letter = report.payload.triggers.clone();
    report.payload = Payload::default();
    let of_mail = led(0, "report", &mail).payload.triggers;
    for note in of_mail.into_iter().chain(of_letter) {
        report.payload.add_trigger_of(note, &sync.traces);
    }
    vec![sync, mail, letter, report]
}

fn of_joins() -> History {
    let runs = (0..3).flat_map(|nth: u8| joined(nth.into(), 600 + i64::from(nth) * HOUR));
    History { runs: runs.collect(), to: at(3 * HOUR), ..history() }
}

fn reports(told: &Rehearsal) -> Change {
    let row = told.jobs.iter().find(|row| row.job == "report");
    row.map(|row| row.change).unwrap()
}

#[test]
fn a_join_fires_as_it_has_and_its_runs_vanish_or_appear_with_it() {
    let state = joining(JoinRule::default());
    let told = rehearsal(&of_joins(), &state, &state);
    assert_eq!((told.recorded, told.reproduced), (12, 12));
    let without = file(every(3600), &[mail(), Edge::plain("letter")]);
    let told = rehearsal(&of_joins(), &state, &without);
    assert_eq!(totals(&told), [12, 9, 0, 3, 0]);
    let history = of_joins();
    let before = history.runs.iter().filter(|run| run.job != "report").cloned().collect();
    let told = rehearsal(&History { runs: before, ..history }, &without, &state);
    assert_eq!((told.reproduced, totals(&told)), (9, [9, 12, 3, 0, 0]));
    assert_eq!(told.without_history, ["report"]);
    // Once the last of both has ended.
    assert_eq!(told.examples[0].after, Some(at(600 + 60 + 60)));
}

#[test]
fn a_join_that_needs_a_success_does_not_fire_after_a_failure() {
    let mut history = of_joins();
    let letter = history.runs.iter_mut().find(|run| run.job == "letter").unwrap();
    letter.state = RunState::Failed;
    history.runs.remove(3);
    let needs = |needs| joining(JoinRule { needs, ..JoinRule::default() });
    let told = rehearsal(&history, &needs(Needs::Success), &needs(Needs::End));
    assert_eq!(told.reproduced, 11);
    assert_eq!((reports(&told).before, reports(&told).after), (2, 3));
}

#[test]
fn a_join_that_is_late_fires_with_what_there_is_or_not_at_all() {
    let late = |late| {
        let within = Some(Duration::from_secs(30));
        joining(JoinRule { within, late, ..JoinRule::default() })
    };
    let state = joining(JoinRule::default());
    let told = rehearsal(&of_joins(), &state, &late(Late::Skip));
    assert_eq!((reports(&told).vanished, reports(&told).after), (3, 0));
    let told = rehearsal(&of_joins(), &state, &late(Late::Run));
    assert_eq!((reports(&told).moved, reports(&told).after), (3, 3));
    // `mail` takes 10 s.
    assert_eq!(told.examples[0].after, Some(at(600 + 60 + 10 + 30)));
}

#[test]
fn a_join_of_a_trace_that_began_before_the_span_fires_when_it_has() {
    let mut history = of_joins();
    history.runs.remove(0);
    // `mail` and `letter` are under way when the span begins.
    history.from = at(600 + 60 + 5);
    let state = joining(JoinRule::default());
    let told = rehearsal(&history, &state, &state);
    assert_eq!((told.recorded, told.reproduced), (9, 9));
    assert_eq!(reports(&told).before, 3);
}
