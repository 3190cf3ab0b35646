//! Redis Pub/Sub. One connection of a process publishes, another subscribes.

use std::time::Duration;

use futures::StreamExt;
use redis::{AsyncConnectionConfig, Client, RedisResult, aio::MultiplexedConnection};
use tokio::{
    sync::{Mutex, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{CHANNEL, backoff::Reconnect, message, redis_channel};
use cascade_model::Event;

/// How long Redis may take to answer before it counts as gone.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often a silent connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(1);

/// Publishes to Redis while it answers.
pub struct RedisPublisher {
    /// With the channel.
    connection: Mutex<Option<(MultiplexedConnection, String)>>,
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
    pub async fn run(&self, installation: &str, stop: CancellationToken) {
        let channel = redis_channel(installation);
        let mut reconnect = Reconnect::default();
        let work = async {
            loop {
                if let Ok(connection) = connect(&self.client).await {
                    reconnect.reset();
                    *self.connection.lock().await = Some((connection.clone(), channel.clone()));
                    self.connected.send_replace(true);
                    tracing::info!(channel, "publishing over Redis");
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
        let Some((mut connection, channel)) = self.connection.lock().await.clone() else {
            return false;
        };
        let mut pipe = redis::pipe();
        for event in events {
            pipe.publish(&channel, message(event));
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
    pub async fn run(
        &self,
        installation: &str,
        heard: &watch::Sender<()>,
        stop: CancellationToken,
    ) {
        let channel = redis_channel(installation);
        let mut reconnect = Reconnect::default();
        let work = async {
            loop {
                if let Err(error) = self.listen(&channel, heard, &mut reconnect).await {
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
        channel: &str,
        heard: &watch::Sender<()>,
        reconnect: &mut Reconnect,
    ) -> Result<(), anyhow::Error> {
        let mut pubsub = timeout(PATIENCE, self.client.get_async_pubsub()).await??;
        timeout(PATIENCE, pubsub.subscribe(channel)).await??;
        // Workers of the first edition publish here; an account may be kept from it.
        timeout(PATIENCE, pubsub.subscribe(CHANNEL)).await?.ok();
        let (mut sink, mut messages) = pubsub.split();
        reconnect.reset();
        self.connected.send_replace(true);
        tracing::info!(channel, "listening to Redis");
        // What was published while nobody listened is in the outbox.
        heard.send_replace(());
        loop {
            tokio::select! {
                message = messages.next() => {
                    if message.is_none() {
                        anyhow::bail!("connection closed");
                    }
                    heard.send_replace(());
                }
                () = tokio::time::sleep(PING) => {
                    timeout(PATIENCE, sink.ping::<redis::Value>()).await??;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cascade_test_servers::Redis;

    use super::*;

    /// How long something may take on a busy machine before it counts as never.
    const NEVER: Duration = Duration::from_secs(60);

    struct Links {
        publisher: RedisPublisher,
        subscriber: RedisSubscriber,
        heard: watch::Sender<()>,
    }

    impl Links {
        fn new(redis: &Redis) -> Self {
            let client = Client::open(redis.url()).unwrap();
            let publisher = RedisPublisher::new(client.clone());
            Self { publisher, subscriber: RedisSubscriber::new(client), heard: Default::default() }
        }

        async fn run(&self, installation: &str, stop: &CancellationToken) {
            tokio::join!(
                self.publisher.run(installation, stop.clone()),
                self.subscriber.run(installation, &self.heard, stop.clone()),
            );
        }
    }

    async fn connected(mut link: watch::Receiver<bool>) {
        timeout(NEVER, link.wait_for(|connected| *connected)).await.unwrap().unwrap();
    }

    fn event(id: i64) -> Event {
        Event {
            id,
            project_id: uuid::Uuid::nil(),
            kind: CHANNEL.into(),
            payload: "{}".into(),
            age: Duration::ZERO,
        }
    }

    #[tokio::test]
    async fn installations_on_one_redis_do_not_hear_each_other_and_strays_mute_nobody() {
        let redis = Redis::start();
        let (a, b, stop) = (Links::new(&redis), Links::new(&redis), CancellationToken::new());
        let checks = async {
            connected(a.publisher.connected()).await;
            connected(b.publisher.connected()).await;
            connected(b.subscriber.connected()).await;
            // The other one alone listens: that is nobody.
            assert!(!a.publisher.publish(&[event(1_000_000)]).await, "another heard it");
            let mut heard = b.heard.subscribe();
            let client = Client::open(redis.url()).unwrap();
            let mut other = client.get_multiplexed_async_connection().await.unwrap();
            for channel in [CHANNEL, "cascade:b:job_completed"] {
                for stray in [r#"{"id":9223372036854775807}"#, "not JSON"] {
                    redis::cmd("PUBLISH")
                        .arg(channel)
                        .arg(stray)
                        .exec_async(&mut other)
                        .await
                        .unwrap();
                    timeout(NEVER, heard.changed()).await.expect("a stray one only wakes").unwrap();
                }
            }
            assert!(b.publisher.publish(&[event(7)]).await);
            timeout(NEVER, heard.changed()).await.expect("it is muted").unwrap();
            stop.cancel();
        };
        let no_server = a.publisher.run("a", stop.clone());
        tokio::join!(no_server, b.run("b", &stop), checks);
    }
}
