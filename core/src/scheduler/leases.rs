use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::store::{Lease, Renewal, Store};

/// The runs that this process holds, whether they run, wait here to run, or wait to be stored as done.
/// All their leases are prolonged together.
#[derive(Clone, Default)]
pub struct Leases(Arc<Mutex<HashMap<Uuid, Entry>>>);

struct Entry {
    lease: Lease,
    cancel: CancellationToken,
    lost: CancellationToken,
}

impl Leases {
    /// From now until the answer is dropped, the lease is prolonged.
    pub(crate) fn hold(&self, lease: &Lease) -> Held {
        let (cancel, lost) = (CancellationToken::new(), CancellationToken::new());
        let entry = Entry { lease: lease.clone(), cancel: cancel.clone(), lost: lost.clone() };
        self.entries().insert(lease.run_id, entry);
        Held { cancel, lost, run: lease.run_id, attempt: lease.attempt, leases: self.clone() }
    }

    /// Asks a run that is held here to stop; false when it is not held here.
    pub(crate) fn cancel(&self, run: Uuid) -> bool {
        self.entries().get(&run).inspect(|entry| entry.cancel.cancel()).is_some()
    }

    /// Prolongs them all to `duration` from now, every third of it, for ever.
    pub(super) async fn keep(&self, store: &dyn Store, duration: Duration) {
        loop {
            tokio::time::sleep(duration / 3).await;
            let mut leases: Vec<_> = self.entries().values().map(|e| e.lease.clone()).collect();
            // In the order in which successes are stored, so that the two do not wait for each other.
            leases.sort_by(|a, b| (&a.owner, a.run_id).cmp(&(&b.owner, b.run_id)));
            for leases in leases.chunk_by(|a, b| a.owner == b.owner) {
                match store.renew(leases, duration).await {
                    Ok(renewals) => {
                        for (lease, renewal) in leases.iter().zip(renewals) {
                            self.renewed(lease, renewal);
                        }
                    }
                    // Two more tries fit into the lease.
                    Err(error) => tracing::warn!(%error, "leases not renewed"),
                }
            }
        }
    }

    fn renewed(&self, lease: &Lease, renewal: Renewal) {
        let entries = self.entries();
        // It may have ended, or begun anew, since it was asked for.
        let Some(entry) = entries.get(&lease.run_id).filter(|e| e.lease == *lease) else { return };
        match renewal {
            Renewal::Held => {}
            // The request itself may have been lost on its way.
            Renewal::CancelRequested => entry.cancel.cancel(),
            Renewal::Lost => entry.lost.cancel(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that this process holds.
pub(crate) struct Held {
    /// Set when the run is to stop.
    pub cancel: CancellationToken,
    /// Set when somebody else has the run by now.
    pub lost: CancellationToken,
    run: Uuid,
    attempt: u32,
    leases: Leases,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut entries = self.leases.entries();
        if entries.get(&self.run).is_some_and(|entry| entry.lease.attempt == self.attempt) {
            entries.remove(&self.run);
        }
    }
}
