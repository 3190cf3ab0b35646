use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::access::Accounts;

/// How soon open streams hear that somebody may see less: what they see must end within 2 s.
const LOOK: Duration = Duration::from_secs(1);

/// Tells open streams when to look again at who they belong to. One query a second for all of a
/// process, and none while no stream is open.
pub struct AccessWatch(watch::Sender<i64>);

impl Default for AccessWatch {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl AccessWatch {
    /// Changes when some access was taken away.
    pub fn subscribe(&self) -> watch::Receiver<i64> {
        self.0.subscribe()
    }

    /// Looks until `stop`.
    pub async fn follow(&self, accounts: Accounts, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            if self.0.receiver_count() == 0 {
                continue;
            }
            match accounts.version().await {
                Ok(now) => {
                    self.0.send_if_modified(|seen| std::mem::replace(seen, now) != now);
                }
                Err(error) => tracing::warn!(%error, "access rights could not be looked at"),
            }
        }
    }
}
