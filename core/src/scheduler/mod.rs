//! Timers, cascades and requests become runs in a worker's hands.
//!
//! There is no leader: every worker claims, and the store sees to it that nothing is claimed twice.
//! A worker looks when it is woken, when the next thing falls due, and at each tick, the safety net.

mod wake;

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use wake::Wake;

use crate::{runner::Runner, store::StoreError};

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Runs at a time.
    pub concurrency: u32,
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
    let give_back = CancellationToken::new();
    let mut running = JoinSet::new();
    while !stop.is_cancelled() {
        let free = settings.concurrency
            - u32::try_from(running.len()).unwrap_or(u32::MAX).min(settings.concurrency);
        let pause = match look(&runner, &owner, free, &settings, &mut running, &give_back).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "the worker could not reach its database");
                Duration::from_secs(1).min(settings.tick)
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = runner.wake.woken() => {}
            Some(_) = running.join_next() => while running.try_join_next().is_some() {},
            () = tokio::time::sleep(pause) => {}
        }
    }
    if !running.is_empty() {
        tracing::info!(runs = running.len(), grace = ?settings.grace, "waiting for running runs");
    }
    let finished = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(settings.grace, finished).await.is_err() {
        give_back.cancel();
        while running.join_next().await.is_some() {}
    }
}

/// Claims what fits; returns how long to sleep if nobody wakes us.
async fn look(
    runner: &Arc<Runner>,
    owner: &str,
    free: u32,
    settings: &WorkerSettings,
    running: &mut JoinSet<()>,
    give_back: &CancellationToken,
) -> Result<Duration, StoreError> {
    if free == 0 {
        return Ok(settings.tick);
    }
    let lacking = runner.lacking.list(&runner.config.registry());
    let claimed = runner.store.claim(owner, free, settings.lease, &lacking).await?;
    let full = u32::try_from(claimed.len()).unwrap_or(u32::MAX) >= free;
    for run in claimed {
        let (runner, give_back) = (runner.clone(), give_back.clone());
        running.spawn(async move { runner.run(run, give_back).await });
    }
    if full {
        // There may be more than fits here.
        runner.wake.wake_peers();
        return Ok(settings.tick);
    }
    let due = runner.store.next_due(&lacking).await?.unwrap_or(settings.tick);
    // A due time that the next claim cannot take yet must not spin this loop.
    Ok(due.max(Duration::from_millis(5)).min(settings.tick))
}
