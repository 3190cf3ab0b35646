use std::collections::{BTreeMap, BTreeSet};

use cascade_model::{JoinOutcome, Late};

use super::*;

/// `root` leads to `a` and `b`; `report` waits for both.
fn rule() -> JoinRule {
    let of_root = || BTreeSet::from(["root".to_owned()]);
    JoinRule {
        job: "report".into(),
        all_of: vec!["a".into(), "b".into()],
        within: None,
        late: Late::Skip,
        needs: Needs::Success,
        by: By::Trace,
        upstream: BTreeMap::from([("a".into(), of_root()), ("b".into(), of_root())]),
        roots: of_root(),
    }
}

fn at() -> DateTime<Utc> {
    "2026-11-29T09:20:00Z".parse().unwrap()
}

/// `x` ends well, `-x` badly, `+x` is to come.
fn after(rule: &JoinRule, happened: &str) -> JoinState {
    let mut state = JoinState::default();
    for word in happened.split_whitespace() {
        match word.split_at(1) {
            ("+", job) => opened(&mut state, job, 1),
            ("-", job) => ended(&mut state, rule, job, (End::Failed, Uuid::nil(), at())),
            _ => ended(&mut state, rule, word, (End::Ok, Uuid::nil(), at())),
        }
    }
    state
}

#[test]
fn it_fires_once_nothing_that_leads_to_its_jobs_is_to_come() {
    for (happened, verdict) in [
        ("root +a +b", Verdict::Waits),
        ("root +a +b a", Verdict::Waits),
        ("root +a +b a b", Verdict::Fires),
        ("root +a a", Verdict::Fires),
        ("root", Verdict::Nothing),
        ("root +a +a a", Verdict::Waits),
        ("root +a +a +b a b a", Verdict::Fires),
        ("root +root +a a", Verdict::Waits),
    ] {
        assert_eq!(super::verdict(&after(&rule(), happened), &rule()), verdict, "{happened}");
    }
}

#[test]
fn what_did_not_succeed_is_named_where_success_is_needed() {
    for (happened, why) in [
        ("root +a +b a -b", "`b` did not succeed"),
        ("-root", "`a` did not run, as `root` failed; `b` did not run, as `root` failed"),
        ("root +a +b -a -b", "`a` did not succeed; `b` did not succeed"),
        ("root +a +a +b a -a b", "`a` did not succeed"),
    ] {
        match super::verdict(&after(&rule(), happened), &rule()) {
            Verdict::Unmet(told) => assert_eq!(told.text, why, "{happened}"),
            other => panic!("{happened}: {other:?}"),
        }
    }
    let ends = JoinRule { needs: Needs::End, ..rule() };
    for (happened, verdict) in [
        ("root +a +b a -b", Verdict::Fires),
        ("root +a +b -a -b", Verdict::Fires),
        ("-root", Verdict::Nothing),
    ] {
        assert_eq!(super::verdict(&after(&ends, happened), &ends), verdict, "{happened}");
    }
}

#[test]
fn a_retry_while_it_waits_leaves_its_time_alone() {
    let mut state = after(&rule(), "root +a +b -b");
    reopened(&mut state, "b");
    assert_eq!((verdict(&state, &rule()), state.began), (Verdict::Waits, Some(at())));
}

#[test]
fn a_cancelled_cascade_fires_nothing_unless_it_is_retried() {
    let mut state = after(&rule(), "root +a +b a -b");
    let outcome = JoinOutcome { at: at(), cancelled: true, ..JoinOutcome::default() };
    state.outcome = Some(outcome);
    let ends = JoinRule { needs: Needs::End, ..rule() };
    assert_eq!(verdict(&state, &ends), Verdict::Settled);
    reopened(&mut state, "b");
    ended(&mut state, &ends, "b", (End::Ok, Uuid::nil(), at()));
    assert_eq!(verdict(&state, &ends), Verdict::Fires);
}

#[test]
fn what_an_earlier_file_counted_is_not_waited_for() {
    let state = after(&rule(), "root +a +b +gone a b");
    assert_eq!(verdict(&state, &rule()), Verdict::Fires);
}

#[test]
fn a_failure_does_not_start_the_time_of_one_that_needs_the_latest_successes() {
    let latest = JoinRule { by: By::Latest, ..rule() };
    assert_eq!(after(&latest, "-a").began, None);
    assert_eq!(after(&latest, "-a a").began, Some(at()));
    let ends = JoinRule { needs: Needs::End, ..latest };
    assert_eq!(after(&ends, "-a").began, Some(at()));
}

#[test]
fn a_retry_opens_it_again_unless_it_has_fired_or_its_time_is_over() {
    let mut state = after(&rule(), "root +a +b a -b");
    state.outcome = Some(JoinOutcome { at: at(), ..JoinOutcome::default() });
    reopened(&mut state, "b");
    assert_eq!((verdict(&state, &rule()), &state.outcome), (Verdict::Waits, &None));
    assert_eq!(state.began, None, "its time starts again");
    ended(&mut state, &rule(), "b", (End::Ok, Uuid::nil(), at()));
    assert_eq!(verdict(&state, &rule()), Verdict::Fires);
    for (fired, late) in [(true, false), (false, true)] {
        state.outcome = Some(JoinOutcome { at: at(), fired, late, ..JoinOutcome::default() });
        reopened(&mut state, "b");
        assert_eq!(verdict(&state, &rule()), Verdict::Settled);
    }
}

#[test]
fn by_latest_each_job_counts_whatever_caused_it() {
    let rule = JoinRule { by: By::Latest, ..rule() };
    for (happened, verdict) in [
        ("a", Verdict::Waits),
        ("a a", Verdict::Waits),
        ("a -b", Verdict::Waits),
        ("a -b b", Verdict::Fires),
        ("-a a b -b", Verdict::Fires),
    ] {
        assert_eq!(super::verdict(&after(&rule, happened), &rule), verdict, "{happened}");
    }
    let ends = JoinRule { needs: Needs::End, ..rule };
    assert_eq!(verdict(&after(&ends, "a -b"), &ends), Verdict::Fires);
}

#[test]
fn a_late_join_says_what_is_missing() {
    let rule = JoinRule { within: Some(std::time::Duration::from_secs(3600)), ..rule() };
    let state = after(&rule, "root +a +b a");
    assert_eq!(state.began, Some(at()), "counted from the first end of a job that it names");
    assert_eq!(after(&rule, "root +a").began, None);
    assert_eq!(said_late(&state, &rule).text, "no success of `b` within 1h");
}

#[test]
fn the_last_success_is_the_run_whose_output_counts() {
    let mut state = JoinState::default();
    let run = |n| Uuid::from_u128(n);
    for (n, end) in [(1, End::Failed), (2, End::Ok), (3, End::Ok), (4, End::Failed)] {
        ended(&mut state, &rule(), "a", (end, run(n), at()));
    }
    assert_eq!(state.parts["a"].run, Some(run(3)));
}
