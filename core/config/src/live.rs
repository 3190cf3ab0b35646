//! The config in force, and the watcher that replaces it when the file is saved or a plugin that it
//! names is built again.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cascade_sdk::BoxFuture;
use chrono::{DateTime, Utc};
use notify::{RecursiveMode, Watcher};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{ArgsSchemas, Checked, Config, Diagnostic, Diagnostics, Verdict, says_nothing};
use cascade_model::{PluginLoader, PluginSources, Registry};

/// An editor writes in several steps; this long without one means it is done.
const SETTLE: Duration = Duration::from_millis(150);
/// The net under the watcher, for file systems that tell nothing (network mounts, containers), and the
/// pause before what could not come into force is tried again.
const POLL: Duration = Duration::from_millis(1500);

/// What is in force, and what was refused since.
#[derive(Debug, Clone, Serialize)]
pub struct ConfigState {
    /// The last good one.
    #[serde(flatten)]
    pub config: Arc<Config>,
    /// All job types and views there are under it.
    #[serde(skip)]
    pub registry: Arc<Registry>,
    /// What runs of each job may be asked for.
    #[serde(skip)]
    pub args_schemas: Arc<ArgsSchemas>,
    /// Names its text.
    pub revision: String,
    /// Its text.
    #[serde(skip)]
    pub text: Arc<str>,
    /// When it came into force.
    pub loaded_at: DateTime<Utc>,
    /// The file's present text, or a plugin's present build, if it was refused.
    pub rejected: Option<Rejected>,
}

impl From<Checked> for ConfigState {
    fn from(Checked { config, registry, text, .. }: Checked) -> Self {
        let revision = cascade_model::revision(&text);
        let args_schemas = Arc::new(ArgsSchemas::new(registry.clone()));
        Self {
            config,
            registry,
            args_schemas,
            revision,
            text,
            loaded_at: Utc::now(),
            rejected: None,
        }
    }
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
    /// Whether it comes into force by itself once what it waits for is back, such as the database.
    pub waits: bool,
}

/// Why a config does not come into force although it is good.
#[derive(Debug)]
pub enum PrepareError {
    /// It never will as it is.
    Refused(String),
    /// It may at another time.
    Later(String),
}

/// Does what must be done before a new config and its plugins come into force, such as migrations.
pub type Prepare =
    Box<dyn Fn(Checked) -> BoxFuture<'static, Result<(), PrepareError>> + Send + Sync + 'static>;

/// The config in force and the plugins under it: read it once per decision, subscribe to follow it.
#[derive(Clone)]
pub struct LiveConfig {
    state: watch::Sender<ConfigState>,
    path: PathBuf,
    plugins: Arc<dyn PluginLoader>,
    /// Where the file's present text says that plugins are, be it in force or refused.
    sources: Arc<Mutex<PluginSources>>,
}

impl LiveConfig {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// All the file's problems.
    pub fn open(path: &Path, plugins: impl PluginLoader + 'static) -> Result<Self, Diagnostics> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let Verdict { result, sources } = super::load(&path, &plugins);
        let (checked, warnings) = result?;
        warn(&warnings);
        if says_nothing(&checked.text) {
            tracing::warn!(path = %path.display(), "jobs.toml says nothing: no job runs");
        }
        Ok(Self {
            state: watch::Sender::new(checked.into()),
            path,
            plugins: Arc::new(plugins),
            sources: Arc::new(Mutex::new(sources)),
        })
    }

    /// The job types and views in force now.
    pub fn registry(&self) -> Arc<Registry> {
        self.state.borrow().registry.clone()
    }

    /// The config in force now.
    pub fn current(&self) -> Arc<Config> {
        self.state.borrow().config.clone()
    }

    /// The config in force and what was refused since.
    pub fn state(&self) -> ConfigState {
        self.state.borrow().clone()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks a text that may never be saved: no code runs that is not in force. Blocks.
    pub fn check_only(&self, text: &str) -> Result<(Checked, Diagnostics), Diagnostics> {
        self.not_emptied(text)?;
        super::check_only(&self.path, text, &*self.plugins).result
    }

    /// Checks a text that is about to be saved, and loads the plugins it names; nothing of it comes
    /// into force. Blocks.
    pub fn check(&self, text: &str) -> Result<(Checked, Diagnostics), Diagnostics> {
        self.not_emptied(text)?;
        super::parse_and_check(&self.path, text, &*self.plugins).result
    }

    /// Follows changes.
    pub fn subscribe(&self) -> watch::Receiver<ConfigState> {
        self.state.subscribe()
    }

    /// A file that lost its text is more likely an accident than the wish to disable every job.
    fn not_emptied(&self, text: &str) -> Result<(), Diagnostics> {
        if says_nothing(text) && !says_nothing(&self.state.borrow().text) {
            let help = "to disable every job on purpose, write `[jobs]` and nothing else";
            return Err(Diagnostics::advice(
                "jobs.toml is empty, which would disable every job",
                help,
            ));
        }
        Ok(())
    }

    /// Applies each saved change and each new build of a plugin until `stop`. What must wait, because the
    /// database is away, say, is tried again until it comes into force.
    pub fn watch(
        &self,
        prepare: Prepare,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let (changed, mut changes) = tokio::sync::mpsc::channel(1);
        let file = self.path.file_name().map(ToOwned::to_owned);
        let tell = move |event: notify::Result<notify::Event>| {
            let ours = |event: &notify::Event| {
                !event.kind.is_access()
                    && event.paths.iter().any(|path| path.file_name() == file.as_deref())
            };
            if event.as_ref().map_or(true, ours) {
                // A full channel already holds the news.
                changed.try_send(()).ok();
            }
        };
        let watcher = notify::recommended_watcher(tell).and_then(|mut watcher| {
            // The folder, not the file: an editor saves by renaming a new file over the old one.
            let folder = self.path.parent().unwrap_or(Path::new("."));
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::warn!(
                %error,
                "the folder of jobs.toml cannot be watched (perhaps all inotify instances are in use): the file is read every {POLL:?} instead"
            );
        }
        let live = self.clone();
        // Now, not when the task begins: a change between the two would look like what was there already.
        let mut seen = self.snapshot();
        async move {
            let _watcher = watcher;
            let (mut waits, mut gone) = (false, false);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    Some(()) = changes.recv() => {
                        while tokio::time::timeout(SETTLE, changes.recv()).await.is_ok_and(|news| news.is_some()) {}
                    }
                    () = tokio::time::sleep(POLL) => {}
                }
                let mut now = live.snapshot();
                if now == seen && !waits {
                    continue;
                }
                // A library is written in many steps, and nobody tells of the last one.
                loop {
                    tokio::time::sleep(SETTLE).await;
                    let next = live.snapshot();
                    if next == now {
                        break;
                    }
                    now = next;
                }
                if now.text.is_none() && now.text != seen.text && !gone {
                    // A file that is gone for a moment is being replaced.
                    gone = true;
                    continue;
                }
                gone = false;
                if now != seen || waits {
                    // A reload waits for databases, locks and plugins.
                    tokio::select! {
                        () = stop.cancelled() => return,
                        again = live.reload(&prepare) => waits = again,
                    }
                    // Read again: the new text may name other plugins.
                    seen = Snapshot { text: now.text, ..live.snapshot() };
                }
            }
        }
    }

    fn sources(&self) -> std::sync::MutexGuard<'_, PluginSources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Snapshot {
        let libraries = self.plugins.fingerprint(&self.sources());
        Snapshot { text: std::fs::read(&self.path).ok(), libraries }
    }

    /// Puts the file and its plugins into force as they are, or says why not; whether that is to be tried
    /// again although nothing has changed.
    async fn reload(&self, prepare: &Prepare) -> bool {
        let (path, plugins) = (self.path.clone(), self.plugins.clone());
        let loading = tokio::task::spawn_blocking(move || super::load(&path, &*plugins));
        let Ok(Verdict { result, sources }) = loading.await else { return false };
        if result.is_ok() || self.path.exists() {
            *self.sources() = sources;
        }
        let emptied = |(checked, _): &(Checked, Diagnostics)| self.not_emptied(&checked.text);
        let result = result.and_then(|loaded| emptied(&loaded).map(|()| loaded));
        let (problems, waits) = match result {
            Err(problems) => (problems, false),
            Ok((checked, warnings)) => match prepare(checked.clone()).await {
                Ok(()) => {
                    warn(&warnings);
                    tracing::info!(path = %self.path.display(), "jobs.toml and its plugins are now in force as they are");
                    self.state.send_replace(checked.into());
                    return false;
                }
                Err(PrepareError::Refused(error)) => (Diagnostics::about(&error), false),
                Err(PrepareError::Later(error)) => {
                    let help = "nothing needs to be done to the file: it is tried again until then";
                    let message = format!("jobs.toml is good and comes into force later: {error}");
                    (Diagnostics::advice(&message, help), true)
                }
            },
        };
        self.reject(&problems, waits);
        waits
    }

    fn reject(&self, problems: &Diagnostics, waits: bool) {
        let rejected = Rejected {
            at: Utc::now(),
            rendered: problems.to_string(),
            diagnostics: problems.iter().cloned().collect(),
            waits,
        };
        let same = |known: &Rejected| known.rendered == rejected.rendered;
        if self.state.borrow().rejected.as_ref().is_some_and(same) {
            return;
        }
        if waits {
            tracing::warn!(
                "jobs.toml waits; the last good one stays in force until then\n{problems}"
            );
        } else {
            tracing::error!(
                "jobs.toml refused ({}); the last good one stays in force\n{problems}",
                problems.count()
            );
        }
        self.state.send_modify(|state| state.rejected = Some(rejected));
    }
}

fn warn(warnings: &Diagnostics) {
    if !warnings.is_empty() {
        tracing::warn!("jobs.toml\n{warnings}");
    }
}

/// What a reload would read.
#[derive(PartialEq)]
struct Snapshot {
    text: Option<Vec<u8>>,
    libraries: Vec<cascade_model::LibraryState>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reload_that_hangs_does_not_hold_up_who_stops_the_host() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jobs.toml");
        std::fs::write(&file, "[projects]\none = {}\n").unwrap();
        let live =
            LiveConfig::open(&file, cascade_registry::Plugins::from(Registry::default())).unwrap();
        let stop = CancellationToken::new();
        let (reached, mut reloads) = tokio::sync::mpsc::channel(1);
        let prepare: Prepare = Box::new(move |_| {
            reached.try_send(()).ok();
            Box::pin(std::future::pending())
        });
        let watching = tokio::spawn(live.watch(prepare, stop.clone()));
        // Again and again: what is written before the watch begins is no change.
        for nth in 1.. {
            std::fs::write(&file, format!("[projects]\none = {{ name = \"{nth}\" }}\n")).unwrap();
            if tokio::time::timeout(4 * POLL, reloads.recv()).await.is_ok() {
                break;
            }
        }
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(30), watching).await.unwrap().unwrap();
    }
}
