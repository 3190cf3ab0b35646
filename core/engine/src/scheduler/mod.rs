//! Timers, cascades and requests become runs in a worker's hands.
//!
//! There is no leader: every worker claims, and the store sees to it that nothing is claimed twice.
//! A worker looks when it is woken, when the next thing falls due, and at each tick, the safety net.

mod leases;
mod wake;

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{JoinHandle, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use leases::Claiming;
pub(crate) use leases::Held;
pub use leases::Leases;
pub use wake::Wake;

use crate::runner::{Runner, SOON, WorkerThreads};
use cascade_model::ClaimedRun;
use cascade_store::StoreError;

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

/// How long a worker that ends tries to store how its runs have ended; longer than a plugin may take to
/// stop.
const STORE_WITHIN: Duration = Duration::from_secs(15);

/// Claims and runs until `stop`; then lets runs finish within the grace time and gives back the rest.
pub async fn work(
    runner: Arc<Runner>,
    owner: String,
    settings: WorkerSettings,
    stop: CancellationToken,
) {
    let leases = runner.wake.leases().clone();
    let owner: Arc<str> = owner.into();
    let keep = {
        let (runner, owner, lease) = (runner.clone(), owner.clone(), settings.lease);
        tokio::spawn(async move { leases.keep(&runner, &owner, lease).await })
    };
    let (most, prefetch) = (settings.concurrency as usize, settings.prefetch as usize);
    let mut worker = Worker {
        threads: WorkerThreads::new(runner.clone(), most, prefetch / 2),
        runner,
        owner,
        settings,
        give_back: CancellationToken::new(),
        supervised: JoinSet::new(),
        claiming: None,
        asking: None,
        look: true,
        more: false,
        until: Instant::now(),
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
    claiming: Claiming,
}

struct Worker {
    threads: WorkerThreads,
    runner: Arc<Runner>,
    /// Holds what is claimed.
    owner: Arc<str>,
    settings: WorkerSettings,
    give_back: CancellationToken,
    supervised: JoinSet<()>,
    claiming: Option<JoinHandle<Result<Brought, StoreError>>>,
    /// Asks for how long to sleep if nobody wakes us.
    asking: Option<JoinHandle<Duration>>,
    /// Something may be there to claim.
    look: bool,
    /// The last claim did not bring all there is.
    more: bool,
    /// When to look if nobody wakes us before.
    until: Instant,
}

impl Worker {
    async fn work(&mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.begin_claim();
            let idle = self.claiming.is_none() && !self.look;
            let young = self.threads.load().running > self.supervised.len();
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.runner.wake.woken() => self.look = true,
                () = self.threads.want_more() => self.look |= self.more,
                Some(_) = self.supervised.join_next() => {
                    while self.supervised.try_join_next().is_some() {}
                }
                claimed = ended(&mut self.claiming) => match claimed {
                    Some(Ok(brought)) => self.take(brought),
                    // What it may have taken all the same comes back with the next renewal, which
                    // does not list it.
                    Some(Err(error)) => {
                        tracing::error!(%error, "the worker could not reach its database");
                        self.until = Instant::now() + Duration::from_secs(1).min(self.settings.tick);
                    }
                    None => {}
                },
                pause = ended(&mut self.asking) => {
                    self.until = Instant::now() + pause.unwrap_or(self.settings.tick);
                }
                () = tokio::time::sleep(SOON), if young => self.look_after(),
                () = tokio::time::sleep_until(self.until), if idle => self.look = true,
            }
        }
    }

    fn look_after(&mut self) {
        for run in self.threads.look_after() {
            self.supervised.spawn(run.supervise(self.give_back.clone()));
        }
    }

    /// Claims beside the runs, so that those which end are followed by those that wait here.
    fn begin_claim(&mut self) {
        let load = self.threads.load();
        let (most, prefetch) = (self.settings.concurrency, self.settings.prefetch as usize);
        let fits = (most as usize + prefetch).saturating_sub(load.running + load.waiting);
        // Not for each that ends: a claim costs much the same for one run and for many.
        if !self.look || self.claiming.is_some() || fits == 0 || load.waiting > prefetch / 2 {
            return;
        }
        // What ends faster than it is stored must not pile up here. The next commit wakes us.
        if self.runner.completer.is_behind() {
            return;
        }
        self.look = false;
        let (runner, owner) = (self.runner.clone(), self.owner.clone());
        let fits = u32::try_from(fits).unwrap_or(u32::MAX);
        let lease = self.settings.lease;
        self.claiming = Some(tokio::spawn(async move {
            let claiming = runner.wake.leases().begin_claim().await;
            let missing_jobs = runner.missing_jobs.list(&runner.config.state());
            let runs = runner.engine.claim(&owner, fits, lease, &missing_jobs).await?;
            let more = u32::try_from(runs.len()).unwrap_or(u32::MAX) >= fits;
            Ok(Brought { runs, more, claiming })
        }));
    }

    /// Begins what a claim has brought, and only then asks when the next is due.
    fn take(&mut self, Brought { runs, more, claiming }: Brought) {
        let leases = self.runner.wake.leases();
        // A due time that the next claim cannot take yet must not spin this loop; one that has brought
        // something may have left something.
        let least = if runs.is_empty() { Duration::from_millis(5) } else { Duration::ZERO };
        self.threads.push(runs.into_iter().map(|run| {
            let held = leases.hold(&run.lease);
            (run, held)
        }));
        drop(claiming);
        (self.until, self.more) = (Instant::now() + self.settings.tick, more);
        self.look |= more;
        if more {
            self.runner.wake.wake_peers();
        } else {
            let (runner, tick) = (self.runner.clone(), self.settings.tick);
            let owner = self.owner.clone();
            self.asking = Some(tokio::spawn(async move {
                let missing_jobs = runner.missing_jobs.list(&runner.config.state());
                let due = runner.engine.next_due(&owner, &missing_jobs).await;
                let due = due.inspect_err(|error| tracing::error!(%error, "when to look again"));
                let due = due.unwrap_or(Some(Duration::from_secs(1))).unwrap_or(tick);
                due.max(least).min(tick)
            }));
        }
    }

    /// Lets runs finish within the grace time and gives back the rest.
    async fn end(mut self) {
        // What a claim has taken by now is ours.
        if self.claiming.is_some()
            && let Some(Ok(brought)) = ended(&mut self.claiming).await
        {
            self.take(brought);
        }
        for (run, _held) in self.threads.take_waiting() {
            if let Err(error) = self.runner.engine.release(&run.lease).await {
                tracing::warn!(%error, run = %run.lease.run_id, "not given back");
            }
        }
        let (runs, grace) = (self.threads.load().running, self.settings.grace);
        if runs > 0 {
            tracing::info!(runs, ?grace, "waiting for running runs");
        }
        if tokio::time::timeout(grace, self.finished()).await.is_err() {
            self.give_back.cancel();
        }
        // Where the database is away, the ends of runs wait for it, but not for ever.
        if tokio::time::timeout(STORE_WITHIN, self.finished()).await.is_err() {
            self.runner.completer.give_up();
            self.finished().await;
        }
        self.threads.close();
        self.runner.completer.finish(STORE_WITHIN).await;
    }

    /// Until nothing runs.
    async fn finished(&mut self) {
        while self.threads.load().running > 0 || !self.supervised.is_empty() {
            self.look_after();
            tokio::select! {
                Some(_) = self.supervised.join_next() => {}
                () = tokio::time::sleep(SOON) => {}
            }
        }
    }
}

/// What came of a task, once it has ended; never while there is none.
async fn ended<T>(task: &mut Option<JoinHandle<T>>) -> Option<T> {
    let Some(running) = task else { return std::future::pending().await };
    let ended = running.await;
    *task = None;
    ended.inspect_err(|error| tracing::error!(%error, "a part of the worker ended early")).ok()
}
