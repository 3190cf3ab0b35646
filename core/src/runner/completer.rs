//! Stores successes, many in one commit. While commits are on their way to the disk, the runs that end
//! meanwhile gather for the next: nobody waits for others to come.
//!
//! A lane that hands over a success goes on with its next run. When the database falls behind, it is
//! the claims that wait: see [`Completer::is_behind`].

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};

use super::telemetry;
use crate::{
    bus::Announcer,
    scheduler::{Held, Wake},
    store::{ClaimedRun, Done, Event, Store, StoreError},
};

/// Commits on their way at a time: while one waits for the disk, the other keeps the database busy.
const COMMITS: usize = 2;

/// A run that has succeeded and has nothing else to say.
pub(super) struct Finished {
    pub run: ClaimedRun,
    pub summary: Option<String>,
    /// When its body began.
    pub began: Instant,
    /// Prolonged until it is stored.
    pub _held: Held,
}

/// Stores the successes of one worker.
pub struct Completer {
    finished: Mutex<Option<mpsc::UnboundedSender<Finished>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Taken over and not stored yet.
    unstored: Arc<AtomicUsize>,
    batch: usize,
}

impl Completer {
    /// Stores up to `batch` successes in one commit.
    pub fn start(store: Arc<dyn Store>, announcer: Announcer, wake: Wake, batch: usize) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let unstored = Arc::<AtomicUsize>::default();
        let work = work(receiver, unstored.clone(), (store, announcer, wake), batch);
        let task = Mutex::new(Some(tokio::spawn(work)));
        Self { finished: Mutex::new(Some(sender)), task, unstored, batch }
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

    /// Waits until everything is stored that was taken over.
    pub async fn finish(&self) {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && task.await.is_err()
        {
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

async fn work(
    mut finished: mpsc::UnboundedReceiver<Finished>,
    unstored: Arc<AtomicUsize>,
    (store, announcer, wake): (Arc<dyn Store>, Announcer, Wake),
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
        let (store, announcer, wake) = (store.clone(), announcer.clone(), wake.clone());
        let storing = Storing { runs: runs.len(), unstored: unstored.clone() };
        tokio::spawn(async move {
            announcer.announce_these(store_all(&*store, runs).await);
            drop(storing);
            wake.wake();
            drop(commit);
        });
    }
    // Those that are on their way.
    commits.acquire_many(COMMITS as u32).await.ok();
}

/// Stores them; returns their events.
async fn store_all(store: &dyn Store, mut runs: Vec<Finished>) -> Vec<Event> {
    // In the order in which leases are renewed, so that the two do not wait for each other.
    runs.sort_by(|a, b| {
        let (a, b) = (&a.run.lease, &b.run.lease);
        (&a.owner, a.run_id).cmp(&(&b.owner, b.run_id))
    });
    let mut events = Vec::with_capacity(runs.len());
    for runs in runs.chunk_by(|a, b| a.run.lease.owner == b.run.lease.owner) {
        events.extend(store_some(store, runs).await);
    }
    events
}

/// As [`store_all`], for runs of one owner.
async fn store_some(store: &dyn Store, runs: &[Finished]) -> Vec<Event> {
    let done: Vec<_> = runs.iter().map(done).collect();
    let events = match store.complete_all(&done).await {
        // One that the database refuses must not take the others with it.
        Err(StoreError::Sql(sqlx::Error::Database(_))) if done.len() > 1 => {
            let mut events = Vec::new();
            for one in done {
                let stored = store.complete_all(&[one]).await;
                events.push(stored.map(|mut events| events.pop().flatten()));
            }
            events
        }
        Ok(events) => events.into_iter().map(Ok).collect(),
        Err(error) => {
            tracing::error!(%error, runs = done.len(), "the end of runs could not be stored");
            return Vec::new();
        }
    };
    runs.iter().zip(events).filter_map(reported).collect()
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

fn reported((finished, stored): (&Finished, Result<Option<Event>, StoreError>)) -> Option<Event> {
    let (run, id) = (&finished.run, finished.run.lease.run_id);
    match stored {
        Ok(Some(event)) => {
            telemetry::counted(run, "completed");
            tracing::debug!(run = %id, job = run.job_type, "completed");
            Some(event)
        }
        Ok(None) => {
            tracing::warn!(run = %id, job = run.job_type, "lease lost; the result is dropped");
            None
        }
        // The lease will expire and another attempt follows.
        Err(error) => {
            tracing::error!(%error, run = %id, job = run.job_type, "its end could not be stored");
            None
        }
    }
}
