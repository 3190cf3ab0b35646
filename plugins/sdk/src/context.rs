use std::{fmt::Display, path::PathBuf, sync::Arc, task::Poll, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    ConnectRequest, Connection, ConnectionError, Db, Enqueue, Files, Http, JobError, Level,
    LogLine, Progress, SecretError, Statement, Upstream,
    host::{BoxFuture, Host},
};

/// The project a run works for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Id in the database.
    pub id: Uuid,
    /// Short name in jobs.toml and addresses.
    pub slug: String,
    /// Name for people.
    pub name: String,
}

/// Why a run exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Trigger {
    /// Its own `every` or `cron`.
    Timer,
    /// An upstream job succeeded.
    Cascade {
        /// The upstream job.
        job_type: String,
        /// When it was done.
        at: DateTime<Utc>,
    },
    /// A person or a program asked for it.
    Manual {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Facts about one run; the same on every call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunInfo {
    /// The job type's name.
    pub job_type: String,
    /// The project it works for.
    pub project: Project,
    /// The run; a retried attempt keeps it.
    pub run_id: Uuid,
    /// From 1.
    pub attempt: u32,
    /// The last attempt there will be.
    pub max_attempts: u32,
    /// Everything that came with the trigger, `cascade_triggered_by` among it.
    pub payload: Value,
    /// Why the run exists.
    pub triggered_by: Trigger,
    /// The folder of jobs.toml: relative paths in params start there.
    pub base_dir: PathBuf,
    /// The folders whose files the run may read, absolute; see [`Context::files`]. A host of before
    /// there was such a limit does not tell them.
    #[serde(default)]
    pub allowed_folders: Vec<PathBuf>,
    /// The time that its schedule named, of a run that its timer caused; see
    /// [`Context::scheduled_for`].
    #[serde(default)]
    pub scheduled_for: Option<DateTime<Utc>>,
    /// What this one run is asked for; an object.
    #[serde(default = "empty")]
    pub args: Value,
    /// The runs whose success triggered it, oldest first; see [`Context::upstream`].
    #[serde(default)]
    pub upstream: Vec<Upstream>,
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

impl RunInfo {
    /// The first and only attempt of a run that its timer caused; the other facts are set afterwards.
    pub fn new(job_type: impl Into<String>, project: Project, run_id: Uuid) -> Self {
        Self {
            job_type: job_type.into(),
            project,
            run_id,
            attempt: 1,
            max_attempts: 1,
            payload: empty(),
            triggered_by: Trigger::Timer,
            base_dir: PathBuf::new(),
            allowed_folders: Vec::new(),
            scheduled_for: None,
            args: empty(),
            upstream: Vec::new(),
        }
    }
}

/// A job's window on the host.
#[derive(Clone)]
pub struct Context {
    info: Arc<RunInfo>,
    host: Arc<dyn Host>,
}

impl Context {
    /// For hosts and test harnesses.
    pub fn new(info: RunInfo, host: Arc<dyn Host>) -> Self {
        Self { info: Arc::new(info), host }
    }

    /// The services behind it; for hosts.
    #[doc(hidden)]
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    /// All facts about the run.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// The project the run works for.
    pub fn project(&self) -> &Project {
        &self.info.project
    }

    /// The project's id.
    pub fn project_id(&self) -> Uuid {
        self.info.project.id
    }

    /// The run's id: the key for idempotent work, since retries keep it.
    pub fn run_id(&self) -> Uuid {
        self.info.run_id
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.info.attempt
    }

    /// Everything that came with the trigger.
    pub fn payload(&self) -> &Value {
        &self.info.payload
    }

    /// Decodes the payload.
    ///
    /// # Errors
    /// [`JobError::Fail`] when it is of another form.
    pub fn payload_as<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        T::deserialize(&self.info.payload).map_err(|e| JobError::fail(format!("payload: {e}")))
    }

    /// Why the run exists.
    pub fn triggered_by(&self) -> &Trigger {
        &self.info.triggered_by
    }

    /// The time that its `every` or `cron` named, however late the run began: for work that is about a
    /// period, such as the report of a day. `None` for a run that something else than its timer caused.
    pub fn scheduled_for(&self) -> Option<DateTime<Utc>> {
        self.info.scheduled_for
    }

    /// The runs whose success triggered this one, oldest first, each with its output: several that
    /// triggered it while it waited are all there. None for a run that no cascade caused.
    ///
    /// `T` is what the output of each upstream job is read as; [`serde_json::Value`] takes any.
    ///
    /// # Errors
    /// [`JobError::Fail`] that names the run whose output is of another form.
    pub fn upstream<T: DeserializeOwned>(&self) -> Result<Vec<Upstream<T>>, JobError> {
        self.info.upstream.iter().map(Upstream::decode).collect()
    }

    /// A path in params, resolved against the folder of jobs.toml.
    pub fn resolve(&self, path: impl AsRef<std::path::Path>) -> PathBuf {
        self.info.base_dir.join(path)
    }

    /// The files that jobs.toml lets the run read: regular ones beneath the folders of
    /// `[files] allow`, or beneath the folder of jobs.toml. Relative paths start at the latter.
    pub fn files(&self) -> Files<'_> {
        Files::within(&self.info.base_dir, &self.info.allowed_folders)
    }

    /// A secret of the host's environment, by the name of its variable. Name the variable in params
    /// (`api_key_env`), not the secret itself: jobs.toml is shown to people.
    ///
    /// # Errors
    /// [`SecretError`] when `[secrets] env` of jobs.toml does not name the variable, or it is not set.
    pub fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.host.secret(variable)
    }

    /// The current time; a test harness may hold it still.
    pub fn now(&self) -> DateTime<Utc> {
        self.host.now()
    }

    /// Portable SQL over the host's pool.
    pub fn db(&self) -> Db<'_> {
        Db(self.host.database())
    }

    /// Writes that commit with the run, and only then: exactly once.
    pub fn transaction(&self) -> StagedTransaction<'_> {
        StagedTransaction(&*self.host)
    }

    /// A run of `job` in this project with `args`, an object that fits the job's `args_schema`. It is made in
    /// the transaction that marks this run done, with [what was staged](Self::transaction) and exactly
    /// once:
    ///
    /// ```
    /// # fn example(ctx: &cascade_sdk::Context) -> Result<(), cascade_sdk::JobError> {
    /// for invoice in ["7", "8"] {
    ///     let args = serde_json::json!({ "invoice": invoice });
    ///     ctx.enqueue("send_reminder", args).key(invoice).stage()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn enqueue(&self, job: impl Into<String>, args: impl serde::Serialize) -> Enqueue<'_> {
        Enqueue::new(&*self.host, job.into(), args)
    }

    /// HTTP through the host, which limits size, time and redirects.
    pub fn http(&self) -> Http<'_> {
        Http(self.host.http())
    }

    /// A TCP or TLS connection of the host, for protocols other than HTTP. It leads to public addresses
    /// and to what `[http] allow` of jobs.toml names.
    ///
    /// # Errors
    /// [`ConnectionError`] when the address is not allowed, nobody answers, or the certificate is not
    /// one that the host's system trusts.
    pub async fn connect(&self, request: ConnectRequest) -> Result<Connection, ConnectionError> {
        self.host.connector().connect(request).await.map(Connection::new)
    }

    /// Says how far the run has come: 0..1, and what it is doing.
    pub fn progress(&self, fraction: f64, message: impl Into<String>) {
        let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
        self.host.progress(Progress { fraction, message: message.into() });
    }

    /// The log that is kept with the run.
    pub fn log(&self) -> Logger<'_> {
        Logger { host: &*self.host, fields: Value::Null }
    }

    /// Resolves when the run should stop: on cancel, on time-out, on shutdown.
    pub fn cancelled(&self) -> BoxFuture<'_, ()> {
        self.host.cancelled()
    }

    /// Pauses without holding a thread up, on whatever runtime the host has. In a test the bench's
    /// clock moves on instead.
    ///
    /// # Errors
    /// [`JobError::Cancelled`] when the run should stop; at once, not after the pause.
    pub async fn sleep(&self, pause: Duration) -> Result<(), JobError> {
        let mut pause = self.host.sleep(pause);
        let mut cancelled = self.host.cancelled();
        std::future::poll_fn(|cx| {
            if self.host.is_cancelled() || cancelled.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(JobError::Cancelled));
            }
            pause.as_mut().poll(cx).map(Ok)
        })
        .await
    }

    /// For loops: `ctx.checkpoint()?` ends the run when it should stop.
    ///
    /// # Errors
    /// [`JobError::Cancelled`] when the run should stop.
    pub fn checkpoint(&self) -> Result<(), JobError> {
        if self.host.is_cancelled() { Err(JobError::Cancelled) } else { Ok(()) }
    }
}

/// Writes structured lines into the run's log.
#[must_use]
#[derive(Clone)]
pub struct Logger<'a> {
    host: &'a dyn Host,
    fields: Value,
}

impl Logger<'_> {
    /// Fields for the next line, as `json!({"source": "inbox"})`.
    pub fn with(mut self, fields: Value) -> Self {
        self.fields = fields;
        self
    }

    /// For whoever debugs the plugin.
    pub fn debug(self, message: impl Display) {
        self.write(Level::Debug, message);
    }

    /// Normal course of work.
    pub fn info(self, message: impl Display) {
        self.write(Level::Info, message);
    }

    /// Something was skipped or degraded; the run goes on.
    pub fn warn(self, message: impl Display) {
        self.write(Level::Warn, message);
    }

    /// Something failed.
    pub fn error(self, message: impl Display) {
        self.write(Level::Error, message);
    }

    fn write(self, level: Level, message: impl Display) {
        let at = self.host.now();
        self.host.log(LogLine { at, level, message: message.to_string(), fields: self.fields });
    }
}

/// Statements that run in the transaction that marks the run done: see [`Context::transaction`].
///
/// If the run fails, is retried or loses its lease, none of them happens. Reads in the same run do
/// not see them.
#[derive(Clone, Copy)]
pub struct StagedTransaction<'a>(&'a dyn Host);

impl StagedTransaction<'_> {
    /// Adds a statement.
    ///
    /// # Errors
    /// [`DbError`](crate::DbError) when a bound value did not serialise.
    pub fn execute(&self, statement: Statement) -> Result<(), crate::DbError> {
        self.0.stage(statement.checked()?);
        Ok(())
    }
}
