//! How far back a claim of a queue reads.
//!
//! While some transaction stays open for minutes, a dump or a forgotten `psql`, PostgreSQL removes no row that it could
//! still see. Each run that was claimed or has ended since leaves dead rows and their entries in the index that claims
//! walk through, before those that wait: after ten minutes of 1,000 runs a second a claim visits over a million of them,
//! which takes seconds. Their times are older than all that waits, and the index has these: from a time on, it passes
//! over the others without a look at their rows. In each project, job and rank of which something waits the search even
//! begins at its own time, if the claim names them; to find them it would go through all of their entries.
//!
//! That time is known from the last claim that has gone past all that waits: the oldest of these, if it has waited for
//! longer than [`SLACK`]; for each project, job and rank in the same way. What is older than that and comes afterwards is
//! found by claims that read everything, which take a fifth of the time: runs of a transaction that was open for longer,
//! those that were behind another of their key, those that a worker has lost, and the first of a job or a rank of which
//! nothing waited in that project before.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// With fewer dead rows than these a claim reads everything.
const DEAD: i64 = 50_000;
/// So does one that is not slower than this. Each look for what waits, and when, goes the same way: beside every claim that
/// brings little there are two of them.
const SLOW: Duration = Duration::from_millis(5);
/// What taking a run may add to that.
const EACH: Duration = Duration::from_micros(20);
/// The least time from one claim that reads everything to the next.
const OFTEN: Duration = Duration::from_secs(1);
/// A claim names no more of these than this, each of which costs it two searches.
const MOST_HEADS: usize = 2000;
/// After a claim that reads everything, the others have so many times as long as it took.
const PARTS: u32 = 4;
/// A claim reads everything that is not older than this: what commits within this time after its beginning is seen at once.
const SLACK: TimeDelta = TimeDelta::seconds(2);

/// What claims of this process know of the table of those before them.
#[derive(Debug, Default)]
pub(super) struct Floor(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The oldest that waited when a claim last went past all projects, or [`SLACK`] before that claim.
    since: Option<DateTime<Utc>>,
    /// Of which something waited then, or before since claims are slow.
    heads: Arc<Heads>,
    /// For each of these as `since`.
    head_since: Vec<DateTime<Utc>>,
    /// When everything is to be read next; `None` while that is quick.
    whole_at: Option<Instant>,
}

/// Projects, jobs and ranks of which something waits, as columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads {
    pub projects: Vec<Uuid>,
    pub jobs: Vec<String>,
    pub ranks: Vec<i16>,
}

impl Heads {
    fn iter(&self) -> impl Iterator<Item = Head> {
        let jobs = self.jobs.iter().cloned();
        let rows = self.projects.iter().copied().zip(jobs).zip(self.ranks.iter().copied());
        rows.map(|((project, job), rank)| (project, job, rank))
    }
}

/// One of them.
pub(super) type Head = (Uuid, String, i16);

/// Where a claim begins to read.
#[derive(Debug, Clone, Default)]
pub(super) struct Start {
    /// It passes over runs that could start before this; `None`: over none.
    pub since: Option<DateTime<Utc>>,
    /// Where it may pass over many.
    pub heads: Arc<Heads>,
    /// In each of these it passes over runs that could start before this, which is not before `since`.
    pub head_since: Vec<DateTime<Utc>>,
}

/// What a claim has come past.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walked {
    /// Dead rows of the table, as its statistics say.
    pub dead: i64,
    /// The oldest that waits, or `at`.
    pub oldest: DateTime<Utc>,
    /// When it began, by the clock of the database.
    pub at: DateTime<Utc>,
    /// It has come to the end.
    pub to_the_end: bool,
    /// Runs that it has taken.
    pub taken: usize,
    /// How long it took.
    pub took: Duration,
}

impl Floor {
    /// Where a claim behind this project begins.
    pub fn start(&self, behind: Uuid, now: Instant) -> Start {
        let state = self.state();
        match (state.since, state.whole_at) {
            (Some(since), Some(whole_at)) if !behind.is_nil() || now < whole_at => {
                let head_since = state.head_since.iter().map(|&own| own.max(since)).collect();
                Start { since: Some(since), heads: state.heads.clone(), head_since }
            }
            _ => Start::default(),
        }
    }

    /// A claim behind this project that has read from `since` on has come to this. Returns whether the next ones need
    /// [`Floor::found`].
    pub fn walked(
        &self,
        behind: Uuid,
        since: Option<DateTime<Utc>>,
        walked: &Walked,
        now: Instant,
    ) -> bool {
        if !behind.is_nil() {
            return false;
        }
        let mut state = self.state();
        if !walked.to_the_end {
            if since.is_none() {
                // Nobody knows what is behind.
                state.whole_at = None;
            }
            return false;
        }
        state.since = Some(walked.oldest.min(walked.at - SLACK));
        if since.is_none() {
            let taking = EACH * u32::try_from(walked.taken).unwrap_or(u32::MAX);
            let is_slow = walked.dead >= DEAD && walked.took > SLOW + taking;
            state.whole_at = is_slow.then(|| now + OFTEN.max(walked.took * PARTS));
            if !is_slow {
                state.heads = Arc::default();
                state.head_since = Vec::new();
            }
            return is_slow;
        }
        false
    }

    /// Something waits of these since then, as a claim has found that began `at`. What was known stays: there, too, dead
    /// rows are passed over.
    pub fn found(&self, heads: Vec<(Head, DateTime<Utc>)>, at: DateTime<Utc>) {
        let mut state = self.state();
        let now = heads.into_iter().map(|(head, since)| (head, since.min(at - SLACK)));
        let now: BTreeMap<_, _> = now.collect();
        let mut all: BTreeMap<_, _> =
            state.heads.iter().zip(state.head_since.iter().copied()).collect();
        all.extend(now.clone());
        let fit = all.len() <= MOST_HEADS;
        let mut columns = Heads::default();
        state.head_since.clear();
        for ((project, job, rank), since) in if fit { all } else { now } {
            columns.projects.push(project);
            columns.jobs.push(job);
            columns.ranks.push(rank);
            state.head_since.push(since);
        }
        state.heads = Arc::new(columns);
    }

    /// A claim that began `at`, from `start`, has found that something waits since then in those of its heads that have
    /// these numbers, from 1 on, and nothing in its others.
    pub fn passed(&self, start: &Start, waits: &[(i64, DateTime<Utc>)], at: DateTime<Utc>) {
        let mut state = self.state();
        if start.heads.projects.is_empty() || !Arc::ptr_eq(&start.heads, &state.heads) {
            return;
        }
        let waits: BTreeMap<_, _> = waits.iter().copied().collect();
        for (since, number) in state.head_since.iter_mut().zip(1..) {
            let waits = waits.get(&number).copied().unwrap_or(at);
            *since = (*since).max(waits.min(at - SLACK));
        }
    }

    /// A look from `since` on has found that nothing waits: no claim will read everything for now.
    pub fn nothing_waits(&self, since: Option<DateTime<Utc>>, took: Duration, now: Instant) {
        let mut state = self.state();
        if since.is_none() && state.whole_at.is_some() {
            state.whole_at = (took > SLOW).then(|| now + OFTEN.max(took * PARTS));
        }
    }

    /// How long until a claim reads everything again, if it does not now.
    pub fn pause(&self, now: Instant) -> Option<Duration> {
        Some(self.state().whole_at?.saturating_duration_since(now))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow() -> Walked {
        let (took, at) = (Duration::from_secs(2), Utc::now());
        Walked { dead: DEAD, oldest: at - SLACK * 2, at, to_the_end: true, taken: 0, took }
    }

    #[test]
    fn what_is_quick_or_clean_reads_everything() {
        let (floor, now) = (Floor::default(), Instant::now());
        let quick = Walked { took: SLOW + EACH * 10, taken: 10, ..slow() };
        let clean = Walked { dead: DEAD - 1, ..slow() };
        let cut = Walked { to_the_end: false, ..slow() };
        for walked in [quick, clean, cut] {
            floor.walked(Uuid::nil(), None, &walked, now);
            assert_eq!(floor.start(Uuid::nil(), now).since, None, "{walked:?}");
        }
        floor.walked(Uuid::max(), None, &slow(), now);
        assert_eq!(floor.start(Uuid::nil(), now).since, None, "there may be others before it");
    }

    #[test]
    fn slow_walks_take_a_fifth_of_the_time() {
        let (floor, now) = (Floor::default(), Instant::now());
        let whole = slow();
        floor.walked(Uuid::nil(), None, &whole, now);
        let since = floor.start(Uuid::nil(), now).since;
        assert_eq!(since, Some(whole.oldest));
        // It moves on with what waits, but what is new may not be seen yet.
        let short = Walked { oldest: whole.at, took: Duration::from_millis(1), ..whole };
        floor.walked(Uuid::nil(), since, &short, now);
        assert_eq!(floor.start(Uuid::nil(), now).since, Some(whole.at - SLACK));
        let then = now + whole.took * PARTS;
        assert_eq!(floor.pause(now), Some(whole.took * PARTS));
        assert_eq!(floor.start(Uuid::nil(), then).since, None);
        assert!(floor.start(Uuid::max(), then).since.is_some(), "it would not read everything");
        // Or somebody has looked.
        floor.nothing_waits(since, whole.took, then);
        assert_eq!(floor.pause(then), Some(Duration::ZERO), "not at everything");
        floor.nothing_waits(None, SLOW * 2, then);
        assert_eq!(floor.pause(then), Some(OFTEN));
    }

    #[test]
    fn everything_is_read_once_the_transaction_has_ended() {
        let (walked, looked, now) = (Floor::default(), Floor::default(), Instant::now());
        for floor in [&walked, &looked] {
            floor.walked(Uuid::nil(), None, &slow(), now);
            assert!(floor.start(Uuid::nil(), now).since.is_some());
        }
        walked.walked(Uuid::nil(), None, &Walked { dead: 0, ..slow() }, now);
        looked.nothing_waits(None, SLOW, now);
        for floor in [&walked, &looked] {
            assert_eq!((floor.start(Uuid::nil(), now).since, floor.pause(now)), (None, None));
        }
    }

    #[test]
    fn what_has_too_many_jobs_to_go_past_is_read_whole() {
        let (floor, now) = (Floor::default(), Instant::now());
        floor.walked(Uuid::nil(), None, &slow(), now);
        let cut = Walked { to_the_end: false, ..slow() };
        floor.walked(Uuid::nil(), None, &cut, now);
        assert_eq!((floor.start(Uuid::nil(), now).since, floor.pause(now)), (None, None));
    }

    #[test]
    fn while_claims_are_slow_what_was_found_stays_known() {
        let (floor, now) = (Floor::default(), Instant::now());
        let known = || floor.start(Uuid::nil(), now).heads.jobs.clone();
        let head = |n: usize| ((Uuid::nil(), format!("job {n}"), 9), Utc::now());
        assert!(floor.walked(Uuid::nil(), None, &slow(), now));
        let at = Utc::now();
        floor.found(vec![head(2), head(1)], at);
        floor.found(vec![head(3), head(2)], at);
        assert_eq!(known(), ["job 1", "job 2", "job 3"]);
        floor.found((4..4 + MOST_HEADS).map(head).collect(), at);
        assert!(known().len() == MOST_HEADS && !known().contains(&"job 3".to_owned()));
        assert!(!floor.walked(Uuid::nil(), None, &Walked { dead: 0, ..slow() }, now));
        assert!(floor.walked(Uuid::nil(), None, &slow(), now));
        assert!(known().is_empty(), "something else may wait by now");
    }

    #[test]
    fn each_head_is_read_from_what_waits_in_it() {
        let (floor, now, at) = (Floor::default(), Instant::now(), Utc::now());
        let oldest = at - TimeDelta::seconds(60);
        let whole = Walked { oldest, ..slow() };
        floor.walked(Uuid::nil(), None, &whole, now);
        let head = |job: &str| (Uuid::nil(), job.to_owned(), 9);
        let ago = |seconds: i64| at - TimeDelta::seconds(seconds);
        floor.found(vec![(head("a"), ago(60)), (head("b"), ago(30)), (head("c"), at)], at);
        let start = floor.start(Uuid::nil(), now);
        assert_eq!(start.head_since, [ago(60), ago(30), at - SLACK]);
        // In the first less is left, in the second nothing; in the third one was asked for before that was seen.
        floor.passed(&start, &[(1, ago(40)), (3, ago(10))], at);
        let next = floor.start(Uuid::nil(), now);
        assert_eq!(next.head_since, [ago(40), at - SLACK, at - SLACK]);
        // A claim that reads everything has found an older one.
        floor.found(vec![(head("b"), ago(50))], at);
        assert_eq!(floor.start(Uuid::nil(), now).head_since, [ago(40), ago(50), at - SLACK]);
        floor.passed(&start, &[(1, at)], at);
        assert_eq!(floor.start(Uuid::nil(), now).head_since[0], ago(40), "of other heads");
    }
}
