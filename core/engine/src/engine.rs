use std::{sync::Arc, time::Duration};

use cascade_config::Config;
use cascade_model::{CancelRequest, ClaimedRun, Lease, Renewal, RunNow, ScheduledStatus, Visible};
use cascade_sdk::Statement;
use cascade_store::{Claimed, Result, Store};
use uuid::Uuid;

use crate::texts;

/// The life of a run: who makes one, who may work on it, and what its end leads to.
///
/// Cheap to clone; all clones work on one store. What only reads asks [`Engine::store`].
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
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
        let Claimed { mut runs, unresponsive } =
            self.store.claim(owner, limit, lease, except).await?;
        if !unresponsive {
            return Ok(runs);
        }
        let again = async {
            self.give_up_unresponsive(owner, lease).await?;
            let rest = limit.saturating_sub(u32::try_from(runs.len()).unwrap_or(u32::MAX));
            if rest == 0 {
                return Ok(Vec::new());
            }
            Result::Ok(self.store.claim(owner, rest, lease, except).await?.runs)
        };
        match again.await {
            Ok(more) => runs.extend(more),
            Err(error) if runs.is_empty() => return Err(error),
            // What was claimed before is not lost with it; the next claim tries again.
            Err(error) => tracing::warn!(%error, "expired leases not looked after"),
        }
        // The longest-waiting run starts first.
        runs.sort_by_key(|run| run.lease.run_id);
        Ok(runs)
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
