//! The config in force, and the watcher that replaces it when the file is saved.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use notify::{RecursiveMode, Watcher};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Config, Diagnostic, Diagnostics};
use crate::registry::Registry;

/// An editor writes in several steps; this long without one means it is done.
const SETTLE: Duration = Duration::from_millis(150);
/// The net under the watcher, for file systems that tell nothing (network mounts, containers).
const POLL: Duration = Duration::from_millis(1500);

/// What is in force, and what was refused since.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigState {
    /// The last good one.
    #[serde(flatten)]
    pub config: Arc<Config>,
    /// When it came into force.
    pub loaded_at: DateTime<Utc>,
    /// The file's present text, if it was refused.
    pub rejected: Option<Rejected>,
}

/// A text that was refused.
#[derive(Debug, Clone, Serialize)]
pub struct Rejected {
    /// When it was read.
    pub at: DateTime<Utc>,
    /// The problems as `cascade check` shows them.
    pub rendered: String,
    /// The problems one by one.
    pub diagnostics: Vec<Diagnostic>,
}

/// The config in force: read it once per decision, subscribe to follow it.
#[derive(Clone)]
pub struct LiveConfig {
    state: watch::Sender<ConfigState>,
    path: PathBuf,
    registry: Arc<Registry>,
}

impl LiveConfig {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// All the file's problems.
    pub fn open(path: &Path, registry: Arc<Registry>) -> Result<Self, Diagnostics> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let config = Arc::new(super::load(&path, &registry)?);
        let state = ConfigState { config, loaded_at: Utc::now(), rejected: None };
        Ok(Self { state: watch::Sender::new(state), path, registry })
    }

    /// The config in force now.
    pub fn current(&self) -> Arc<Config> {
        self.state.borrow().config.clone()
    }

    /// The config in force and what was refused since.
    pub fn state(&self) -> ConfigState {
        self.state.borrow().clone()
    }

    /// Follows changes.
    pub fn subscribe(&self) -> watch::Receiver<ConfigState> {
        self.state.subscribe()
    }

    /// Applies each saved change until `stop`.
    ///
    /// # Errors
    /// [`notify::Error`] when the folder cannot be watched.
    pub fn watch(
        &self,
        stop: CancellationToken,
    ) -> Result<impl Future<Output = ()> + use<>, notify::Error> {
        let (changed, mut changes) = tokio::sync::mpsc::channel(1);
        let file = self.path.file_name().map(ToOwned::to_owned);
        // The folder, not the file: an editor saves by renaming a new file over the old one.
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let ours = |event: &notify::Event| {
                    !event.kind.is_access()
                        && event.paths.iter().any(|path| path.file_name() == file.as_deref())
                };
                if event.as_ref().map_or(true, ours) {
                    // A full channel already holds the news.
                    changed.try_send(()).ok();
                }
            })?;
        watcher.watch(self.path.parent().unwrap_or(Path::new(".")), RecursiveMode::NonRecursive)?;
        let live = self.clone();
        Ok(async move {
            let _watcher = watcher;
            let mut seen = std::fs::read(&live.path).ok();
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    Some(()) = changes.recv() => {
                        while tokio::time::timeout(SETTLE, changes.recv()).await.is_ok() {}
                    }
                    () = tokio::time::sleep(POLL) => {}
                }
                let text = std::fs::read(&live.path).ok();
                // A file that is gone for a moment is being replaced; the last good one stands.
                if text.is_some() && text != seen {
                    live.reload();
                    seen = text;
                }
            }
        })
    }

    fn reload(&self) {
        match super::load(&self.path, &self.registry) {
            Ok(config) => {
                tracing::info!(path = %self.path.display(), "jobs.toml changed and is now in force");
                let config = Arc::new(config);
                self.state.send_replace(ConfigState {
                    config,
                    loaded_at: Utc::now(),
                    rejected: None,
                });
            }
            Err(problems) => {
                tracing::error!(
                    "jobs.toml refused ({}); the last good one stays in force\n{problems}",
                    problems.count()
                );
                let rejected = Rejected {
                    at: Utc::now(),
                    rendered: problems.to_string(),
                    diagnostics: problems.iter().cloned().collect(),
                };
                self.state.send_modify(|state| state.rejected = Some(rejected));
            }
        }
    }
}
