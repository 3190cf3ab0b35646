//! Stores successes, many in one commit. While commits are on their way to the disk, the runs that end
//! meanwhile gather for the next: nobody waits for others to come.
//!
//! A thread that hands over a success goes on with its next run. When the database falls behind, it is
//! the claims that wait: see [`Completer::is_behind`].

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::telemetry;
use crate::Engine;
use crate::scheduler::{Held, Wake};
use cascade_bus::{Announcer, Backoff};
use cascade_model::{ClaimedRun, Done, Event, RunKind, StatKind};

/// Commits on their way at a time: while one waits for the disk, the other keeps the database busy.
const COMMITS: usize = 2;

/// A run that has succeeded and has nothing else to say.
pub(super) struct Finished {
    pub run: ClaimedRun,
    pub summary: Option<String>,
    /// When its body began.
    pub began: Instant,
    /// How long that took, without the wait for the commit.
    pub took: Duration,
    /// Prolonged until it is stored.
    pub held: Held,
}

/// Stores the successes of one worker.
pub struct Completer {
    finished: Mutex<Option<mpsc::UnboundedSender<Finished>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Taken over and not stored yet.
    unstored: Arc<AtomicUsize>,
    batch: usize,
    /// Set when the worker ends and the database stays away: nothing is tried once more.
    giving_up: CancellationToken,
}

impl Completer {
    /// Stores up to `batch` successes in one commit.
    pub fn start(engine: Engine, announcer: Announcer, wake: Wake, batch: usize) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let unstored = Arc::<AtomicUsize>::default();
        let giving_up = CancellationToken::new();
        let parts = Arc::new(Parts { engine, announcer, wake, giving_up: giving_up.clone() });
        let work = work(receiver, unstored.clone(), parts, batch);
        let task = Mutex::new(Some(tokio::spawn(work)));
        Self { finished: Mutex::new(Some(sender)), task, unstored, batch, giving_up }
    }

    /// Takes it over.
    pub(super) fn complete(&self, finished: Finished) {
        let sender = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*sender {
            self.unstored.fetch_add(1, Ordering::Relaxed);
            // Nobody takes it after the end: the lease runs out, and another attempt follows.
            sender.send(finished).ok();
        }
    }

    /// More wait to be stored than the commits on their way and the next one take: nothing is claimed
    /// until one of them is done, which wakes the scheduler. So the runs that are over and not stored
    /// are at most those and one claim.
    pub fn is_behind(&self) -> bool {
        self.unstored.load(Ordering::Relaxed) > (COMMITS + 1) * self.batch
    }

    /// Whether ends that could not be stored are no longer tried again.
    pub(super) fn giving_up(&self) -> &CancellationToken {
        &self.giving_up
    }

    /// Each end that is not stored yet is tried at most once more.
    pub fn give_up(&self) {
        self.giving_up.cancel();
    }

    /// Waits until everything is stored that was taken over, and gives up what is not `within` that time.
    pub async fn finish(&self, within: Duration) {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut task) = task else { return };
        let ended = match tokio::time::timeout(within, &mut task).await {
            Ok(ended) => ended,
            Err(_) => {
                self.give_up();
                task.await
            }
        };
        if ended.is_err() {
            tracing::error!("what stores successes panicked");
        }
    }
}

/// Counted as not stored until it is dropped, however its commit ends.
struct Storing {
    runs: usize,
    unstored: Arc<AtomicUsize>,
}

impl Drop for Storing {
    fn drop(&mut self) {
        self.unstored.fetch_sub(self.runs, Ordering::Relaxed);
    }
}

/// What stores successes, and tells of them.
struct Parts {
    engine: Engine,
    announcer: Announcer,
    wake: Wake,
    giving_up: CancellationToken,
}

async fn work(
    mut finished: mpsc::UnboundedReceiver<Finished>,
    unstored: Arc<AtomicUsize>,
    parts: Arc<Parts>,
    batch: usize,
) {
    let commits = Arc::new(Semaphore::new(COMMITS));
    loop {
        // First, so that what ends while both are on their way gathers.
        let Ok(commit) = commits.clone().acquire_owned().await else { return };
        let mut runs = Vec::new();
        if finished.recv_many(&mut runs, batch).await == 0 {
            break;
        }
        let parts = parts.clone();
        let storing = Storing { runs: runs.len(), unstored: unstored.clone() };
        tokio::spawn(async move {
            let jobs = runs.iter().map(|finished| &*finished.run.job_type);
            let opens = parts.engine.ends_open_shared_limits(jobs);
            parts.announcer.announce_these(store_all(&parts, runs).await);
            drop(storing);
            parts.wake.wake();
            if opens {
                parts.wake.wake_peers();
            }
            drop(commit);
        });
    }
    // Those that are on their way.
    commits.acquire_many(COMMITS as u32).await.ok();
}

/// Stores them; returns their events.
async fn store_all(parts: &Parts, runs: Vec<Finished>) -> Vec<Event> {
    let of_schedule = |one: &Finished| one.run.lease.kind == RunKind::Schedule;
    let (of_schedules, of_queues): (Vec<_>, Vec<_>) = runs.into_iter().partition(of_schedule);
    let mut events = store_kind(parts, of_schedules).await;
    events.extend(store_kind(parts, of_queues).await);
    events
}

/// The same, of runs of one kind.
async fn store_kind(parts: &Parts, mut runs: Vec<Finished>) -> Vec<Event> {
    if runs.is_empty() {
        return Vec::new();
    }
    // In the order in which leases are renewed, so that the two do not wait for each other.
    runs.sort_by_key(|finished| finished.run.lease.run_id);
    let mut backoff = Backoff::default();
    loop {
        let done: Vec<_> = runs.iter().map(done).collect();
        let error = match parts.engine.complete_all(&done).await {
            Ok(events) => {
                let stored = runs.iter().zip(&events).filter(|(_, event)| event.is_some());
                parts.engine.counts().add(stored.map(|(one, _)| {
                    telemetry::counted_end(&one.run, StatKind::Completed, Some(one.took))
                }));
                return runs.iter().zip(events).filter_map(reported).collect();
            }
            Err(error) => error,
        };
        // One that the database refuses must not take the others with it.
        if !error.may_pass() && runs.len() > 1 {
            let mut events = Vec::with_capacity(runs.len());
            for one in runs {
                events.extend(Box::pin(store_kind(parts, vec![one])).await);
            }
            return events;
        }
        if !error.may_pass() || parts.giving_up.is_cancelled() {
            for Finished { run, .. } in &runs {
                let (run_id, job_type) = (run.lease.run_id, &run.job_type);
                // Nobody lists it any more: the next renewal gives it back.
                tracing::error!(%error, %run_id, job_type, "its end could not be stored");
            }
            return Vec::new();
        }
        tracing::warn!(%error, runs = runs.len(), "the end of runs is not stored yet");
        tokio::select! {
            () = backoff.pause() => {}
            () = parts.giving_up.cancelled() => {}
        }
        runs.retain(|finished| {
            let lost = finished.held.lost.is_cancelled();
            if lost {
                dropped(finished);
            }
            !lost
        });
    }
}

fn done(finished: &Finished) -> Done {
    Done {
        lease: finished.run.lease.clone(),
        job_type: finished.run.job_type.clone(),
        project_id: finished.run.project.id,
        summary: finished.summary.clone(),
        ran: finished.began.elapsed(),
    }
}

fn reported((finished, stored): (&Finished, Option<Event>)) -> Option<Event> {
    let (run, run_id) = (&finished.run, finished.run.lease.run_id);
    match &stored {
        Some(_) => {
            telemetry::counted(run, "completed");
            tracing::debug!(%run_id, job_type = run.job_type, "completed");
        }
        None => dropped(finished),
    }
    stored
}

fn dropped(Finished { run, .. }: &Finished) {
    let run_id = run.lease.run_id;
    tracing::warn!(%run_id, job_type = run.job_type, "lease lost; the result is dropped");
}
