//! The scheduler over the history: what would have run under a file, given what came from outside and how the runs
//! ended. No database, no clock, no job.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use cascade_config::{Config, ConfigState};
use cascade_model::{RunKind, RunState, TriggerNote};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    RehearseError,
    ends::Faults,
    joins::Joins,
    outcomes::{Cause, Outcomes, Wanted},
    past::PastRun,
    queued::Asked,
    slots::slots,
    state::{Agenda, Event, Keys, Run, Slot, Slots, Stands},
};

/// Runs that one rehearsal makes at most.
pub(super) const MOST_RUNS: usize = if cfg!(test) { 2_000 } else { 200_000 };

/// How long a rehearsal may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    began: Instant,
    most: Duration,
}

impl Deadline {
    /// One that begins now.
    pub fn of(most: Duration) -> Self {
        Self { began: Instant::now(), most }
    }

    pub(super) fn check(&self) -> Result<(), RehearseError> {
        match self.began.elapsed() > self.most {
            true => Err(RehearseError::TooLong(self.most)),
            false => Ok(()),
        }
    }
}

/// A rehearsal of one file while it goes on, and what came of it.
pub(super) struct Replay<'a> {
    pub outcomes: &'a Outcomes<'a>,
    pub state: &'a ConfigState,
    /// The file that the history was made under.
    pub in_force: &'a Config,
    pub runs: Vec<Run>,
    pub slots: Vec<Slot>,
    pub places: Slots,
    pub keys: Keys,
    pub agenda: Agenda,
    /// Recorded runs that have a run that stands for them.
    pub used: Vec<bool>,
    pub faults: Faults,
    pub joins: Joins,
}

/// What would have run under `state`, if it had come into force in place of `in_force` when the span began.
pub(super) fn replay<'a>(
    outcomes: &'a Outcomes<'a>,
    state: &'a ConfigState,
    in_force: &'a Config,
    deadline: &Deadline,
) -> Result<Replay<'a>, RehearseError> {
    let history = outcomes.history;
    let (slots, places) = slots(history, &state.config, in_force);
    let mut replay = Replay {
        outcomes,
        state,
        in_force,
        runs: Vec::new(),
        slots,
        places,
        keys: HashMap::new(),
        agenda: Agenda::default(),
        used: vec![false; history.runs.len()],
        faults: Faults::default(),
        joins: Joins::default(),
    };
    replay.begin();
    let mut steps = 0_u32;
    while let Some((at, event)) = replay.agenda.next() {
        if at >= history.to {
            break;
        }
        if steps.is_multiple_of(64) {
            deadline.check()?;
        }
        steps = steps.wrapping_add(1);
        replay.step(at, event);
        if replay.runs.len() > MOST_RUNS {
            return Err(RehearseError::TooManyMade { most: MOST_RUNS, at });
        }
    }
    Ok(replay)
}

impl Replay<'_> {
    /// What is there when the span begins, and what comes from outside.
    fn begin(&mut self) {
        let history = self.outcomes.history;
        for (at, run) in history.runs.iter().enumerate() {
            if run.queued_at < history.from {
                self.under_way(at, run);
            } else if let Some(time) = self.root(at, run) {
                self.agenda.add(time.max(history.from), Event::Root(at));
            }
        }
        for slot in 0..self.slots.len() {
            if let Some(due) = self.slots[slot].row.next_run_at {
                self.agenda.add(due.max(history.from), Event::Due(slot));
            }
        }
    }

    /// When a recorded run is asked for from outside; `None` for one that a timer, an edge or the code of a run made.
    fn root(&self, at: usize, run: &PastRun) -> Option<DateTime<Utc>> {
        let led = self.outcomes.is_led(at) && !self.is_joined_from_before(run);
        let triggered = !run.payload.triggers.is_empty();
        if run.by_code && led {
            return None;
        }
        match (run.kind(), run.payload.requested_at) {
            (RunKind::Schedule, Some(asked)) => Some(asked),
            (RunKind::Queue, Some(_)) => Some(run.queued_at),
            (RunKind::Queue, None) if !triggered => Some(run.queued_at),
            // What led to it had ended before the span.
            (_, None) if triggered && !led => Some(run.queued_at),
            (_, None) => None,
        }
    }

    fn under_way(&mut self, past: usize, run: &PastRun) {
        let place = (Arc::from(run.job.as_str()), Arc::from(run.project.as_str()));
        let Some(slot) = self.places.get(&place).copied() else { return };
        let wanted = Wanted {
            job: &run.job,
            project: &run.project,
            key: super::outcomes::key_of(run),
            cause: Cause::Is(past),
            args: None,
            at: run.queued_at,
        };
        let outcome = self.outcomes.of(&wanted, Some(past));
        let request = run.request.as_ref();
        let key = super::outcomes::key_of(run).map(ToOwned::to_owned);
        let rank = 9 - request.map_or(0, |request| request.priority.min(9));
        let mut payload = run.caused();
        // What led to it is not part of the rehearsal.
        payload.debounced = None;
        let id = self.runs.len();
        self.runs.push(Run {
            slot,
            kind: run.kind(),
            key: key.clone(),
            args: request.map(|request| request.args.clone()),
            rank,
            payload,
            past: Some(past),
            outcome,
            stands: Stands::Waits,
            behind: false,
            made: run.queued_at,
            available: run.queued_at,
            begins: run.began_at,
            ends: None,
        });
        self.used[past] = true;
        match (run.kind(), key) {
            (RunKind::Schedule, _) => self.slots[slot].open = Some(id),
            (RunKind::Queue, Some(key)) => {
                let begun = run.began_at.is_some_and(|at| at <= self.outcomes.history.from);
                let behind = !begun && self.is_full(slot, &key);
                self.runs[id].behind = behind;
                self.keys.entry((slot, key)).or_default().push(id);
            }
            (RunKind::Queue, None) => {}
        }
        if let Some(at) = run.began_at {
            self.agenda.add(at, Event::Begin(id));
        } else if let Some(at) = run.finished_at {
            self.agenda.add(at, Event::End(id));
        }
    }

    fn step(&mut self, now: DateTime<Utc>, event: Event) {
        match event {
            Event::Root(past) => self.asked_from_outside(past, now),
            Event::Due(slot) => self.due(slot, now),
            Event::Come(run) => self.come(run, now),
            Event::Begin(run) => self.begins(run, now),
            Event::End(run) => self.ends(run, now),
            Event::Late(join) => self.late_join(join, now),
        }
    }

    fn asked_from_outside(&mut self, past: usize, now: DateTime<Utc>) {
        let run = &self.outcomes.history.runs[past];
        let place = (Arc::from(run.job.as_str()), Arc::from(run.project.as_str()));
        let Some(slot) = self.places.get(&place).copied() else { return };
        if !self.slots[slot].row.enabled {
            return;
        }
        if self.is_joined_from_before(run) {
            self.join_fired(slot);
        }
        if let Some(request) = &run.request {
            let mut payload = cascade_model::Payload::default();
            if run.payload.requested_at.is_some() || run.payload.triggers.is_empty() {
                payload.add_request(now);
            } else {
                let of = run.caused();
                (payload.trace_id, payload.traces) = (of.trace_id, of.traces);
                (payload.triggers, payload.cascade_triggered_by) =
                    (of.triggers, of.cascade_triggered_by);
            }
            let request = request.clone();
            self.ask(slot, Asked { request, payload, ..Asked::of(Cause::Is(past)) }, now);
            return;
        }
        let slot_now = &mut self.slots[slot];
        slot_now.row.now = now;
        slot_now.given = Some(past);
        if run.payload.requested_at.is_none() {
            // Of before the span.
            for note in &run.payload.triggers {
                let note = TriggerNote { run_id: None, ..note.clone() };
                slot_now.row.payload.add_trigger_of(note, &run.traces);
            }
            let known = slot_now.row.next_run_at;
            slot_now.row.next_run_at = Some(known.map_or(now, |due| due.min(now)));
            self.agenda.add(now, Event::Due(slot));
            return;
        }
        self.run_now(slot, now);
    }

    /// The rehearsed runs that led to one with this payload.
    pub(super) fn upstream(&self, payload: &cascade_model::Payload) -> Vec<usize> {
        let ids = payload.triggers.iter().filter_map(|note| note.run_id);
        ids.filter_map(|id| self.run_of(id)).collect()
    }

    /// The rehearsed run of this id.
    pub(super) fn run_of(&self, id: Uuid) -> Option<usize> {
        let run = usize::try_from(id.as_u128().checked_sub(1)?).ok();
        run.filter(|run| *run < self.runs.len())
    }

    /// Whether a trace began before the span.
    pub(super) fn is_from_before(&self, trace: Uuid) -> bool {
        self.run_of(trace).is_none()
    }

    /// The recorded runs that these stand for.
    pub(super) fn pasts(&self, payload: &cascade_model::Payload) -> Vec<usize> {
        let upstream = self.upstream(payload);
        upstream.into_iter().filter_map(|run| self.runs[run].outcome.past).collect()
    }

    /// Adds a run that waits, and plans its end if it ends before it begins.
    pub(super) fn add(&mut self, run: Run) -> usize {
        let id = self.runs.len();
        if let Some(past) = run.past {
            self.used[past] = true;
        }
        if let Some(after) = run.outcome.cancelled_after {
            self.agenda.add(run.made + after, Event::End(id));
        }
        self.runs.push(run);
        id
    }

    /// Nothing keeps a run: it begins as long after as the recorded one did.
    pub(super) fn may_begin(&mut self, run: usize, now: DateTime<Utc>) {
        let it = &mut self.runs[run];
        if let (Stands::Waits, None, Some(wait)) = (it.stands, it.begins, it.outcome.wait) {
            it.begins = Some(now + wait);
            self.agenda.add(now + wait, Event::Begin(run));
        }
    }

    fn begins(&mut self, run: usize, now: DateTime<Utc>) {
        let it = &mut self.runs[run];
        // One that came meanwhile goes before it, or it was put off.
        if it.stands != Stands::Waits || it.begins != Some(now) {
            return;
        }
        if it.behind {
            it.begins = None;
            return;
        }
        it.stands = Stands::Runs;
        if let Some(busy) = it.outcome.busy {
            self.agenda.add(now + busy, Event::End(run));
        }
    }

    fn ends(&mut self, run: usize, now: DateTime<Utc>) {
        if self.runs[run].stands == Stands::Ended {
            return;
        }
        let begun = self.runs[run].stands == Stands::Runs;
        let it = &mut self.runs[run];
        (it.stands, it.ends) = (Stands::Ended, Some(now));
        if !begun {
            it.begins = None;
        }
        let (slot, key, kind) = (it.slot, it.key.clone(), it.kind);
        if kind == RunKind::Schedule {
            self.slots[slot].open = None;
        } else if let Some(key) = &key {
            if let Some(all) = self.keys.get_mut(&(slot, key.clone())) {
                all.retain(|one| *one != run);
            }
            self.advance(slot, key, now);
        }
        self.follow(run, now);
        self.agenda.add(now, Event::Due(slot));
    }
}

/// Whether a recorded run has begun within the span.
pub(super) fn began_within(run: &PastRun, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    run.state != RunState::Scheduled && run.began_at.is_some_and(|at| at >= from && at < to)
}
