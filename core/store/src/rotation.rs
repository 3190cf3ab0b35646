use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use uuid::Uuid;

/// Runs of a project that a large claim takes in its turn: a short walk from project to project. A
/// project has at most one run of each job that waits: this is mostly all of them, so that the next
/// round does not walk past what this one took to find the rest.
const TURN: usize = 16;

/// Projects that a claim of `limit` runs visits at most.
pub(super) fn visits(limit: usize) -> i64 {
    let turn = (limit / 64).clamp(1, TURN);
    i64::try_from(limit.div_ceil(turn)).unwrap_or(i64::MAX)
}

/// Where the claims of this process are in the round of projects.
#[derive(Debug, Default)]
pub(super) struct Rotation(Mutex<Place>);

#[derive(Debug, Default)]
struct Place {
    behind: Uuid,
    looked: Option<Instant>,
    owes_look: bool,
    limited: bool,
}

impl Rotation {
    /// The next claim begins behind this project; nil for with the first.
    pub fn behind(&self) -> Uuid {
        self.place().behind
    }

    /// Whether there was no claim yet.
    pub fn is_new(&self) -> bool {
        self.place().looked.is_none()
    }

    /// The next one begins behind `project`, or with the first.
    pub fn go_on(&self, project: Option<Uuid>) {
        self.place().behind = project.unwrap_or_default();
    }

    /// Now is when this process last looked for due schedules, silent workers, and limits.
    pub fn looks(&self, limited: bool) {
        let mut place = self.place();
        (place.looked, place.limited) = (Some(Instant::now()), limited);
        place.owes_look = false;
    }

    /// A claim has come back at once with what it had, and left the look around for later; or nothing
    /// was due meanwhile.
    pub fn owe_look(&self, owes: bool) {
        self.place().owes_look = owes;
    }

    /// Whether there may be more than the last claim had.
    pub fn owes_look(&self) -> bool {
        self.place().owes_look
    }

    /// Whether there were limits when it last looked.
    pub fn is_limited(&self) -> bool {
        self.place().limited
    }

    /// Since when it has not.
    pub fn looked_ago(&self) -> Duration {
        self.place().looked.map_or(Duration::MAX, |at| at.elapsed())
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
