//! A worker tells the database that it lives, what it is, and hears whether it is to take no more runs.
//!
//! Nobody's lease depends on it: where the database does not answer, the worker goes on as it was.

use std::{collections::BTreeSet, time::Duration};

use cascade_model::{Load, Presence, Registry};
use cascade_store::Queries;

use super::{Wake, WorkerSettings, load::UsedSoFar};
use crate::runner::Runner;

/// How often a worker tells of itself; at once when another process asks for it.
const EVERY: Duration = Duration::from_secs(15);
/// How long the last word of a worker that ends may take.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// Tells of the worker `name`, for ever.
pub(super) async fn tell(runner: &Runner, name: &str, settings: &WorkerSettings) {
    let wake = &runner.wake;
    let mut used = UsedSoFar::default();
    let mut known = true;
    loop {
        let presence = presence(&runner.config.state().registry, name, settings, used.load());
        match runner.engine.store().tell_presence(&presence).await {
            Ok(drain) => {
                known = true;
                obey(wake, name, drain);
            }
            Err(error) if known => {
                known = false;
                tracing::warn!(%error, worker = name, "cannot tell that this worker lives");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = wake.asked_for_presence() => {
                // One that jobs prefer may be draining, or gone.
                runner.preferred_workers.look_again().await;
                wake.wake();
            }
        }
    }
}

/// The worker has ended.
pub(super) async fn forget(runner: &Runner, name: &str) {
    let forget = runner.engine.store().forget_presence(name);
    // Whoever cannot say so is forgotten after a while.
    if let Ok(Err(error)) = tokio::time::timeout(LAST_WITHIN, forget).await {
        tracing::debug!(%error, worker = name, "its row stays for a while");
    }
    let config = runner.config.state().config;
    if config.jobs.values().any(|job| !job.prefers_labels.is_empty()) {
        // Others may leave runs to it.
        let told = runner.wake.ask_for_presence();
        tokio::time::timeout(LAST_WITHIN, told).await.ok();
    }
}

fn obey(wake: &Wake, name: &str, drain: bool) {
    if !wake.drain(drain) {
        return;
    }
    if drain {
        tracing::warn!(
            worker = name,
            "draining: it takes no more runs until that is undone or it restarts"
        );
    } else {
        tracing::info!(worker = name, "takes runs again");
    }
}

fn presence(registry: &Registry, name: &str, settings: &WorkerSettings, load: Load) -> Presence {
    let plugin = |origin: &cascade_sdk::Origin| format!("{} {}", origin.plugin, origin.version);
    let plugins: BTreeSet<_> =
        registry.jobs().map(|job| plugin(&job.descriptor().origin)).collect();
    Presence {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host: host(),
        pid: std::process::id(),
        concurrency: settings.concurrency,
        plugins: plugins.into_iter().collect(),
        labels: settings.labels.clone(),
        load,
    }
}

/// The machine's name, where the kernel tells it.
pub fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
