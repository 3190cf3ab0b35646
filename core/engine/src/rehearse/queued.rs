//! Runs that are asked for with args, in the rehearsal: how each becomes a run that waits, as in `enqueue.rs`, and
//! which of a key goes next, as the statements `queue_*.sql` say.

use cascade_model::{
    Debounce, Debounced, KEY_OF_SCHEDULE, OnDuplicate, Payload, RunKind, RunRequest, key_of_args,
};
use chrono::{DateTime, Utc};

use super::{
    ends::id_of,
    load::masked_args,
    outcomes::{Cause, Wanted},
    replay::Replay,
    state::{Event, Run, Slot, Stands},
};
use crate::joins::Opened;

/// A run that is asked for.
pub(super) struct Asked {
    pub request: RunRequest,
    pub payload: Payload,
    pub rule: OnDuplicate,
    pub debounce: Option<Debounce>,
    pub cause: Cause,
}

impl Asked {
    pub fn of(cause: Cause) -> Self {
        let args = serde_json::Value::Null;
        Self {
            request: RunRequest {
                key: None,
                args,
                priority: 0,
                run_at: None,
                asked_by: None,
                tags: Vec::new(),
            },
            payload: Payload::default(),
            rule: OnDuplicate::Queue,
            debounce: None,
            cause,
        }
    }
}

impl Replay<'_> {
    /// The run of a key that has none before it.
    pub(super) fn first_of(&self, slot: usize, key: &str) -> Option<usize> {
        let all = self.keys.get(&(slot, key.to_owned()))?;
        all.iter().copied().find(|run| !self.runs[*run].behind)
    }

    /// Whether as many runs of a key as may be go before others.
    pub(super) fn is_full(&self, slot: usize, key: &str) -> bool {
        let all = self.keys.get(&(slot, key.to_owned())).into_iter().flatten();
        let ahead = all.filter(|run| !self.runs[**run].behind).count();
        let job = self.state.config.jobs.get(&*self.slots[slot].job);
        ahead >= job.map_or(1, |job| job.runs_of_key(key)).max(1) as usize
    }

    /// Makes a run that waits, or has one that waits serve this too; returns the traces in which that is one more.
    pub(super) fn ask(&mut self, slot: usize, mut asked: Asked, now: DateTime<Utc>) -> Opened {
        let (registry, job) = (&self.state.registry, &self.slots[slot].job);
        asked.request.args = masked_args(registry, job, &asked.request.args);
        let mut first = asked.debounce.map(|rule| (rule, Debounced::begun(&rule, now)));
        if let Some((rule, first)) = &mut first {
            asked.request.run_at = Some(first.put_off(rule, now));
        }
        let at = asked.request.run_at.map_or(now, |at| at.max(now));
        let from = self.state.config.jobs.get(&*self.slots[slot].job);
        let from = from.and_then(|job| job.key_from.as_deref());
        let by_args = || key_of_args(from?, &asked.request.args);
        asked.request.key = asked.request.key.take().or_else(by_args);
        if let Some(key) = asked.request.key.clone() {
            self.step_aside(slot, &key, at);
            let waiting = self.waiting(slot, &key);
            let debounced = |run: &usize| self.runs[*run].payload.debounced.is_some();
            if let Some((rule, first)) = first {
                if let Some(waits) = waiting.iter().copied().find(debounced) {
                    let it = &mut self.runs[waits];
                    let at = it.payload.debounced.get_or_insert(first).put_off(&rule, now);
                    it.args = Some(asked.request.args.clone());
                    self.put_off(waits, at);
                    return self.merge(waits, &asked.payload, now);
                }
                asked.payload.debounced = Some(first);
            } else if asked.rule == OnDuplicate::Merge {
                let same = |run: &usize| self.runs[*run].args.as_ref() == Some(&asked.request.args);
                let serves = |run: &usize| self.runs[*run].available <= at || debounced(run);
                let found = waiting.iter().copied().find(|run| same(run) && serves(run));
                if let Some(waits) = found {
                    if self.runs[waits].available > at {
                        self.put_off(waits, at);
                    }
                    return self.merge(waits, &asked.payload, now);
                }
            }
        }
        let mut opened = Opened::default();
        let traces = asked.payload.all_traces();
        traces.for_each(|trace| opened.add(trace, &self.slots[slot].job));
        self.insert(slot, asked, now, at);
        opened
    }

    /// The first runs of a key that wait for a later time go behind one that is asked for.
    fn step_aside(&mut self, slot: usize, key: &str, at: DateTime<Utc>) {
        for run in self.keys.get(&(slot, key.to_owned())).into_iter().flatten() {
            let run = &mut self.runs[*run];
            run.behind |= run.stands == Stands::Waits && run.available > at;
        }
    }

    /// Runs of a key that have not begun, in their order.
    fn waiting(&self, slot: usize, key: &str) -> Vec<usize> {
        let all = self.keys.get(&(slot, key.to_owned())).cloned().unwrap_or_default();
        let waits = |run: &usize| self.runs[*run].stands == Stands::Waits;
        let mut all: Vec<_> = all.into_iter().filter(waits).collect();
        let order = |run: &usize| {
            let it = &self.runs[*run];
            (it.behind, it.rank, it.available, *run)
        };
        all.sort_by_key(order);
        all
    }

    fn put_off(&mut self, run: usize, at: DateTime<Utc>) {
        let it = &mut self.runs[run];
        (it.available, it.begins) = (at, None);
        self.agenda.add(at, Event::Come(run));
    }

    fn merge(&mut self, waits: usize, payload: &Payload, now: DateTime<Utc>) -> Opened {
        let it = &mut self.runs[waits];
        let job = &self.slots[it.slot].job;
        let mut opened = Opened::default();
        if payload.triggers.is_empty() {
            it.payload.join();
        }
        let traces: Vec<_> = payload.all_traces().collect();
        for note in &payload.triggers {
            let new = it.payload.join_trigger_of(id_of(waits), note.clone(), &traces);
            new.into_iter().for_each(|trace| opened.add(trace, job));
        }
        if let (slot, Some(key)) = (it.slot, it.key.clone()) {
            self.advance(slot, &key, now);
        }
        opened
    }

    fn insert(&mut self, slot: usize, asked: Asked, now: DateTime<Utc>, at: DateTime<Utc>) {
        let Asked { request, payload, cause, .. } = asked;
        let Slot { job, project, open, .. } = &self.slots[slot];
        let key = request.key.as_deref();
        let wanted = Wanted { job, project, key, cause, args: Some(&request.args), at };
        let past = self.outcomes.same(&wanted, &self.used);
        let outcome = self.outcomes.of(&wanted, past);
        let behind = key.is_some_and(|key| {
            let busy = open.is_some() || at > now;
            self.is_full(slot, key) || key == KEY_OF_SCHEDULE && busy
        });
        let run = self.add(Run {
            slot,
            kind: RunKind::Queue,
            key: request.key.clone(),
            args: Some(request.args),
            rank: 9 - request.priority.min(9),
            payload,
            past,
            outcome,
            stands: Stands::Waits,
            behind,
            made: now,
            available: at,
            begins: None,
            ends: None,
        });
        self.agenda.add(at, Event::Come(run));
        if let Some(key) = request.key {
            self.keys.entry((slot, key.clone())).or_default().push(run);
            // Those that have stepped aside.
            self.advance(slot, &key, now);
        }
    }

    /// The time of a run has come.
    pub(super) fn come(&mut self, run: usize, now: DateTime<Utc>) {
        let it = &self.runs[run];
        if it.stands != Stands::Waits || it.available > now || !self.slots[it.slot].row.enabled {
            return;
        }
        if !it.behind {
            self.may_begin(run, now);
        } else if it.key.as_deref() == Some(KEY_OF_SCHEDULE) {
            self.advance(it.slot, KEY_OF_SCHEDULE, now);
        }
    }

    /// Lets the next runs of a key go ahead, as far as there is room.
    pub(super) fn advance(&mut self, slot: usize, key: &str, now: DateTime<Utc>) {
        let of_schedule = key == KEY_OF_SCHEDULE;
        while !(self.is_full(slot, key) || of_schedule && self.slots[slot].open.is_some()) {
            let Some(all) = self.keys.get(&(slot, key.to_owned())) else { return };
            let come = |run: &usize| self.runs[*run].available <= now;
            let order =
                |run: &usize| (!come(run), self.runs[*run].rank, self.runs[*run].available, *run);
            let behind = all.iter().copied().filter(|run| self.runs[*run].behind);
            let behind = behind.filter(|run| !of_schedule || come(run));
            let Some(next) = behind.min_by_key(order) else { return };
            self.runs[next].behind = false;
            self.agenda.add(self.runs[next].available.max(now), Event::Come(next));
        }
    }
}
