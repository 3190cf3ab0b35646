//! Runs of schedules, in the rehearsal: when each is due, and what it stands for.

use cascade_model::{KEY_OF_SCHEDULE, Payload, RunKind};
use cascade_sdk::Trigger;
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    outcomes::{Cause, Wanted},
    replay::Replay,
    state::{Event, Run, Slot, Stands},
};
use crate::{due, request};

impl Replay<'_> {
    /// As a person or a program asks for a run of the schedule.
    pub(super) fn run_now(&mut self, slot: usize, now: DateTime<Utc>) {
        let row = self.slots[slot].row.clone();
        let Ok(new) = request::run(&row) else { return };
        if let Some(open) = self.slots[slot].open {
            let waits = &mut self.runs[open];
            if waits.stands == Stands::Waits {
                waits.payload.join();
                self.slots[slot].given = None;
                return;
            }
        }
        let busy =
            self.slots[slot].open.is_some() || self.first_of(slot, KEY_OF_SCHEDULE).is_some();
        if busy {
            self.slots[slot].row = request::postponed(&row, new);
            return;
        }
        self.slots[slot].row = request::served(&row);
        self.slots[slot].late = None;
        self.make(slot, new.payload, now);
        self.again(slot, now);
    }

    /// Makes the run of a schedule that is due and free.
    pub(super) fn due(&mut self, slot: usize, now: DateTime<Utc>) {
        self.advance(slot, KEY_OF_SCHEDULE, now);
        let Slot { row, open, late, .. } = &self.slots[slot];
        let due = row.next_run_at.is_some_and(|due| due <= now) && row.enabled;
        if !due || open.is_some() || self.first_of(slot, KEY_OF_SCHEDULE).is_some() {
            self.slots[slot].late = None;
            return;
        }
        match late {
            Some(late) if *late > now => return,
            Some(_) => {}
            None => {
                let late = self.late(slot, now);
                if late > TimeDelta::zero() {
                    self.slots[slot].late = Some(now + late);
                    self.agenda.add(now + late, Event::Due(slot));
                    return;
                }
            }
        }
        let slot_now = &mut self.slots[slot];
        (slot_now.late, slot_now.row.now) = (None, now);
        let (new, after) = due::run(slot_now.row.clone());
        slot_now.row = after;
        self.make(slot, new.payload, now);
        self.again(slot, now);
    }

    /// Looks at a schedule again once it is due.
    pub(super) fn again(&mut self, slot: usize, now: DateTime<Utc>) {
        if let Some(due) = self.slots[slot].row.next_run_at {
            self.agenda.add(due.max(now), Event::Due(slot));
        }
    }

    /// How late the run is made that is due now: as late as the recorded one, as nobody may have been there to
    /// make it.
    fn late(&self, slot: usize, now: DateTime<Utc>) -> TimeDelta {
        let row = &self.slots[slot].row;
        let mut payload = row.payload.clone();
        payload.due(row.next_run_at);
        let wanted = self.wanted(slot, &payload, now);
        let same = self.slots[slot].given.or_else(|| self.outcomes.same(&wanted, &self.used));
        // Where triggers had to pause first, the wait for that is part of the file.
        let debounced = row.payload.debounced.is_some();
        same.filter(|_| !debounced).map(|past| self.outcomes.late(past, now)).unwrap_or_default()
    }

    /// What a run of a schedule with this payload is to stand for.
    fn wanted<'s>(&'s self, slot: usize, payload: &Payload, at: DateTime<Utc>) -> Wanted<'s> {
        let Slot { job, project, .. } = &self.slots[slot];
        let cause = match (payload.trigger(), payload.scheduled_for) {
            (Trigger::Timer, Some(due)) => Cause::Due(due),
            _ => Cause::Led(self.pasts(payload)),
        };
        Wanted { job, project, key: Some(KEY_OF_SCHEDULE), cause, args: None, at }
    }

    /// Makes a run of a schedule.
    fn make(&mut self, slot: usize, payload: Payload, now: DateTime<Utc>) {
        let given = self.slots[slot].given.take();
        let mut wanted = self.wanted(slot, &payload, now);
        if let Some(past) = given.filter(|past| !self.used[*past]) {
            wanted.cause = Cause::Is(past);
        }
        let past = self.outcomes.same(&wanted, &self.used);
        let outcome = self.outcomes.of(&wanted, past);
        let id = self.add(Run {
            slot,
            kind: RunKind::Schedule,
            key: Some(KEY_OF_SCHEDULE.into()),
            args: None,
            rank: 9,
            payload,
            past,
            outcome,
            stands: Stands::Waits,
            behind: false,
            made: now,
            available: now,
            begins: None,
            ends: None,
        });
        self.slots[slot].open = Some(id);
        self.may_begin(id, now);
    }
}
