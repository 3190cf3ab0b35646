//! The sdk's host traits, kept by the bench.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cascade_portable_sql::SqliteDatabase;
use cascade_sdk::{
    BoxFuture, ConnectRequest, ConnectionError, EnqueueError, HttpError, HttpRequest, HttpResponse,
    LogLine, NewRun, Progress, SecretError, Statement,
    host::{ByteStream, Connector, Database, Host, HttpClient, ViewHost},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::watch;

type Handler = dyn Fn(HttpRequest) -> Result<HttpResponse, HttpError> + Send + Sync;

pub(crate) type Opened = Result<Box<dyn ByteStream>, ConnectionError>;
type Opener = dyn Fn(ConnectRequest) -> BoxFuture<'static, Opened> + Send + Sync;

/// What runs and views of one bench share.
pub(crate) struct Shared {
    pub(crate) database: SqliteDatabase,
    pub(crate) now: Mutex<DateTime<Utc>>,
    pub(crate) http: Mutex<Option<Arc<Handler>>>,
    pub(crate) connections: Mutex<Option<Arc<Opener>>>,
    pub(crate) params: Mutex<HashMap<String, Value>>,
    pub(crate) secrets: Mutex<HashMap<String, String>>,
    pub(crate) cancelled: watch::Sender<bool>,
}

/// A test that panicked elsewhere must not hide its own message behind a poisoned lock.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        let found = lock(&self.secrets).get(variable).cloned();
        found.ok_or_else(|| SecretError::not_named(variable))
    }
}

impl HttpClient for Shared {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        let handler = lock(&self.http).clone();
        Box::pin(async move {
            match handler {
                Some(handler) => handler(request),
                None => Err(HttpError(format!(
                    "no http in tests: {} {} (give the bench an answer with `http`)",
                    request.method, request.url
                ))),
            }
        })
    }
}

impl Connector for Shared {
    fn connect(&self, request: ConnectRequest) -> BoxFuture<'_, Opened> {
        let opener = lock(&self.connections).clone();
        Box::pin(async move {
            match opener {
                Some(opener) => opener(request).await,
                None => Err(ConnectionError(format!(
                    "no connections in tests: {}:{} (give the bench some with `connections`)",
                    request.host, request.port
                ))),
            }
        })
    }
}

/// One run's view of the bench.
pub(crate) struct RunHost {
    pub(crate) shared: Arc<Shared>,
    pub(crate) logs: Mutex<Vec<LogLine>>,
    pub(crate) progress: Mutex<Vec<Progress>>,
    pub(crate) staged: Mutex<Vec<Statement>>,
    pub(crate) enqueued: Mutex<Vec<NewRun>>,
}

impl RunHost {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let (logs, progress, staged, enqueued) = Default::default();
        Self { shared, logs, progress, staged, enqueued }
    }
}

impl Host for RunHost {
    fn now(&self) -> DateTime<Utc> {
        *lock(&self.shared.now)
    }

    fn database(&self) -> &dyn Database {
        &self.shared.database
    }

    fn http(&self) -> &dyn HttpClient {
        &*self.shared
    }

    fn connector(&self) -> &dyn Connector {
        &*self.shared
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.shared.secret(variable)
    }

    fn log(&self, line: LogLine) {
        lock(&self.logs).push(line);
    }

    fn progress(&self, progress: Progress) {
        lock(&self.progress).push(progress);
    }

    fn stage(&self, statement: Statement) {
        lock(&self.staged).push(statement);
    }

    fn enqueue(&self, run: NewRun) -> Result<(), EnqueueError> {
        lock(&self.enqueued).push(run);
        Ok(())
    }

    fn is_cancelled(&self) -> bool {
        *self.shared.cancelled.borrow()
    }

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        let mut cancelled = self.shared.cancelled.subscribe();
        Box::pin(async move {
            // The sender lives as long as the bench; an error cannot come first.
            let _ = cancelled.wait_for(|cancelled| *cancelled).await;
        })
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        // Nobody waits: the bench's time moves on.
        *lock(&self.shared.now) += pause;
        Box::pin(std::future::ready(()))
    }
}

/// A view's view of the bench.
pub(crate) struct ReadHost(pub(crate) Arc<Shared>);

impl ViewHost for ReadHost {
    fn now(&self) -> DateTime<Utc> {
        *lock(&self.0.now)
    }

    fn database(&self) -> &dyn Database {
        &self.0.database
    }

    fn http(&self) -> &dyn HttpClient {
        &*self.0
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.0.secret(variable)
    }

    fn job_params(&self, job: &str) -> Option<Value> {
        lock(&self.0.params).get(job).cloned()
    }
}
