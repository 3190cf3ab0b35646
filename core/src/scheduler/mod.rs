//! Timers, cascades and requests become runs in a worker's hands.
//!
//! There is no leader: every worker claims, and the store sees to it that nothing is claimed twice.
//! A worker looks when it is woken, when the next thing falls due, and at each tick, the safety net.

mod leases;
mod wake;

use std::{sync::Arc, time::Duration};

use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

pub(crate) use leases::Held;
pub use leases::Leases;
pub use wake::Wake;

use crate::{
    runner::{Lanes, Runner, SOON},
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
    let (most, prefetch) = (settings.concurrency as usize, settings.prefetch as usize);
    let mut worker = Worker {
        lanes: Lanes::new(runner.clone(), most, prefetch / 2),
        runner,
        owner: owner.into(),
        settings,
        give_back: CancellationToken::new(),
        supervised: JoinSet::new(),
        claiming: None,
        look: true,
        more: false,
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
    lanes: Lanes,
    runner: Arc<Runner>,
    owner: Arc<str>,
    settings: WorkerSettings,
    give_back: CancellationToken,
    supervised: JoinSet<()>,
    claiming: Option<JoinHandle<Brought>>,
    /// Something may be there to claim.
    look: bool,
    /// The last claim did not bring all there is.
    more: bool,
    pause: Duration,
}

impl Worker {
    async fn work(&mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.begin_claim();
            let idle = self.claiming.is_none() && !self.look;
            let young = self.lanes.load().running > self.supervised.len();
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
                () = self.lanes.want_more() => self.look |= self.more,
                Some(_) = self.supervised.join_next() => {
                    while self.supervised.try_join_next().is_some() {}
                }
                claimed = claimed => {
                    self.claiming = None;
                    match claimed {
                        Ok(brought) => self.take(brought),
                        Err(error) => tracing::error!(%error, "a claim ended early"),
                    }
                }
                () = tokio::time::sleep(SOON), if young => self.look_after(),
                () = tokio::time::sleep(self.pause), if idle => self.look = true,
            }
        }
    }

    fn look_after(&mut self) {
        for run in self.lanes.look_after() {
            self.supervised.spawn(run.supervise(self.give_back.clone()));
        }
    }

    /// Claims beside the runs, so that those which end are followed by those that wait here.
    fn begin_claim(&mut self) {
        let load = self.lanes.load();
        let (most, prefetch) = (self.settings.concurrency, self.settings.prefetch as usize);
        let fits = (most as usize + prefetch).saturating_sub(load.running + load.waiting);
        // Not for each that ends: a claim costs much the same for one run and for many.
        if !self.look || self.claiming.is_some() || fits == 0 || load.waiting > prefetch / 2 {
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
        self.lanes.push(runs.into_iter().map(|run| {
            let held = leases.hold(&run.lease);
            (run, held)
        }));
        (self.pause, self.more) = (pause, more);
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
        for (run, _held) in self.lanes.take_waiting() {
            if let Err(error) = self.runner.store.release(&run.lease).await {
                tracing::warn!(%error, run = %run.lease.run_id, "not given back");
            }
        }
        let (runs, grace) = (self.lanes.load().running, self.settings.grace);
        if runs > 0 {
            tracing::info!(runs, ?grace, "waiting for running runs");
        }
        if tokio::time::timeout(grace, self.finished()).await.is_err() {
            self.give_back.cancel();
            self.finished().await;
        }
        self.lanes.close();
        self.runner.completer.finish().await;
    }

    /// Until nothing runs.
    async fn finished(&mut self) {
        while self.lanes.load().running > 0 || !self.supervised.is_empty() {
            self.look_after();
            tokio::select! {
                Some(_) = self.supervised.join_next() => {}
                () = tokio::time::sleep(SOON) => {}
            }
        }
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
