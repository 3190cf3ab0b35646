//! Redis Pub/Sub. One connection of a process publishes, another subscribes.

use std::time::Duration;

use futures::StreamExt;
use redis::{AsyncConnectionConfig, Client, RedisResult, aio::MultiplexedConnection};
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{CHANNEL, backoff::Reconnect, hear, heard_id, message};
use crate::store::Event;

/// How long Redis may take to answer before it counts as gone.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often a silent connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(1);

/// Publishes to Redis while it answers.
pub struct RedisPublisher {
    connection: Mutex<Option<MultiplexedConnection>>,
    connected: watch::Sender<bool>,
    client: Client,
}

impl RedisPublisher {
    /// [`RedisPublisher::run`] connects.
    pub fn new(client: Client) -> Self {
        Self { connection: Mutex::default(), connected: watch::Sender::new(false), client }
    }

    /// Whether Redis answers.
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.subscribe()
    }

    /// Keeps the connection until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut reconnect = Reconnect::default();
        let work = async {
            loop {
                if let Ok(connection) = connect(&self.client).await {
                    reconnect.reset();
                    *self.connection.lock().await = Some(connection.clone());
                    self.connected.send_replace(true);
                    tracing::info!("publishing over Redis");
                    until_gone(connection, self.connected.subscribe()).await;
                    self.lost().await;
                }
                reconnect.pause().await;
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = work => {} }
    }

    async fn lost(&self) {
        self.connection.lock().await.take();
        if self.connected.send_replace(false) {
            tracing::warn!("Redis does not answer: events go by pg_notify");
        }
    }

    /// Publishes; `false` when it is not certain that every event has reached somebody.
    pub(super) async fn publish(&self, events: &[Event]) -> bool {
        let Some(mut connection) = self.connection.lock().await.clone() else { return false };
        let mut pipe = redis::pipe();
        for event in events {
            pipe.publish(CHANNEL, message(event));
        }
        let answer = timeout(PATIENCE, pipe.query_async::<Vec<i64>>(&mut connection)).await;
        match answer {
            Ok(Ok(receivers)) => receivers.iter().all(|count| *count > 0),
            Ok(Err(_)) | Err(_) => {
                self.lost().await;
                false
            }
        }
    }
}

async fn connect(client: &Client) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    client.get_multiplexed_async_connection_with_config(&config).await
}

async fn until_gone(mut connection: MultiplexedConnection, mut connected: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            // A publication has found out first.
            _ = connected.wait_for(|connected| !connected) => return,
            () = tokio::time::sleep(PING) => {}
        }
        let ping = redis::cmd("PING");
        let answer = timeout(PATIENCE, ping.query_async::<String>(&mut connection)).await;
        if !matches!(answer, Ok(Ok(_))) {
            return;
        }
    }
}

/// Listens to Redis while it answers.
pub struct RedisSubscriber {
    client: Client,
    connected: watch::Sender<bool>,
}

impl RedisSubscriber {
    /// [`RedisSubscriber::run`] connects.
    pub fn new(client: Client) -> Self {
        Self { client, connected: watch::Sender::new(false) }
    }

    /// Whether the subscription stands.
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.subscribe()
    }

    /// Tells `heard` of every event until `stop`.
    pub async fn run(&self, heard: &watch::Sender<i64>, stop: CancellationToken) {
        let mut reconnect = Reconnect::default();
        let work = async {
            loop {
                if let Err(error) = self.listen(heard, &mut reconnect).await {
                    tracing::debug!(%error, "Redis");
                }
                if self.connected.send_replace(false) {
                    tracing::warn!("Redis does not answer: listening to PostgreSQL");
                }
                reconnect.pause().await;
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = work => {} }
    }

    async fn listen(
        &self,
        heard: &watch::Sender<i64>,
        reconnect: &mut Reconnect,
    ) -> Result<(), anyhow::Error> {
        let mut pubsub = timeout(PATIENCE, self.client.get_async_pubsub()).await??;
        timeout(PATIENCE, pubsub.subscribe(CHANNEL)).await??;
        let (mut sink, mut messages) = pubsub.split();
        reconnect.reset();
        self.connected.send_replace(true);
        tracing::info!("listening to Redis");
        // What was published while nobody listened is in the outbox.
        hear(heard, None);
        loop {
            tokio::select! {
                message = messages.next() => {
                    let Some(message) = message else { anyhow::bail!("connection closed") };
                    hear(heard, heard_id(&message.get_payload::<String>()?));
                }
                () = tokio::time::sleep(PING) => {
                    timeout(PATIENCE, sink.ping::<redis::Value>()).await??;
                }
            }
        }
    }
}
