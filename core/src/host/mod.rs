//! Puts the parts together: everything in one process, or a server or a worker alone.

mod data_lock;
mod database;
mod metrics;
mod private_files;
mod retention;

use std::{
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use cascade_access::{Accounts, NewUser, Oidc, OidcSettings, SignInThrottle};
use cascade_bus::Announcer;
use cascade_config::{Checked, LiveConfig, Prepare, PrepareError};
use cascade_engine::{
    Engine,
    runner::{Completer, HostHttp, Lacking, Runner},
    scheduler::{self, Wake, WorkerSettings},
};
use cascade_http::{
    self as http, HttpLimits, RateLimit, Server,
    auth::{self, AuthSettings, SignIn},
};
use cascade_model::ConfigText;
use cascade_registry::Plugins;
use cascade_sse::EventHub;
use cascade_store::{Store, tls};
use database::Backend;
pub use database::open_store;

/// The user that the embedded form starts with.
const OWNER: &str = "owner";
/// The pause after a database fault kept a new jobs.toml from being applied.
const RECONCILE_AGAIN: Duration = Duration::from_secs(1);

/// Where things are and how the worker works.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// jobs.toml.
    pub config: PathBuf,
    /// Where the data is.
    pub database: DatabaseSettings,
    /// Carries events; without it pg_notify does.
    pub redis: Option<RedisSettings>,
    /// Where HTTP is served; `None` for not at all.
    pub listen: Option<SocketAddr>,
    /// What one client may take there.
    pub limits: HttpLimits,
    /// Whether the API, the event stream and the UI are served there; else health and metrics only.
    pub serve: bool,
    /// How people sign in.
    pub auth: AuthSettings,
    /// A provider at which they may do so.
    pub oidc: Option<OidcSettings>,
    /// Whether administrators may change from the browser what reaches the machine: programs,
    /// libraries, `[files]`, `[secrets]` and `[http]`.
    pub plugins_from_ui: bool,
    /// The worker, if this process is to work.
    pub worker: Option<WorkerSettings>,
}

/// Where the data is.
#[derive(Debug, Clone)]
pub enum DatabaseSettings {
    /// A SQLite file in this folder, for one process.
    Embedded(PathBuf),
    /// PostgreSQL, shared by any number of processes.
    Postgres {
        /// `postgres://...`
        url: Secret,
        /// The most connections this process opens.
        connections: u32,
    },
}

/// How Redis is reached.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis://...`, or `rediss://...` for TLS.
    pub url: Secret,
    /// The certificates that its own must come from; those that browsers trust, if not given.
    pub ca_file: Option<PathBuf>,
}

/// A text that is not shown to anybody.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps it.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for whoever needs it to connect.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Runs until `stop`.
///
/// # Errors
/// Whatever keeps the host from starting; each names what to do about it.
pub async fn run(
    settings: HostSettings,
    plugins: Plugins,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let is_up = AtomicBool::new(false);
    // A start waits for databases, locks and plugins: whoever stops it then need not wait for them.
    let given_up = async {
        stop.cancelled().await;
        if is_up.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = serve(settings, plugins, &is_up, stop.clone()) => ended,
        () = given_up => Ok(()),
    }
}

async fn serve(
    settings: HostSettings,
    plugins: Plugins,
    is_up: &AtomicBool,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let started = Instant::now();
    tls::install();
    let file = settings.config.clone();
    let config = tokio::task::spawn_blocking(move || LiveConfig::open(&file, plugins)).await?;
    let config = config.map_err(|problems| {
        anyhow::anyhow!("{problems}\n\n{}: {}", settings.config.display(), problems.count())
    })?;
    let recorder = metrics::install()?;
    // The lock is held until this returns.
    let Backend { store, bus, wake, connections, place, lock: _lock } =
        database::open(&settings).await?;
    let engine = Engine::new(store.clone());
    store.migrate(config.registry().migrations()).await?;
    let installation = cascade_store::installation(&*store).await?;
    engine.reconcile(&config.current()).await?;
    store.record_config(&ConfigText::on_disk(&config.state().text)).await?;
    if let Err(error) = store.warm_up().await {
        tracing::warn!(%error, "the first runs may begin late");
    }
    let listener = match settings.listen {
        None => None,
        Some(address) => Some(TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; name another address by --listen")
        })?),
    };
    let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;

    let accounts = Accounts::new(store.database());
    let http = Arc::new(HostHttp::new(config.clone()).context("HTTP client")?);
    let hub = Arc::new(EventHub::default());
    let watcher = config.watch(before_force(store.clone()), stop.clone());
    let mut background = JoinSet::new();
    background.spawn(watcher);
    background.spawn(apply_changes(config.clone(), engine.clone(), wake.clone(), stop.clone()));
    if settings.serve {
        hub.open().context("cannot start the threads of event streams")?;
        background.spawn(hub.clone().follow(store.clone(), bus.clone(), stop.clone()));
        background.spawn(http::announce(hub.clone(), bus.clone(), config.clone(), stop.clone()));
        background.spawn(auth::watch(hub.clone(), accounts.clone(), stop.clone()));
    }
    // These outlast the worker, whose last runs are still to be announced.
    let worker_done = CancellationToken::new();
    background.spawn(connections(installation, worker_done.clone()));
    let link = first_link(&settings, address, &accounts).await?;
    is_up.store(true, Ordering::Relaxed);
    announce(&place, &settings, address, link)?;

    let mut worker = JoinSet::new();
    if let Some(worker_settings) = settings.worker.clone() {
        let announcer = Announcer::default();
        let announced = announcer.clone().run(store.clone(), bus.clone(), worker_done.clone());
        background.spawn(announced);
        background.spawn(retention::keep(config.clone(), store.clone(), stop.clone()));
        let batch = worker_settings.commit_batch;
        let runner = Arc::new(Runner {
            engine: engine.clone(),
            config: config.clone(),
            completer: Completer::start(engine.clone(), announcer.clone(), wake.clone(), batch),
            announcer,
            wake: wake.clone(),
            http: http.clone(),
            lacking: Lacking::default(),
        });
        let name = format!("worker-{}", Uuid::new_v4().simple());
        worker.spawn(scheduler::work(runner, name, worker_settings, stop.clone()));
    }
    if let Some(listener) = listener {
        let oidc = provider(&settings, listener.local_addr()?).context("HTTP client")?;
        let server = Server {
            store,
            engine,
            config,
            bus,
            hub,
            wake,
            http,
            accounts,
            auth: settings.auth.clone(),
            oidc,
            plugins_from_ui: settings.plugins_from_ui,
            throttle: SignInThrottle::default(),
            rate: RateLimit::new(settings.limits.requests_per_second),
            streams: settings.limits.stream_slots(),
            limits: settings.limits.clone(),
            metrics: recorder,
            started,
            stop: stop.clone(),
        };
        let router = if settings.serve { http::router } else { http::probes };
        let application = router(Arc::new(server));
        http::serve(listener, application, &settings.limits, stop.clone()).await;
    }
    stop.cancelled().await;
    while let Some(ended) = worker.join_next().await {
        ended?;
    }
    worker_done.cancel();
    while let Some(ended) = background.join_next().await {
        ended?;
    }
    Ok(())
}

/// The provider at which people may sign in, if one is set up.
fn provider(settings: &HostSettings, address: SocketAddr) -> reqwest::Result<Option<Arc<Oidc>>> {
    let Some(oidc) = settings.oidc.clone() else { return Ok(None) };
    let base = settings.auth.public_url.clone();
    let base = base.unwrap_or_else(|| format!("http://{address}"));
    Ok(Some(Arc::new(Oidc::new(oidc, &base)?)))
}

/// A link that signs the owner in, for who starts everything in one process on their own machine: so
/// that nobody has to make up a password first. Nobody else sees this terminal.
async fn first_link(
    settings: &HostSettings,
    address: Option<SocketAddr>,
    accounts: &Accounts,
) -> anyhow::Result<Option<String>> {
    let embedded = matches!(settings.database, DatabaseSettings::Embedded(_));
    let Some(address) = address else { return Ok(None) };
    if !embedded || !settings.serve || settings.auth.sign_in == SignIn::Off {
        return Ok(None);
    }
    if !http::auth::is_local(address.ip()) {
        return Ok(None);
    }
    let owner = match accounts.user(OWNER).await? {
        Some(owner) => owner.id,
        None if accounts.users().await?.is_empty() => {
            accounts
                .add_user(NewUser { name: OWNER.into(), admin: true, ..NewUser::default() })
                .await?
        }
        // Others were added in its place.
        None => return Ok(None),
    };
    let link = accounts.make_link(owner).await?;
    Ok(Some(format!("http://{address}/sign-in?link={}", link.reveal())))
}

/// Says on standard output where everything is. Nobody reading it is no reason to stop.
fn announce(
    place: &str,
    settings: &HostSettings,
    address: Option<SocketAddr>,
    link: Option<String>,
) -> std::io::Result<()> {
    let config = std::path::absolute(&settings.config)?;
    let mut text = format!("data      {place}\nconfig    {}\n", config.display());
    if let Some(address) = address {
        let what = if settings.serve { "open  " } else { "health" };
        text.push_str(&format!("{what}    http://{address}/\n"));
    }
    if let Some(link) = link {
        text.push_str(&format!("sign in {link}  (once, within 15 minutes)\n"));
    }
    text.push_str("ready\n");
    std::io::stdout().write_all(text.as_bytes()).ok();
    std::io::stdout().flush().ok();
    Ok(())
}

/// The tables of a plugin that has come or changed are there before its code runs, and the history
/// has a text before anybody hears that it is in force.
fn before_force(store: Arc<dyn Store>) -> Prepare {
    Box::new(move |checked: Checked| {
        let store = store.clone();
        Box::pin(async move {
            let migrated = store.migrate(checked.registry.migrations()).await;
            migrated.map_err(|error| match error.is_outage() {
                true => PrepareError::Later(format!("the database does not answer: {error}")),
                false => PrepareError::Refused(format!("the plugins' tables: {error}")),
            })?;
            let recorded = store.record_config(&ConfigText::on_disk(&checked.text)).await;
            if let Err(error) = recorded {
                tracing::warn!(%error, "the history of jobs.toml lacks what now comes into force");
            }
            Ok(())
        })
    })
}

/// Brings scheduled jobs in line with each jobs.toml that comes into force.
async fn apply_changes(config: LiveConfig, engine: Engine, wake: Wake, stop: CancellationToken) {
    let mut changes = config.subscribe();
    let mut applied = changes.borrow_and_update().loaded_at;
    let mut failed = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(RECONCILE_AGAIN), if failed => {}
        }
        let state = changes.borrow_and_update().clone();
        if state.loaded_at == applied {
            continue;
        }
        let reconciled = engine.reconcile(&state.config).await;
        failed = reconciled.is_err();
        match reconciled {
            Ok(()) => {
                applied = state.loaded_at;
                wake.wake();
            }
            Err(error) => tracing::error!(%error, "scheduled jobs do not follow jobs.toml yet"),
        }
    }
}
