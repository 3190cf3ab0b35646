//! The services behind one run's `Context`.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use cascade_sdk::{
    BoxFuture, LogLine, Progress, SecretError, Statement,
    host::{Database, Host, HttpClient},
};
use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    http_client::HostHttp,
    recorder::{Note, Recorder},
};
use crate::{border, config::Config, store::Store};

pub(super) struct RunServices {
    store: Arc<dyn Store>,
    database: OnceLock<Arc<dyn Database>>,
    http: Arc<HostHttp>,
    /// As it was when the run began.
    config: Arc<Config>,
    run: Uuid,
    runtime: Handle,
    recorder: Mutex<Recording>,
    staged: Mutex<Vec<Statement>>,
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
        store: Arc<dyn Store>,
        http: Arc<HostHttp>,
        config: Arc<Config>,
        run: Uuid,
        runtime: Handle,
    ) -> Self {
        Self {
            store,
            database: OnceLock::new(),
            http,
            config,
            run,
            runtime,
            recorder: Mutex::new(Recording::NothingSaid),
            staged: Mutex::default(),
            stop: CancellationToken::new(),
        }
    }

    pub fn take_staged(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.staged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the recording; waits until everything is written.
    pub async fn close(&self) {
        let recording = std::mem::replace(&mut *self.recorder(), Recording::Closed);
        if let Recording::On(recorder) = recording {
            recorder.finish().await;
        }
    }

    fn recorder(&self) -> MutexGuard<'_, Recording> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, note: Note) {
        let mut recording = self.recorder();
        if let Recording::NothingSaid = *recording {
            let recorder = Recorder::start(self.store.clone(), self.run, &self.runtime);
            *recording = Recording::On(recorder);
        }
        if let Recording::On(recorder) = &*recording
            && !recorder.tell(note)
        {
            metrics::counter!("cascade_run_log_lines_dropped_total").increment(1);
        }
    }
}

impl Host for RunServices {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn database(&self) -> &dyn Database {
        &**self.database.get_or_init(|| self.store.database())
    }

    fn http(&self) -> &dyn HttpClient {
        &*self.http
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.config.secrets.read(variable)
    }

    fn log(&self, mut line: LogLine) {
        line.message = border::message(line.message);
        line.fields = border::fields(line.fields);
        tracing::debug!(level = line.level.as_str(), "{}", line.message);
        self.tell(Note::Line(line));
    }

    fn progress(&self, mut progress: Progress) {
        progress.message = border::message(progress.message);
        self.tell(Note::Progress(progress));
    }

    fn stage(&self, statement: Statement) {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).push(statement);
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
