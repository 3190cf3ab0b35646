//! Jobs that run once several others have ended.
//!
//! A join has one row for each trace (or, by latest, for each project), which counts the runs that may still lead
//! to the jobs that it waits for. The end of such a run locks the row, after its own row and the schedules: of two
//! that end at once the second sees what the first has counted, and the last of all fires the join in its own
//! transaction. Nothing polls and nothing counts runs; only the time of a join that is late is looked after, by
//! who claims.
//!
//! What a join would make is found before the transaction, as for edges, from the row as it is then
//! ([`foresee`]); if another end has changed that meanwhile, the transaction is done again.

pub(crate) mod foresee;
pub(crate) mod late;
pub(crate) mod settle;
pub(crate) mod state;
mod why;

use std::collections::BTreeMap;

use cascade_model::JoinRow;
use cascade_store::{Result, StoreError};
use uuid::Uuid;

pub(crate) use foresee::foresee;
pub(crate) use settle::{cancel, foreseen, forget, jobs_of, reopen, settle, waiting_for};
pub(crate) use state::{End, is_settled};
pub use state::{Waited, waited};

/// Runs that are to come, by trace and job.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Opened(BTreeMap<(Uuid, String), u32>);

impl Opened {
    pub fn add(&mut self, trace: Uuid, job: &str) {
        *self.0.entry((trace, job.to_owned())).or_default() += 1;
    }

    pub fn extend(&mut self, more: Self) {
        for (of, runs) in more.0 {
            *self.0.entry(of).or_default() += runs;
        }
    }

    /// Those of a trace.
    pub fn of(&self, trace: Uuid) -> impl Iterator<Item = (&str, u32)> {
        let of_trace = self.0.iter().filter(move |((of, _), _)| *of == trace);
        of_trace.map(|((_, job), runs)| (job.as_str(), *runs))
    }
}

/// The last run of each part.
fn runs_of(row: &JoinRow) -> BTreeMap<String, Option<Uuid>> {
    row.state.parts.iter().map(|(job, part)| (job.clone(), part.run)).collect()
}

/// How often an end is stored again at most, as joins have changed meanwhile.
const TRIES: u32 = 20;

/// Foresees and stores an end again where a join has changed meanwhile: somebody else has come further with it.
pub(crate) async fn again<T, F: Future<Output = Result<T>>>(end: impl Fn() -> F) -> Result<T> {
    for _ in 1..TRIES {
        match end().await {
            Err(StoreError::JoinMoved) => {}
            done => return done,
        }
    }
    end().await
}
