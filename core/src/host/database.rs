use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::{DatabaseSettings, HostSettings};
use crate::{
    bus::{Bus, FailoverBus, MemoryBus, PostgresLink, RedisPublisher, RedisSubscriber},
    scheduler::Wake,
    store::{Store, postgres::PostgresStore, sqlite::SqliteStore},
};

/// Keeps the connections of a bus until its token is cancelled.
type Connections =
    Box<dyn FnOnce(CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The database and what goes with it.
pub(super) struct Backend {
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    pub wake: Wake,
    pub connections: Connections,
    /// For people.
    pub place: String,
}

/// The database alone, for commands that work beside the host.
///
/// # Errors
/// Whatever keeps it from being opened.
pub async fn open_store(settings: &DatabaseSettings) -> anyhow::Result<Arc<dyn Store>> {
    Ok(match settings {
        DatabaseSettings::Embedded(folder) => Arc::new(open_file(folder).await?.0),
        DatabaseSettings::Postgres { url, connections } => {
            Arc::new(connect(url, *connections).await?)
        }
    })
}

async fn open_file(folder: &Path) -> anyhow::Result<(SqliteStore, PathBuf)> {
    std::fs::create_dir_all(folder).with_context(|| {
        let folder = folder.display();
        format!("cannot make the data directory {folder}; name another by --data-dir")
    })?;
    let file = std::path::absolute(folder.join("cascade.db"))?;
    let store = SqliteStore::open(&file).await;
    let store = store.with_context(|| format!("cannot open {}", file.display()))?;
    Ok((store, file))
}

async fn connect(url: &str, connections: u32) -> anyhow::Result<PostgresStore> {
    // The URL may hold a password: it is not repeated.
    let store = PostgresStore::connect(url, connections).await;
    store.context("cannot use the PostgreSQL that DATABASE_URL names")
}

pub(super) async fn open(settings: &HostSettings) -> anyhow::Result<Backend> {
    match &settings.database {
        DatabaseSettings::Embedded(folder) => {
            let (store, file) = open_file(folder).await?;
            Ok(Backend {
                store: Arc::new(store),
                bus: Arc::new(MemoryBus::default()),
                wake: Wake::default(),
                connections: Box::new(|_| Box::pin(async {})),
                place: file.display().to_string(),
            })
        }
        DatabaseSettings::Postgres { url, connections } => {
            let store = connect(url, *connections).await?;
            let wake = Wake::with_peers(store.pool().clone());
            let bus = Arc::new(FailoverBus::new(
                PostgresLink::new(store.pool().clone()),
                redis(settings, settings.worker.is_some(), RedisPublisher::new)?,
                redis(settings, settings.serve, RedisSubscriber::new)?,
            ));
            let (links, woken) = (bus.clone(), wake.clone());
            Ok(Backend {
                store: Arc::new(store),
                bus,
                wake,
                connections: Box::new(move |stop| Box::pin(links.run(woken, stop))),
                place: "PostgreSQL".into(),
            })
        }
    }
}

fn redis<T>(
    settings: &HostSettings,
    wanted: bool,
    open: impl Fn(&str) -> redis::RedisResult<T>,
) -> anyhow::Result<Option<T>> {
    let url = settings.redis_url.as_deref().filter(|_| wanted);
    url.map(open).transpose().context("REDIS_URL is not a URL such as redis://redis:6379")
}
