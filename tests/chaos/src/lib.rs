//! Kills, pauses and restarts every part of the production topology under load, by a schedule that a
//! seed decides, and then counts from the database what was lost.
//!
//! `cargo xtask chaos` runs it in full; the tests run a short version.

// Faults of the harness itself are panics: there is nobody to hand them to.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod check;
mod clients;
mod cluster;
pub mod jobs;
mod load;
mod report;

use std::{path::PathBuf, time::Duration};

pub use report::{Report, UnderFault};

/// What to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The binary of [`jobs`].
    pub host: PathBuf,
    /// The same of an older version, which every other process is of, the first of them too: one version takes
    /// the place of the other, again and again, beside more of both. In the end the database is contracted.
    pub older: Option<PathBuf>,
    /// Decides every random choice.
    pub seed: u64,
    /// SIGKILLs of workers.
    pub worker_kills: u32,
    /// Faults of each other kind.
    pub other_faults: u32,
    /// Open event streams.
    pub clients: usize,
    /// Projects that the load is spread over.
    pub projects: usize,
}

/// A fault, and what is called so in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// SIGKILL; another is started in its place.
    WorkerKilled,
    /// SIGKILL; back on the same port after a moment, for its clients to find.
    ServerKilled,
    /// SIGKILL; back after a moment.
    RedisKilled,
    /// SIGSTOP for a moment.
    RedisPaused,
    /// Fast shutdown and start.
    PostgresRestarted,
    /// SIGKILL of all its processes and start: crash recovery.
    PostgresKilled,
    /// SIGSTOP of all its processes for a moment.
    PostgresPaused,
}

impl Fault {
    const OTHERS: [Self; 6] = [
        Self::ServerKilled,
        Self::RedisKilled,
        Self::RedisPaused,
        Self::PostgresRestarted,
        Self::PostgresKilled,
        Self::PostgresPaused,
    ];
}

/// Runs the whole schedule and checks what is left.
pub async fn run(settings: &Settings) -> Report {
    cascade_store::tls::install();
    let mut random = fastrand::Rng::with_seed(settings.seed);
    let mut schedule = vec![Fault::WorkerKilled; settings.worker_kills as usize];
    for fault in Fault::OTHERS {
        schedule.extend(vec![fault; settings.other_faults as usize]);
    }
    random.shuffle(&mut schedule);

    let mut cluster = cluster::Cluster::start(settings);
    let urls = cluster.server_urls();
    let projects = cluster.projects().await;
    let clients = clients::Clients::open(&urls, settings.clients).await;
    let load = load::Load::start(&urls, projects, random.fork());
    let mut windows = Vec::new();
    for fault in &schedule {
        windows.push((*fault, chrono::Utc::now()));
        let pause = Duration::from_millis(random.u64(50..350));
        cluster.inflict(*fault, pause, &mut random).await;
        // Some work gets done between faults, or the queue would only grow.
        tokio::time::sleep(Duration::from_millis(random.u64(50..250))).await;
    }
    cluster.contract().await;
    let accepted = load.stop().await;
    cluster.settle().await;
    let newest = cluster.newest_event();
    let heard = clients.close(newest).await;
    check::check(&cluster, &windows, &accepted, &heard)
}
