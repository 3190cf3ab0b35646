//! What carries events.

use serde::Serialize;
use utoipa::ToSchema;

/// What carries events to this process now.
#[derive(Debug, Serialize, ToSchema)]
pub struct BusState {
    /// Whether anything does. If not, hubs look at the outbox every second.
    pub connected: bool,
    /// `redis`, `postgres`, `memory` or `none`.
    pub bus: &'static str,
    /// Whether a better one is set up and does not answer.
    pub degraded: bool,
}

impl From<cascade_bus::BusState> for BusState {
    fn from(from: cascade_bus::BusState) -> Self {
        Self { connected: from.connected, bus: from.bus, degraded: from.degraded }
    }
}
