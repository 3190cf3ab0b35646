//! The truth: schedules, runs, logs and the event outbox.
//!
//! [`Store`] is all that the rest of the host knows of a database. What moves runs is written for each
//! database, beside its code; what only reads, or seldom writes, is written once for both: [`Queries`].
//! The tests `contract` of the engine are what every implementation must pass.

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
mod rotation;
mod run_filter;
pub mod schedules;
pub mod sqlite;
pub mod tls;
mod tx;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cascade_sdk::{MigrationSet, host::Database};

pub use error::StoreError;
pub use expand::ExpandError;
pub use portable::{ProblemMark, Queries, failed};
pub use run_filter::{RunColumn, RunFilter, RunSort, TriggerKind, literal};
use schedules::Schedules;
pub use tx::{
    Connections, End, EndWithEvent, Ended, EventRow, ExpiredClaim, Inserted, LogRow, Lost, NewRun,
    Requeue, RunRow, ScheduleRow, Tx,
};

use cascade_model::{ClaimedRun, Event, Lease, Renewal};

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

/// The database behind the host. All times are compared with the database's clock. See [`Queries`] for all
/// that can be read of any store.
#[async_trait]
pub trait Store: Schedules {
    /// `sqlite` or `postgres`.
    fn kind(&self) -> &'static str;

    /// Portable SQL for plugins, over the same pool.
    fn database(&self) -> Arc<dyn Database>;

    /// Brings the host's and the plugins' tables up to date.
    async fn migrate(&self, plugins: &[MigrationSet]) -> Result<()>;

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

    /// Gives ids to the committed events that have none yet, so that ids become visible in their own
    /// order, and returns those events. Whoever ends runs calls it; a hub does when nobody did.
    async fn number_events(&self) -> Result<Vec<Event>>;

    /// Events with a greater id, oldest first.
    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Event>>;

    /// How busy the connection pools are.
    fn pools(&self) -> Vec<PoolUse>;
}
