use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cascade_config::{Config, LiveConfig};
use cascade_model::{HeldLease, Lease, Renewal};
use cascade_sdk::Statement;
use cascade_store::{Result, Store};

use crate::{
    figures::RunCounts,
    reconcile::{Applied, reconcile},
    rotation::Rotation,
};

/// The life of a run: who makes one, who may work on it, and what its end leads to.
///
/// Cheap to clone; all clones work on one store. What only reads asks [`Engine::store`].
#[derive(Clone)]
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    /// Of the audit log; written with each action.
    pub(crate) entry: Option<Statement>,
    /// Who asks for runs of schedules.
    pub(crate) by: Option<String>,
    pub(crate) applied: Arc<Applied>,
    pub(crate) rotation: Arc<Mutex<Rotation>>,
    /// Says what follows runs that nobody else ends.
    pub(crate) config: Option<LiveConfig>,
    pub(crate) counts: RunCounts,
}

impl Engine {
    /// Works on `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let (applied, rotation, counts) = Default::default();
        Self { store, entry: None, by: None, applied, rotation, config: None, counts }
    }

    /// The same engine, which takes the edges of `config` after the failures of runs that were lost.
    pub fn following(self, config: LiveConfig) -> Self {
        Self { config: Some(config), ..self }
    }

    /// The same engine, which notes that `by` asks for runs.
    pub fn asked_by(&self, by: &str) -> Self {
        Self { by: Some(by.to_owned()), ..self.clone() }
    }

    /// The database beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What this process has counted of how runs end.
    pub fn counts(&self) -> &RunCounts {
        &self.counts
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

    /// Whether the end of a run of one of these jobs may let a run of another job begin, which only another worker
    /// may have: they share limits.
    pub(crate) fn ends_open_shared_limits<'a>(
        &self,
        mut jobs: impl Iterator<Item = &'a str>,
    ) -> bool {
        let Some(config) = self.config.as_ref().map(LiveConfig::current) else { return false };
        if config.limits.is_empty() {
            return false;
        }
        jobs.any(|job| config.jobs.get(job).is_some_and(|settings| !settings.limits.is_empty()))
    }

    /// Prolongs the leases of one owner on runs that have begun to `duration` from now; says for each what became of
    /// it. If the owner is lost from now on, their attempts are used up.
    ///
    /// # Errors
    /// The database's.
    pub async fn renew(&self, leases: &[Lease], duration: Duration) -> Result<Vec<Renewal>> {
        let begun: Vec<_> = leases.iter().map(HeldLease::begun).collect();
        self.renew_held(&begun, duration).await
    }

    /// As [`Engine::renew`], of which some have not begun.
    ///
    /// # Errors
    /// The database's.
    pub async fn renew_held(&self, held: &[HeldLease], duration: Duration) -> Result<Vec<Renewal>> {
        self.store.renew(held, duration).await
    }
}
