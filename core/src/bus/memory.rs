use async_trait::async_trait;
use tokio::sync::watch;

use super::{Bus, BusState, hear};
use crate::store::Event;

/// Within one process: the embedded default.
pub struct MemoryBus {
    state: watch::Sender<BusState>,
    heard: watch::Sender<i64>,
}

impl Default for MemoryBus {
    fn default() -> Self {
        let state = BusState { connected: true, bus: "memory", degraded: false };
        Self { state: watch::Sender::new(state), heard: watch::Sender::default() }
    }
}

#[async_trait]
impl Bus for MemoryBus {
    fn state(&self) -> watch::Receiver<BusState> {
        self.state.subscribe()
    }

    async fn publish(&self, events: &[Event]) {
        if let Some(newest) = events.iter().map(|event| event.id).max() {
            hear(&self.heard, Some(newest));
        }
    }

    fn subscribe(&self) -> watch::Receiver<i64> {
        self.heard.subscribe()
    }
}
