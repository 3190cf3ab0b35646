//! Timers, cascades and requests become runs in a worker's hands.
//!
//! There is no leader: every worker claims, and the store sees to it that nothing is claimed twice.
//! A worker looks when it is woken, when the next thing falls due, and at each tick, the safety net.

mod leases;
mod wake;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

pub(crate) use leases::Held;
pub use leases::Leases;
pub use wake::Wake;

use crate::{
    runner::Runner,
    store::{ClaimedRun, StoreError},
};

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Runs at a time.
    pub concurrency: u32,
    /// Runs that are claimed before there is a place for them, so that none stays empty while the next
    /// ones are claimed. They count as running, and wait here if those before them take long.
    pub prefetch: u32,
    /// Successes that may be stored in one commit; 1 for each by itself.
    pub commit_batch: usize,
    /// The safety net, `WORKER_INTERVAL_SECONDS`.
    pub tick: Duration,
    /// How long a lease lasts.
    pub lease: Duration,
    /// How long running runs may go on after a stop was asked for.
    pub grace: Duration,
}

/// Claims and runs until `stop`; then lets runs finish within the grace time and gives back the rest.
pub async fn work(
    runner: Arc<Runner>,
    owner: String,
    settings: WorkerSettings,
    stop: CancellationToken,
) {
    let leases = runner.wake.leases().clone();
    let keep = {
        let (leases, store, lease) = (leases.clone(), runner.store.clone(), settings.lease);
        tokio::spawn(async move { leases.keep(&*store, lease).await })
    };
    let mut worker = Worker {
        runner,
        owner: owner.into(),
        settings,
        give_back: CancellationToken::new(),
        running: JoinSet::new(),
        waiting: VecDeque::new(),
        claiming: None,
        look: true,
        pause: Duration::ZERO,
    };
    worker.work(&stop).await;
    worker.end().await;
    keep.abort();
}

/// What a claim brought.
struct Brought {
    runs: Vec<ClaimedRun>,
    /// There may be more than was asked for.
    more: bool,
    /// How long to sleep if nobody wakes us.
    pause: Duration,
}

struct Worker {
    runner: Arc<Runner>,
    owner: Arc<str>,
    settings: WorkerSettings,
    give_back: CancellationToken,
    running: JoinSet<()>,
    /// Claimed and not begun.
    waiting: VecDeque<(ClaimedRun, Held)>,
    claiming: Option<JoinHandle<Brought>>,
    /// Something may be there to claim.
    look: bool,
    pause: Duration,
}

impl Worker {
    async fn work(&mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.begin_runs();
            self.begin_claim();
            let idle = self.claiming.is_none() && !self.look;
            let claiming = &mut self.claiming;
            let claimed = async {
                match claiming {
                    Some(claim) => claim.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.runner.wake.woken() => self.look = true,
                Some(_) = self.running.join_next() => {
                    while self.running.try_join_next().is_some() {}
                }
                claimed = claimed => {
                    self.claiming = None;
                    match claimed {
                        Ok(brought) => self.take(brought),
                        Err(error) => tracing::error!(%error, "a claim ended early"),
                    }
                }
                () = tokio::time::sleep(self.pause), if idle => {
                    self.look = true;
                }
            }
        }
    }

    fn begin_runs(&mut self) {
        while self.running.len() < self.settings.concurrency as usize {
            let Some((run, held)) = self.waiting.pop_front() else { return };
            let (runner, give_back) = (self.runner.clone(), self.give_back.clone());
            self.running.spawn(async move { runner.run(run, held, give_back).await });
        }
    }

    /// Claims beside the runs, so that those which end are followed by those that wait here.
    fn begin_claim(&mut self) {
        let places = self.settings.concurrency as usize - self.running.len();
        let prefetch = self.settings.prefetch as usize;
        let fits = places + prefetch.saturating_sub(self.waiting.len());
        // Not for each that ends: a claim costs much the same for one run and for many.
        if !self.look || self.claiming.is_some() || fits == 0 || self.waiting.len() > prefetch / 2 {
            return;
        }
        self.look = false;
        let (runner, owner) = (self.runner.clone(), self.owner.clone());
        let settings = self.settings.clone();
        let fits = u32::try_from(fits).unwrap_or(u32::MAX);
        self.claiming = Some(tokio::spawn(async move {
            claim(&runner, &owner, fits, &settings).await.unwrap_or_else(|error| {
                tracing::error!(%error, "the worker could not reach its database");
                let pause = Duration::from_secs(1).min(settings.tick);
                Brought { runs: Vec::new(), more: false, pause }
            })
        }));
    }

    fn take(&mut self, Brought { runs, more, pause }: Brought) {
        let leases = self.runner.wake.leases();
        for run in runs {
            let held = leases.hold(&run.lease);
            self.waiting.push_back((run, held));
        }
        self.pause = pause;
        self.look |= more;
    }

    /// Lets runs finish within the grace time and gives back the rest.
    async fn end(mut self) {
        // What a claim has taken by now is ours.
        if let Some(claiming) = self.claiming.take()
            && let Ok(brought) = claiming.await
        {
            self.take(brought);
        }
        for (run, _held) in std::mem::take(&mut self.waiting) {
            if let Err(error) = self.runner.store.release(&run.lease).await {
                tracing::warn!(%error, run = %run.lease.run_id, "not given back");
            }
        }
        let (running, grace) = (&mut self.running, self.settings.grace);
        if !running.is_empty() {
            tracing::info!(runs = running.len(), ?grace, "waiting for running runs");
        }
        let finished = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, finished).await.is_err() {
            self.give_back.cancel();
            while self.running.join_next().await.is_some() {}
        }
        self.runner.completer.finish().await;
    }
}

async fn claim(
    runner: &Runner,
    owner: &str,
    fits: u32,
    settings: &WorkerSettings,
) -> Result<Brought, StoreError> {
    let lacking = runner.lacking.list(&runner.config.registry());
    let runs = runner.store.claim(owner, fits, settings.lease, &lacking).await?;
    if u32::try_from(runs.len()).unwrap_or(u32::MAX) >= fits {
        runner.wake.wake_peers();
        return Ok(Brought { runs, more: true, pause: settings.tick });
    }
    let due = runner.store.next_due(&lacking).await?.unwrap_or(settings.tick);
    // A due time that the next claim cannot take yet must not spin this loop.
    let pause = due.max(Duration::from_millis(5)).min(settings.tick);
    Ok(Brought { runs, more: false, pause })
}
