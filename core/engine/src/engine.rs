use std::{sync::Arc, time::Duration};

use cascade_config::Config;
use cascade_model::{ClaimedRun, Lease, Renewal};
use cascade_sdk::Statement;
use cascade_store::{Claimed, Result, Store};

use crate::reconcile::{Applied, reconcile};

/// The life of a run: who makes one, who may work on it, and what its end leads to.
///
/// Cheap to clone; all clones work on one store. What only reads asks [`Engine::store`].
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    /// Of the audit log; written with each action.
    pub(crate) entry: Option<Statement>,
    pub(crate) applied: Arc<Applied>,
}

impl Engine {
    /// Works on `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, entry: None, applied: Arc::default() }
    }

    /// The database beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Makes projects and scheduled jobs what `config` says, in pages of rows with a transaction each: no
    /// other writer waits for long. What a failure leaves undone is done by the next call. A timer that is
    /// new and that nothing triggers is due at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn reconcile(&self, config: &Config) -> Result<()> {
        reconcile(&*self.store, &self.applied, config).await
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
}
