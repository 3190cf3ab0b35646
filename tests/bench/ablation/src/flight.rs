//! Runs that a worker holds while their ends are spread: a tick is a commit, and 16 of them are "two seconds".

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::postgres::{
    claim::{Claim, Run},
    end::{Ends, mark},
};

/// Ticks over which the ends of a claim spread.
const SPREAD: u64 = 16;
/// Ticks after which what has not ended moves to a claim of its own: "a second".
const SPLIT: u64 = SPREAD / 2;

/// What a worker holds; its connections share it.
#[derive(Default)]
pub struct Flight {
    tick: u64,
    claims: HashMap<Uuid, Open>,
    /// Runs that are alone in a claim with their id, by when they end.
    alone: BTreeMap<u64, Vec<Run>>,
    marked: Vec<Uuid>,
    /// Runs that are on the way to a claim of their own.
    moving: usize,
}

struct Open {
    born: u64,
    runs: Vec<(u64, Run)>,
    /// Of those that it has begun with, how many are not marked yet.
    left: usize,
}

/// Runs that move to claims of their own: when each ends, and the marks of their claims.
pub struct Split {
    runs: Vec<(u64, Uuid, Run)>,
    pub marks: Vec<(Uuid, String)>,
}

impl Flight {
    pub fn is_empty(&self) -> bool {
        self.claims.values().all(|open| open.runs.is_empty())
            && self.alone.is_empty()
            && self.moving == 0
    }

    /// Each run ends some ticks later, by its id.
    pub fn add(&mut self, claim: Claim) {
        let (tick, left) = (self.tick, claim.runs.len());
        let due = |run: &Run| {
            tick + 1 + u64::try_from(run.id.as_u128() % u128::from(SPREAD)).unwrap_or(0)
        };
        let runs = claim.runs.into_iter().map(|run| (due(&run), run)).collect();
        self.claims.insert(claim.id, Open { born: tick, runs, left });
    }

    /// What ends now.
    pub fn due(&mut self) -> Ends {
        self.tick += 1;
        let (tick, mut ends) = (self.tick, Ends::default());
        for (id, open) in &mut self.claims {
            let (now, later): (Vec<_>, Vec<_>) =
                open.runs.drain(..).partition(|(due, _)| *due <= tick);
            open.runs = later;
            if !now.is_empty() {
                ends.marks.push((*id, mark(now.iter().map(|(_, run)| run))));
                ends.runs.extend(now.into_iter().map(|(_, run)| (run, *id)));
            }
        }
        let later = self.alone.split_off(&(tick + 1));
        for run in std::mem::replace(&mut self.alone, later).into_values().flatten() {
            ends.alone.push(run.id);
            ends.runs.push((run.clone(), run.id));
        }
        ends.marked = std::mem::take(&mut self.marked);
        ends
    }

    /// They have ended: claims of which nothing is left can go.
    pub fn ended(&mut self, ends: &Ends) {
        for (_, claim) in &ends.runs {
            self.unmark(*claim);
        }
    }

    fn unmark(&mut self, claim: Uuid) {
        let Some(open) = self.claims.get_mut(&claim) else { return };
        open.left -= 1;
        if open.left == 0 {
            self.claims.remove(&claim);
            self.marked.push(claim);
        }
    }

    /// What has not ended for long.
    pub fn take_old(&mut self) -> Split {
        let mut split = Split { runs: Vec::new(), marks: Vec::new() };
        for (id, open) in &mut self.claims {
            if self.tick >= open.born + SPLIT && !open.runs.is_empty() {
                split.marks.push((*id, mark(open.runs.iter().map(|(_, run)| run))));
                split.runs.extend(open.runs.drain(..).map(|(due, run)| (due, *id, run)));
            }
        }
        self.moving += split.runs.len();
        split
    }

    /// They have moved.
    pub fn moved(&mut self, split: Split) {
        self.moving -= split.runs.len();
        for (due, claim, run) in split.runs {
            self.unmark(claim);
            self.alone.entry(due).or_default().push(run);
        }
    }
}
