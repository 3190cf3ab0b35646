//! The parts of a process, each started by a method of [`Parts`].

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::Context as _;
use cascade_access::{Accounts, Oidc, SignInThrottle};
use cascade_bus::{Announcer, Bus};
use cascade_config::LiveConfig;
use cascade_engine::{
    Engine, FigureWriter,
    runner::{Completer, HostHttp, MissingJobs, PreferredWorkers, Runner},
    scheduler::{self, Wake},
};
use cascade_http::{self as http, RateLimit, Server, auth};
use cascade_model::{ConfigText, StatWorker};
use cascade_registry::Plugins;
use cascade_sse::EventHub;
use cascade_store::{Queries, Store, tls};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    HostSettings,
    data_lock::DataLock,
    database::{self, Backend, Connections},
    follow_config, metrics, retention, welcome,
};

/// What the parts share, and the tasks that run beside each other.
pub(super) struct Parts {
    settings: HostSettings,
    started: Instant,
    config: LiveConfig,
    metrics: PrometheusHandle,
    store: Arc<dyn Store>,
    engine: Engine,
    bus: Arc<dyn Bus>,
    wake: Wake,
    accounts: Accounts,
    http: Arc<HostHttp>,
    hub: Arc<EventHub>,
    /// Names the database, with all processes on it.
    installation: String,
    /// Names the worker of this process, if it has one.
    worker_name: String,
    /// Keeps the connections of the bus until it is done.
    connections: Option<Connections>,
    /// Where the data is, in words.
    place: String,
    /// Of a data folder; held until this is dropped.
    _lock: Option<DataLock>,
    address: Option<SocketAddr>,
    sign_in_link: Option<String>,
    background: JoinSet<()>,
    stop: CancellationToken,
}

impl Parts {
    /// Reads jobs.toml, opens the database and brings its tables and schedules up to date.
    pub async fn open(
        settings: HostSettings,
        plugins: Plugins,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let started = Instant::now();
        tls::install();
        let file = settings.config.clone();
        let config = tokio::task::spawn_blocking(move || LiveConfig::open(&file, plugins)).await?;
        let config = config.map_err(|problems| {
            anyhow::anyhow!("{problems}\n\n{}: {}", settings.config.display(), problems.count())
        })?;
        let metrics = metrics::install()?;
        let Backend { store, bus, wake, connections, place, lock } =
            database::open(&settings).await?;
        let engine = Engine::new(store.clone()).following(config.clone());
        store.migrate(config.registry().migrations()).await?;
        let installation = store.installation().await?;
        engine.reconcile(&config.current()).await?;
        store.record_config(&ConfigText::on_disk(&config.state().text), None).await?;
        if let Err(error) = store.warm_up().await {
            tracing::warn!(%error, "the first runs may begin late");
        }
        Ok(Self {
            started,
            metrics,
            engine,
            bus,
            wake,
            accounts: Accounts::new(store.database()),
            http: Arc::new(HostHttp::new(config.clone()).context("HTTP client")?),
            hub: Arc::new(EventHub::default()),
            installation,
            worker_name: format!("worker-{}", Uuid::new_v4().simple()),
            connections: Some(connections),
            place,
            _lock: lock,
            address: None,
            sign_in_link: None,
            background: JoinSet::new(),
            config,
            store,
            settings,
            stop,
        })
    }

    /// Takes the address, if there is to be one.
    pub async fn listen(&mut self) -> anyhow::Result<Option<TcpListener>> {
        let Some(address) = self.settings.listen else { return Ok(None) };
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; name another address by --listen")
        })?;
        self.address = Some(listener.local_addr()?);
        Ok(Some(listener))
    }

    /// Puts each jobs.toml that is saved into force.
    pub fn follow_config(&mut self) {
        let prepare = follow_config::before_force(self.store.clone());
        self.background.spawn(self.config.watch(prepare, self.stop.clone()));
        self.background.spawn(follow_config::apply_changes(
            self.config.clone(),
            self.engine.clone(),
            self.wake.clone(),
            self.stop.clone(),
        ));
    }

    /// Shares the outbox with event streams, if this process serves any.
    pub fn share_events(&mut self) -> anyhow::Result<()> {
        if !self.settings.serve {
            return Ok(());
        }
        let (hub, bus, stop) = (&self.hub, &self.bus, &self.stop);
        hub.open().context("cannot start the threads of event streams")?;
        let shared = hub.clone().follow(self.store.clone(), bus.clone(), stop.clone());
        let told = http::announce(hub.clone(), bus.clone(), self.config.clone(), stop.clone());
        let watched = auth::watch(hub.clone(), self.accounts.clone(), stop.clone());
        self.background.spawn(shared);
        self.background.spawn(told);
        self.background.spawn(watched);
        Ok(())
    }

    /// Connects the bus, until the token that this returns is cancelled: the bus outlasts the worker,
    /// whose last runs are still to be announced.
    pub fn connect_bus(&mut self) -> CancellationToken {
        let worker_done = CancellationToken::new();
        if let Some(connections) = self.connections.take() {
            self.background.spawn(connections(self.installation.clone(), worker_done.clone()));
        }
        worker_done
    }

    /// Keeps figures of the runs that end here, until the token that says so for the worker.
    pub fn keep_figures(&mut self, worker_done: &CancellationToken) {
        let worker = self.settings.worker.as_ref().map(|_| StatWorker {
            worker: self.worker_name.clone(),
            host: scheduler::host(),
            pid: Some(std::process::id()),
        });
        let writer = FigureWriter::new(self.engine.counts().clone(), self.store.clone(), worker);
        self.background.spawn(writer.keep(worker_done.clone()));
    }

    /// Makes the owner's first link, where one is due.
    pub async fn welcome(&mut self) -> anyhow::Result<()> {
        self.sign_in_link =
            welcome::first_link(&self.settings, self.address, &self.accounts).await?;
        Ok(())
    }

    /// Says on standard output where everything is.
    pub fn say_ready(&mut self) -> anyhow::Result<()> {
        let link = self.sign_in_link.take();
        Ok(welcome::announce(&self.place, &self.settings, self.address, link)?)
    }

    /// Starts the worker, if this process has one; it ends by itself after the stop.
    pub fn start_worker(&mut self, worker_done: &CancellationToken) -> JoinSet<()> {
        let mut worker = JoinSet::new();
        let Some(settings) = self.settings.worker.clone() else { return worker };
        let announcer = Announcer::default();
        let (engine, wake) = (self.engine.clone(), self.wake.clone());
        self.background.spawn(announcer.clone().run(
            self.store.clone(),
            self.bus.clone(),
            worker_done.clone(),
        ));
        let (config, stop) = (self.config.clone(), self.stop.clone());
        self.background.spawn(retention::keep(config, engine.clone(), stop));
        let batch = settings.commit_batch;
        let runner = Arc::new(Runner {
            completer: Completer::start(engine.clone(), announcer.clone(), wake.clone(), batch),
            engine,
            config: self.config.clone(),
            announcer,
            wake,
            http: self.http.clone(),
            missing_jobs: MissingJobs::default(),
            preferred_workers: PreferredWorkers::default(),
        });
        let name = self.worker_name.clone();
        worker.spawn(scheduler::work(runner, name, settings, self.stop.clone()));
        worker
    }

    /// Answers requests until the stop.
    pub async fn answer(&self, listener: TcpListener) -> anyhow::Result<()> {
        let settings = &self.settings;
        let server = Server {
            store: self.store.clone(),
            engine: self.engine.clone(),
            config: self.config.clone(),
            bus: self.bus.clone(),
            hub: self.hub.clone(),
            wake: self.wake.clone(),
            http: self.http.clone(),
            accounts: self.accounts.clone(),
            auth: settings.auth.clone(),
            oidc: self.provider(listener.local_addr()?).context("HTTP client")?,
            plugins_from_ui: settings.plugins_from_ui,
            matching: Default::default(),
            hooks: Default::default(),
            throttle: SignInThrottle::default(),
            rate: RateLimit::new(settings.limits.requests_per_second),
            streams: settings.limits.stream_slots(),
            limits: settings.limits.clone(),
            metrics: self.metrics.clone(),
            started: self.started,
            stop: self.stop.clone(),
        };
        let router = if settings.serve { http::router } else { http::probes };
        let application = router(Arc::new(server));
        http::serve(listener, application, &settings.limits, self.stop.clone()).await;
        Ok(())
    }

    /// Waits for the tasks in the background.
    pub async fn end(mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.background.join_next().await {
            ended?;
        }
        Ok(())
    }

    /// The provider at which people may sign in, if one is set up.
    fn provider(&self, address: SocketAddr) -> reqwest::Result<Option<Arc<Oidc>>> {
        let Some(oidc) = self.settings.oidc.clone() else { return Ok(None) };
        let base = self.settings.auth.public_url.clone();
        let base = base.unwrap_or_else(|| format!("http://{address}"));
        Ok(Some(Arc::new(Oidc::new(oidc, &base)?)))
    }
}
