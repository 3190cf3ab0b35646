//! The truth: schedules, runs, logs and the event outbox.
//!
//! [`Store`] is all that the rest of the host knows of a database. What moves runs is written for each
//! database, beside its code; what only reads, or seldom writes, is written once for both: [`Queries`].
//! The tests `contract` of the engine are what every implementation must pass.
//!
//! # Life of a run
//! ```text
//!                    claim                 ok
//!   available ───────────────► running ──────────► completed
//!       ▲                      │  │  │
//!       │ release (shutdown)   │  │  └── fail, no attempt left ──► failed
//!       └──────────────────────┘  └───── cancelled ──────────────► cancelled
//!                                 │ fail or lease expired, attempts left
//!              claim              ▼
//!   running ◄───────────────── retryable
//! ```
//! `request_cancel` takes an available or retryable run to cancelled at once; `retry` takes a failed
//! or cancelled one back to available.
//!
//! Every change of state is one method below. A run that runs is held by a [`Lease`]; a method that
//! takes one fails with [`StoreError::LostLease`] when somebody else has the run by now.

#[cfg(test)]
mod chain;
mod error;
mod expand;
mod first_edition;
#[cfg(test)]
mod hot_verbs;
mod limits;
#[cfg(test)]
mod old_beside_new;
mod portable;
pub mod postgres;
mod reconcile;
mod rotation;
mod run_filter;
mod scheduled;
pub mod schedules;
pub mod sqlite;
mod timing;
pub mod tls;
mod tx;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cascade_sdk::{MigrationSet, Statement, host::Database};
use uuid::Uuid;

pub use error::StoreError;
use error::{JOB_IS_BUSY, JOB_IS_OFF, NOT_ENDED_BADLY};
pub use expand::ExpandError;
pub use portable::{ProblemMark, Queries, failed};
pub use run_filter::{RunColumn, RunFilter, RunSort, TriggerKind, literal};
pub use tx::{
    Connections, End, EndWithEvent, Ended, EventRow, ExpiredClaim, LogRow, Lost, Requeue,
    ScheduleRow, Tx,
};

use cascade_config::Config;
use cascade_model::{
    CancelRequest, ClaimedRun, Event, Lease, Renewal, RunNow, ScheduledStatus, Visible,
};

/// The most schedules that one claim turns into runs.
const DUE_AT_ONCE: i64 = 500;

/// What a claim has found.
#[derive(Debug, Default)]
pub struct Claimed {
    /// Runs that its owner holds now.
    pub runs: Vec<ClaimedRun>,
    /// Workers have not renewed their leases in time: see [`Lost::Unresponsive`].
    pub unresponsive: bool,
}

/// What a store answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// How busy a connection pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Which pool.
    pub name: &'static str,
    /// Open connections.
    pub size: u32,
    /// Open connections that nobody uses.
    pub idle: u32,
    /// The most there may be.
    pub max: u32,
}

/// The database behind the host. All times are compared with the database's clock. What people ask for
/// is limited to a [`Visible`] set of projects by the statements themselves. See [`Queries`] for all that
/// can be read of any store.
#[async_trait]
pub trait Store: Send + Sync {
    /// `sqlite` or `postgres`.
    fn kind(&self) -> &'static str;

    /// The same store, which writes `entry` of the audit log in the transaction of each action: either
    /// both are there or neither, so that an action can be asked for again when its answer was a fault.
    fn noting(&self, entry: Statement) -> Box<dyn Store>;

    /// Portable SQL for plugins, over the same pool.
    fn database(&self) -> Arc<dyn Database>;

    /// Brings the host's and the plugins' tables up to date.
    async fn migrate(&self, plugins: &[MigrationSet]) -> Result<()>;

    /// Makes projects and scheduled jobs what `config` says, in pages of rows with a transaction each:
    /// no other writer waits for long. What a failure leaves undone is done by the next call. A timer
    /// that is new and that nothing triggers is due at once.
    async fn reconcile(&self, config: &Config) -> Result<()>;

    /// Opens the connections that all runs share and has the database plan what each run asks of them, so
    /// that the first runs after a start wait for neither. Changes nothing.
    async fn warm_up(&self) -> Result<()>;

    /// Takes up to `limit` runs for `owner`; turns due schedules into runs. The owner's own leases do not
    /// expire while it lives, however long its process was stopped.
    /// At most one unfinished run comes of each schedule. Leaves runs of the job types in `except` to
    /// others. May come back with what waits already, and do the rest at the next claim: only one that
    /// brings nothing says that there is nothing.
    async fn claim(
        &self,
        owner: &str,
        limit: u32,
        lease: Duration,
        except: &[String],
    ) -> Result<Claimed>;

    /// How long until [`Store::claim`] of `owner` may find something; `None` when nothing is in sight.
    async fn next_due(&self, owner: &str, except: &[String]) -> Result<Option<Duration>>;

    /// Prolongs the leases of one owner to `duration` from now; says for each what became of it.
    async fn renew(&self, leases: &[Lease], duration: Duration) -> Result<Vec<Renewal>>;

    /// Ends runs of which nothing else is to be said, each if its lease still holds it, with an event for
    /// each, in one commit. Returns the events, with ids; none for a run whose lease is lost.
    async fn end_with_events(&self, ends: &[EndWithEvent]) -> Result<Vec<Option<Event>>>;

    /// Begins a transaction.
    async fn begin(&self, on: Connections) -> Result<Box<dyn Tx>>;

    /// Runs a scheduled job as soon as it may: now, by the run of it that waits already, or once more
    /// after its current run, however many ask meanwhile. Workers of other processes are told. The run of
    /// a paused job waits until the job is resumed.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`], or [`StoreError::WrongState`] for a job that jobs.toml disables.
    async fn run_now(&self, job: &str, project: Uuid) -> Result<RunNow>;

    /// Cancels a run that waits, or asks for the end of one that runs.
    ///
    /// # Errors
    /// [`StoreError::NoRun`], or [`StoreError::WrongState`] when it has ended.
    async fn request_cancel(&self, visible: &Visible, run: Uuid) -> Result<CancelRequest>;

    /// Gives a failed or cancelled run one more attempt, now.
    ///
    /// # Errors
    /// [`StoreError::NoRun`], or [`StoreError::WrongState`] when it has not failed, the job has another
    /// unfinished run, or jobs.toml disables the job.
    async fn retry(&self, visible: &Visible, run: Uuid) -> Result<()>;

    /// Pauses or resumes a scheduled job. Nothing of a paused job starts: its timers and cascades do
    /// nothing, and its runs that wait, to be tried again or for the first time, wait on.
    async fn set_status(&self, job: &str, project: Uuid, status: ScheduledStatus) -> Result<()>;

    /// Gives ids to the committed events that have none yet, so that ids become visible in their own
    /// order, and returns those events. Whoever ends runs calls it; a hub does when nobody did.
    async fn number_events(&self) -> Result<Vec<Event>>;

    /// Events with a greater id, oldest first.
    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Event>>;

    /// How busy the connection pools are.
    fn pools(&self) -> Vec<PoolUse>;
}
