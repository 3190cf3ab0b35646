use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::PgPool;
use tokio::sync::Notify;
use uuid::Uuid;

use super::Leases;
use crate::runner::in_use::InUse;
use cascade_bus::{self as bus, WorkerSignals};

/// Wakes workers: something may be due, or a run is to be cancelled. In this process at once; in
/// others, if there are any, by a notification through the database. A lost one costs latency: the
/// tick and the renewal of leases find out.
#[derive(Clone, Default)]
pub struct Wake {
    notify: Arc<Notify>,
    asked: Arc<Notify>,
    has_asked: Arc<AtomicBool>,
    leases: Leases,
    peers: Option<PgPool>,
    telling: Arc<Mutex<Telling>>,
    draining: Arc<AtomicBool>,
    presence: Arc<Notify>,
    in_use: InUse,
    wakes_soon: Arc<AtomicBool>,
}

/// Whether peers are being told to look.
#[derive(Default, PartialEq)]
enum Telling {
    #[default]
    No,
    Yes,
    /// And once more after that.
    Again,
}

/// Asks the workers of other processes to tell of themselves; an older version takes it for "look".
const PRESENCE: &str = "presence";

/// The pause between two words to peers: a notification wakes every one of them.
const BETWEEN: Duration = Duration::from_millis(50);

/// How long a claim waits for the run that has begun with the end of another: both would share the database, and that
/// run, which is all that is known to wait, would take twice as long to end. As long waits the claim after an end that
/// nothing is known to wait for: it is for all that end until then.
const BESIDE_NEXT: Duration = Duration::from_millis(10);

/// An application has asked for a run; an older version takes it for "look".
const ASKED: &str = "asked";

/// When a worker looks once more after [`ASKED`], each time from the look before. Of applications that commit at one time
/// only some notify (migration 0420), and the commit of another may come a little later.
const SECOND_LOOKS: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(225)];

impl Wake {
    /// Reaches the workers of other processes too.
    pub fn with_peers(pool: PgPool) -> Self {
        Self { peers: Some(pool), ..Self::default() }
    }

    /// Wakes this process' worker now, or keeps it from falling asleep.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Wakes this process' worker, as a caller has asked for a run: its next claim looks for that first.
    pub fn wake_for_caller(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Whether a caller has asked since the last call.
    pub(super) fn caller_has_asked(&self) -> bool {
        self.has_asked.swap(false, Ordering::Relaxed)
    }

    /// Wakes this process' worker after [`BESIDE_NEXT`]: once, however often it is asked for until then.
    pub(crate) fn wake_soon(&self) {
        if self.wakes_soon.swap(true, Ordering::Relaxed) {
            return;
        }
        let wake = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(BESIDE_NEXT).await;
            wake.wakes_soon.store(false, Ordering::Relaxed);
            wake.wake();
        });
    }

    /// Wakes every worker.
    pub async fn wake_all(&self) {
        self.wake();
        self.tell_peers("look").await;
    }

    /// Wakes the workers of other processes, without waiting for it.
    pub fn wake_peers(&self) {
        if self.peers.is_none() {
            return;
        }
        let mut telling = self.telling();
        if *telling != Telling::No {
            *telling = Telling::Again;
            return;
        }
        *telling = Telling::Yes;
        let wake = self.clone();
        tokio::spawn(async move {
            loop {
                wake.tell_peers("look").await;
                tokio::time::sleep(BETWEEN).await;
                let mut telling = wake.telling();
                *telling = if *telling == Telling::Again { Telling::Yes } else { Telling::No };
                if *telling == Telling::No {
                    return;
                }
            }
        });
    }

    fn telling(&self) -> MutexGuard<'_, Telling> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a running run stopped, whichever worker holds it.
    pub async fn cancel(&self, run: Uuid) {
        if !self.leases.cancel(run) {
            self.tell_peers(&format!("cancel {run}")).await;
        }
    }

    /// Has every worker tell of itself, ask the database whether it is to take runs, and look which others are there.
    pub async fn ask_for_presence(&self) {
        self.presence.notify_one();
        self.tell_peers(PRESENCE).await;
    }

    pub(super) async fn asked_for_presence(&self) {
        self.presence.notified().await;
    }

    /// From now on this process' worker takes no runs, or takes them again; `false` if that was so before.
    pub(super) fn drain(&self, drain: bool) -> bool {
        let changed = self.draining.swap(drain, Ordering::Relaxed) != drain;
        if changed {
            self.wake();
        }
        changed
    }

    /// Whether this process' worker takes no more runs.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// The runs of this process that are measured.
    pub(crate) fn in_use(&self) -> &InUse {
        &self.in_use
    }

    /// The runs that this process holds.
    pub(crate) fn leases(&self) -> &Leases {
        &self.leases
    }

    pub(super) async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Wakes this process' worker after each of [`SECOND_LOOKS`] when an application has asked for a run, for ever. What
    /// is asked for meanwhile is looked for after these.
    pub(super) async fn look_again(&self) {
        loop {
            self.asked.notified().await;
            for pause in SECOND_LOOKS {
                tokio::time::sleep(pause).await;
                self.wake();
            }
        }
    }

    async fn tell_peers(&self, signal: &str) {
        let Some(pool) = &self.peers else { return };
        if let Err(error) = bus::signal(pool, signal).await {
            tracing::warn!(%error, "workers of other processes were not told");
        }
    }
}

impl WorkerSignals for Wake {
    fn look(&self) {
        self.wake();
    }

    fn hear(&self, signal: &str) {
        if signal == PRESENCE {
            self.presence.notify_one();
            return;
        }
        match signal.strip_prefix("cancel ").map(str::parse) {
            Some(Ok(run)) => {
                self.leases.cancel(run);
            }
            _ if signal == ASKED => {
                self.wake_for_caller();
                self.asked.notify_one();
            }
            _ => self.wake(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_looks_again_after_what_an_application_has_asked_for() {
        let wake = Wake::default();
        let again = wake.clone();
        let again = tokio::spawn(async move { again.look_again().await });
        for _ in 0..2 {
            wake.hear(ASKED);
            wake.woken().await;
            let second = tokio::time::timeout(Duration::from_secs(60), wake.woken());
            second.await.expect("a second look");
        }
        again.abort();
    }
}
