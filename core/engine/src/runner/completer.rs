//! Stores ends that lead to nothing, many in one commit: successes, failed attempts that others follow, and
//! failures for good. While commits are on their way to the disk, the runs that end meanwhile gather for the
//! next: nobody waits for others to come.
//!
//! A thread that hands over an end goes on with its next run. When the database falls behind, it is
//! the claims that wait: see [`Completer::is_behind`].

use std::{
    collections::BTreeMap,
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
use crate::scheduler::{Held, Wake};
use crate::{Engine, figures::CountedEnd};
use cascade_bus::{Announcer, Backoff};
use cascade_model::{ClaimedRun, Done, Event, Fault, Lease, StatKind};
use cascade_store::Result;

/// Commits on their way at a time: while one waits for the disk, the other keeps the database busy.
const COMMITS: usize = 2;

/// An attempt that has ended and has nothing else to say.
pub(super) struct Finished {
    pub run: ClaimedRun,
    pub how: How,
    /// When its body began.
    pub began: Instant,
    /// How long that took, without the wait for the commit.
    pub took: Duration,
    /// Prolonged until it is stored.
    pub held: Held,
}

/// How it has ended.
pub(super) enum How {
    /// With one line for the run list.
    Completed(Option<String>),
    Failed(Fault),
}

/// What is stored together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Completed,
    Retried,
    Failed,
}

impl How {
    fn group(&self) -> Group {
        match self {
            Self::Completed(_) => Group::Completed,
            Self::Failed(fault) if fault.retry_in.is_some() => Group::Retried,
            Self::Failed(_) => Group::Failed,
        }
    }
}

/// What became of an end.
enum Stored {
    /// It is stored, and its event has an id.
    Told(Event),
    /// It is stored.
    Kept,
    LostLease,
}

/// Stores the ends of one worker.
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
    /// Stores up to `batch` ends in one commit.
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
            tracing::error!("what stores the ends of runs panicked");
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

/// What stores ends, and tells of them.
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
        let (parts, unstored) = (parts.clone(), unstored.clone());
        let storing = Storing { runs: runs.len(), unstored: unstored.clone() };
        tokio::spawn(async move {
            let jobs = runs.iter().map(|finished| &*finished.run.job_type);
            let opens = parts.engine.ends_open_shared_limits(jobs);
            parts.announcer.announce_these(store_all(&parts, runs).await);
            let alone = storing.runs == 1;
            drop(storing);
            // Where claims wait for room, or runs for a limit, this end may let some begin. Else that is only what waits for
            // the same schedule: its next run, or one that was asked for beside it.
            let is_idle = alone && unstored.load(Ordering::Relaxed) == 0;
            match is_idle && !opens && !parts.engine.may_wait_for_ends() {
                true => parts.wake.wake_soon(),
                false => parts.wake.wake(),
            }
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
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in runs {
        groups.entry((one.run.lease.kind as usize, one.how.group())).or_default().push(one);
    }
    let mut events = Vec::new();
    for ((_, group), runs) in groups {
        events.extend(store_group(parts, group, runs).await);
    }
    events
}

/// The same, of runs of one kind and group.
async fn store_group(parts: &Parts, group: Group, mut runs: Vec<Finished>) -> Vec<Event> {
    // In the order in which leases are renewed, so that the two do not wait for each other.
    runs.sort_by_key(|finished| finished.run.lease.run_id);
    let mut backoff = Backoff::default();
    loop {
        let error = match try_to_store(&parts.engine, group, &runs).await {
            Ok(stored) => return told(parts, group, &runs, stored),
            Err(error) => error,
        };
        // One that the database refuses must not take the others with it.
        if !error.may_pass() && runs.len() > 1 {
            let mut events = Vec::with_capacity(runs.len());
            for one in runs {
                events.extend(Box::pin(store_group(parts, group, vec![one])).await);
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
        if runs.is_empty() {
            return Vec::new();
        }
    }
}

async fn try_to_store(engine: &Engine, group: Group, runs: &[Finished]) -> Result<Vec<Stored>> {
    if group == Group::Completed {
        let done: Vec<_> = runs.iter().filter_map(done).collect();
        let events = engine.complete_all(&done).await?;
        return Ok(events
            .into_iter()
            .map(|event| event.map_or(Stored::LostLease, Stored::Told))
            .collect());
    }
    let faults: Vec<_> = runs.iter().filter_map(fault).collect();
    let held = engine.fail_all(&faults).await?;
    let stored = |held| if held { Stored::Kept } else { Stored::LostLease };
    Ok(held.into_iter().map(stored).collect())
}

fn done(finished: &Finished) -> Option<Done> {
    let How::Completed(summary) = &finished.how else { return None };
    Some(Done {
        lease: finished.run.lease.clone(),
        job_type: finished.run.job_type.clone(),
        project_id: finished.run.project.id,
        summary: summary.clone(),
        ran: finished.began.elapsed(),
    })
}

fn fault(finished: &Finished) -> Option<(Lease, Fault)> {
    let How::Failed(fault) = &finished.how else { return None };
    Some((finished.run.lease.clone(), fault.clone()))
}

/// Counts what is stored, and has the events of failures told; returns those that have ids.
fn told(parts: &Parts, group: Group, runs: &[Finished], stored: Vec<Stored>) -> Vec<Event> {
    let (mut events, mut counted) = (Vec::new(), Vec::with_capacity(runs.len()));
    for (finished, stored) in runs.iter().zip(stored) {
        match stored {
            Stored::Told(event) => events.push(event),
            Stored::Kept => {}
            Stored::LostLease => {
                dropped(finished);
                continue;
            }
        }
        counted.extend(count(group, finished));
    }
    if group == Group::Failed && !counted.is_empty() {
        parts.announcer.announce();
    }
    parts.engine.counts().add(counted);
    events
}

fn count(group: Group, Finished { run, took, .. }: &Finished) -> Option<CountedEnd<'_>> {
    let (result, kind) = match group {
        Group::Completed => ("completed", Some(StatKind::Completed)),
        Group::Retried => ("retried", None),
        Group::Failed => ("failed", Some(StatKind::Failed)),
    };
    telemetry::counted(run, result);
    tracing::debug!(run_id = %run.lease.run_id, job_type = run.job_type, "{result}");
    kind.map(|kind| telemetry::counted_end(run, kind, Some(*took)))
}

fn dropped(Finished { run, .. }: &Finished) {
    let run_id = run.lease.run_id;
    tracing::warn!(%run_id, job_type = run.job_type, "lease lost; the result is dropped");
}
