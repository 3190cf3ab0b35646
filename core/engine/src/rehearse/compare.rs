//! Which runs appear, vanish or move from one rehearsal to another.

use std::collections::{BTreeMap, HashMap};

use cascade_model::{KEY_OF_SCHEDULE, Payload};
use cascade_sdk::Trigger;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::{
    replay::Replay,
    report::{Change, ChangeKind, Example, Hour, JobChange, Load},
};

/// What begins so much later or earlier has not moved.
pub(super) const SAME: TimeDelta = TimeDelta::seconds(1);
/// Changes that are told one by one.
const EXAMPLES: usize = 20;
/// Those of one job in a project that change in the same way.
const ALIKE: usize = 4;

/// Job, project and key.
type Group<'a> = (&'a str, &'a str, Option<&'a str>);

/// A rehearsed run that began within the span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub run: usize,
    pub begins: DateTime<Utc>,
}

/// The runs that began within the span, the first first.
pub(super) fn shown(replay: &Replay<'_>) -> Vec<Shown> {
    let history = replay.outcomes.history;
    let within = |begins: &DateTime<Utc>| *begins >= history.from && *begins < history.to;
    let runs = replay.runs.iter().enumerate();
    let begun = runs.filter_map(|(run, it)| {
        let begins = it.begins.filter(within)?;
        Some(Shown { run, begins })
    });
    let mut begun: Vec<_> = begun.collect();
    begun.sort_by_key(|one| (one.begins, one.run));
    begun
}

/// Which run of one rehearsal is which of the other.
struct Pairs {
    /// By runs of the first.
    of_before: HashMap<usize, usize>,
    /// By runs of the second.
    of_after: HashMap<usize, usize>,
}

impl Pairs {
    fn add(&mut self, before: usize, after: usize) {
        self.of_before.insert(before, after);
        self.of_after.insert(after, before);
    }
}

fn group<'r>(replay: &'r Replay<'_>, run: usize) -> Group<'r> {
    let it = &replay.runs[run];
    let slot = &replay.slots[it.slot];
    (&slot.job, &slot.project, it.key.as_deref())
}

fn grouped<'r>(replay: &'r Replay<'_>, shown: &[Shown]) -> BTreeMap<Group<'r>, Vec<Shown>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in shown {
        groups.entry(group(replay, one.run)).or_default().push(*one);
    }
    groups
}

fn is_timer(replay: &Replay<'_>, run: usize) -> bool {
    replay.of_schedule(run) && replay.runs[run].payload.trigger() == Trigger::Timer
}

/// Pairs the runs of the same time, then those of the same cause.
fn pairs(before: (&Replay<'_>, &[Shown]), after: (&Replay<'_>, &[Shown])) -> Pairs {
    let mut pairs = Pairs { of_before: HashMap::new(), of_after: HashMap::new() };
    let (old, new) = (grouped(before.0, before.1), grouped(after.0, after.1));
    for (group, old) in &old {
        let Some(new) = new.get(group) else { continue };
        let (mut one, mut two) = (0, 0);
        while let (Some(before), Some(after)) = (old.get(one), new.get(two)) {
            if (before.begins - after.begins).abs() <= SAME {
                pairs.add(before.run, after.run);
                (one, two) = (one + 1, two + 1);
            } else if before.begins < after.begins {
                one += 1;
            } else {
                two += 1;
            }
        }
    }
    // Timers of a schedule that has moved, one after another.
    for (group, old) in &old {
        let Some(new) = new.get(group) else { continue };
        let old = old
            .iter()
            .filter(|one| !pairs.of_before.contains_key(&one.run) && is_timer(before.0, one.run));
        let new = new
            .iter()
            .filter(|one| !pairs.of_after.contains_key(&one.run) && is_timer(after.0, one.run));
        let both: Vec<_> = old.zip(new).map(|(one, two)| (one.run, two.run)).collect();
        both.into_iter().for_each(|(one, two)| pairs.add(one, two));
    }
    // Those that stand for the same recorded run, and those that the same run led to.
    let mut by_past = HashMap::new();
    let mut by_upstream: HashMap<usize, Vec<usize>> = HashMap::new();
    for one in after.1.iter().filter(|one| !pairs.of_after.contains_key(&one.run)) {
        let it = &after.0.runs[one.run];
        if let Some(past) = it.past {
            by_past.insert(past, one.run);
        }
        for up in after.0.upstream(&it.payload) {
            by_upstream.entry(up).or_default().push(one.run);
        }
    }
    for one in before.1 {
        if pairs.of_before.contains_key(&one.run) {
            continue;
        }
        let it = &before.0.runs[one.run];
        let same = it.past.and_then(|past| by_past.get(&past).copied());
        let led = || {
            let ups = before.0.upstream(&it.payload);
            let ups = ups.into_iter().filter_map(|up| pairs.of_before.get(&up).copied());
            let led = ups.filter_map(|up| by_upstream.get(&up)).flatten().copied();
            let fits = |other: &usize| group(after.0, *other) == group(before.0, one.run);
            led.filter(fits).find(|other| !pairs.of_after.contains_key(other))
        };
        let same = same.filter(|other| !pairs.of_after.contains_key(other)).or_else(led);
        if let Some(other) = same {
            pairs.add(one.run, other);
        }
    }
    pairs
}

/// What changes from one rehearsal to the other.
pub(super) struct Compared {
    pub total: Change,
    pub jobs: Vec<JobChange>,
    pub examples: Vec<Example>,
}

pub(super) fn compare(before: (&Replay<'_>, &[Shown]), after: (&Replay<'_>, &[Shown])) -> Compared {
    let pairs = pairs(before, after);
    let mut jobs: BTreeMap<(&str, &str), Change> = BTreeMap::new();
    let mut changed = Vec::new();
    let begins: HashMap<_, _> = before.1.iter().map(|one| (one.run, one.begins)).collect();
    for one in before.1 {
        let (job, project, _) = group(before.0, one.run);
        let change = jobs.entry((job, project)).or_default();
        change.before += 1;
        if !pairs.of_before.contains_key(&one.run) {
            change.vanished += 1;
            changed.push(example(ChangeKind::Vanished, before.0, one.run, Some(one.begins), None));
        }
    }
    for one in after.1 {
        let (job, project, _) = group(after.0, one.run);
        let change = jobs.entry((job, project)).or_default();
        change.after += 1;
        let then = pairs.of_after.get(&one.run).and_then(|other| begins.get(other)).copied();
        let kind = match then {
            None => ChangeKind::Appeared,
            Some(then) if (then - one.begins).abs() > SAME => ChangeKind::Moved,
            Some(_) => continue,
        };
        match kind {
            ChangeKind::Moved => change.moved += 1,
            _ => change.appeared += 1,
        }
        changed.push(example(kind, after.0, one.run, then, Some(one.begins)));
    }
    let mut total = Change::default();
    for change in jobs.values() {
        total.before += change.before;
        total.after += change.after;
        total.appeared += change.appeared;
        total.vanished += change.vanished;
        total.moved += change.moved;
    }
    let row = |((job, project), change): ((&str, &str), Change)| JobChange {
        job: job.into(),
        project: project.into(),
        change,
    };
    let mut jobs: Vec<_> = jobs.into_iter().map(row).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.change.changes()));
    Compared { total, jobs, examples: first(changed) }
}

fn example(
    kind: ChangeKind,
    replay: &Replay<'_>,
    run: usize,
    before: Option<DateTime<Utc>>,
    after: Option<DateTime<Utc>>,
) -> Example {
    let (job, project, key) = group(replay, run);
    let payload = &replay.runs[run].payload;
    let upstream = match payload.trigger() {
        Trigger::Cascade { job_type, .. } => Some(job_type),
        _ => None,
    };
    let cause = cause(payload);
    let key = key.filter(|key| *key != KEY_OF_SCHEDULE).map(Into::into);
    Example { kind, job: job.into(), project: project.into(), key, before, after, cause, upstream }
}

/// What caused a run, in one word.
pub(super) fn cause(payload: &Payload) -> &'static str {
    match payload.trigger() {
        Trigger::Manual { .. } => "request",
        Trigger::Cascade { .. } => "cascade",
        _ => "timer",
    }
}

/// The first of them, not all of one job.
fn first(mut changed: Vec<Example>) -> Vec<Example> {
    let at = |one: &Example| one.after.or(one.before);
    changed.sort_by(|one, two| {
        (at(one), &one.job, &one.project).cmp(&(at(two), &two.job, &two.project))
    });
    let mut alike: HashMap<(String, String, ChangeKind), usize> = HashMap::new();
    changed.retain(|one| {
        let seen = alike.entry((one.job.clone(), one.project.clone(), one.kind)).or_default();
        *seen += 1;
        *seen <= ALIKE
    });
    changed.truncate(EXAMPLES);
    changed
}

/// The load by hour.
pub(super) fn hours(before: (&Replay<'_>, &[Shown]), after: (&Replay<'_>, &[Shown])) -> Vec<Hour> {
    let history = before.0.outcomes.history;
    let hour = TimeDelta::hours(1);
    let first = history.from.duration_trunc(hour).unwrap_or(history.from);
    let mut hours = Vec::new();
    let mut at = first;
    while at < history.to {
        hours.push(Hour { at, before: Load::default(), after: Load::default() });
        at += hour;
    }
    let place = |at: DateTime<Utc>| {
        usize::try_from((at - first).num_hours()).ok().filter(|place| *place < hours.len())
    };
    let places = |(replay, shown): (&Replay<'_>, &[Shown])| {
        let mut loads = vec![Load::default(); hours.len()];
        for one in shown {
            let run = &replay.runs[one.run];
            let ends = run.ends.unwrap_or(history.to).min(history.to);
            let Some(mut nth) = place(one.begins) else { continue };
            loads[nth].runs += 1;
            let mut from = one.begins;
            while from < ends && nth < loads.len() {
                let until = (first + hour * i32::try_from(nth + 1).unwrap_or(i32::MAX)).min(ends);
                loads[nth].busy_seconds += (until - from).as_seconds_f64() * run.outcome.worked;
                (from, nth) = (until, nth + 1);
            }
        }
        loads
    };
    let (old, new) = (places(before), places(after));
    for ((hour, before), after) in hours.iter_mut().zip(old).zip(new) {
        (hour.before, hour.after) = (before, after);
    }
    hours
}
