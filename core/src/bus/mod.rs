//! Tells event hubs that the outbox has news. The outbox is the truth: a message lost here costs
//! latency, never an event.

mod memory;

use async_trait::async_trait;
use tokio::sync::watch;

pub use memory::MemoryBus;

/// Carries "look now" from whoever completes a run to every event hub.
#[async_trait]
pub trait Bus: Send + Sync {
    /// `redis`, `postgres` or `memory`.
    fn name(&self) -> &'static str;

    /// Whether messages get through at present.
    fn connected(&self) -> bool;

    /// Says that the event with this outbox id is there. Never fails: the outbox has it.
    async fn publish(&self, event_id: i64);

    /// The greatest id published so far, and each change of it.
    fn subscribe(&self) -> watch::Receiver<i64>;
}
