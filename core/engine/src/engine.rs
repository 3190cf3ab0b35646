use std::{sync::Arc, time::Duration};

use cascade_config::Config;
use cascade_model::{
    CancelRequest, ClaimedRun, Completed, Done, Event, Failed, Fault, Lease, Renewal, RunNow,
    ScheduledStatus, Success, Visible,
};
use cascade_sdk::{LogLine, Progress, Statement};
use cascade_store::{Result, Store};
use uuid::Uuid;

use crate::texts;

/// The life of a run: who makes one, who may work on it, and what its end leads to.
///
/// Cheap to clone; all clones work on one store. What only reads asks [`Engine::store`].
#[derive(Clone)]
pub struct Engine {
    store: Arc<dyn Store>,
}

impl Engine {
    /// Works on `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The database beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The same engine, which writes `entry` of the audit log in the transaction of each action: either
    /// both are there or neither, so that an action can be asked for again when its answer was a fault.
    pub fn noting(&self, entry: Statement) -> Self {
        Self::new(self.store.noting(texts::of_statement(entry)).into())
    }

    /// Makes projects and scheduled jobs what `config` says. A job that is new and that nothing triggers
    /// is due at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn reconcile(&self, config: &Config) -> Result<()> {
        self.store.reconcile(config).await
    }

    /// Takes up to `limit` runs for `owner`; gives up the expired leases of other owners and turns due
    /// schedules into runs. The owner's own leases do not expire while it lives, however long its
    /// process was stopped: see [`Engine::give_up_unlisted`].
    /// At most one unfinished run comes of each schedule. Leaves runs of the job types in `except` to
    /// others. May come back with what waits already, and do the rest at the next claim: only one that
    /// brings nothing says that there is nothing.
    ///
    /// # Errors
    /// The database's. What was taken all the same comes back by [`Engine::give_up_unlisted`].
    pub async fn claim(
        &self,
        owner: &str,
        limit: u32,
        lease: Duration,
        except: &[String],
    ) -> Result<Vec<ClaimedRun>> {
        self.store.claim(owner, limit, lease, except).await
    }

    /// How long until [`Engine::claim`] of `owner` may find something; `None` when nothing is in sight.
    ///
    /// # Errors
    /// The database's.
    pub async fn next_due(&self, owner: &str, except: &[String]) -> Result<Option<Duration>> {
        self.store.next_due(owner, except).await
    }

    /// Prolongs the leases of one owner to `duration` from now; says for each what became of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn renew(&self, leases: &[Lease], duration: Duration) -> Result<Vec<Renewal>> {
        self.store.renew(leases, duration).await
    }

    /// Gives up the runs that are leased to `owner` and are not among `listed`, as if their leases had
    /// expired; returns how many. `owner` has lost track of them: an end that could not be stored, or a
    /// claim whose answer did not arrive. No claim of `owner` may be under way.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_up_unlisted(&self, owner: &str, listed: &[Lease]) -> Result<u64> {
        self.store.give_up_unlisted(owner, listed).await
    }

    /// Run done, plugin's staged writes, downstream due, event appended: one transaction.
    ///
    /// # Errors
    /// [`StoreError::LostLease`](cascade_store::StoreError::LostLease),
    /// [`StoreError::Staged`](cascade_store::StoreError::Staged) for a write of the plugin that was
    /// refused, or the database's.
    pub async fn complete(&self, lease: &Lease, success: Success) -> Result<Completed> {
        self.store.complete(lease, texts::of_success(success)).await
    }

    /// As [`Engine::complete`] for many runs of one owner that trigger nothing and have staged nothing,
    /// in one commit. Returns their events, with ids; none for a run whose lease is lost.
    ///
    /// # Errors
    /// The database's; then none is stored.
    pub async fn complete_all(&self, done: &[Done]) -> Result<Vec<Option<Event>>> {
        self.store.complete_all(&texts::of_done(done)).await
    }

    /// Ends an attempt: retryable, or failed with an event.
    ///
    /// # Errors
    /// [`StoreError::LostLease`](cascade_store::StoreError::LostLease), or the database's.
    pub async fn fail(&self, lease: &Lease, fault: Fault) -> Result<Failed> {
        self.store.fail(lease, texts::of_fault(fault)).await
    }

    /// Ends a run that stopped because it was asked to.
    ///
    /// # Errors
    /// [`StoreError::LostLease`](cascade_store::StoreError::LostLease), or the database's.
    pub async fn cancel(&self, lease: &Lease) -> Result<()> {
        self.store.cancel(lease).await
    }

    /// Gives a run back unfinished; the attempt does not count.
    ///
    /// # Errors
    /// [`StoreError::LostLease`](cascade_store::StoreError::LostLease), or the database's.
    pub async fn release(&self, lease: &Lease) -> Result<()> {
        self.store.release(lease).await
    }

    /// Keeps log lines and the latest progress of a run.
    ///
    /// # Errors
    /// The database's.
    pub async fn record(
        &self,
        run: Uuid,
        logs: Vec<LogLine>,
        progress: Option<Progress>,
    ) -> Result<()> {
        let logs = logs.into_iter().map(texts::of_line).collect();
        self.store.record(run, logs, progress.map(texts::of_progress)).await
    }

    /// Runs a scheduled job as soon as it may: now, by the run of it that waits already, or once more
    /// after its current run, however many ask meanwhile. Workers of other processes are told. The run of
    /// a paused job waits until the job is resumed.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`](cascade_store::StoreError::NotScheduled), or
    /// [`StoreError::WrongState`](cascade_store::StoreError::WrongState) for a job that jobs.toml
    /// disables.
    pub async fn run_now(&self, job: &str, project: Uuid) -> Result<RunNow> {
        self.store.run_now(texts::of_job(job)?, project).await
    }

    /// Cancels a run that waits, or asks for the end of one that runs.
    ///
    /// # Errors
    /// [`StoreError::NoRun`](cascade_store::StoreError::NoRun), or
    /// [`StoreError::WrongState`](cascade_store::StoreError::WrongState) when it has ended.
    pub async fn request_cancel(&self, visible: &Visible, run: Uuid) -> Result<CancelRequest> {
        self.store.request_cancel(visible, run).await
    }

    /// Gives a failed or cancelled run one more attempt, now.
    ///
    /// # Errors
    /// [`StoreError::NoRun`](cascade_store::StoreError::NoRun), or
    /// [`StoreError::WrongState`](cascade_store::StoreError::WrongState) when it has not failed, the job
    /// has another unfinished run, or jobs.toml disables the job.
    pub async fn retry(&self, visible: &Visible, run: Uuid) -> Result<()> {
        self.store.retry(visible, run).await
    }

    /// Pauses or resumes a scheduled job. Nothing of a paused job starts: its timers and cascades do
    /// nothing, and its runs that wait, to be tried again or for the first time, wait on.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`](cascade_store::StoreError::NotScheduled), or the database's.
    pub async fn set_status(
        &self,
        job: &str,
        project: Uuid,
        status: ScheduledStatus,
    ) -> Result<()> {
        self.store.set_status(texts::of_job(job)?, project, status).await
    }
}
