use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Bus;
use cascade_model::Event;
use cascade_store::Store;

/// The pause after the database did not answer.
const AGAIN: Duration = Duration::from_millis(500);

/// The pause after news were published: those of the next few ms go together, as each costs whoever
/// listens a look at the outbox.
const GATHER: Duration = Duration::from_millis(5);

/// Publishes the events of the runs that this process ends, and numbers those that have no id yet:
/// those that end while it is at work go together with the next round.
#[derive(Clone, Default)]
pub struct Announcer(Arc<News>);

#[derive(Default)]
struct News {
    notify: Notify,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    numbered: Vec<Event>,
    /// There are events that are not numbered.
    pending: bool,
}

impl Announcer {
    /// Says that a run has ended whose event has no id yet.
    pub fn announce(&self) {
        self.tell(|heard| heard.pending = true);
    }

    /// Says that these events are in the outbox.
    pub fn announce_these(&self, events: Vec<Event>) {
        if !events.is_empty() {
            self.tell(|heard| heard.numbered.extend(events));
        }
    }

    fn tell(&self, what: impl FnOnce(&mut Heard)) {
        what(&mut self.0.heard.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.notify.notify_one();
    }

    fn heard(&self) -> Heard {
        std::mem::take(&mut *self.0.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works until `stop`, and then once more for what ended last.
    pub async fn run(self, store: Arc<dyn Store>, bus: Arc<dyn Bus>, stop: CancellationToken) {
        let mut again = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.0.notify.notified() => {}
                () = tokio::time::sleep(AGAIN), if again => {}
            }
            let Heard { mut numbered, pending } = self.heard();
            if pending || again {
                let found = store.number_events().await;
                again = found.is_err();
                match found {
                    Ok(events) => numbered.extend(events),
                    // A hub that looks at the outbox does it in our place, if we never can.
                    Err(error) => tracing::warn!(%error, "events were not published yet"),
                }
            }
            if !numbered.is_empty() {
                bus.publish(&numbered).await;
            }
            if stop.is_cancelled() {
                return;
            }
            tokio::time::sleep(GATHER).await;
        }
    }
}
