use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use anyhow::Context as _;
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use super::{
    DatabaseSettings, HostSettings, RedisSettings,
    data_lock::{self, DataLock},
    private_files,
};
use cascade_bus::{Bus, FailoverBus, MemoryBus, PostgresLink, RedisPublisher, RedisSubscriber};
use cascade_config::environment;
use cascade_engine::scheduler::Wake;
use cascade_store::{Store, postgres::PostgresStore, sqlite::SqliteStore};

/// Keeps the connections of a bus, for the installation of an id, until its token is cancelled.
pub(super) type Connections =
    Box<dyn FnOnce(String, CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The database and what goes with it.
pub(super) struct Backend {
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    pub wake: Wake,
    pub connections: Connections,
    /// For people.
    pub place: String,
    /// Of the data directory, if there is one.
    pub lock: Option<DataLock>,
}

/// The database alone, for commands that work beside the host.
///
/// # Errors
/// Whatever keeps it from being opened.
pub async fn open_store(settings: &DatabaseSettings) -> anyhow::Result<Arc<dyn Store>> {
    Ok(match settings {
        DatabaseSettings::Embedded(folder) => Arc::new(open_file(folder).await?.0),
        DatabaseSettings::Postgres { url, connections } => {
            Arc::new(connect(url.reveal(), *connections).await?)
        }
    })
}

/// The same, of a data folder only where no host works; what it gives beside the store keeps hosts away.
///
/// # Errors
/// Whatever keeps it from being opened, a host that works there among it.
pub async fn open_store_alone(
    settings: &DatabaseSettings,
) -> anyhow::Result<(Arc<dyn Store>, Option<DataLock>)> {
    let lock = match settings {
        DatabaseSettings::Embedded(folder) => {
            make_file(folder)?;
            Some(data_lock::take(folder)?)
        }
        DatabaseSettings::Postgres { .. } => None,
    };
    Ok((open_store(settings).await?, lock))
}

/// The folder, and the file in it, for the user of the host alone.
fn make_file(folder: &Path) -> anyhow::Result<PathBuf> {
    let file = std::path::absolute(folder.join("cascade.db"))?;
    private_files::prepare(folder, &file).with_context(|| {
        let folder = folder.display();
        format!("cannot make the data directory {folder}; name another by --data-dir")
    })?;
    Ok(file)
}

async fn open_file(folder: &Path) -> anyhow::Result<(SqliteStore, PathBuf)> {
    let file = make_file(folder)?;
    let store = SqliteStore::open(&file).await;
    let store = store.with_context(|| format!("cannot open {}", file.display()))?;
    Ok((store, file))
}

/// With the password of libpq's variable if it has none: the variable is hidden from the driver.
fn with_password(url: &str) -> String {
    let (Some(password), Ok(mut parsed)) = (environment::var("PGPASSWORD"), Url::parse(url)) else {
        return url.to_owned();
    };
    if parsed.password().is_none() && parsed.set_password(Some(&password)).is_ok() {
        return parsed.into();
    }
    url.to_owned()
}

async fn connect(url: &str, connections: u32) -> anyhow::Result<PostgresStore> {
    // The URL may hold a password: it is not repeated.
    let store = PostgresStore::connect(&with_password(url), connections).await;
    store.context("cannot use the PostgreSQL that DATABASE_URL names")
}

pub(super) async fn open(settings: &HostSettings) -> anyhow::Result<Backend> {
    match &settings.database {
        DatabaseSettings::Embedded(folder) => {
            make_file(folder)?;
            let lock = Some(data_lock::take(folder)?);
            let (store, file) = open_file(folder).await?;
            Ok(Backend {
                lock,
                store: Arc::new(store),
                bus: Arc::new(MemoryBus::default()),
                wake: Wake::default(),
                connections: Box::new(|_, _| Box::pin(async {})),
                place: file.display().to_string(),
            })
        }
        DatabaseSettings::Postgres { url, connections } => {
            let redis = settings.redis.as_ref().map(redis).transpose()?;
            let store = connect(url.reveal(), *connections).await?;
            let wake = Wake::with_peers(store.pool().clone());
            let (serves, works) = (settings.serve, settings.worker.is_some());
            let bus = Arc::new(FailoverBus::new(
                PostgresLink::new(store.pool().clone(), serves, works),
                redis.clone().filter(|_| works).map(RedisPublisher::new),
                redis.filter(|_| serves).map(RedisSubscriber::new),
            ));
            let (links, woken) = (bus.clone(), wake.clone());
            Ok(Backend {
                store: Arc::new(store),
                bus,
                wake,
                connections: Box::new(move |installation, stop| {
                    Box::pin(links.run(installation, Arc::new(woken), stop))
                }),
                place: "PostgreSQL".into(),
                lock: None,
            })
        }
    }
}

fn redis(settings: &RedisSettings) -> anyhow::Result<redis::Client> {
    let url = settings.url.reveal();
    // What the parser says of a URL may repeat it.
    let info = redis::IntoConnectionInfo::into_connection_info(url)
        .map_err(|_| anyhow::anyhow!("REDIS_URL is not a URL such as redis://redis:6379"))?;
    let Some(file) = &settings.ca_file else { return Ok(redis::Client::open(info)?) };
    if !url.starts_with("rediss://") {
        anyhow::bail!("REDIS_CA_FILE is set, but REDIS_URL does not begin with rediss://");
    }
    let root_cert =
        std::fs::read(file).with_context(|| format!("REDIS_CA_FILE: {}", file.display()))?;
    let certificates = redis::TlsCertificates { client_tls: None, root_cert: Some(root_cert) };
    redis::Client::build_with_tls(info, certificates).context("REDIS_CA_FILE")
}
