//! Timers, cascades and requests become runs in a worker's hands.
//!
//! There is no leader: every worker claims, and the store sees to it that nothing is claimed twice.
//! When a worker claims is the state machine in `worker`; what a claim does is [`Engine::claim`].
//!
//! [`Engine::claim`]: crate::Engine::claim

mod alone;
mod leases;
mod load;
mod presence;
mod wake;
mod worker;

use std::time::Duration;

pub(crate) use leases::Held;
pub use leases::Leases;
pub use presence::host;
pub use wake::Wake;
pub use worker::work;

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Runs at a time.
    pub concurrency: u32,
    /// Runs that are claimed before there is a place for them, so that none stays empty while the next
    /// ones are claimed. They count as running, and wait here if those before them take long.
    pub prefetch: u32,
    /// Ends of runs that may be stored in one commit; 1 for each by itself.
    pub commit_batch: usize,
    /// The safety net, `WORKER_INTERVAL_SECONDS`.
    pub tick: Duration,
    /// How long a lease lasts.
    pub lease: Duration,
    /// How long running runs may go on after a stop was asked for.
    pub grace: Duration,
    /// It runs jobs that need some of these, and no others that need any.
    pub labels: Vec<String>,
}
