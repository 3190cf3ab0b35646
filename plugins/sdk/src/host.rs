//! What a host gives a running job: object-safe, runtime-free, JSON across.
//!
//! Plugin authors do not use this module; they use [`Context`](crate::Context), which wraps it. A
//! host implements these traits once.

use std::{future::Future, pin::Pin, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ConnectRequest, ConnectionError, DbError, Dialect, EnqueueError, HttpError, HttpRequest,
    HttpResponse, NewRun, Row, SecretError, Statement,
};

/// A boxed future, as object-safe traits need.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Severity of a line in a run's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For whoever debugs the plugin.
    Debug,
    /// Normal course of work.
    Info,
    /// Something was skipped or degraded; the run goes on.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// The level's name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One structured line of a run's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Severity.
    pub level: Level,
    /// Text for a person.
    pub message: String,
    /// Structured fields; an object, or `null` for none.
    pub fields: Value,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// 0..1.
    pub fraction: f64,
    /// What is being done.
    pub message: String,
}

/// Portable SQL over the host's connection pool.
pub trait Database: Send + Sync {
    /// Which database answers.
    fn dialect(&self) -> Dialect;
    /// Runs one statement and returns its rows as JSON objects.
    fn query(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>>;
    /// Runs queries that all see the database as it was at one moment; returns the rows of each.
    fn snapshot(&self, queries: Vec<Statement>) -> BoxFuture<'_, Result<Vec<Vec<Row>>, DbError>>;
    /// Runs statements in one transaction; returns the rows that each affected.
    fn batch(&self, statements: Vec<Statement>) -> BoxFuture<'_, Result<Vec<u64>, DbError>>;
    /// Opens a transaction.
    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn DatabaseTransaction>, DbError>>;
}

/// An open transaction; dropping it rolls back.
pub trait DatabaseTransaction: Send {
    /// Runs one statement and returns its rows.
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>>;
    /// Runs one statement; returns how many rows it affected.
    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<u64, DbError>>;
    /// Makes the writes durable.
    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), DbError>>;
}

/// HTTP through the host, which limits size, time and redirects.
pub trait HttpClient: Send + Sync {
    /// Sends one request and reads the whole answer.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>>;
}

/// TCP and TLS through the host, which limits where connections lead and how long each step takes.
pub trait Connector: Send + Sync {
    /// Opens a connection.
    fn connect(
        &self,
        request: ConnectRequest,
    ) -> BoxFuture<'_, Result<Box<dyn ByteStream>, ConnectionError>>;
}

/// An open connection; dropping it closes it.
pub trait ByteStream: Send {
    /// What has come, at most 64 KiB; empty at the end.
    fn read(&mut self) -> BoxFuture<'_, Result<Vec<u8>, ConnectionError>>;
    /// Sends all.
    fn write(&mut self, bytes: Vec<u8>) -> BoxFuture<'_, Result<(), ConnectionError>>;
    /// Goes on in TLS.
    fn start_tls(&mut self) -> BoxFuture<'_, Result<(), ConnectionError>>;
}

/// The connections of a host that makes none.
pub(crate) struct NoConnections;

impl Connector for NoConnections {
    fn connect(
        &self,
        _: ConnectRequest,
    ) -> BoxFuture<'_, Result<Box<dyn ByteStream>, ConnectionError>> {
        let refused = ConnectionError("this host makes no connections for plugins".to_owned());
        Box::pin(std::future::ready(Err(refused)))
    }
}

/// The services behind one run's [`Context`](crate::Context).
pub trait Host: Send + Sync {
    /// The current time; a test harness may hold it still.
    fn now(&self) -> DateTime<Utc>;
    /// The host's database.
    fn database(&self) -> &dyn Database;
    /// The host's HTTP client.
    fn http(&self) -> &dyn HttpClient;
    /// The host's TCP and TLS connections; a host without them refuses all.
    fn connector(&self) -> &dyn Connector {
        &NoConnections
    }
    /// An environment variable that jobs.toml lets plugins read; a host without such a list gives
    /// none.
    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        Err(SecretError::not_named(variable))
    }
    /// Keeps a line with the run. Never blocks.
    fn log(&self, line: LogLine);
    /// Resolves when the host can keep more lines without dropping any: for what can be made to wait.
    fn log_room(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    /// Publishes progress. Never blocks.
    fn progress(&self, progress: Progress);
    /// Adds a statement to the transaction that will mark the run done.
    fn stage(&self, statement: Statement);
    /// Adds a run to the transaction that will mark the run done; a host without queues refuses it.
    fn enqueue(&self, run: NewRun) -> Result<(), EnqueueError> {
        Err(EnqueueError(format!("this host takes no runs from runs: `{}`", run.job)))
    }
    /// Whether the run should stop.
    fn is_cancelled(&self) -> bool;
    /// Resolves when the run should stop.
    fn cancelled(&self) -> BoxFuture<'_, ()>;
    /// Resolves after a pause; a test harness may let its own time pass instead.
    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()>;
}

/// The services behind a view's [`ViewContext`](crate::ViewContext).
pub trait ViewHost: Send + Sync {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;
    /// The host's database.
    fn database(&self) -> &dyn Database;
    /// The host's HTTP client.
    fn http(&self) -> &dyn HttpClient;
    /// As [`Host::secret`].
    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        Err(SecretError::not_named(variable))
    }
    /// The params that jobs.toml gives a job now.
    fn job_params(&self, job: &str) -> Option<Value>;
}
