//! Tells event hubs that the outbox has news. The outbox is the truth: a message lost here costs
//! latency, never an event.
//!
//! ```text
//!   worker ── publish ──► Redis  ── subscribe ──► server      while Redis answers
//!                └──────► pg_notify ── LISTEN ──► server      while it does not
//! ```
//! Servers listen to both at all times and look at the outbox for each message, whatever it says: only
//! the outbox knows what is new. So neither a message of somebody else on a shared server nor one of
//! before a restore can keep a later one from being heard.

mod announcer;
mod backoff;
mod failover;
mod memory;
mod postgres;
mod redis;

use async_trait::async_trait;
use serde::Serialize;
use tokio::sync::watch;

pub use announcer::Announcer;
pub use backoff::{Reconnect as Backoff, jitter};
pub use failover::FailoverBus;
pub use memory::MemoryBus;
pub use postgres::PostgresLink;
pub use postgres::signal;
pub use redis::{RedisPublisher, RedisSubscriber};

use cascade_model::{Event, JobCompleted};

/// The channel of PostgreSQL, where each database has its own; on Redis the end of the channel's name.
const CHANNEL: &str = JobCompleted::KIND;

/// The channel on Redis, which installations may share: `cascade:ID:job_completed`.
fn redis_channel(installation: &str) -> String {
    format!("cascade:{installation}:{CHANNEL}")
}

/// What carries events to this process now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BusState {
    /// Whether anything does. If not, hubs look at the outbox every second.
    pub connected: bool,
    /// `redis`, `postgres`, `memory` or `none`.
    pub bus: &'static str,
    /// Whether a better one is set up and does not answer.
    pub degraded: bool,
}

/// Carries "look now" from whoever ends a run to every event hub.
#[async_trait]
pub trait Bus: Send + Sync {
    /// What carries events now, and each change of it.
    fn state(&self) -> watch::Receiver<BusState>;

    /// Says that these events are in the outbox. Never fails: the outbox has them.
    async fn publish(&self, events: &[Event]);

    /// Changes whenever the outbox may have news.
    fn subscribe(&self) -> watch::Receiver<()>;
}

/// The worker of this process, which listens to what other processes say.
pub trait WorkerSignals: Send + Sync {
    /// Something may be due.
    fn look(&self);

    /// What another process said: see [`signal`].
    fn hear(&self, signal: &str);
}

/// An event as it travels on the bus: what the browser gets, and the outbox `id`.
fn message(event: &Event) -> String {
    match serde_json::from_str::<serde_json::Value>(&event.payload) {
        Ok(mut payload) if payload.is_object() => {
            payload["id"] = event.id.into();
            payload.to_string()
        }
        _ => id_alone(event.id),
    }
}

/// All that a hub needs.
fn id_alone(id: i64) -> String {
    serde_json::json!({"id": id}).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_message_is_the_payload_and_the_id() {
        let event = Event {
            id: 7,
            project_id: uuid::Uuid::nil(),
            kind: CHANNEL.into(),
            payload: r#"{"job_type":"a","status":"ok"}"#.into(),
            age: Duration::ZERO,
        };
        assert_eq!(message(&event), r#"{"job_type":"a","status":"ok","id":7}"#);
    }
}
