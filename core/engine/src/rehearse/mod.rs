//! A rehearsal of jobs.toml: what another file would have made of the runs of the last days. The scheduler and
//! the edges, as pure functions, go over what is kept of them: what came from outside, and how runs ended. No job
//! runs, and nothing is written.
//!
//! Both files are rehearsed over the same history, the one in force and the candidate, and what differs is told:
//! what the rehearsal does not know, such as waiting for workers, is the same in both.

mod compare;
mod ends;
mod joins;
mod load;
mod outcomes;
mod past;
mod queued;
mod replay;
mod report;
mod scheduled;
mod slots;
mod state;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use cascade_config::ConfigState;
use chrono::{DateTime, Utc};

pub use load::{LONGEST, MOST_BYTES, MOST_RECORDED};
pub use past::{History, PastRun, PastSchedule};
pub use replay::Deadline;
pub use report::{
    BasisCounts, Change, ChangeKind, EdgeFault, Example, Hour, JobChange, Load, Rehearsal,
};

use cascade_store::StoreError;
use compare::{Shown, compare, hours, shown};
use outcomes::{Basis, Outcomes};
use replay::{Replay, began_within, replay};

/// Rows of jobs and projects that are told at most.
pub const MOST_ROWS: usize = 500;

/// Why there is no rehearsal.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// There is too much history.
    #[error("the span has more than {most} runs")]
    TooMany {
        /// How many may be.
        most: usize,
        /// A span that has fewer, if one is known.
        fits: Option<Duration>,
    },
    /// The outputs that edges ask for are too much.
    #[error("the outputs of the span have more than {most} bytes")]
    TooLarge {
        /// How many may be.
        most: usize,
    },
    /// A file makes too many runs.
    #[error("more than {most} runs would have been made by {at}")]
    TooManyMade {
        /// How many may be.
        most: usize,
        /// When it were so many.
        at: DateTime<Utc>,
    },
    /// It takes too long.
    #[error("the rehearsal takes longer than {0:?}")]
    TooLong(Duration),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What `candidate` would have made of the history, beside what `in_force` makes of it. Evaluates expressions: not
/// to be called on a thread of the runtime.
///
/// # Errors
/// [`RehearseError::TooManyMade`] or [`RehearseError::TooLong`].
pub fn rehearse(
    history: &History,
    in_force: &ConfigState,
    candidate: &ConfigState,
    deadline: &Deadline,
) -> Result<Rehearsal, RehearseError> {
    let outcomes = Outcomes::new(history, &in_force.config);
    let before = replay(&outcomes, in_force, &in_force.config, deadline)?;
    let after = replay(&outcomes, candidate, &in_force.config, deadline)?;
    let (old, new) = (shown(&before), shown(&after));
    let compared = compare((&before, &old), (&after, &new));
    let (recorded, reproduced) = reproduced(&before);
    let (basis, without_history) = basis(&after, &new);
    let mut jobs = compared.jobs;
    let more = jobs.len().saturating_sub(MOST_ROWS) as u64;
    jobs.truncate(MOST_ROWS);
    let paused = history.schedules.iter().filter(|schedule| schedule.paused);
    let paused: BTreeSet<_> = paused.map(|schedule| schedule.job.clone()).collect();
    Ok(Rehearsal {
        from: history.from,
        to: history.to,
        recorded,
        reproduced,
        changes: history.changes,
        total: compared.total,
        jobs,
        more,
        examples: compared.examples,
        hours: hours((&before, &old), (&after, &new)),
        faults: faults(&after),
        basis,
        without_history,
        paused: paused.into_iter().filter(|job| is_on(candidate, job)).collect(),
    })
}

fn is_on(state: &ConfigState, job: &str) -> bool {
    state.config.jobs.get(job).is_some_and(|settings| settings.enabled)
}

/// Recorded runs that began in the span, and how many of these the rehearsal makes again.
fn reproduced(replay: &Replay<'_>) -> (u64, u64) {
    let history = replay.outcomes.history;
    let within = |run: &&PastRun| began_within(run, history.from, history.to);
    let recorded = history.runs.iter().filter(within).count();
    let again = replay.runs.iter().filter(|run| {
        let past = run.past.map(|past| &history.runs[past]);
        let past = past.filter(within).and_then(|past| past.began_at);
        past.zip(run.begins).is_some_and(|(then, now)| (then - now).abs() <= compare::SAME)
    });
    (recorded as u64, again.count() as u64)
}

fn basis(replay: &Replay<'_>, shown: &[Shown]) -> (BasisCounts, Vec<String>) {
    let mut counts = BasisCounts::default();
    let mut without = BTreeSet::new();
    for one in shown {
        let run = &replay.runs[one.run];
        match run.outcome.basis {
            Basis::Recorded => counts.recorded += 1,
            Basis::Nearest => counts.nearest += 1,
            Basis::Median => counts.median += 1,
            Basis::Assumed => {
                counts.assumed += 1;
                without.insert(replay.slots[run.slot].job.to_string());
            }
        }
    }
    (counts, without.into_iter().collect())
}

fn faults(replay: &Replay<'_>) -> Vec<EdgeFault> {
    let told = replay.faults.iter().filter_map(|((from, place), fault)| {
        let (reason, project, at) = fault.example.clone()?;
        let to = replay.state.config.edges(from).get(*place)?.job.clone();
        let (ends, without_value) = (fault.ends, fault.without);
        Some(EdgeFault { from: from.clone(), to, ends, without_value, reason, project, at })
    });
    told.collect()
}

/// A run of a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsed {
    /// The job type.
    pub job: String,
    /// The short name of its project.
    pub project: String,
    /// Its key; that of its schedule for a run of that.
    pub key: Option<String>,
    /// `timer`, `request` or `cascade`.
    pub cause: &'static str,
    /// Jobs whose ends led to it, in their order.
    pub upstream: Vec<String>,
    /// When it begins.
    pub begins: DateTime<Utc>,
}

/// The runs that begin in the span under `state`, the first first: what the file in force is said to reproduce.
///
/// # Errors
/// As of [`rehearse`].
pub fn runs_of(
    history: &History,
    state: &ConfigState,
    deadline: &Deadline,
) -> Result<Vec<Rehearsed>, RehearseError> {
    let outcomes = Outcomes::new(history, &state.config);
    let replay = replay(&outcomes, state, &state.config, deadline)?;
    let told = shown(&replay).into_iter().map(|Shown { run, begins }| {
        let it = &replay.runs[run];
        let slot = &replay.slots[it.slot];
        Rehearsed {
            job: slot.job.to_string(),
            project: slot.project.to_string(),
            key: it.key.clone(),
            cause: compare::cause(&it.payload),
            upstream: it.payload.triggers.iter().map(|note| note.job_type.clone()).collect(),
            begins,
        }
    });
    Ok(told.collect())
}
