//! Puts the parts together: everything in one process, or a server or a worker alone.

mod data_lock;
mod database;
mod follow_config;
mod metrics;
mod parts;
mod private_files;
mod retention;
mod settings;
mod welcome;

use std::sync::atomic::{AtomicBool, Ordering};

use cascade_registry::Plugins;
use tokio_util::sync::CancellationToken;

pub use data_lock::DataLock;
pub use database::{open_store, open_store_alone};
pub use settings::{DatabaseSettings, HostSettings, RedisSettings, Secret};

use parts::Parts;

/// Runs until `stop`.
///
/// # Errors
/// Whatever keeps the host from starting; each names what to do about it.
pub async fn run(
    settings: HostSettings,
    plugins: Plugins,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let is_up = AtomicBool::new(false);
    // A start waits for databases, locks and plugins: whoever stops it then need not wait for them.
    let given_up = async {
        stop.cancelled().await;
        if is_up.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = serve(settings, plugins, &is_up, stop.clone()) => ended,
        () = given_up => Ok(()),
    }
}

async fn serve(
    settings: HostSettings,
    plugins: Plugins,
    is_up: &AtomicBool,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut parts = Parts::open(settings, plugins, stop.clone()).await?;
    let listener = parts.listen().await?;
    parts.follow_config();
    parts.share_events()?;
    let worker_done = parts.connect_bus();
    parts.keep_figures(&worker_done);
    parts.welcome().await?;
    is_up.store(true, Ordering::Relaxed);
    parts.say_ready()?;
    let mut worker = parts.start_worker(&worker_done);
    if let Some(listener) = listener {
        parts.answer(listener).await?;
    }
    stop.cancelled().await;
    while let Some(ended) = worker.join_next().await {
        ended?;
    }
    // What its last runs had to announce is announced by now.
    worker_done.cancel();
    parts.end().await
}
