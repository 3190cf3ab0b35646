//! The services behind one run's `Context`.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use cascade_sdk::{
    BoxFuture, EnqueueError, Level, LogLine, NewRun, Progress, SecretError, Statement,
    host::{Connector, Database, Host, HttpClient},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    Runner,
    children::Children,
    connections::HostConnections,
    fence::{Fence, FencedConnections, FencedDatabase, FencedHttp},
    http_client::HostHttp,
    recorder::{Recorder, Target},
};
use crate::{retry::SHORTEST_SNOOZE, scheduler::Held};
use cascade_config::Config;
use cascade_model::{ClaimedRun, border, metric};

/// What an attempt that is over is told.
const OVER: &str = "the run is over";
/// What one is told that did not stop.
const ABANDONED: &str = "this attempt was abandoned, because it did not stop when it was asked to";

pub(super) struct RunServices {
    runner: Arc<Runner>,
    database: OnceLock<FencedDatabase>,
    http: FencedHttp<HostHttp>,
    connections: FencedConnections,
    fence: Fence,
    /// As it was when the run began.
    config: Arc<Config>,
    run: ClaimedRun,
    lost: CancellationToken,
    runtime: Handle,
    recorder: Mutex<Recording>,
    staged: Mutex<Vec<Statement>>,
    enqueued: Mutex<Children>,
    /// Set when the run should stop.
    pub stop: CancellationToken,
}

/// What becomes of a run's notes.
enum Recording {
    NothingSaid,
    On(Recorder),
    /// The run has ended: what an abandoned plugin still says is dropped.
    Closed,
}

impl RunServices {
    pub fn new(
        runner: Arc<Runner>,
        run: ClaimedRun,
        held: &Held,
        config: Arc<Config>,
        runtime: Handle,
    ) -> Self {
        let fence = Fence::new(held.lost.clone());
        let connections = Arc::new(HostConnections::new(runner.config.clone()));
        Self {
            database: OnceLock::new(),
            http: FencedHttp { client: runner.http.clone(), fence: fence.clone() },
            connections: FencedConnections { connections, fence: fence.clone() },
            fence,
            config,
            lost: held.lost.clone(),
            run,
            runner,
            runtime,
            recorder: Mutex::new(Recording::NothingSaid),
            staged: Mutex::default(),
            enqueued: Mutex::default(),
            stop: CancellationToken::new(),
        }
    }

    pub fn take_staged(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.staged())
    }

    pub fn take_enqueued(&self) -> Vec<NewRun> {
        self.enqueued.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The plugin has returned: nothing that it left behind does anything more. Waits until all that the
    /// run has told is written.
    pub async fn close(&self) {
        self.fence.close(OVER);
        self.end_recording(Vec::new()).await;
    }

    /// As [`close`](Self::close) for a plugin that does not come back; the run's log says so.
    pub async fn abandon(&self, why: &str) {
        self.fence.close(ABANDONED);
        let message = format!(
            "abandoned: {why}, and it did not stop; its code may go on, but what it still asks of the \
             database and of the network is refused"
        );
        let fields = Value::Null;
        let line = LogLine { at: Utc::now(), level: Level::Error, message, fields };
        self.end_recording(vec![line]).await;
    }

    async fn end_recording(&self, last: Vec<LogLine>) {
        let recording = {
            let mut recording = self.recorder();
            if !last.is_empty() {
                self.begin(&mut recording);
            }
            std::mem::replace(&mut *recording, Recording::Closed)
        };
        if let Recording::On(recorder) = recording {
            recorder.finish(last).await;
        }
    }

    fn staged(&self) -> MutexGuard<'_, Vec<Statement>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recorder(&self) -> MutexGuard<'_, Recording> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, recording: &mut Recording) {
        if let Recording::NothingSaid = *recording {
            let target = Target {
                engine: self.runner.engine.clone(),
                run: self.run.lease.run_id,
                may_have_begun: self.run.lease.attempt > 1 || self.may_have_snoozed(),
                lost: self.lost.clone(),
                giving_up: self.runner.completer.giving_up().clone(),
            };
            *recording = Recording::On(Recorder::start(target, &self.runtime));
        }
    }

    /// A run that has snoozed has the attempt of before, and waited at least that long since it was queued.
    fn may_have_snoozed(&self) -> bool {
        let waited = self.run.started_at - self.run.queued_at;
        waited.to_std().is_ok_and(|waited| waited >= SHORTEST_SNOOZE)
    }

    /// Tells the recorder something, unless the run has ended.
    fn tell(&self, what: impl FnOnce(&Recorder)) {
        let mut recording = self.recorder();
        self.begin(&mut recording);
        if let Recording::On(recorder) = &*recording {
            what(recorder);
        }
    }
}

impl Host for RunServices {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn database(&self) -> &dyn Database {
        self.database.get_or_init(|| FencedDatabase {
            database: self.runner.engine.store().database(),
            fence: self.fence.clone(),
        })
    }

    fn http(&self) -> &dyn HttpClient {
        &self.http
    }

    fn connector(&self) -> &dyn Connector {
        &self.connections
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.config.secrets.read(variable)
    }

    fn log(&self, mut line: LogLine) {
        line.message = border::message(line.message);
        line.fields = border::fields(line.fields);
        tracing::debug!(level = line.level.as_str(), "{}", line.message);
        self.tell(|recorder| {
            let dropped = recorder.line(line);
            if dropped > 0 {
                metrics::counter!(metric::LOG_LINES_DROPPED.name).increment(dropped as u64);
            }
        });
    }

    fn log_room(&self) -> BoxFuture<'_, ()> {
        let capacity = match &*self.recorder() {
            Recording::On(recorder) => Some(recorder.capacity()),
            Recording::NothingSaid | Recording::Closed => None,
        };
        match capacity {
            Some(capacity) => Box::pin(capacity),
            None => Box::pin(std::future::ready(())),
        }
    }

    fn progress(&self, mut progress: Progress) {
        progress.message = border::message(progress.message);
        self.tell(|recorder| recorder.progress(progress));
    }

    fn stage(&self, statement: Statement) {
        if !self.fence.is_closed() {
            self.staged().push(statement);
        }
    }

    fn enqueue(&self, run: NewRun) -> Result<(), EnqueueError> {
        if self.fence.is_closed() {
            return Err(EnqueueError(OVER.into()));
        }
        let schemas = self.runner.config.state().args_schemas;
        let mut enqueued = self.enqueued.lock().unwrap_or_else(PoisonError::into_inner);
        enqueued.add(run, &self.config, &schemas)
    }

    fn is_cancelled(&self) -> bool {
        self.stop.is_cancelled()
    }

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.stop.cancelled())
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(pause))
    }
}
