//! A plugin's side of the boundary when it is loaded from a shared library.
//!
//! [`export_plugin!`](crate::export_plugin) is all that an author sees of it. Jobs and views run with
//! the same [`Context`] as compiled-in ones; only the services behind it ask the
//! host through the C ABI (`cascade_plugin.h`).

mod connection;

use std::{marker::PhantomData, sync::Arc, time::Duration};

use cascade_abi::guest::{self, Answer, HostRef, Plugin};
use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    BoxFuture, Context, DbError, Dialect, EnqueueError, HttpError, HttpRequest, HttpResponse,
    JobError, JobRegistration, LogLine, MigrationSet, NewRun, Progress, Row, SecretError,
    Statement, ViewContext, ViewError, ViewRegistration,
    host::{Connector, Database, DatabaseTransaction, Host, HttpClient, ViewHost},
    wire::{self, text},
};

pub use cascade_abi::table::PluginTable;

/// Which crate is exported; implemented by [`export_plugin!`](crate::export_plugin).
pub trait Exported: 'static {
    /// `CARGO_PKG_NAME`.
    const NAME: &'static str;
    /// `CARGO_PKG_VERSION`.
    const VERSION: &'static str;
}

/// The table of a plugin crate.
pub const fn table<E: Exported>() -> PluginTable {
    guest::table::<Inventory<E>>()
}

/// Makes the crate loadable as a shared library, beside being linkable: once, anywhere in the crate.
/// Cargo.toml says `crate-type = ["lib", "cdylib"]`.
///
/// A loaded plugin has no async runtime of its own: it waits by what [`Context`]
/// offers (`db`, `http`, `sleep`, `cancelled`) or blocks its thread.
#[macro_export]
macro_rules! export_plugin {
    () => {
        const _: () = {
            struct Crate;

            impl $crate::loaded::Exported for Crate {
                const NAME: &'static str = env!("CARGO_PKG_NAME");
                const VERSION: &'static str = env!("CARGO_PKG_VERSION");
            }

            static TABLE: $crate::loaded::PluginTable = $crate::loaded::table::<Crate>();

            // The crate's name makes it unique, so that several plugins can be linked into one host.
            #[unsafe(export_name = concat!("cascade_plugin_entry_", env!("CARGO_CRATE_NAME")))]
            extern "C" fn entry() -> *const $crate::loaded::PluginTable {
                &TABLE
            }
        };
    };
}

/// What the crate `E` submitted.
struct Inventory<E>(PhantomData<E>);

impl<E: Exported> Plugin for Inventory<E> {
    fn describe() -> Answer {
        let jobs = jobs::<E>().map(|job| {
            let job = job.descriptor().clone();
            wire::JobSketch {
                name: job.name,
                description: job.description,
                params_schema: job.params_schema,
                args_schema: job.args_schema,
                output_schema: job.output_schema,
                defaults: job.defaults,
            }
        });
        let views = views::<E>().map(|view| {
            let view = view.descriptor().clone();
            wire::ViewSketch {
                key: view.key,
                description: view.description,
                row_schema: view.row_schema,
                filter_schema: view.filter_schema,
                sortable: view.sortable,
                actions: view.actions,
            }
        });
        let sets = inventory::iter::<MigrationSet>().filter(|set| set.plugin == E::NAME);
        let migrations = sets
            .flat_map(|set| set.migrations)
            .map(|step| wire::MigrationText { file: step.file.into(), sql: step.sql.into() });
        Ok(text(&wire::Description {
            plugin: wire::Identity { name: E::NAME.into(), version: E::VERSION.into() },
            jobs: jobs.collect(),
            views: views.collect(),
            migrations: migrations.collect(),
        }))
    }

    fn run(job: &str, request: &str, host: HostRef) -> Answer {
        let outcome = parse::<wire::RunRequest>(request)
            .map_err(JobError::fail)
            .and_then(|request| {
                let found = jobs::<E>().find(|found| found.descriptor().name == job);
                found
                    .map(|job| (job, request))
                    .ok_or_else(|| JobError::fail(format!("no job type `{job}` in this library")))
            })
            .and_then(|(job, request)| {
                let services = Arc::new(Remote { host, dialect: request.dialect });
                let context = Context::new(request.info, services);
                pollster::block_on(job.run(context, request.params))
            });
        outcome.map(|outcome| text(&outcome)).map_err(|error| text(&error))
    }

    fn read(view: &str, request: &str, host: HostRef) -> Answer {
        view_call::<E, wire::ReadRequest, _>(view, request, |found, request| {
            let services = Arc::new(Remote { host, dialect: request.dialect });
            pollster::block_on(found.read(ViewContext::new(services), request.query))
        })
    }

    fn act(view: &str, request: &str, host: HostRef) -> Answer {
        view_call::<E, wire::ActRequest, _>(view, request, |found, request| {
            let services = Arc::new(Remote { host, dialect: request.dialect });
            let context = ViewContext::new(services);
            pollster::block_on(found.act(context, request.action, request.input))
        })
    }

    fn panicked(message: &str) -> String {
        wire::panicked(message)
    }
}

fn jobs<E: Exported>() -> impl Iterator<Item = Arc<dyn crate::DynJob>> {
    let all = inventory::iter::<JobRegistration>().map(|entry| (entry.make)());
    all.filter(|job| job.descriptor().origin.plugin == E::NAME)
}

fn views<E: Exported>() -> impl Iterator<Item = Arc<dyn crate::DynView>> {
    let all = inventory::iter::<ViewRegistration>().map(|entry| (entry.make)());
    all.filter(|view| view.descriptor().origin.plugin == E::NAME)
}

fn view_call<E: Exported, R: DeserializeOwned, T: Serialize>(
    key: &str,
    request: &str,
    call: impl FnOnce(Arc<dyn crate::DynView>, R) -> Result<T, ViewError>,
) -> Answer {
    let found = views::<E>().find(|found| found.descriptor().key == key);
    let answer = match (found, parse::<R>(request)) {
        (Some(found), Ok(request)) => call(found, request),
        (None, _) => Err(ViewError::NotFound(format!("no view `{key}` in this library"))),
        (_, Err(error)) => Err(ViewError::Internal(error)),
    };
    answer.map(|answer| text(&answer)).map_err(|error| text(&wire::ViewFault::from(error)))
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|e| format!("the host's text is not as expected: {e}"))
}

/// The host's services, asked through the C ABI.
struct Remote {
    host: HostRef,
    dialect: Dialect,
}

async fn ask<T: DeserializeOwned>(
    host: &HostRef,
    op: &str,
    params: &(impl Serialize + Sync),
) -> Result<T, wire::Refusal> {
    let answer = host.request(op, &text(params)).await;
    parse(&answer.map_err(|refusal| wire::Refusal::parse(&refusal))?).map_err(wire::Refusal::new)
}

fn db_error(refusal: wire::Refusal) -> DbError {
    DbError { message: refusal.message, sql: refusal.sql }
}

impl Database for Remote {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn query(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>> {
        Box::pin(async move {
            let rows: wire::Rows =
                ask(&self.host, "db.query", &statement).await.map_err(db_error)?;
            Ok(rows.rows)
        })
    }

    fn snapshot(&self, queries: Vec<Statement>) -> BoxFuture<'_, Result<Vec<Vec<Row>>, DbError>> {
        Box::pin(async move {
            let batch = wire::Batch { statements: queries };
            let rows: wire::RowsEach =
                ask(&self.host, "db.snapshot", &batch).await.map_err(db_error)?;
            Ok(rows.results)
        })
    }

    fn batch(&self, statements: Vec<Statement>) -> BoxFuture<'_, Result<Vec<u64>, DbError>> {
        Box::pin(async move {
            let batch = wire::Batch { statements };
            let done: wire::AffectedEach =
                ask(&self.host, "db.batch", &batch).await.map_err(db_error)?;
            Ok(done.affected)
        })
    }

    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn DatabaseTransaction>, DbError>> {
        Box::pin(async move {
            let begun: wire::TransactionRef =
                ask(&self.host, "db.begin", &Value::Null).await.map_err(db_error)?;
            let open = RemoteTransaction { host: self.host.clone(), begun, open: true };
            Ok(Box::new(open) as Box<dyn DatabaseTransaction>)
        })
    }
}

/// An open transaction of the host; rolled back when dropped.
struct RemoteTransaction {
    host: HostRef,
    begun: wire::TransactionRef,
    open: bool,
}

impl RemoteTransaction {
    fn within(&self, statement: Statement) -> wire::InTransaction {
        wire::InTransaction { transaction: self.begun.transaction, statement }
    }
}

impl DatabaseTransaction for RemoteTransaction {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>> {
        Box::pin(async move {
            let within = self.within(statement);
            let rows: wire::Rows = ask(&self.host, "tx.query", &within).await.map_err(db_error)?;
            Ok(rows.rows)
        })
    }

    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<u64, DbError>> {
        Box::pin(async move {
            let within = self.within(statement);
            let done: wire::Affected =
                ask(&self.host, "tx.execute", &within).await.map_err(db_error)?;
            Ok(done.affected)
        })
    }

    fn commit(mut self: Box<Self>) -> BoxFuture<'static, Result<(), DbError>> {
        Box::pin(async move {
            self.open = false;
            let _: Value = ask(&self.host, "tx.commit", &self.begun).await.map_err(db_error)?;
            Ok(())
        })
    }
}

impl Drop for RemoteTransaction {
    fn drop(&mut self) {
        if self.open {
            // Waited for, so that the connection is free when the next statement asks for it.
            let _ = self.host.request_wait("tx.rollback", &text(&self.begun));
        }
    }
}

impl HttpClient for Remote {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async move {
            let request = wire::HttpRequestText::from(request);
            let answer: wire::HttpResponseText = ask(&self.host, "http.send", &request)
                .await
                .map_err(|refusal| HttpError(refusal.message))?;
            answer.try_into()
        })
    }
}

impl Remote {
    fn secret_of_host(&self, variable: &str) -> Result<String, SecretError> {
        let which = wire::SecretRef { variable: variable.into() };
        match self.host.request_wait("secret", &text(&which)) {
            Ok(answer) => {
                parse(&answer).map(|found: wire::SecretText| found.value).map_err(SecretError)
            }
            Err(refusal) => Err(SecretError(wire::Refusal::parse(&refusal).message)),
        }
    }

    fn time(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.host.now_ms()).unwrap_or_default()
    }
}

impl Host for Remote {
    fn now(&self) -> DateTime<Utc> {
        self.time()
    }

    fn database(&self) -> &dyn Database {
        self
    }

    fn http(&self) -> &dyn HttpClient {
        self
    }

    fn connector(&self) -> &dyn Connector {
        self
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.secret_of_host(variable)
    }

    fn log(&self, line: LogLine) {
        let fields = if line.fields.is_null() { String::new() } else { text(&line.fields) };
        self.host.log(wire::level_number(line.level), &line.message, &fields);
    }

    fn progress(&self, progress: Progress) {
        self.host.progress(progress.fraction, &progress.message);
    }

    fn stage(&self, statement: Statement) {
        let _ = self.host.request_wait("stage", &text(&statement));
    }

    fn enqueue(&self, run: NewRun) -> Result<(), EnqueueError> {
        let answer = self.host.request_wait("enqueue", &text(&run));
        answer.map(drop).map_err(|refusal| EnqueueError(wire::Refusal::parse(&refusal).message))
    }

    fn is_cancelled(&self) -> bool {
        self.host.is_cancelled()
    }

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let _ = self.host.request("cancelled", "{}").await;
        })
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'_, ()> {
        let ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Box::pin(async move {
            let _ = self.host.request("sleep", &text(&wire::Pause { ms })).await;
        })
    }
}

impl ViewHost for Remote {
    fn now(&self) -> DateTime<Utc> {
        self.time()
    }

    fn database(&self) -> &dyn Database {
        self
    }

    fn http(&self) -> &dyn HttpClient {
        self
    }

    fn secret(&self, variable: &str) -> Result<String, SecretError> {
        self.secret_of_host(variable)
    }

    fn job_params(&self, job: &str) -> Option<Value> {
        let answer = self.host.request_wait("job_params", &text(&wire::JobRef { job: job.into() }));
        let params: Value = serde_json::from_str(&answer.ok()?).ok()?;
        (!params.is_null()).then_some(params)
    }
}
