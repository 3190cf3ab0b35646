use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Bus;
use crate::store::Store;

/// The pause after the database did not answer.
const AGAIN: Duration = Duration::from_millis(500);

/// Numbers and publishes the events of the runs that this process ends: those that end while it is
/// at work go together with the next round.
#[derive(Clone, Default)]
pub struct Announcer(Arc<Notify>);

impl Announcer {
    /// Says that a run has ended.
    pub fn announce(&self) {
        self.0.notify_one();
    }

    /// Works until `stop`, and then once more for what ended last.
    pub async fn run(self, store: Arc<dyn Store>, bus: Arc<dyn Bus>, stop: CancellationToken) {
        let mut again = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.0.notified() => {}
                () = tokio::time::sleep(AGAIN), if again => {}
            }
            let numbered = store.number_events().await;
            again = numbered.is_err();
            match numbered {
                Ok(events) if events.is_empty() => {}
                Ok(events) => bus.publish(&events).await,
                // A hub that looks at the outbox does it in our place, if we never can.
                Err(error) => tracing::warn!(%error, "events were not published yet"),
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }
}
