//! How a run of the rehearsal ends: as the run of the history that it stands for, or else like others.

use std::collections::{BTreeMap, HashMap};

use cascade_config::Config;
use cascade_model::{KEY_OF_SCHEDULE, RunKind, RunState};
use cascade_sdk::Trigger;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{
    joins::{fired_at, join_of},
    past::{History, PastRun},
};

/// How far the time that a timer was due at may be from the recorded one, to be the same.
const SAME: TimeDelta = TimeDelta::seconds(1);
/// How long a job is taken to run that has no history.
pub(super) const ASSUMED: TimeDelta = TimeDelta::seconds(1);

/// What an outcome was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Basis {
    /// The recorded run of the same cause.
    Recorded,
    /// The recorded run of the same job, project and key that was nearest in time.
    Nearest,
    /// The median of what the job took in the project, and its latest success.
    Median,
    /// Nothing.
    Assumed,
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Success,
    Failure,
    Cancelled,
}

/// What becomes of a run.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub basis: Basis,
    /// The recorded run whose output, error and children it has.
    pub past: Option<usize>,
    /// How long it waits from when it may begin; `None` if it never began.
    pub wait: Option<TimeDelta>,
    /// How long it takes; `None` if it had not ended.
    pub busy: Option<TimeDelta>,
    /// Which part of that it worked, not waiting for its next attempt.
    pub worked: f64,
    /// How long after it was made it is cancelled, if it was before it began.
    pub cancelled_after: Option<TimeDelta>,
    pub end: End,
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub job: &'a str,
    pub project: &'a str,
    /// That of its schedule for runs of schedules.
    pub key: Option<&'a str>,
    pub cause: Cause,
    pub args: Option<&'a Value>,
    pub at: DateTime<Utc>,
}

/// What a recorded run must have been caused by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// It is this one.
    Is(usize),
    /// The end of one of these.
    Led(Vec<usize>),
    /// Its timer, which was due then.
    Due(DateTime<Utc>),
}

/// A job in a project.
#[derive(Debug, Default)]
struct Place {
    /// Runs of its timer, by when they were due.
    timers: BTreeMap<DateTime<Utc>, usize>,
    /// Runs by the recorded run whose end led to them.
    led: HashMap<usize, Vec<usize>>,
    /// Runs that tell how others may run, by key, in the order of their begin.
    by_key: HashMap<Option<String>, Vec<usize>>,
    durations: Vec<TimeDelta>,
    latest_success: Option<usize>,
}

/// All that the history says of how runs end.
pub(super) struct Outcomes<'a> {
    pub history: &'a History,
    places: HashMap<&'a str, HashMap<&'a str, Place>>,
    ids: HashMap<Uuid, usize>,
    /// How long each run waited once it could begin.
    waits: Vec<TimeDelta>,
    /// How long after it was due each run of a schedule was made.
    late: Vec<TimeDelta>,
    /// Runs that the code of a run asked for, by that run.
    children: HashMap<usize, Vec<usize>>,
}

/// The key of a run; those of schedules have the key of the schedule.
pub(super) fn key_of(run: &PastRun) -> Option<&str> {
    match &run.request {
        None => Some(KEY_OF_SCHEDULE),
        Some(request) => request.key.as_deref(),
    }
}

impl<'a> Outcomes<'a> {
    /// Of a history that this file was in force in.
    pub fn new(history: &'a History, in_force: &Config) -> Self {
        let runs = &history.runs;
        let ids: HashMap<_, _> = runs.iter().enumerate().map(|(at, run)| (run.id, at)).collect();
        let mut found = Self {
            history,
            places: HashMap::new(),
            ids,
            waits: vec![TimeDelta::zero(); runs.len()],
            late: vec![TimeDelta::zero(); runs.len()],
            children: HashMap::new(),
        };
        let mut by_begin: Vec<_> = (0..runs.len()).collect();
        by_begin.sort_by_key(|at| (runs[*at].began_at, *at));
        let mut ended: HashMap<(&str, &str, &str), DateTime<Utc>> = HashMap::new();
        for at in by_begin {
            let run = &runs[at];
            if let Some(key) = key_of(run) {
                let before = ended.entry((&run.job, &run.project, key)).or_default();
                found.delays(at, *before, in_force);
                *before = run.finished_at.into_iter().fold(*before, DateTime::max);
            } else {
                found.delays(at, DateTime::default(), in_force);
            }
            found.add(at);
        }
        for place in found.places.values_mut().flat_map(HashMap::values_mut) {
            place.durations.sort_unstable();
        }
        found
    }

    /// Whether a run is in the history.
    pub fn has(&self, run: Uuid) -> bool {
        self.ids.contains_key(&run)
    }

    /// Whether one of the runs that led to this one is in the history.
    pub fn is_led(&self, at: usize) -> bool {
        let triggers = &self.history.runs[at].payload.triggers;
        triggers.iter().filter_map(|note| note.run_id).any(|id| self.ids.contains_key(&id))
    }

    /// Runs that the code of a recorded run asked for.
    pub fn children(&self, of: usize) -> &[usize] {
        self.children.get(&of).map_or(&[], Vec::as_slice)
    }

    /// How late a run of a schedule is made that could be made `now`: as late as the recorded one, or when that was
    /// made if that could be at the same time.
    pub fn late(&self, at: usize, now: DateTime<Utc>) -> TimeDelta {
        let (late, made) = (self.late[at], self.history.runs[at].queued_at);
        if (made - late - now).abs() <= SAME { (made - now).max(TimeDelta::zero()) } else { late }
    }

    /// How long a run waited, and how late a run of a schedule was made; the one before it of its key had ended at
    /// `before`.
    fn delays(&mut self, at: usize, before: DateTime<Utc>, in_force: &Config) {
        let run = &self.history.runs[at];
        let since = |free: DateTime<Utc>, end: DateTime<Utc>| (end - free).max(TimeDelta::zero());
        let Some(request) = &run.request else {
            self.waits[at] = run.began_at.map(|it| since(run.queued_at, it)).unwrap_or_default();
            let payload = &run.payload;
            let joined = join_of(in_force, run).and_then(|join| fired_at(join, run));
            let triggered = joined.or_else(|| payload.triggers.first().map(|note| note.at));
            let cause = triggered.into_iter().chain(payload.requested_at).min();
            if let Some(due) = payload.scheduled_for.or(cause) {
                self.late[at] = since(due.max(before), run.queued_at);
            }
            return;
        };
        let free = request.run_at.into_iter().fold(run.queued_at.max(before), DateTime::max);
        self.waits[at] = run.began_at.map(|it| since(free, it)).unwrap_or_default();
    }

    fn add(&mut self, at: usize) {
        let run = &self.history.runs[at];
        let upstream = run.payload.triggers.iter().filter_map(|note| note.run_id);
        let upstream: Vec<_> = upstream.filter_map(|id| self.ids.get(&id).copied()).collect();
        if let (true, Some(parent)) = (run.by_code, upstream.first()) {
            self.children.entry(*parent).or_default().push(at);
        }
        let place = self.places.entry(&run.job).or_default().entry(&run.project).or_default();
        for parent in upstream {
            place.led.entry(parent).or_default().push(at);
        }
        if let (RunKind::Schedule, Trigger::Timer, Some(due)) =
            (run.kind(), run.payload.trigger(), run.payload.scheduled_for)
        {
            place.timers.insert(due, at);
        }
        if !run.tells() {
            return;
        }
        place.by_key.entry(key_of(run).map(Into::into)).or_default().push(at);
        if run.state == RunState::Completed {
            place.durations.extend(busy(run));
            let ended = |at: usize| self.history.runs[at].finished_at;
            if place.latest_success.is_none_or(|known| ended(known) < ended(at)) {
                place.latest_success = Some(at);
            }
        }
    }

    fn place(&self, job: &str, project: &str) -> Option<&Place> {
        self.places.get(job)?.get(project)
    }

    /// The recorded run of the same cause that no run stands for yet.
    pub fn same(&self, wanted: &Wanted<'_>, used: &[bool]) -> Option<usize> {
        if let Cause::Is(past) = wanted.cause {
            return (!used[past]).then_some(past);
        }
        let place = self.place(wanted.job, wanted.project)?;
        let free = |at: &&usize| !used[**at];
        match &wanted.cause {
            Cause::Is(_) => None,
            Cause::Due(due) => {
                let near = place.timers.range(*due - SAME..=*due + SAME);
                near.map(|(_, at)| at).find(free).copied()
            }
            Cause::Led(upstream) => {
                let led = |up: &usize| place.led.get(up).map_or(&[][..], Vec::as_slice);
                let all: Vec<_> = upstream.iter().flat_map(led).filter(free).copied().collect();
                let run = |at: usize| &self.history.runs[at];
                let asked = |at: usize| run(at).request.as_ref().map(|request| &request.args);
                let same_key = |at: &usize| key_of(run(*at)) == wanted.key;
                let exactly = |at: &usize| same_key(at) && asked(*at) == wanted.args;
                let mut by_fit = [all.iter().copied().find(exactly), None, None];
                by_fit[1] = all.iter().copied().find(same_key);
                by_fit[2] = all.first().copied().filter(|at| !run(*at).by_code);
                by_fit.into_iter().flatten().next()
            }
        }
    }

    /// What becomes of a run; `same` is the recorded one that it stands for.
    pub fn of(&self, wanted: &Wanted<'_>, same: Option<usize>) -> Outcome {
        if let Some(outcome) = same.and_then(|past| self.recorded(past)) {
            return outcome;
        }
        let place = self.place(wanted.job, wanted.project);
        let like = |basis, past: usize, busy: TimeDelta| {
            let failed = self.history.runs[past].state == RunState::Failed;
            let end = if failed { End::Failure } else { End::Success };
            let (wait, busy, worked) = (Some(TimeDelta::zero()), Some(busy), 1.0);
            Outcome { basis, past: Some(past), wait, busy, worked, cancelled_after: None, end }
        };
        if let Some(past) = place.and_then(|place| self.nearest(place, wanted)) {
            let run = &self.history.runs[past];
            let took = busy(run).unwrap_or_default();
            return Outcome { worked: worked(run), ..like(Basis::Nearest, past, took) };
        }
        // The same job in another project, if there is none of this one.
        let known = |place: &&Place| place.latest_success.is_some();
        let elsewhere = || {
            let places = self.places.get(wanted.job)?.iter();
            let named = places.filter(|(_, place)| known(place));
            named.min_by_key(|(project, _)| **project).map(|(_, place)| place)
        };
        if let Some(place) = place.filter(known).or_else(elsewhere)
            && let Some(past) = place.latest_success
        {
            let middle = place.durations.get(place.durations.len() / 2);
            return like(Basis::Median, past, middle.copied().unwrap_or(ASSUMED));
        }
        let (wait, busy) = (Some(TimeDelta::zero()), Some(ASSUMED));
        let (basis, end, worked) = (Basis::Assumed, End::Success, 1.0);
        Outcome { basis, past: None, wait, busy, worked, cancelled_after: None, end }
    }

    /// `None` for one that waited for a later time at the end of the span: nothing is known of it.
    fn recorded(&self, past: usize) -> Option<Outcome> {
        let run = &self.history.runs[past];
        let run_at = run.request.as_ref().and_then(|request| request.run_at);
        let begun = run.began_at.is_some();
        if !begun && run.finished_at.is_none() && run_at.is_some_and(|at| at > self.history.to) {
            return None;
        }
        let cancelled_after = run.finished_at.filter(|_| !begun).map(|it| it - run.queued_at);
        Some(Outcome {
            basis: Basis::Recorded,
            past: Some(past),
            wait: begun.then(|| self.waits[past]),
            busy: busy(run),
            worked: worked(run),
            cancelled_after,
            end: match run.state {
                RunState::Failed => End::Failure,
                RunState::Cancelled => End::Cancelled,
                _ => End::Success,
            },
        })
    }

    fn nearest(&self, place: &Place, wanted: &Wanted<'_>) -> Option<usize> {
        let runs = place.by_key.get(&wanted.key.map(ToOwned::to_owned))?;
        let began = |at: usize| self.history.runs[at].began_at.unwrap_or_default();
        let after = runs.partition_point(|at| began(*at) < wanted.at);
        let near = runs[after.saturating_sub(1)..].iter().take(2).copied();
        near.min_by_key(|at| (began(*at) - wanted.at).abs())
    }
}

fn busy(run: &PastRun) -> Option<TimeDelta> {
    let (began, ended) = (run.began_at?, run.finished_at?);
    Some((ended - began).max(TimeDelta::zero()))
}

fn worked(run: &PastRun) -> f64 {
    let Some(busy) = busy(run).filter(|busy| *busy > run.paused) else { return 1.0 };
    (busy - run.paused).as_seconds_f64() / busy.as_seconds_f64()
}
