use async_trait::async_trait;
use tokio::sync::watch;

use super::Bus;

/// Within one process: the embedded default.
#[derive(Default)]
pub struct MemoryBus(watch::Sender<i64>);

#[async_trait]
impl Bus for MemoryBus {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn connected(&self) -> bool {
        true
    }

    async fn publish(&self, event_id: i64) {
        self.0.send_if_modified(|latest| {
            let news = event_id > *latest;
            *latest = event_id.max(*latest);
            news
        });
    }

    fn subscribe(&self) -> watch::Receiver<i64> {
        self.0.subscribe()
    }
}
