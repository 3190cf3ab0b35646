//! What policy asks of a database: narrow verbs, each of which takes many rows, inside one transaction.
//!
//! A verb fences, locks, moves rows, and tells the database's clock. What that means for a run is
//! decided by who combines the verbs.

use std::time::Duration;

use async_trait::async_trait;
use cascade_model::{
    ClaimedRun, Failure, JoinKey, JoinRow, Lease, Payload, RunKind, RunRequest, RunState,
    ScheduledStatus,
};
use cascade_sdk::{DbError, LogLine, Progress, Statement};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Beginning, Choice, Found, Hold, Holder, KeyBeginning, KeyUse, Limits, Result, WaitingRun,
};

/// Which connections a transaction uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// Those reserved for what moves runs from state to state: plugins and people do not keep it waiting.
    Queue,
    /// Those that everything else shares.
    Shared,
}

/// One transaction. What was not committed when it is dropped is rolled back.
#[async_trait]
pub trait Tx: Send {
    /// The schedules of `jobs` in `project`, locked until the transaction ends, in one order for all.
    async fn lock_schedules(&mut self, project: Uuid, jobs: &[String]) -> Result<Vec<ScheduleRow>>;

    /// Schedules that are due and have no unfinished run, each project in turn, locked until the transaction
    /// ends; those that another one has locked are left to it.
    async fn due_schedules(&mut self, limit: u32) -> Result<Vec<ScheduleRow>>;

    /// Stores status, due time and payload of schedules that this transaction has locked.
    async fn save_schedules(&mut self, rows: &[ScheduleRow]) -> Result<()>;

    /// Makes runs that wait, each unless its job has an unfinished run in its project. Once the schedules
    /// of all of them are locked, this waits for no other transaction. `wake` tells the workers of other
    /// processes, at the commit.
    async fn insert_runs(&mut self, runs: &[NewRun], wake: bool) -> Result<Vec<Inserted>>;

    /// Makes runs that the holder has begun with, of schedules that this transaction has locked: each unless its job
    /// has an unfinished run in its project, or something limits how many may run. Waits for no other transaction.
    async fn begin_runs(&mut self, runs: &[NewRun], holder: &Holder<'_>)
    -> Result<Vec<ClaimedRun>>;

    /// Locks the runs that are first of these keys until the transaction ends, and `own`, which is to end in it,
    /// all in the order of their ids. Where several runs of a key go at a time, the turn of the key is taken in place of
    /// their locks.
    async fn lock_keys(&mut self, requests: &[NewRequest], own: Option<Uuid>) -> Result<()>;

    /// As [`Tx::lock_keys`] for requests that are made in this transaction, or become one with a run of their key: a first
    /// run that waits for a later time than the request goes behind it.
    async fn go_before_later(&mut self, requests: &[NewRequest]) -> Result<()>;

    /// Locks the first run of the key that `run` was asked for with, if it was; nothing where several runs of the key go
    /// at a time.
    async fn lock_key_of(&mut self, run: Uuid) -> Result<()>;

    /// Up to `limit` runs that wait for the key of a request and have not begun, in their order and with their
    /// args, locked until the transaction ends; those that another one has locked are left to it.
    async fn waiting_of_key(&mut self, of: &NewRequest, limit: u32) -> Result<Vec<Waiting>>;

    /// Makes runs of the kind [`RunKind::Queue`] that wait: those of a key that has an unfinished run, behind
    /// that, or beside it where several go at a time; of those of one key without such a run, behind the one that may
    /// begin first. `false` where another transaction was first with a run of the key,
    /// or has the lock of what is first by now: that lock is to be taken. `wake` tells the workers of other processes, at
    /// the commit.
    async fn insert_requests(&mut self, requests: &[NewRequest], wake: bool) -> Result<Vec<bool>>;

    /// Lets the next run of each key go ahead where one of these runs, which have ended, was first; as many as there are
    /// free places where several runs of the key go at a time.
    async fn advance_keys(&mut self, ended: &[Uuid]) -> Result<()>;

    /// Lets runs of schedules' keys go ahead whose schedules have no unfinished run any more.
    async fn advance_schedule_keys(&mut self) -> Result<()>;

    /// A run, locked until the transaction ends.
    async fn lock_run(&mut self, run: Uuid) -> Result<Option<RunRow>>;

    /// Stores state, last attempt, payload and cancel request of a locked run, whose state was `from`. One
    /// that ends does so now, one that has ended waits from now on. `false` if its job has another
    /// unfinished run by then: nothing of the transaction is to be committed.
    async fn save_run(&mut self, from: RunState, run: &RunRow) -> Result<bool>;

    /// Whether this transaction alone starts runs that have a limit, from now until it ends.
    async fn lock_limits(&mut self) -> Result<bool>;

    /// Whether every limit is so far away that a claim of so many runs need not count what runs, until this transaction
    /// ends: nobody else starts runs alone then. After `false` nothing more of it is to be committed.
    async fn limits_are_wide(&mut self, claimer: &str, runs: usize) -> Result<bool>;

    /// What has a limit.
    async fn limits(&mut self) -> Result<Limits>;

    /// Counts runs that begin under the rates of limits that jobs share, by the database's clock; from a
    /// transaction that starts runs alone. What counts no more is removed.
    async fn count_begun(&mut self, beginnings: &[Beginning<'_>]) -> Result<()>;

    /// What has begun of the keys of these runs, which this transaction has locked, where the keys have rates. Nobody
    /// else counts runs of these keys until the transaction ends. Once in a transaction: two that lock keys one after
    /// the other could wait for each other.
    async fn key_uses(&mut self, runs: &[Uuid]) -> Result<Vec<KeyUse>>;

    /// Counts runs that begin of keys that this transaction has locked.
    async fn count_of_keys(&mut self, beginnings: &[KeyBeginning<'_>]) -> Result<()>;

    /// Holds locked runs of queues: each may begin at a time, and keeps its place in its key until then.
    async fn hold_runs(&mut self, holds: &[Hold]) -> Result<()>;

    /// Runs that may start now, whatever has a limit, locked until the transaction ends; those that another
    /// one has locked are left to it.
    async fn waiting_runs(&mut self, choice: &Choice<'_>) -> Result<Found<WaitingRun>>;

    /// Leases locked runs of a kind.
    async fn lease_runs(
        &mut self,
        kind: RunKind,
        runs: &[Uuid],
        holder: &Holder<'_>,
    ) -> Result<Vec<ClaimedRun>>;

    /// Runs whose lease is lost, locked until the transaction ends; those that another one has locked
    /// are left to it.
    async fn expired_claims(&mut self, which: Lost<'_>) -> Result<Vec<ExpiredClaim>>;

    /// Forgets the workers, except for `except`, whose time is over and which hold nothing.
    async fn forget_workers(&mut self, except: &str) -> Result<()>;

    /// Ends runs, each if its lease still holds it; `None` where it does not.
    async fn end_runs(&mut self, ends: &[End]) -> Result<Vec<Option<Ended>>>;

    /// Lets runs wait again, each if its lease still holds it; returns when by the database's clock, and
    /// `None` where it does not.
    async fn requeue(&mut self, runs: &[Requeue]) -> Result<Vec<Option<DateTime<Utc>>>>;

    /// The states of joins, locked until the transaction ends, in one order for all; made where they are not there
    /// yet.
    async fn lock_joins(&mut self, keys: &[JoinKey]) -> Result<Vec<JoinRow>>;

    /// Appends events to the outbox. They get their ids once they are committed.
    async fn append_events(&mut self, events: &[EventRow]) -> Result<()>;

    /// Appends lines to the logs of runs.
    async fn append_logs(&mut self, lines: &[LogRow]) -> Result<()>;

    /// Keeps attempts that have failed, each once; when it began, its run knows.
    async fn keep_attempts(&mut self, attempts: &[FailedAttemptRow]) -> Result<()>;

    /// Counts runs that have failed for good, by error: the latest last.
    async fn count_failures(&mut self, failures: &[Failure]) -> Result<()>;

    /// Keeps how far a run has come, unless it has ended.
    async fn save_progress(&mut self, run: Uuid, progress: &Progress) -> Result<()>;

    /// Executes one portable statement; returns how many rows it changed.
    async fn execute(&mut self, statement: &Statement) -> std::result::Result<u64, DbError>;

    /// Makes it last.
    async fn commit(self: Box<Self>) -> Result<()>;

    /// Undoes it, and returns once its locks are gone.
    async fn rollback(self: Box<Self>) -> Result<()>;
}

/// A scheduled job, locked.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleRow {
    /// Its id.
    pub id: Uuid,
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// What a person chose.
    pub status: ScheduledStatus,
    /// What jobs.toml says.
    pub enabled: bool,
    /// `every 15m` or `cron LINE ZONE`.
    pub schedule: Option<String>,
    /// The last attempt of its runs.
    pub max_attempts: u32,
    /// When it is due.
    pub next_run_at: Option<DateTime<Utc>>,
    /// The triggers and requests that wait for its next run.
    pub payload: Payload,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

/// A run that is to wait for a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Its id.
    pub id: Uuid,
    /// The job type.
    pub job_type: String,
    /// The project it is for.
    pub project_id: Uuid,
    /// The last attempt there will be.
    pub max_attempts: u32,
    /// What caused it.
    pub payload: Payload,
}

/// A run that a caller asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRequest {
    /// The run.
    pub run: NewRun,
    /// What was asked for.
    pub request: RunRequest,
    /// How long after the transaction it may begin, at the earliest; for edges.
    pub after: Option<Duration>,
}

/// What became of a new run.
#[derive(Debug, Clone, PartialEq)]
pub enum Inserted {
    /// It waits.
    Made,
    /// It was not made: this run of its job waits, and is locked now.
    Waits(Box<RunRow>),
    /// It was not made: a run of its job has begun, or is being taken or ended by another transaction.
    Busy,
}

/// A run, locked.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: RunKind,
    /// The job type.
    pub job_type: String,
    /// The project it is for.
    pub project_id: Uuid,
    /// Where it stands.
    pub state: RunState,
    /// Attempts begun so far.
    pub attempt: u32,
    /// The last attempt there will be.
    pub max_attempts: u32,
    /// What caused it.
    pub payload: Payload,
    /// Whether somebody asked for its end.
    pub cancel_requested: bool,
    /// Why it is cancelled while it waits; `None` keeps what there is.
    pub error: Option<String>,
}

/// A run that waits for a key, locked.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The run.
    pub run: RunRow,
    /// What it is asked for.
    pub args: Value,
    /// Whether it begins later than the request that looks for it asks.
    pub later: bool,
}

/// Whose runs have lost their lease.
#[derive(Debug, Clone, Copy)]
pub enum Lost<'a> {
    /// Those of workers, except for `except`, that have not renewed their leases in time.
    Unresponsive {
        /// It is at work, and its own renewal may only be late.
        except: &'a str,
        /// How long a lease lasts.
        lease: Duration,
        /// The most runs at a time.
        limit: u32,
    },
    /// Those of `owner` that it does not list.
    Unlisted {
        /// The worker.
        owner: &'a str,
        /// What it lists.
        listed: &'a [Lease],
    },
}

/// A run whose lease is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiredClaim {
    /// The lease that is lost.
    pub lease: Lease,
    /// The last attempt there will be.
    pub max_attempts: u32,
    /// Whether somebody asked for its end.
    pub cancel_requested: bool,
    /// Whether the loss uses up its attempt: see [`HeldLease::begun`](cascade_model::HeldLease::begun).
    pub loss_counts: bool,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// Ends if this holds the run.
    pub lease: Lease,
    /// Completed, failed or cancelled.
    pub state: RunState,
    /// The latest fault; `None` keeps the one before.
    pub error: Option<String>,
    /// What a success has to tell.
    pub summary: Option<String>,
    /// How long its body took and the wait for the commit so far: it began no earlier than that. `None`
    /// for what the claim has noted.
    pub ran: Option<Duration>,
}

/// What the database knows of a run that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The job type.
    pub job_type: String,
    /// The project it ran for.
    pub project_id: Uuid,
    /// Shared by all runs of one cascade.
    pub trace_id: Uuid,
    /// When, in milliseconds, by the database's clock.
    pub at: DateTime<Utc>,
}

/// The end of a run together with its event, whose time the database's clock gives.
#[derive(Debug, Clone, PartialEq)]
pub struct EndWithEvent {
    /// The end.
    pub end: End,
    /// The project it ran for.
    pub project_id: Uuid,
    /// The event's JSON up to the time, and behind it.
    pub text: (String, &'static str),
}

/// An event of a transaction that goes on for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Whose event it is.
    pub project_id: Uuid,
    /// What kind of event.
    pub kind: &'static str,
    /// JSON text, as it goes over the wire.
    pub payload: String,
    /// When its run ended.
    pub at: DateTime<Utc>,
}

/// A run that waits again.
#[derive(Debug, Clone, PartialEq)]
pub struct Requeue {
    /// Waits again if this holds the run.
    pub lease: Lease,
    /// Available or retryable.
    pub state: RunState,
    /// The latest fault; `None` keeps the one before.
    pub error: Option<String>,
    /// How long it waits; `None` for as long as before: it keeps its place.
    pub after: Option<Duration>,
    /// Whether the attempt that has begun is used up.
    pub attempt_counts: bool,
    /// Whether it is to be begun alone: see [`ClaimedRun::alone`].
    pub alone: bool,
}

/// An attempt that has failed.
#[derive(Debug, Clone)]
pub struct FailedAttemptRow {
    /// The attempt.
    pub lease: Lease,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Why.
    pub error: String,
}

/// A line of a run's log.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// The run.
    pub run_id: Uuid,
    /// What it says.
    pub line: LogLine,
}
