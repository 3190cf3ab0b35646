//! What streams are told besides events.

use std::sync::Arc;

use cascade_bus::{Bus, BusState};
use cascade_config::LiveConfig;
use cascade_sse::{Entry, EventHub};
use tokio_util::sync::CancellationToken;

/// Sent first, and again whenever another bus carries the events.
pub(crate) fn connected(state: BusState) -> String {
    let state = serde_json::to_string(&state).unwrap_or_default();
    format!("event: connected\ndata: {state}\n\n")
}

/// Tells all streams of changes of the bus and of jobs.toml, until `stop`; then it ends them.
pub async fn announce(
    hub: Arc<EventHub>,
    bus: Arc<dyn Bus>,
    config: LiveConfig,
    stop: CancellationToken,
) {
    let (mut bus, mut config) = (bus.state(), config.subscribe());
    loop {
        tokio::select! {
            () = stop.cancelled() => return hub.end().await,
            Ok(()) = bus.changed() => {
                let state = *bus.borrow_and_update();
                hub.tell(Entry::notice(&connected(state)));
            }
            Ok(()) = config.changed() => {
                config.mark_unchanged();
                hub.tell(Entry::notice("event: config_changed\ndata: {}\n\n"));
            }
        }
    }
}
