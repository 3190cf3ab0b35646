//! All that a Cascade plugin author sees.
//!
//! A plugin crate adds [job types](Job) (with [args and outputs](TypedJob) if need be), [views](View) and the migrations of its own tables. Each is
//! one trait and one line that submits it; the host finds them by itself.
//!
//! ```
//! use cascade_sdk::{Context, Job, JobError, Outcome};
//!
//! /// What an operator writes under `[jobs.greet.params]` in jobs.toml.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Params {
//!     /// Whom to greet.
//!     name: String,
//! }
//!
//! struct Greet;
//!
//! impl Job for Greet {
//!     const NAME: &'static str = "greet";
//!     const DESCRIPTION: &'static str = "Says hello in the run's log.";
//!     type Params = Params;
//!
//!     async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
//!         ctx.log().info(format!("hello, {}", params.name));
//!         ctx.progress(1.0, "greeted");
//!         Ok(Outcome::done())
//!     }
//! }
//!
//! cascade_sdk::submit_job!(Greet);
//! ```
//!
//! # Delivery
//! Runs are delivered **at least once**: a worker that dies in mid-run has its run picked up by
//! another. Make the work idempotent: upsert by a natural key, or store [`Context::run_id`] beside
//! what you wrote and skip what that id already wrote (a retried attempt keeps its run id). Writes
//! staged with [`Context::transaction`] commit in the transaction that marks the run done, so they
//! happen exactly once.
//!
//! # Invariants
//! This crate knows neither the host's database driver nor its web framework nor an async runtime:
//! everything a job touches goes through the object-safe traits in [`host`], with JSON as the
//! currency, so the same job source can also be loaded from a shared library.

mod connection;
mod context;
mod db;
mod defaults;
mod enqueue;
mod files;
pub mod host;
mod http;
mod job;
pub mod loaded;
mod migration;
mod outcome;
mod secret;
mod time;
mod typed_job;
mod upstream;
mod view;
pub mod wire;

pub use connection::{ConnectRequest, Connection, ConnectionError};
pub use context::{Context, Logger, Project, RunInfo, StagedTransaction, Trigger};
pub use db::{Db, DbError, Dialect, Row, Statement, Transaction, decode_row, sql};
pub use defaults::{Backoff, Defaults};
pub use enqueue::{Enqueue, EnqueueError, NewRun};
pub use files::{FileEntry, FileError, FileFault, Files};
pub use host::{BoxFuture, Level, LogLine, Progress};
pub use http::{Http, HttpError, HttpRequest, HttpResponse};
pub use job::{DynJob, Job, JobDescriptor, JobError, JobRegistration, Origin, OriginKind};
pub use migration::{Migration, MigrationError, MigrationSet};
pub use outcome::Outcome;
pub use secret::SecretError;
pub use time::rfc3339;
pub use typed_job::{NoArgs, TypedJob};
pub use upstream::Upstream;
pub use view::{
    Action, DynView, Page, Query, RawQuery, Sort, View, ViewContext, ViewDescriptor, ViewError,
    ViewRegistration,
};

#[doc(hidden)]
pub mod erase {
    //! What the submitting macros call.
    pub use crate::{job::erase_job as job, view::erase_view as view};
}

/// This version of the crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Crates whose types stand in the interface, at the versions that fit it.
pub use {chrono, serde_json, uuid};
#[doc(hidden)]
pub use {inventory, schemars, serde};
