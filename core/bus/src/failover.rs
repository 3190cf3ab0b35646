use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Bus, BusState, PostgresLink, RedisPublisher, RedisSubscriber, WorkerSignals};
use cascade_model::{Event, metric};

/// Redis while it answers, pg_notify while it does not.
pub struct FailoverBus {
    postgres: PostgresLink,
    publisher: Option<RedisPublisher>,
    subscriber: Option<RedisSubscriber>,
    state: watch::Sender<BusState>,
    heard: watch::Sender<()>,
}

impl FailoverBus {
    /// Of the links that this kind of process needs: workers publish, servers subscribe.
    pub fn new(
        postgres: PostgresLink,
        publisher: Option<RedisPublisher>,
        subscriber: Option<RedisSubscriber>,
    ) -> Self {
        let nothing = BusState { connected: false, bus: "none", degraded: false };
        Self {
            postgres,
            publisher,
            subscriber,
            state: watch::Sender::new(nothing),
            heard: watch::Sender::default(),
        }
    }

    /// Keeps all links until `stop`, for the installation of this id.
    pub async fn run(
        self: Arc<Self>,
        installation: String,
        worker: Arc<dyn WorkerSignals>,
        stop: CancellationToken,
    ) {
        let publisher = async {
            if let Some(publisher) = &self.publisher {
                publisher.run(&installation, stop.clone()).await;
            }
        };
        let subscriber = async {
            if let Some(subscriber) = &self.subscriber {
                subscriber.run(&installation, &self.heard, stop.clone()).await;
            }
        };
        let postgres = self.postgres.run(&self.heard, &*worker, stop.clone());
        tokio::join!(publisher, subscriber, postgres, self.follow_state(stop.clone()));
    }

    /// A server's state is that of its subscription, a worker's that of its publisher.
    async fn follow_state(&self, stop: CancellationToken) {
        let subscriber = self.subscriber.as_ref().map(RedisSubscriber::connected);
        let mut redis = subscriber.or_else(|| self.publisher.as_ref().map(|p| p.connected()));
        let mut postgres = self.postgres.connected();
        loop {
            let up = redis.as_mut().map(|redis| *redis.borrow_and_update());
            let state = match (up, *postgres.borrow_and_update()) {
                (Some(true), _) => BusState { connected: true, bus: "redis", degraded: false },
                (up, true) => BusState { connected: true, bus: "postgres", degraded: up.is_some() },
                (up, false) => BusState { connected: false, bus: "none", degraded: up.is_some() },
            };
            self.state.send_if_modified(|known| std::mem::replace(known, state) != state);
            for bus in ["redis", "postgres"] {
                let carries = f64::from(u8::from(state.bus == bus));
                metrics::gauge!(metric::BUS_CARRIES.name, "bus" => bus).set(carries);
            }
            let redis_changed = async {
                match &mut redis {
                    Some(redis) => redis.changed().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                _ = redis_changed => {}
                _ = postgres.changed() => {}
            }
        }
    }
}

#[async_trait]
impl Bus for FailoverBus {
    fn state(&self) -> watch::Receiver<BusState> {
        self.state.subscribe()
    }

    async fn publish(&self, events: &[Event]) {
        let reached = match &self.publisher {
            Some(publisher) => publisher.publish(events).await,
            None => false,
        };
        let over = if reached { "redis" } else { "postgres" };
        metrics::counter!(metric::EVENTS_PUBLISHED.name, "bus" => over)
            .increment(events.len() as u64);
        if !reached {
            self.postgres.publish(events).await;
        }
    }

    fn subscribe(&self) -> watch::Receiver<()> {
        self.heard.subscribe()
    }
}
