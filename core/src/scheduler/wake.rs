use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::Notify;
use uuid::Uuid;

use super::Leases;
use crate::bus;

/// Wakes workers: something may be due, or a run is to be cancelled. In this process at once; in
/// others, if there are any, by a notification through the database. A lost one costs latency: the
/// tick and the renewal of leases find out.
#[derive(Clone, Default)]
pub struct Wake {
    notify: Arc<Notify>,
    leases: Leases,
    peers: Option<PgPool>,
}

impl Wake {
    /// Reaches the workers of other processes too.
    pub fn with_peers(pool: PgPool) -> Self {
        Self { peers: Some(pool), ..Self::default() }
    }

    /// Wakes this process' worker now, or keeps it from falling asleep.
    pub fn wake(&self) {
        self.notify.notify_one();
    }

    /// Wakes every worker.
    pub async fn wake_all(&self) {
        self.wake();
        self.tell_peers("look").await;
    }

    /// Wakes the workers of other processes, without waiting for it.
    pub fn wake_peers(&self) {
        if self.peers.is_some() {
            let wake = self.clone();
            tokio::spawn(async move { wake.tell_peers("look").await });
        }
    }

    /// Has a running run stopped, whichever worker holds it.
    pub async fn cancel(&self, run: Uuid) {
        if !self.leases.cancel(run) {
            self.tell_peers(&format!("cancel {run}")).await;
        }
    }

    /// What another process said.
    pub fn hear(&self, signal: &str) {
        match signal.strip_prefix("cancel ").map(str::parse) {
            Some(Ok(run)) => {
                self.leases.cancel(run);
            }
            _ => self.wake(),
        }
    }

    /// The runs that this process holds.
    pub(super) fn leases(&self) -> &Leases {
        &self.leases
    }

    pub(super) async fn woken(&self) {
        self.notify.notified().await;
    }

    async fn tell_peers(&self, signal: &str) {
        let Some(pool) = &self.peers else { return };
        if let Err(error) = bus::signal(pool, signal).await {
            tracing::warn!(%error, "workers of other processes were not told");
        }
    }
}
