use async_trait::async_trait;
use tokio::sync::watch;

use super::{Bus, BusState};
use cascade_model::Event;

/// Within one process: the embedded default.
pub struct MemoryBus {
    state: watch::Sender<BusState>,
    heard: watch::Sender<()>,
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
        if !events.is_empty() {
            self.heard.send_replace(());
        }
    }

    fn subscribe(&self) -> watch::Receiver<()> {
        self.heard.subscribe()
    }
}
