use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::OwnedRwLockReadGuard;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::{Engine, runner::Runner};
use cascade_model::{HeldLease, Lease, Renewal};

/// A run that began less than this ago is young: most that end their process do so by then.
const YOUNG: Duration = Duration::from_secs(1);

/// How long a renewal waits for the claim that is under way.
const CLAIM_WITHIN: Duration = Duration::from_secs(1);

/// The runs that this process holds, whether they run, wait here to run, or wait to be stored as done.
/// All their leases are prolonged together.
#[derive(Clone, Default)]
pub struct Leases {
    entries: Arc<Mutex<HashMap<Uuid, Entry>>>,
    /// How often one was held: tells apart two leases of one attempt, the first of which was lost while this process
    /// stood still.
    held: Arc<AtomicU64>,
    /// Read from before a claim, or an end that begins with the next runs, until all that it brought is listed in
    /// `entries`; a renewal writes.
    claiming: Arc<tokio::sync::RwLock<()>>,
}

struct Entry {
    lease: Lease,
    number: u64,
    /// When its run began here.
    began: Option<Instant>,
    cancel: CancellationToken,
    lost: CancellationToken,
    ended: CancellationToken,
}

/// A claim is under way.
pub(crate) type Claiming = OwnedRwLockReadGuard<()>;

impl Leases {
    /// From now until the answer is dropped, the lease is prolonged. An earlier attempt of the run that
    /// is still held here has lost its lease, and is told so.
    pub(crate) fn hold(&self, lease: &Lease) -> Held {
        let [cancel, lost, ended] = std::array::from_fn(|_| CancellationToken::new());
        let number = self.held.fetch_add(1, Ordering::Relaxed);
        let entry = Entry {
            lease: lease.clone(),
            number,
            began: None,
            cancel: cancel.clone(),
            lost: lost.clone(),
            ended: ended.clone(),
        };
        let earlier = self.entries().insert(lease.run_id, entry).map(|earlier| {
            earlier.lost.cancel();
            earlier.ended
        });
        Held {
            cancel,
            lost,
            earlier,
            run: lease.run_id,
            number,
            leases: self.clone(),
            _ended: ended.drop_guard(),
        }
    }

    /// Asks a run that is held here to stop; false when it is not held here.
    pub(crate) fn cancel(&self, run: Uuid) -> bool {
        self.entries().get(&run).inspect(|entry| entry.cancel.cancel()).is_some()
    }

    /// To be called before a claim; what comes of it is dropped once [`hold`](Self::hold) was called for
    /// each run that the claim brought. A renewal in between would take these for runs that this
    /// process has lost track of.
    pub(super) async fn begin_claim(&self) -> Claiming {
        self.claiming.clone().read_owned().await
    }

    /// As [`begin_claim`](Self::begin_claim), where nobody waits for it: `None` during a renewal.
    pub(crate) fn try_begin_claim(&self) -> Option<Claiming> {
        self.claiming.clone().try_read_owned().ok()
    }

    /// Whether a young run is still held.
    pub(super) fn has_young(&self) -> bool {
        self.entries().values().any(|entry| entry.began.is_some_and(is_young))
    }

    /// To be called before a run begins alone, as soon as no other is young: from now on the loss of this process uses
    /// up its attempt, and those of the others that have begun. Whether it is still held.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn begin_alone(
        &self,
        engine: &Engine,
        lease: &Lease,
        duration: Duration,
    ) -> cascade_store::Result<bool> {
        let held = self.held().into_iter().filter(|held| held.begun || held.lease == *lease);
        let begun: Vec<_> = held.map(|held| held.lease).collect();
        let mut is_held = false;
        for (begun, renewal) in begun.iter().zip(engine.renew(&begun, duration).await?) {
            self.renewed(begun, renewal);
            is_held |= begun == lease && renewal != Renewal::Lost;
        }
        Ok(is_held)
    }

    /// All of them, in the order in which ends are stored, so that a renewal and an end do not wait for each other.
    fn held(&self) -> Vec<HeldLease> {
        let entries = self.entries();
        let held = entries.values().map(|entry| HeldLease {
            lease: entry.lease.clone(),
            begun: entry.began.is_some_and(|began| !is_young(began)),
        });
        let mut held: Vec<_> = held.collect();
        held.sort_by_key(|held| held.lease.run_id);
        held
    }

    /// Prolongs them all to `duration` from now, every third of it, for ever.
    pub(super) async fn keep(&self, runner: &Runner, owner: &str, duration: Duration) {
        loop {
            tokio::time::sleep(duration / 3).await;
            // A claim that takes long must not cost the leases on everything else.
            let none_claims = self.claiming.write();
            let claiming = tokio::time::timeout(CLAIM_WITHIN, none_claims).await.ok();
            let listed = self.renew(&runner.engine, duration).await;
            if claiming.is_none() {
                continue;
            }
            match runner.engine.give_up_unlisted(owner, &listed).await {
                Ok(0) => {}
                Ok(runs) => {
                    tracing::warn!(runs, worker = owner, "runs that were lost track of go back");
                    runner.wake.wake();
                    runner.wake.wake_peers();
                    runner.announcer.announce();
                }
                // The next renewal tries again.
                Err(error) => tracing::warn!(%error, "lost runs not looked for"),
            }
        }
    }

    /// Prolongs them all, and says which that was.
    async fn renew(&self, engine: &Engine, duration: Duration) -> Vec<Lease> {
        let held = self.held();
        match engine.renew_held(&held, duration).await {
            Ok(renewals) => {
                for (held, renewal) in held.iter().zip(renewals) {
                    self.renewed(&held.lease, renewal);
                }
            }
            // Two more tries fit into the lease.
            Err(error) => tracing::warn!(%error, "leases not renewed"),
        }
        held.into_iter().map(|held| held.lease).collect()
    }

    fn renewed(&self, lease: &Lease, renewal: Renewal) {
        let entries = self.entries();
        // It may have ended, or begun again, since it was asked for.
        let Some(entry) = entries.get(&lease.run_id).filter(|e| e.lease == *lease) else { return };
        match renewal {
            Renewal::Held => {}
            // The request itself may have been lost on its way.
            Renewal::CancelRequested => entry.cancel.cancel(),
            Renewal::Lost => entry.lost.cancel(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_young(began: Instant) -> bool {
    began.elapsed() < YOUNG
}

/// A run that this process holds.
pub(crate) struct Held {
    /// Set when the run is to stop.
    pub cancel: CancellationToken,
    /// Set when somebody else has the run by now.
    pub lost: CancellationToken,
    /// Set when the earlier attempt of this run is over that was still held here, if one was: this one
    /// is not to begin before.
    pub earlier: Option<CancellationToken>,
    run: Uuid,
    number: u64,
    leases: Leases,
    _ended: DropGuard,
}

impl Held {
    /// To be called when its run begins.
    pub fn begin(&self) {
        if let Some(entry) = self.leases.entries().get_mut(&self.run)
            && entry.number == self.number
        {
            entry.began.get_or_insert_with(Instant::now);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut entries = self.leases.entries();
        if entries.get(&self.run).is_some_and(|entry| entry.number == self.number) {
            entries.remove(&self.run);
        }
    }
}

#[cfg(test)]
mod tests {
    use cascade_model::RunKind;

    use super::*;

    fn lease(attempt: u32) -> Lease {
        Lease { run_id: Uuid::nil(), kind: RunKind::Schedule, owner: "w".into(), attempt }
    }

    #[test]
    fn an_earlier_attempt_is_told_and_the_next_knows_when_it_is_over() {
        let leases = Leases::default();
        let first = leases.hold(&lease(1));
        assert!(first.earlier.is_none());
        let second = leases.hold(&lease(2));
        let earlier = second.earlier.clone().unwrap();
        assert!(first.lost.is_cancelled() && !second.lost.is_cancelled());
        assert!(!earlier.is_cancelled());
        drop(first);
        assert!(earlier.is_cancelled());
        // What is said of the run concerns the attempt that is held.
        leases.renewed(&lease(1), Renewal::Lost);
        assert!(!second.lost.is_cancelled());
        assert!(leases.cancel(Uuid::nil()) && second.cancel.is_cancelled());
        drop(second);
        assert!(!leases.cancel(Uuid::nil()));
    }

    /// An attempt that was given up without being used up is begun again with the same number.
    #[test]
    fn a_second_lease_of_one_attempt_outlives_the_first() {
        let leases = Leases::default();
        let first = leases.hold(&lease(1));
        first.begin();
        let second = leases.hold(&lease(1));
        assert!(first.lost.is_cancelled() && !second.lost.is_cancelled());
        first.begin();
        assert!(!leases.has_young(), "the second has not begun");
        drop(first);
        assert!(leases.cancel(Uuid::nil()), "the second is still held");
        second.begin();
        assert!(leases.has_young());
        assert_eq!(leases.held(), [HeldLease { lease: lease(1), begun: false }]);
        let before = Instant::now().checked_sub(YOUNG).unwrap();
        leases.entries().get_mut(&Uuid::nil()).unwrap().began = Some(before);
        assert!(!leases.has_young());
        assert_eq!(leases.held(), [HeldLease::begun(&lease(1))]);
    }
}
