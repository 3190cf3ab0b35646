//! The truth: schedules, runs, logs and the event outbox.
//!
//! [`Store`] is all that the rest of the host knows of a database. What moves runs is written for each
//! database, beside its code; what only reads, or seldom writes, is written once for both: [`Queries`].
//! The tests `contract` of the engine are what every implementation must pass.

mod args;
mod claims;
mod condition;
mod contract;
mod delivery_filter;
mod error;
mod expand;
mod first_edition;
#[cfg(test)]
mod hot_verbs;
mod key_rates;
mod log_page;
mod of_kind;
#[cfg(test)]
mod old_beside_new;
mod portable;
pub mod postgres;
mod run_filter;
mod schedule_filter;
pub mod schedules;
mod shared_limits;
pub mod sqlite;
pub mod tls;
mod tx;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cascade_sdk::{MigrationSet, host::Database};
use uuid::Uuid;

pub use claims::{
    Choice, DueByClock, Found, Holder, LeftJob, Limit, Limited, Look, Soonest, Taken, WaitingRun,
};
pub use condition::{
    BadCondition, Comparison, Condition, Document, LONGEST_CONDITION, MOST_CONDITIONS,
};
pub use delivery_filter::DeliveryFilter;
pub use error::StoreError;
pub use expand::ExpandError;
pub use key_rates::{Hold, KeyBeginning, KeyUse};
pub use log_page::{LogPage, LogPlace};
pub use portable::{
    AttemptTimes, DueSchedule, EarlierRequest, IdempotencyKey, KeyValue, KeyedJob, NamedLimit,
    ProblemMark, Queries, RunHistogram, RunWaits, ScheduleFacts, SchedulesByJob, TraceActivity,
    Triggered, change_key, change_request, decided, delivery_again, edit_request, forget_join,
    keep_delivery, keep_key, marked_done, move_waiting, of_trace, pause_over, paused,
    problem_of_run_handled, rerun_noted, save_join, step_back, tag_added, tags_forgotten,
    tags_kept,
};
pub use run_filter::{RunColumn, RunFilter, RunSort, TagFilter, TriggerKind, literal};
pub use schedule_filter::ScheduleFilter;
use schedules::Schedules;
pub use shared_limits::{Beginning, Begun, Limits, SharedUse};
pub use tx::{
    Connections, End, EndWithEvent, Ended, EventRow, ExpiredClaim, FailedAttemptRow, Inserted,
    LogRow, Lost, NewRequest, NewRun, Requeue, RunRow, ScheduleRow, Tx, Waiting,
};

use cascade_model::{Event, HeldLease, Renewal};

/// What [`Tx::limits`] asks, of both databases.
const LIMITS: &str = include_str!("portable/sql/limits.sql");
/// What it asks where jobs share limits.
const SHARED_LIMITS: &str = include_str!("portable/sql/shared_limits.sql");

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

    /// Brings the host's tables up to date and then keeps older versions out: these no longer start here. The names
    /// of the files that have run; none if all had.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while a process of an older version is connected, and on SQLite any other process.
    async fn contract(&self) -> Result<Vec<&'static str>>;

    /// Opens the connections that all runs share and has the database plan what each run asks of them, so
    /// that the first runs after a start wait for neither. Changes nothing.
    async fn warm_up(&self) -> Result<()>;

    /// Whether the database has a statement for [`Store::take`].
    fn takes_at_once(&self) -> bool {
        false
    }

    /// Chooses runs and leases them, in one statement that skips what others hold. A database that has no such
    /// statement takes nothing, as where a limit may be near.
    async fn take(&self, _choice: &Choice<'_>, _holder: &Holder<'_>) -> Result<Taken> {
        Ok(Taken::LimitNear)
    }

    /// What there is to do for `owner` besides what waits, where leases last for `lease`.
    async fn look(&self, owner: &str, lease: Duration) -> Result<Look>;

    /// When there is something to do for `owner` next, that is not of these job types and projects. Runs of
    /// the kind [`RunKind::Queue`](cascade_model::RunKind::Queue) are left out: see [`Store::next_queued`].
    async fn soonest(
        &self,
        owner: &str,
        except_jobs: &[LeftJob],
        except_projects: &[Uuid],
    ) -> Result<Soonest>;

    /// How long until a run of the kind [`RunKind::Queue`](cascade_model::RunKind::Queue) may start that is not
    /// of these job types and projects; `None` when none waits.
    async fn next_queued(
        &self,
        except_jobs: &[LeftJob],
        except_projects: &[Uuid],
    ) -> Result<Option<Duration>>;

    /// Where the clock of the database was set back since the last call, makes due in time what was written
    /// before: schedules when `due` says, and runs. A database that has a machine of its own is left to
    /// who keeps that.
    async fn follow_clock(&self, _due: &DueByClock) -> Result<()> {
        Ok(())
    }

    /// Makes what is told of the last ends of jobs include all ends that are committed. For a database that writes
    /// that down aside from the commits of ends; the others do it there.
    async fn refresh_last_ends(&self) -> Result<()> {
        Ok(())
    }

    /// Prolongs the leases of one owner to `duration` from now; says for each what became of it.
    async fn renew(&self, held: &[HeldLease], duration: Duration) -> Result<Vec<Renewal>>;

    /// Ends runs of one kind of which nothing else is to be said, each if its lease still holds it, with an
    /// event for each, in one commit. Returns the events, with ids; none for a run whose lease is lost.
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
