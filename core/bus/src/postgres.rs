//! NOTIFY and LISTEN. Two channels: [`CHANNEL`] tells servers of events, [`SIGNALS`] tells workers
//! that something is due or that a run is to be cancelled.

use std::time::Duration;

use sqlx::{PgPool, postgres::PgListener};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{CHANNEL, WorkerSignals, backoff::Reconnect, id_alone, message};
use cascade_model::Event;
use cascade_store::postgres::SIGNALS;

/// PostgreSQL refuses a payload of 8,000 bytes or more.
const MOST_BYTES: usize = 7999;
/// How long a silent connection may be so before it is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(10);
/// How long the answer may take.
const PING: Duration = Duration::from_secs(5);

/// PostgreSQL as a bus.
pub struct PostgresLink {
    pool: PgPool,
    channels: Vec<&'static str>,
    connected: watch::Sender<bool>,
}

impl PostgresLink {
    /// Over a pool; [`PostgresLink::run`] listens, on a connection of its own: to events if this process
    /// serves, to what workers are told if it works. What it has no use for does not wake it.
    pub fn new(pool: PgPool, serves: bool, works: bool) -> Self {
        let channels = [(CHANNEL, serves), (SIGNALS, works)];
        let channels = channels.into_iter().filter_map(|(name, wanted)| wanted.then_some(name));
        Self { pool, channels: channels.collect(), connected: watch::Sender::new(false) }
    }

    /// Whether the process listens.
    pub fn connected(&self) -> watch::Receiver<bool> {
        self.connected.subscribe()
    }

    /// One notification for all the events: NOTIFY takes a lock of the whole cluster at commit, and
    /// the newest says enough.
    pub(super) async fn publish(&self, events: &[Event]) {
        let Some(newest) = events.iter().max_by_key(|event| event.id) else { return };
        let payload = notification(newest);
        if let Err(error) = notify(&self.pool, CHANNEL, &payload).await {
            tracing::warn!(%error, "pg_notify failed: hubs will find the event in the outbox");
        }
    }

    /// Passes on what comes until `stop`: events to `heard`, signals to `worker`.
    pub async fn run(
        &self,
        heard: &watch::Sender<()>,
        worker: &dyn WorkerSignals,
        stop: CancellationToken,
    ) {
        let mut reconnect = Reconnect::default();
        let work = async {
            loop {
                let ended = self.listen(heard, worker, &mut reconnect).await;
                self.connected.send_replace(false);
                // The database may have failed over: hubs look until it answers.
                heard.send_replace(());
                if let Err(error) = ended {
                    tracing::warn!(%error, "not listening to PostgreSQL");
                }
                reconnect.pause().await;
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = work => {} }
    }

    async fn listen(
        &self,
        heard: &watch::Sender<()>,
        worker: &dyn WorkerSignals,
        reconnect: &mut Reconnect,
    ) -> Result<(), anyhow::Error> {
        // Not one of the pool's connections: those are for queries.
        let own = sqlx::postgres::PgPoolOptions::new().max_connections(1).acquire_timeout(PING);
        let own = own.connect_with((*self.pool.connect_options()).clone()).await?;
        let mut listener = PgListener::connect_with(&own).await?;
        listener.eager_reconnect(false);
        listener.listen_all(self.channels.iter().copied()).await?;
        reconnect.reset();
        self.connected.send_replace(true);
        // What was said while nobody listened.
        heard.send_replace(());
        worker.look();
        loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(said))) if said.channel() == SIGNALS => worker.hear(said.payload()),
                Ok(Ok(Some(_))) => {
                    heard.send_replace(());
                }
                Ok(Ok(None)) => anyhow::bail!("connection closed"),
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    timeout(PING, sqlx::query("SELECT 1").execute(&mut listener)).await??;
                }
            }
        }
    }
}

fn notification(event: &Event) -> String {
    let full = message(event);
    if full.len() > MOST_BYTES { id_alone(event.id) } else { full }
}

/// Tells the workers of other processes.
///
/// # Errors
/// The database's.
pub async fn signal(pool: &PgPool, text: &str) -> Result<(), sqlx::Error> {
    notify(pool, SIGNALS, text).await
}

/// The commit need not wait for the disk: what a crash would take away is not kept in any case.
async fn notify(pool: &PgPool, channel: &str, payload: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)")
        .bind(channel)
        .bind(payload)
        .execute(pool)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use cascade_test_servers::Postgres;

    use super::*;
    use cascade_store::postgres::PostgresStore;

    struct Nobody;

    impl WorkerSignals for Nobody {
        fn look(&self) {}
        fn hear(&self, _: &str) {}
    }

    #[tokio::test]
    async fn a_stray_message_mutes_nothing_and_an_event_that_is_too_long_goes_as_its_id() {
        let payload = format!(r#"{{"job_type":"{}"}}"#, "x".repeat(9000));
        let project_id = uuid::Uuid::nil();
        let event =
            Event { id: 41, project_id, kind: CHANNEL.into(), payload, age: Duration::ZERO };
        assert_eq!(notification(&event), r#"{"id":41}"#);

        let server = Postgres::start();
        let store = PostgresStore::connect(&server.database(), 2).await.unwrap();
        let link = PostgresLink::new(store.pool().clone(), true, true);
        let (heard, stop) = (watch::Sender::new(()), CancellationToken::new());
        let worker = Nobody;
        let told = async {
            link.connected().wait_for(|connected| *connected).await.unwrap();
            let mut heard = heard.subscribe();
            let stray = r#"{"id":9223372036854775807}"#;
            notify(store.pool(), CHANNEL, stray).await.unwrap();
            heard.changed().await.unwrap();
            link.publish(&[event]).await;
            let told = timeout(Duration::from_secs(60), heard.changed()).await;
            told.expect("a stray message mutes what follows").unwrap();
            stop.cancel();
        };
        tokio::join!(link.run(&heard, &worker, stop.clone()), told);
    }
}
