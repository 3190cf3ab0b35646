//! Where the claims of a process are in the round of projects, and what its last look around has found.

use std::time::{Duration, Instant};

use cascade_model::RunKind;
use cascade_store::Look;
use uuid::Uuid;

/// However busy a worker is, it looks this often for due schedules and unresponsive workers.
const LOOK: Duration = Duration::from_millis(250);

/// Runs of a project that a large claim takes in its turn: a short walk from project to project. A
/// project has at most one run of each job that waits: this is mostly all of them, so that the next
/// round does not walk past what this one took to find the rest.
const TURN: usize = 16;

/// Runs that a step looks at after one that has held some.
const PAST_HELD: usize = 100;

/// How often one claim makes way for others.
const MOST_JUMPS: u32 = 4;

/// Claims in a row that begin with what callers have asked for.
const MOST_ASKED: u32 = 8;

/// Projects that a claim of `limit` runs visits at most.
pub(crate) fn visits(limit: usize) -> usize {
    limit.div_ceil((limit / 64).clamp(1, TURN))
}

/// What the claims of a process know of those before them.
#[derive(Debug, Default)]
pub(crate) struct Rotation {
    /// Of each kind of runs.
    behind: [Uuid; 2],
    /// Runs that callers asked for may wait.
    queued: bool,
    /// The kind that is claimed first, by turns.
    queue_first: bool,
    /// A caller has asked for a run since the last claim.
    asked: bool,
    /// Claims since the last that took of both kinds.
    with_asked: u32,
    looked: Option<Instant>,
    owes_look: bool,
    /// When a claim took nothing, as a limit may be near.
    limited: Option<Instant>,
    /// When a claim of what callers asked for took nothing, as keys have rates.
    rated: Option<Instant>,
    /// The first and the last project.
    projects: Option<(Uuid, Uuid)>,
}

impl Rotation {
    /// The next step for runs of `kind` begins behind this project; nil for with the first.
    pub fn behind(&self, kind: RunKind) -> Uuid {
        self.behind[kind as usize]
    }

    /// A caller has asked for a run.
    pub fn caller_has_asked(&mut self) {
        self.asked = true;
    }

    /// Whether a claim begins with what callers have just asked for, and leaves all else to the next if that brings
    /// something. Not where it `counts` what runs: the few places under a limit are shared by turns. After [`MOST_ASKED`]
    /// of these, one takes of both kinds: schedules would not have their turn while callers ask all the time.
    pub fn begins_with_asked(&mut self, counts: bool) -> bool {
        let begins = std::mem::take(&mut self.asked) && !counts && self.with_asked < MOST_ASKED;
        self.with_asked = if begins { self.with_asked + 1 } else { 0 };
        // Schedules are first when both have their turn.
        self.queue_first |= begins;
        begins
    }

    /// A claim has taken as much as it may of what callers asked for: there is more, and the next takes of both kinds.
    pub fn many_asked(&mut self) {
        self.with_asked = MOST_ASKED;
        self.queued = true;
    }

    /// The kinds of runs that a claim takes, in its order: where both wait, each is first in turn.
    pub fn kinds(&mut self) -> &'static [RunKind] {
        self.queue_first = self.queued && !self.queue_first;
        match (self.queued, self.queue_first) {
            (false, _) => &[RunKind::Schedule],
            (true, false) => &[RunKind::Schedule, RunKind::Queue],
            (true, true) => &[RunKind::Queue, RunKind::Schedule],
        }
    }

    /// A claim has found no run that a caller asked for: none is looked for until a look around finds some.
    pub fn none_queued(&mut self) {
        self.queued = false;
    }

    /// Whether there was no claim yet.
    pub fn is_new(&self) -> bool {
        self.looked.is_none()
    }

    /// Whether claims are to count what runs. Now and then one that does not is tried again: limits may be far away
    /// by then, or gone.
    pub fn is_limited(&self, now: Instant) -> bool {
        self.limited.is_some_and(|at| now.duration_since(at) < LOOK)
    }

    /// Whether claims of what callers asked for are to look at the rates of keys.
    pub fn has_key_rates(&self, now: Instant) -> bool {
        self.rated.is_some_and(|at| now.duration_since(at) < LOOK)
    }

    /// Whether a claim of `limit` runs that has `brought` so many looks around too. One that has brought
    /// something comes back at once, and leaves it to the next; while there is more than fits, or a claim was not
    /// `of_both` kinds, a worker looks only now and then.
    pub fn is_to_look(
        &mut self,
        brought: usize,
        limit: usize,
        of_both: bool,
        now: Instant,
    ) -> bool {
        let owes = brought < limit && self.owes_look;
        let late = self.looked.is_none_or(|at| now.duration_since(at) >= LOOK);
        let looks = late || (of_both && (brought == 0 || owes));
        self.owes_look |= !looks && brought < limit;
        looks
    }

    /// What a look around has found. Workers that start together do not all begin with the same project.
    pub fn looked(&mut self, found: &Look, now: Instant, chance: u128) {
        self.projects = found.projects;
        self.queued = found.queued || found.schedule_key_free;
        self.owes_look = false;
        if self.looked.replace(now).is_none() {
            RunKind::ALL.into_iter().for_each(|kind| self.jump(kind, chance));
        }
    }

    /// A claim that does not count what runs took nothing: a limit may be near.
    pub fn has_limits(&mut self, now: Instant) {
        self.limited = Some(now);
    }

    /// A claim that does not count what runs took what it found.
    pub fn has_no_limits(&mut self) {
        self.limited = None;
    }

    /// Whether a limit was near when a claim last asked: the end of a run may let another begin.
    pub fn may_wait_for_ends(&self) -> bool {
        self.limited.is_some()
    }

    /// A claim has found that keys have rates, or that none has.
    pub fn found_key_rates(&mut self, are_there: bool, now: Instant) {
        self.rated = are_there.then_some(now);
    }

    /// Nothing is due: a look around would find nothing.
    pub fn nothing_is_due(&mut self) {
        self.owes_look = false;
    }

    /// To a project by chance.
    fn jump(&mut self, kind: RunKind, chance: u128) {
        if let Some((first, last)) = self.projects {
            let (first, last) = (first.as_u128(), last.as_u128());
            self.behind[kind as usize] = Uuid::from_u128(first + chance % (last - first).max(1));
        }
    }
}

/// The way of one claim from project to project: on from where the one before has ended, and once around
/// if need be.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Of the runs that it is for.
    pub kind: RunKind,
    /// How many runs it may still bring.
    pub left: usize,
    /// Whether its last step has held runs: the next looks at more, to come past others.
    holds: bool,
    /// It has begun, or begun again, with the first project.
    from_first: bool,
    jumps: u32,
}

/// What a step of a walk has come to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Projects that it has visited.
    pub projects: usize,
    /// The last of these.
    pub last: Option<Uuid>,
    /// Runs that it has found.
    pub found: usize,
    /// Those of them that it has taken.
    pub taken: usize,
    /// Those of them that it has held: they do not wait any more.
    pub held: usize,
}

impl Walk {
    /// A walk for `limit` runs.
    pub fn new(kind: RunKind, rotation: &Rotation, limit: usize) -> Self {
        let from_first = rotation.behind(kind).is_nil();
        Self { kind, left: limit, holds: false, from_first, jumps: 0 }
    }

    /// How many runs the next step looks at.
    pub fn looks_at(&self) -> usize {
        self.left.max(if self.holds { PAST_HELD } else { 0 })
    }

    /// Whether `step` was the last. If not, the next goes on where `rotation` is then.
    pub fn ends_with(&mut self, step: Step, rotation: &mut Rotation, chance: u128) -> bool {
        // There may be more behind the last one, if that was not the last of all.
        let more = step.projects >= visits(self.left) || step.found >= self.left;
        let is_full = step.found >= self.looks_at();
        self.left -= step.taken.min(self.left);
        self.holds = step.held > 0;
        if self.holds && is_full && self.left > 0 {
            // Others wait in the same projects, behind those that it has held.
            return false;
        }
        rotation.behind[self.kind as usize] =
            step.last.filter(|_| more || self.left == 0).unwrap_or_default();
        if self.left == 0 {
            return true;
        }
        // Others are at work on most of these projects: on to where they are not.
        if more && step.found * 2 < step.projects {
            if self.jumps == MOST_JUMPS {
                return true;
            }
            self.jumps += 1;
            rotation.jump(self.kind, chance);
        }
        // Once more from the first project, if it did not begin there.
        let around = !more && self.from_first;
        self.from_first |= !more;
        around
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KIND: RunKind = RunKind::Schedule;

    /// How much waits in each project.
    type Waiting = BTreeMap<Uuid, usize>;

    fn waiting(runs: &[usize]) -> Waiting {
        (1..).map(Uuid::from_u128).zip(runs.iter().copied()).collect()
    }

    /// As a database does it: projects with something that waits, in their order, each for its share.
    fn step(waiting: &mut Waiting, behind: Uuid, limit: usize) -> (Step, Vec<Uuid>) {
        let more = waiting.iter().filter(|(id, runs)| **id > behind && **runs > 0);
        let visited: Vec<_> = more.map(|(id, _)| *id).take(visits(limit)).collect();
        let share = limit.div_ceil(visited.len().max(1));
        let mut taken = Vec::new();
        for project in &visited {
            let runs = waiting.get_mut(project).unwrap();
            let most = share.min(*runs).min(limit - taken.len());
            *runs -= most;
            taken.extend(std::iter::repeat_n(*project, most));
        }
        let (found, last) = (taken.len(), visited.last().copied());
        (Step { projects: visited.len(), last, found, taken: found, held: 0 }, taken)
    }

    fn claim(rotation: &mut Rotation, waiting: &mut Waiting, limit: usize) -> Vec<u128> {
        let (mut walk, mut served) = (Walk::new(KIND, rotation, limit), Vec::new());
        loop {
            let (step, taken) = step(waiting, rotation.behind(KIND), walk.left);
            served.extend(taken.iter().map(Uuid::as_u128));
            if walk.ends_with(step, rotation, 0) {
                return served;
            }
        }
    }

    #[test]
    fn no_project_is_served_twice_before_all_are_served_once() {
        let (mut rotation, mut waiting) = (Rotation::default(), waiting(&[9, 1, 1, 9, 1]));
        let served = [2, 3, 2].map(|limit| claim(&mut rotation, &mut waiting, limit));
        assert_eq!(served, [vec![1, 2], vec![3, 4, 5], vec![1, 4]]);
    }

    #[test]
    fn a_claim_goes_around_once_and_takes_all_that_there_is() {
        let (mut rotation, mut waiting) = (Rotation::default(), waiting(&[2, 3, 1]));
        rotation.behind[0] = Uuid::from_u128(2);
        let mut served = claim(&mut rotation, &mut waiting, 10);
        served.sort_unstable();
        assert_eq!(served, [1, 1, 2, 2, 2, 3]);
        assert!(claim(&mut rotation, &mut waiting, 10).is_empty());
    }

    #[test]
    fn a_large_claim_takes_several_runs_of_a_project_in_its_turn() {
        assert_eq!([1, 10, 100, 256, 10_000].map(visits), [1, 10, 100, 64, 625]);
    }

    fn look() -> Look {
        let projects = Some((Uuid::from_u128(10), Uuid::from_u128(20)));
        Look { unresponsive: false, due: false, queued: false, schedule_key_free: false, projects }
    }

    #[test]
    fn where_others_hold_what_waits_a_claim_jumps_a_few_times_and_gives_up() {
        let mut rotation = Rotation::default();
        rotation.looked(&look(), Instant::now(), 3);
        assert_eq!(rotation.behind(KIND).as_u128(), 13, "it begins by chance");
        let mut walk = Walk::new(KIND, &rotation, 4);
        let held =
            Step { projects: 4, last: Some(Uuid::from_u128(17)), found: 1, taken: 0, held: 0 };
        for chance in 5..9 {
            assert!(!walk.ends_with(held, &mut rotation, chance));
            assert_eq!(rotation.behind(KIND).as_u128(), 10 + chance);
        }
        assert!(walk.ends_with(held, &mut rotation, 1));
    }

    #[test]
    fn where_both_kinds_wait_each_is_first_in_turn() {
        let (mut rotation, now) = (Rotation::default(), Instant::now());
        assert_eq!(rotation.kinds(), [RunKind::Schedule]);
        rotation.looked(&Look { queued: true, ..look() }, now, 0);
        let first: Vec<_> = (0..4).map(|_| rotation.kinds()[0]).collect();
        assert_eq!(first, [RunKind::Queue, KIND, RunKind::Queue, KIND]);
        rotation.none_queued();
        assert_eq!(rotation.kinds(), [RunKind::Schedule]);
    }

    #[test]
    fn claims_begin_with_what_callers_have_asked_for_but_not_all_of_them() {
        let mut rotation = Rotation::default();
        let begins = |rotation: &mut Rotation| {
            rotation.caller_has_asked();
            rotation.begins_with_asked(false)
        };
        rotation.looked(&Look { queued: true, ..look() }, Instant::now(), 0);
        assert!(!rotation.begins_with_asked(false));
        for _ in 0..3 {
            assert!((0..MOST_ASKED).all(|_| begins(&mut rotation)));
            assert!(!begins(&mut rotation), "schedules have their turn");
            assert_eq!(rotation.kinds(), [KIND, RunKind::Queue]);
        }
        assert!(begins(&mut rotation) && !rotation.begins_with_asked(false), "nobody asked again");
        assert!(begins(&mut rotation));
        rotation.none_queued();
        rotation.many_asked();
        assert!(!begins(&mut rotation));
        assert_eq!(rotation.kinds(), [KIND, RunKind::Queue], "more of them wait");
        rotation.caller_has_asked();
        assert!(!rotation.begins_with_asked(true), "a limit may be near");
    }

    #[test]
    fn what_does_not_fit_under_a_limit_ends_no_walk() {
        let mut rotation = Rotation::default();
        let mut walk = Walk::new(KIND, &rotation, 4);
        let last = Some(Uuid::from_u128(7));
        let full = Step { projects: 4, last, found: 4, taken: 1, held: 0 };
        assert!(!walk.ends_with(full, &mut rotation, 0));
        assert_eq!((walk.left, Some(rotation.behind(KIND))), (3, last));
    }

    #[test]
    fn a_step_that_holds_all_that_it_looks_at_is_followed_by_a_longer_one_in_the_same_place() {
        let mut rotation = Rotation::default();
        let mut walk = Walk::new(KIND, &rotation, 1);
        let last = Some(Uuid::from_u128(7));
        let holds = |found| Step { projects: 1, last, found, taken: 0, held: found };
        assert_eq!(walk.looks_at(), 1);
        for found in [1, PAST_HELD] {
            assert!(!walk.ends_with(holds(found), &mut rotation, 0));
            assert_eq!((walk.looks_at(), rotation.behind(KIND)), (PAST_HELD, Uuid::nil()));
        }
        // There are no more in this place.
        assert!(!walk.ends_with(holds(3), &mut rotation, 0));
        assert_eq!(Some(rotation.behind(KIND)), last);
        let none = Step { projects: 0, last: None, found: 0, taken: 0, held: 0 };
        assert!(walk.ends_with(none, &mut rotation, 0), "it began with the first");
    }

    #[test]
    fn a_claim_that_counts_nothing_is_tried_again_now_and_then() {
        let (mut rotation, now) = (Rotation::default(), Instant::now());
        assert!(!rotation.is_limited(now));
        rotation.has_limits(now);
        assert!(rotation.is_limited(now) && !rotation.is_limited(now + LOOK));
        assert!(!rotation.has_key_rates(now));
        rotation.found_key_rates(true, now);
        assert!(rotation.has_key_rates(now) && !rotation.has_key_rates(now + LOOK));
        rotation.found_key_rates(false, now);
        assert!(!rotation.has_key_rates(now));
    }

    #[test]
    fn a_claim_that_brought_something_leaves_the_look_around_to_the_next() {
        let (mut rotation, now) = (Rotation::default(), Instant::now());
        assert!(rotation.is_new() && rotation.is_to_look(4, 4, true, now), "it has never looked");
        rotation.looked(&look(), now, 0);
        assert!(!rotation.is_new());
        assert!(rotation.is_to_look(0, 4, true, now), "nothing waits");
        assert!(!rotation.is_to_look(4, 4, true, now) && !rotation.is_to_look(3, 4, true, now));
        assert!(rotation.is_to_look(3, 4, true, now), "the one before left it out");
        assert!(!rotation.is_to_look(4, 4, true, now), "there is more than fits");
        rotation.nothing_is_due();
        assert!(!rotation.is_to_look(3, 4, true, now));
        assert!(rotation.is_to_look(4, 4, true, now + LOOK), "it has not looked for long");
        assert!(
            !rotation.is_to_look(3, 4, false, now),
            "it began with what a caller had asked for"
        );
        assert!(rotation.is_to_look(3, 4, true, now), "it is owed still");
        assert!(rotation.is_to_look(3, 4, false, now + LOOK), "it has not looked for long");
    }
}
