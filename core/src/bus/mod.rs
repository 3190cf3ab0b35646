//! Tells event hubs that the outbox has news. The outbox is the truth: a message lost here costs
//! latency, never an event.
//!
//! ```text
//!   worker ── publish ──► Redis  ── subscribe ──► server      while Redis answers
//!                └──────► pg_notify ── LISTEN ──► server      while it does not
//! ```
//! Servers listen to both at all times and look at the outbox for either; [`crate::http::EventHub`]
//! drops what it has already shared.

mod announcer;
mod backoff;
mod failover;
mod memory;
mod postgres;
mod redis;

use async_trait::async_trait;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

pub use announcer::Announcer;
pub(crate) use backoff::jitter;
pub use failover::FailoverBus;
pub use memory::MemoryBus;
pub use postgres::PostgresLink;
pub(crate) use postgres::{SIGNALS, signal};
pub use redis::{RedisPublisher, RedisSubscriber};

use crate::store::{Event, JobCompleted};

/// The channel of both Redis and PostgreSQL.
const CHANNEL: &str = JobCompleted::KIND;

/// What carries events to this process now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
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

    /// The greatest outbox id heard of so far, and each change of it.
    fn subscribe(&self) -> watch::Receiver<i64>;
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

/// The `id` of a message; one that has none, or is no JSON, only means that there is news.
pub fn heard_id(message: &str) -> Option<i64> {
    serde_json::from_str::<serde_json::Value>(message).ok()?.get("id")?.as_i64()
}

/// Keeps the greatest id. Without one, subscribers are woken all the same.
fn hear(heard: &watch::Sender<i64>, id: Option<i64>) {
    heard.send_if_modified(|greatest| match id {
        Some(id) if id <= *greatest => false,
        Some(id) => {
            *greatest = id;
            true
        }
        None => true,
    });
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
        assert_eq!(heard_id(&message(&event)), Some(7));
        assert_eq!(heard_id("not JSON"), None);
    }
}
