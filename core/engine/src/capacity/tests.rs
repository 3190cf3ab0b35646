use cascade_config::Rate;
use cascade_store::{Begun, SharedUse};

use super::*;

const ONE: Uuid = Uuid::from_u128(1);
const TWO: Uuid = Uuid::from_u128(2);

fn limits() -> Limits {
    let job = Limit { of: Limited::Job("a".into()), free: 2 };
    let each = vec![job, Limit { of: Limited::Project(ONE), free: 1 }];
    Limits { each, ..Limits::default() }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Shared by `a` and `b`.
fn shared(concurrency: Option<u32>, running: u64, begun: &[(u64, u64)]) -> SharedUse {
    let begun = begun.iter().map(|&(runs, ago)| Begun { runs, ago: seconds(ago) });
    SharedUse {
        name: "api".into(),
        jobs: vec!["a".into(), "b".into()],
        concurrency,
        running,
        rate: Some(Rate { count: 10, period: seconds(60) }),
        begun: begun.collect(),
    }
}

fn of(shared: Vec<SharedUse>, alone: bool) -> Capacity {
    Capacity::of(Limits { shared, ..Limits::default() }, alone)
}

#[test]
fn a_run_counts_for_its_job_and_for_its_project() {
    let mut capacity = Capacity::of(limits(), true);
    assert!(capacity.take("a", ONE));
    assert_eq!(capacity.full_projects(), [ONE]);
    assert!(!capacity.take("b", ONE), "the project is full");
    assert!(!capacity.take("a", ONE), "what does not start takes no place");
    assert!(capacity.take("a", TWO));
    assert_eq!(capacity.closed_jobs(&["c".into()]), ["a", "c"].map(LeftJob::from));
    let for_a_while = |job: &str| LeftJob { until: Some(seconds(5)), ..job.into() };
    let closed = capacity.closed_jobs(&[for_a_while("c"), for_a_while("a")]);
    assert_eq!(closed, ["a".into(), for_a_while("c")], "what is full is left out for ever");
    assert!(!capacity.take("a", TWO) && capacity.take("b", TWO), "`b` has no limit");
}

#[test]
fn who_does_not_count_alone_starts_nothing_that_has_a_limit() {
    let mut capacity = Capacity::of(limits(), false);
    assert!(!capacity.take("a", TWO) && !capacity.take("b", ONE) && capacity.take("b", TWO));
    let mut capacity = of(vec![shared(Some(5), 0, &[])], false);
    assert!(!capacity.take("b", ONE) && capacity.take("c", ONE));
}

#[test]
fn jobs_that_share_a_limit_take_of_the_same_places() {
    let mut capacity = of(vec![shared(Some(3), 1, &[])], true);
    assert!(capacity.take("a", ONE) && capacity.take("b", TWO));
    assert!(!capacity.take("a", TWO) && !capacity.take("b", ONE) && capacity.take("c", ONE));
    assert_eq!(capacity.closed_jobs(&[]), ["a", "b"].map(LeftJob::from));
    assert_eq!(capacity.next_by_rate(), None, "the end of a run opens it");
    let beginning = Beginning { limit: "api", runs: 2, period: seconds(60) };
    assert_eq!(capacity.beginnings(), [beginning]);
}

#[test]
fn a_run_takes_a_place_of_each_of_its_limits_or_of_none() {
    let other = SharedUse { name: "gpu".into(), jobs: vec!["a".into()], ..shared(Some(1), 1, &[]) };
    let mut capacity = of(vec![shared(Some(1), 0, &[]), other], true);
    assert!(!capacity.take("a", ONE), "`gpu` is full");
    assert!(capacity.take("b", ONE), "`a` has taken no place of `api`");
    let closed: Vec<_> = capacity.closed_for("a").map(Shared::name).collect();
    assert_eq!(closed, ["api", "gpu"]);
}

#[test]
fn a_rate_lets_the_next_begin_when_enough_of_those_before_are_over() {
    let mut capacity = of(vec![shared(None, 7, &[(2, 50), (6, 20)])], true);
    assert!(capacity.next_by_rate().is_none());
    assert!(capacity.take("a", ONE) && capacity.take("a", ONE) && !capacity.take("b", ONE));
    assert_eq!(capacity.next_by_rate(), Some(seconds(10)));
    let more_than_may = of(vec![shared(None, 0, &[(4, 50), (9, 20)])], true);
    assert_eq!(more_than_may.next_by_rate(), Some(seconds(10)), "9 are left, and 10 may");
    let lowered = of(vec![shared(None, 0, &[(1, 50), (12, 20)])], true);
    assert_eq!(lowered.next_by_rate(), Some(seconds(40)));
    let mut unused = of(vec![shared(None, 0, &[])], true);
    for _ in 0..10 {
        assert!(unused.take("a", ONE));
    }
    assert_eq!(unused.next_by_rate(), Some(seconds(60)));
}

#[test]
fn where_places_are_missing_too_no_time_is_promised() {
    let capacity = of(vec![shared(Some(5), 5, &[(10, 30)])], true);
    let limit = capacity.closed_for("b").next().unwrap();
    assert_eq!((limit.full(), limit.rate_is_used_for()), (Some((5, 5)), Some(seconds(30))));
    assert_eq!(capacity.next_by_rate(), None);
}
