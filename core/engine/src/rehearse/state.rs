//! What the rehearsal keeps while it goes on.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
    sync::Arc,
};

use cascade_model::{Payload, RunKind};
use cascade_store::ScheduleRow;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::outcomes::Outcome;

/// Where a rehearsed run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    Waits,
    Runs,
    Ended,
}

/// A run of the rehearsal.
#[derive(Debug)]
pub(super) struct Run {
    /// Its job in its project.
    pub slot: usize,
    pub kind: RunKind,
    /// As of its request; that of its schedule for runs of schedules.
    pub key: Option<String>,
    pub args: Option<Value>,
    /// 0 is the first.
    pub rank: u8,
    pub payload: Payload,
    /// The recorded run that it stands for.
    pub past: Option<usize>,
    pub outcome: Outcome,
    pub stands: Stands,
    /// Whether another of its key goes before it.
    pub behind: bool,
    pub made: DateTime<Utc>,
    /// When it may begin.
    pub available: DateTime<Utc>,
    /// When it is to begin; then when it has.
    pub begins: Option<DateTime<Utc>>,
    pub ends: Option<DateTime<Utc>>,
}

/// A job in a project.
#[derive(Debug)]
pub(super) struct Slot {
    pub job: Arc<str>,
    pub project: Arc<str>,
    pub row: ScheduleRow,
    /// The unfinished run of the schedule.
    pub open: Option<usize>,
    /// When the run is made that is due.
    pub late: Option<DateTime<Utc>>,
    /// The recorded run that the next run of the schedule stands for.
    pub given: Option<usize>,
    /// Whether the last run of each key had failed.
    pub failed: HashMap<String, bool>,
}

/// Something that happens. In the order in which those of one instant do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A run ends.
    End(usize),
    /// A recorded run is asked for from outside.
    Root(usize),
    /// The time of a queued run has come.
    Come(usize),
    /// A schedule may be due.
    Due(usize),
    /// A run begins.
    Begin(usize),
    /// The time of a join may be over.
    Late(usize),
}

/// When, of which class, after how many others, and what.
type Planned = (DateTime<Utc>, u8, u64, Event);

/// What is to happen, the soonest first; of one instant what was said first.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    events: BinaryHeap<Reverse<Planned>>,
    count: u64,
}

impl Agenda {
    pub fn add(&mut self, at: DateTime<Utc>, event: Event) {
        let class = match event {
            Event::End(_) => 0,
            Event::Root(_) => 1,
            Event::Come(_) => 2,
            Event::Due(_) => 3,
            Event::Begin(_) => 4,
            Event::Late(_) => 5,
        };
        self.count += 1;
        self.events.push(Reverse((at, class, self.count, event)));
    }

    pub fn next(&mut self) -> Option<(DateTime<Utc>, Event)> {
        self.events.pop().map(|Reverse((at, _, _, event))| (at, event))
    }
}

/// Unfinished runs by slot and key.
pub(super) type Keys = HashMap<(usize, String), Vec<usize>>;

/// Slots by job and project.
pub(super) type Slots = BTreeMap<(Arc<str>, Arc<str>), usize>;
