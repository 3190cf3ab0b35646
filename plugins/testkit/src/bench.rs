use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    task::Poll,
};

use cascade_portable_sql::{SqliteDatabase, run_migrations};
use cascade_sdk::{
    ConnectRequest, ConnectionError, Context, HttpError, HttpRequest, HttpResponse, JobError,
    MigrationSet, Outcome, Page, Project, Query, Row, RunInfo, Statement, Trigger, TypedJob,
    Upstream, View, ViewContext, ViewError,
    host::{ByteStream, Database},
    rfc3339, sql,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Run,
    host::{ReadHost, RunHost, Shared, lock},
    wiring::Wiring,
};

/// The time on a new bench; it stands still until [`TestBench::set_now`] or [`TestBench::advance`].
pub const START: &str = "2026-01-15T12:00:00Z";

/// A host for one test: a database with the tables of every linked plugin, and one project.
pub struct TestBench {
    shared: Arc<Shared>,
    write: SqlitePool,
    project: Project,
    base_dir: PathBuf,
    /// Beneath which `ctx.files` reads; empty for `base_dir`.
    allowed_folders: Vec<PathBuf>,
    wiring: Wiring,
    /// Holds the database; removed with the bench.
    folder: TempDir,
}

impl TestBench {
    /// A fresh database in a temporary folder, set up as the host sets up its own (one writer, WAL),
    /// with the migrations of all plugin crates that the test links, and a project `demo`.
    ///
    /// # Panics
    /// When a migration fails.
    pub async fn new() -> Self {
        let folder = must(tempfile::tempdir(), "temporary folder");
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("bench.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off)
            .foreign_keys(true);
        let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await;
        let write = must(write, "database");
        let read = SqlitePoolOptions::new().max_connections(4);
        let read = read.connect_lazy_with(options.pragma("query_only", "ON"));
        let sets: Vec<MigrationSet> = inventory::iter::<MigrationSet>().copied().collect();
        let mut connection = must(write.acquire().await, "database");
        must(run_migrations(&mut connection, &sets).await, "migrations");
        drop(connection);
        let shared = Arc::new(Shared {
            database: SqliteDatabase::new(write.clone(), read),
            now: Mutex::new(must(START.parse(), "start")),
            http: Mutex::default(),
            connections: Mutex::default(),
            params: Mutex::default(),
            secrets: Mutex::default(),
            cancelled: watch::Sender::new(false),
        });
        let base_dir = folder.path().to_owned();
        let project = Project { id: Uuid::nil(), slug: String::new(), name: String::new() };
        let wiring = Wiring::default();
        let allowed_folders = Vec::new();
        let mut bench = Self { shared, write, project, base_dir, allowed_folders, wiring, folder };
        bench
            .schema("CREATE TABLE projects (id text NOT NULL PRIMARY KEY, slug text NOT NULL UNIQUE, name text NOT NULL, created_at text NOT NULL)")
            .await;
        bench.project = bench.add_project("demo", "Demo").await;
        bench
    }

    /// The project that [`TestBench::run`] works for.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// Adds another project.
    ///
    /// # Panics
    /// When the slug is taken.
    pub async fn add_project(&self, slug: &str, name: &str) -> Project {
        // Made of the slug, so that tests may compare whole rows.
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, slug.as_bytes());
        let project = Project { id, slug: slug.into(), name: name.into() };
        let insert =
            sql("INSERT INTO projects (id, slug, name, created_at) VALUES ($1, $2, $3, $4)");
        let created_at = rfc3339(self.now());
        self.execute(insert.bind(id).bind(slug).bind(name).bind(created_at)).await;
        project
    }

    /// Creates tables that belong to plugin crates the test does not link. Several statements may
    /// stand in one text.
    ///
    /// # Panics
    /// When the SQL fails.
    pub async fn schema(&self, statements: impl Into<String>) {
        let done = sqlx::raw_sql(AssertSqlSafe(statements.into())).execute(&self.write).await;
        must(done, "schema");
    }

    /// The bench's time.
    pub fn now(&self) -> DateTime<Utc> {
        *lock(&self.shared.now)
    }

    /// Sets the bench's time, which then stands still.
    pub fn set_now(&self, now: DateTime<Utc>) {
        *lock(&self.shared.now) = now;
    }

    /// Moves the bench's time on.
    pub fn advance(&self, by: TimeDelta) {
        *lock(&self.shared.now) += by;
    }

    /// Answers the HTTP requests of jobs and views. Without it they get an error.
    pub fn http(
        &self,
        answer: impl Fn(HttpRequest) -> Result<HttpResponse, HttpError> + Send + Sync + 'static,
    ) {
        *lock(&self.shared.http) = Some(Arc::new(answer));
    }

    /// Opens the connections of jobs. Without it they get an error. [`loopback`](crate::loopback) opens
    /// real ones.
    pub fn connections<F>(&self, open: impl Fn(ConnectRequest) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<Box<dyn ByteStream>, ConnectionError>> + Send + 'static,
    {
        *lock(&self.shared.connections) = Some(Arc::new(move |request| Box::pin(open(request))));
    }

    /// Sets what views read as a job's params. A [`TestBench::run`] sets those of its job too.
    pub fn set_params(&self, job: &str, params: Value) {
        lock(&self.shared.params).insert(job.into(), params);
    }

    /// Asks runs to stop: those under way and those to come.
    pub fn cancel(&self) {
        self.shared.cancelled.send_replace(true);
    }

    /// The folder that `ctx.resolve` starts from; a temporary one unless it was set.
    pub fn base_dir(&self) -> &Path {
        &self.base_dir
    }

    /// Sets the folder that `ctx.resolve` and `ctx.files` start from, and beneath which the latter
    /// reads.
    ///
    /// # Panics
    /// When it is relative and there is no current folder.
    #[must_use]
    pub fn with_base_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.base_dir = must(std::path::absolute(folder), "base folder");
        self
    }

    /// Adds a folder beneath which `ctx.files` reads, as `[files] allow` of jobs.toml does. A bench
    /// that names none allows the folder that paths start from.
    #[must_use]
    pub fn with_allowed_folder(mut self, folder: impl AsRef<Path>) -> Self {
        let folder = self.base_dir.join(folder);
        self.allowed_folders.push(folder);
        self
    }

    /// Gives jobs and views a secret, as a variable of the host's environment that `[secrets] env`
    /// names.
    #[must_use]
    pub fn with_secret(self, variable: &str, value: &str) -> Self {
        lock(&self.shared.secrets).insert(variable.into(), value.into());
        self
    }

    /// Sets the part of jobs.toml that says what runs set off and what params jobs have.
    ///
    /// # Panics
    /// When `text` is not TOML, or a list in it is not one of names.
    #[must_use]
    pub fn with_jobs_toml(mut self, text: &str) -> Self {
        self.wiring = must(toml::from_str(text), "jobs.toml");
        self
    }

    /// A temporary folder for the test's own files; removed with the bench.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a job once for the bench's project. Statements it staged are applied if it succeeds.
    ///
    /// # Panics
    /// When a staged statement fails. A panic of the job is a fault of the run, as in the host.
    pub async fn run<J: TypedJob>(&self, params: Value) -> Run {
        self.run_for::<J>(&self.project, params).await
    }

    /// Runs a job once with the params that [`TestBench::with_jobs_toml`] gives it, or none.
    ///
    /// # Panics
    /// As [`TestBench::run`].
    pub async fn run_configured<J: TypedJob>(&self) -> Run {
        self.run::<J>(self.wiring.params(J::NAME).unwrap_or_else(|| json!({}))).await
    }

    /// Runs a job once for a project.
    ///
    /// # Panics
    /// As [`TestBench::run`].
    pub async fn run_for<J: TypedJob>(&self, project: &Project, params: Value) -> Run {
        let mut info = self.info::<J>();
        info.project = project.clone();
        self.run_with::<J>(info, params).await
    }

    /// The facts of a new run of a job, for [`TestBench::run_with`]: the first of three attempts, for the
    /// bench's project, asked for by a person.
    pub fn info<J: TypedJob>(&self) -> RunInfo {
        let mut info = RunInfo::new(J::NAME, self.project.clone(), Uuid::now_v7());
        info.max_attempts = 3;
        info.triggered_by = Trigger::Manual { at: self.now() };
        info.base_dir.clone_from(&self.base_dir);
        info.allowed_folders = match self.allowed_folders.is_empty() {
            true => vec![self.base_dir.clone()],
            false => self.allowed_folders.clone(),
        };
        info
    }

    /// As [`TestBench::info`], of a run that the success of `job` triggered, whose output is given.
    ///
    /// # Panics
    /// When the output has no form in JSON.
    pub fn info_after<J: TypedJob>(&self, job: &str, output: impl Serialize) -> RunInfo {
        let output = must(serde_json::to_value(output), "output");
        let mut info = self.info::<J>();
        info.triggered_by = Trigger::Cascade { job_type: job.into(), at: self.now() };
        info.upstream = vec![Upstream {
            run_id: Uuid::now_v7(),
            job: job.into(),
            output: Some(output).filter(|output| !output.is_null()),
        }];
        info
    }

    /// Runs a job once with facts of the test's choice: those of [`TestBench::info`], changed.
    ///
    /// # Panics
    /// As [`TestBench::run`].
    pub async fn run_with<J: TypedJob>(&self, info: RunInfo, params: Value) -> Run {
        self.set_params(J::NAME, params.clone());
        let host = Arc::new(RunHost::new(self.shared.clone()));
        let result = caught(run_once::<J>(Context::new(info, host.clone()), params)).await;
        let staged = std::mem::take(&mut *lock(&host.staged));
        if result.is_ok() && !staged.is_empty() {
            must(self.shared.database.batch(staged).await, "staged statements");
        }
        let (outcome, error) = match result {
            Ok(outcome) => (Some(outcome), None),
            Err(error) => (None, Some(error)),
        };
        let logs = std::mem::take(&mut *lock(&host.logs));
        let progress = std::mem::take(&mut *lock(&host.progress));
        let triggers = if outcome.is_some() { self.wiring.triggers(J::NAME) } else { Vec::new() };
        let refreshes = self.wiring.refreshes(J::NAME);
        let mut enqueued = std::mem::take(&mut *lock(&host.enqueued));
        if outcome.is_none() {
            enqueued.clear();
        }
        Run { outcome, error, logs, progress, triggers, refreshes, enqueued }
    }

    /// Reads a view's first 50 rows for the bench's project. `filter` is an object.
    ///
    /// # Errors
    /// As the view.
    ///
    /// # Panics
    /// When `filter` is not what the view takes.
    pub async fn view<V: View>(&self, filter: Value) -> Result<Page<V::Row>, ViewError> {
        self.view_page::<V>(Some(self.project.id), 1, 50, filter).await
    }

    /// Reads a page of a view; no project means all.
    ///
    /// # Errors
    /// As the view.
    ///
    /// # Panics
    /// When `filter` is not what the view takes.
    pub async fn view_page<V: View>(
        &self,
        project_id: Option<Uuid>,
        page: u32,
        per_page: u32,
        filter: Value,
    ) -> Result<Page<V::Row>, ViewError> {
        let filter = must(serde_json::from_value(filter), "filter");
        V::read(self.view_context(), Query { project_id, page, per_page, sort: None, filter }).await
    }

    /// Does a view's action.
    ///
    /// # Errors
    /// As the view.
    pub async fn act<V: View>(&self, action: &str, input: Value) -> Result<Value, ViewError> {
        V::act(self.view_context(), action.into(), input).await
    }

    /// A context for views, for a test that calls them itself.
    pub fn view_context(&self) -> ViewContext {
        ViewContext::new(Arc::new(ReadHost(self.shared.clone())))
    }

    /// Runs one statement; returns how many rows it affected.
    ///
    /// # Panics
    /// When it fails.
    pub async fn execute(&self, statement: Statement) -> u64 {
        let statement = must(statement.checked(), "statement");
        must(self.shared.database.batch(vec![statement]).await, "statement").into_iter().sum()
    }

    /// The rows of a query.
    ///
    /// # Panics
    /// When it fails.
    pub async fn rows(&self, query: Statement) -> Vec<Row> {
        let query = must(query.checked(), "query");
        must(self.shared.database.query(query).await, "query")
    }

    /// Inserts one row; the object's keys are the columns.
    ///
    /// # Panics
    /// When `row` is no object, or the insert fails.
    pub async fn insert(&self, table: &str, row: Value) {
        let Value::Object(row) = row else { panic!("a row is an object, not {row}") };
        let columns = row.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let places = (1..=row.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let insert = sql(format!("INSERT INTO {table} ({columns}) VALUES ({places})"));
        self.execute(row.into_iter().fold(insert, |insert, (_, value)| insert.bind(value))).await;
    }
}

async fn run_once<J: TypedJob>(ctx: Context, params: Value) -> Result<Outcome<Value>, JobError> {
    let params = serde_json::from_value(params);
    let params = params.map_err(|error| JobError::fail(format!("params: {error}")))?;
    let args = J::Args::deserialize(&ctx.info().args);
    let args = args.map_err(|error| JobError::fail(format!("args: {error}")))?;
    J::run(ctx, params, args).await?.erased()
}

/// As the host does: a panic is a fault of the run.
async fn caught<T>(run: impl Future<Output = Result<T, JobError>>) -> Result<T, JobError> {
    let mut run = std::pin::pin!(run);
    std::future::poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx)));
        polled.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let text = text.unwrap_or("no message");
            Poll::Ready(Err(JobError::retry(format!("the plugin panicked: {text}"))))
        })
    })
    .await
}

#[track_caller]
fn must<T, E: Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}
