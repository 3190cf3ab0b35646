//! What the runs of this process use of the machine, for people who look at one.
//!
//! Only runs that take a while are measured, all of a worker in one statement; nobody waits for it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use cascade_model::{Lease, NewRunProcess, ProcessUse};
use cascade_registry::program::{program_use, thread_use};
use cascade_store::Queries;
use uuid::Uuid;

use super::Runner;

/// How often it is measured.
const EVERY: Duration = Duration::from_secs(3);
/// Runs that are over sooner are not measured.
const SOON: Duration = Duration::from_secs(2);
/// The most runs that are measured at a time: the oldest.
const MOST: usize = 200;

/// The runs of this process that have a supervisor.
#[derive(Debug, Clone, Default)]
pub(crate) struct InUse(Arc<Mutex<BTreeMap<Uuid, Place>>>);

/// Where a run is.
#[derive(Debug, Clone)]
struct Place {
    owner: String,
    attempt: u32,
    began: Instant,
    thread: Option<u32>,
    /// Of its thread, before.
    cpu_ms: u64,
}

/// A run that is measured until this is dropped.
pub(super) struct Measured(InUse, Uuid, u32);

impl InUse {
    /// A run that has begun on `thread`.
    pub(super) fn measure(&self, lease: &Lease, thread: Option<u32>) -> Measured {
        let (owner, attempt) = (lease.owner.clone(), lease.attempt);
        let cpu_ms = thread.and_then(thread_use).map_or(0, |(_, cpu_ms)| cpu_ms);
        let place = Place { owner, attempt, began: Instant::now(), thread, cpu_ms };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(lease.run_id, place);
        Measured(self.clone(), lease.run_id, attempt)
    }

    /// Those of `owner` that take a while.
    fn lasting(&self, owner: &str) -> Vec<(Uuid, Place)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lasting =
            all.iter().filter(|(_, run)| run.owner == owner && run.began.elapsed() >= SOON);
        let mut lasting: Vec<_> = lasting.map(|(id, run)| (*id, run.clone())).collect();
        lasting.sort_by_key(|(_, run)| run.began);
        lasting.truncate(MOST);
        lasting
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let Self(all, run, attempt) = self;
        let mut all = all.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A later attempt may have begun where this one was abandoned.
        if all.get(run).is_some_and(|place| place.attempt == *attempt) {
            all.remove(run);
        }
    }
}

/// Tells what the runs of the worker `owner` use, for ever.
pub(crate) async fn tell(runner: &Runner, owner: &str) {
    let mut told = false;
    loop {
        tokio::time::sleep(EVERY).await;
        let lasting = runner.wake.in_use().lasting(owner);
        if lasting.is_empty() && !told {
            continue;
        }
        // It reads files.
        let measured = tokio::task::spawn_blocking(|| measured(lasting)).await.unwrap_or_default();
        // Once more when there are none, so that the last ones are forgotten.
        told = !measured.is_empty();
        if let Err(error) = runner.engine.store().save_processes(owner, &measured).await {
            tracing::debug!(%error, worker = owner, "what its runs use is not told");
        }
    }
}

fn measured(runs: Vec<(Uuid, Place)>) -> Vec<NewRunProcess> {
    let one = |(run_id, place): (Uuid, Place)| {
        let uses = program_use(run_id).or_else(|| of_thread(&place))?;
        Some(NewRunProcess { run_id, attempt: place.attempt, uses })
    };
    runs.into_iter().filter_map(one).collect()
}

fn of_thread(place: &Place) -> Option<ProcessUse> {
    let (state, cpu_ms) = place.thread.and_then(thread_use)?;
    Some(ProcessUse {
        pid: None,
        processes: None,
        thread: place.thread,
        memory: None,
        cpu_ms: cpu_ms.saturating_sub(place.cpu_ms),
        state,
    })
}

#[cfg(test)]
mod tests {
    use cascade_model::RunKind;
    use cascade_registry::program::this_thread;

    use super::*;

    #[test]
    fn a_run_is_measured_while_it_lasts_and_a_later_attempt_stays() {
        let all = InUse::default();
        let run_id = Uuid::now_v7();
        let lease = |attempt| Lease { run_id, kind: RunKind::Queue, owner: "w".into(), attempt };
        let first = all.measure(&lease(1), this_thread());
        assert!(all.lasting("w").is_empty(), "it has just begun");
        let second = all.measure(&lease(2), this_thread());
        drop(first);
        let place = all.0.lock().unwrap()[&run_id].clone();
        assert_eq!(place.attempt, 2);
        let measured = measured(vec![(run_id, place)]).remove(0);
        assert_eq!((measured.attempt, measured.uses.thread), (2, this_thread()));
        drop(second);
        assert!(all.0.lock().unwrap().is_empty());
    }
}
