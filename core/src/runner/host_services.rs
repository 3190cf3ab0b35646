//! The services behind one run's `Context`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cascade_sdk::{
    BoxFuture, LogLine, Progress, Statement,
    host::{Database, Host, HttpClient},
};
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::{
    http_client::HostHttp,
    recorder::{Note, Recorder},
};

pub(super) struct RunServices {
    database: Arc<dyn Database>,
    http: Arc<HostHttp>,
    /// Gone once the run has ended: what an abandoned plugin still says is dropped.
    recorder: Mutex<Option<Recorder>>,
    staged: Mutex<Vec<Statement>>,
    /// Set when the run should stop.
    pub stop: CancellationToken,
}

impl RunServices {
    pub fn new(database: Arc<dyn Database>, http: Arc<HostHttp>, recorder: Recorder) -> Self {
        Self {
            database,
            http,
            recorder: Mutex::new(Some(recorder)),
            staged: Mutex::default(),
            stop: CancellationToken::new(),
        }
    }

    pub fn take_staged(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.staged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets the recording end.
    pub fn close(&self) {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn tell(&self, note: Note) {
        let recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recorder) = &*recorder
            && recorder.try_send(note).is_err()
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
        &*self.database
    }

    fn http(&self) -> &dyn HttpClient {
        &*self.http
    }

    fn log(&self, line: LogLine) {
        tracing::debug!(level = line.level.as_str(), "{}", line.message);
        self.tell(Note::Line(line));
    }

    fn progress(&self, progress: Progress) {
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
