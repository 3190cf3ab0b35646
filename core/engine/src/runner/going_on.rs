//! A worker that goes on, from the end of a run, with the runs that it leads to.

use cascade_model::{Lease, Success};
use cascade_store::{Holder, StoreError};

use super::{Runner, WorkerThreads};
use crate::NextRuns;

/// Where the next runs may begin.
pub(super) struct GoesOn {
    /// The threads of the worker that held the run.
    pub threads: WorkerThreads,
    /// Whether the run has its thread still, which is free after its end.
    pub has_thread: bool,
}

impl GoesOn {
    /// How many runs may begin.
    fn room(&self) -> usize {
        match self.threads.room_for_next() {
            None => 0,
            Some(free) => free + usize::from(self.has_thread),
        }
    }
}

impl Runner {
    /// Stores a success, and begins with runs of the jobs that are due after it, where there is room. Returns these jobs,
    /// and whether a run has begun.
    pub(super) async fn complete(
        &self,
        lease: &Lease,
        success: Success,
        next: Option<&GoesOn>,
    ) -> Result<(Vec<String>, bool), StoreError> {
        let leases = self.wake.leases();
        let leads_on =
            !success.follow.downstream.is_empty() || !success.follow.debounced.is_empty();
        let next = next.filter(|_| leads_on && !self.wake.is_draining());
        let room = next.map_or(0, GoesOn::room);
        // A renewal that is under way would take what begins now for runs that this process has lost track of.
        let claiming = if room > 0 { leases.try_begin_claim() } else { None };
        let (Some(_claiming), Some(GoesOn { threads, .. })) = (claiming, next) else {
            return Ok((self.engine.complete(lease, success).await?.triggered, false));
        };
        let (state, settings) = (self.config.state(), threads.settings());
        let left = self.left_jobs(&state, &settings.labels).await;
        let takes = |job: &str| {
            state.registry.job(job).is_some()
                && state.config.jobs.contains_key(job)
                && !left.iter().any(|left| left.job == job)
        };
        let holder = Holder { owner: &lease.owner, lease: settings.lease };
        let next = NextRuns { holder, room, takes: &takes };
        let done = self.engine.complete_then(lease, success, Some(&next)).await?;
        let has_begun = !done.begun.is_empty();
        threads.push(done.begun.into_iter().map(|run| {
            let held = leases.hold(&run.lease);
            (run, held)
        }));
        Ok((done.triggered, has_begun))
    }
}
