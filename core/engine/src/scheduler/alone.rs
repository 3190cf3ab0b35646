//! Runs that are begun alone.
//!
//! A worker is lost when a run ends its process: it aborts, or takes all memory. Which of the runs that it held has
//! done so, nobody knows. Those that were no longer young when it last renewed its leases use up an attempt; the others
//! go back without (`expiry.rs`), and the worker that claims one begins it while none of its runs is young. If it then
//! ends the process, it was this run, and its attempt is used up: [`Leases::begin_alone`] has noted that before.
//!
//! So one run that ends its process costs the others beside it some time, and none of them its attempts.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::leases::Leases;
use crate::{
    Engine,
    runner::{HeldRun, WorkerThreads},
};

/// How long it waits after the database did not answer.
const AFTER_FAULT: Duration = Duration::from_secs(1);

/// Those of one worker.
#[derive(Default)]
pub(super) struct Alone {
    waiting: VecDeque<HeldRun>,
    /// Whether the other runs that wait are held back.
    holds_back: bool,
    /// Not before then, as the database did not answer.
    not_before: Option<Instant>,
}

impl Alone {
    pub fn push(&mut self, run: HeldRun) {
        self.waiting.push_back(run);
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether [`Alone::step`] is to be called soon.
    pub fn is_busy(&self) -> bool {
        self.holds_back || !self.waiting.is_empty()
    }

    /// Removes those that wait.
    pub fn take(&mut self, threads: &WorkerThreads) -> VecDeque<HeldRun> {
        self.holds_back = false;
        threads.hold_back(false);
        std::mem::take(&mut self.waiting)
    }

    /// Begins the next, once no other run is young and a thread is free; lets the others begin again once there is none.
    pub async fn step(
        &mut self,
        engine: &Engine,
        leases: &Leases,
        threads: &WorkerThreads,
        lease: Duration,
    ) {
        if !self.is_busy() {
            return;
        }
        if !self.holds_back {
            self.holds_back = true;
            threads.hold_back(true);
        }
        let too_soon = self.not_before.is_some_and(|then| Instant::now() < then);
        if too_soon || leases.has_young() {
            return;
        }
        if self.waiting.is_empty() {
            self.holds_back = false;
            threads.hold_back(false);
        }
        // From the note on it counts as begun.
        if threads.are_busy() {
            return;
        }
        let Some((run, held)) = self.waiting.pop_front() else { return };
        let (run_id, job_type) = (run.lease.run_id, &run.job_type);
        match leases.begin_alone(engine, &run.lease, lease).await {
            Ok(true) => {
                tracing::info!(%run_id, job_type, "begun alone: its last worker was lost");
                held.begin();
                threads.push_alone((run, held));
            }
            Ok(false) => tracing::warn!(%run_id, job_type, "lease lost before it began"),
            Err(error) => {
                self.not_before = Some(Instant::now() + AFTER_FAULT);
                tracing::warn!(%error, %run_id, job_type, "not begun yet");
                self.waiting.push_front((run, held));
            }
        }
    }
}
