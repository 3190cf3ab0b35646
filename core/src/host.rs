//! Puts the parts together: the embedded default, everything in one process.

use std::{
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    bus::{Bus, MemoryBus},
    config::LiveConfig,
    http::{self, EventHub, Server},
    registry::Registry,
    runner::{HostHttp, Runner},
    scheduler::{self, Wake, WorkerSettings},
    store::{Store, sqlite::SqliteStore},
};

/// The pause after a database fault kept a new jobs.toml from being applied.
const RECONCILE_AGAIN: Duration = Duration::from_secs(1);

/// Where things are and how the worker works.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// jobs.toml.
    pub config: PathBuf,
    /// The folder of the SQLite file.
    pub data_dir: PathBuf,
    /// Where the HTTP server listens.
    pub listen: SocketAddr,
    /// The worker.
    pub worker: WorkerSettings,
}

/// Runs everything until `stop`.
///
/// # Errors
/// Whatever keeps the host from starting; each names what to do about it.
pub async fn run(
    settings: HostSettings,
    registry: Registry,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let registry = Arc::new(registry);
    let config = LiveConfig::open(&settings.config, registry.clone()).map_err(|problems| {
        anyhow::anyhow!("{problems}\n\n{}: {}", settings.config.display(), problems.count())
    })?;
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .context("metrics")?;
    std::fs::create_dir_all(&settings.data_dir).with_context(|| {
        format!(
            "cannot make the data directory {}; name another by --data-dir",
            settings.data_dir.display()
        )
    })?;
    let file = settings.data_dir.join("cascade.db");
    let store: Arc<dyn Store> = Arc::new(
        SqliteStore::open(&file)
            .await
            .with_context(|| format!("cannot open {}", file.display()))?,
    );
    store.migrate(registry.migrations()).await?;
    store.reconcile(&config.current()).await?;

    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!("cannot listen on {}; name another address by --listen", settings.listen)
    })?;
    let address = listener.local_addr()?;
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let http = Arc::new(HostHttp::new().context("HTTP client")?);
    let hub = Arc::new(EventHub::default());
    let wake = Wake::default();
    let runner = Arc::new(Runner {
        store: store.clone(),
        registry: registry.clone(),
        config: config.clone(),
        bus: bus.clone(),
        wake: wake.clone(),
        http: http.clone(),
        lease: settings.worker.lease,
    });
    let server = Server {
        store: store.clone(),
        registry,
        config: config.clone(),
        bus: bus.clone(),
        hub: hub.clone(),
        wake: wake.clone(),
        http,
        metrics: recorder,
        started,
        stop: stop.clone(),
    };

    let watcher = config.watch(stop.clone()).context("cannot watch the folder of jobs.toml")?;
    let background = [
        tokio::spawn(watcher),
        tokio::spawn(apply_changes(config, store.clone(), wake, stop.clone())),
        tokio::spawn(async move { hub.follow(store, bus, stop.clone()).await }),
    ];
    announce(&file, &settings.config, address)?;
    let stop = server.stop.clone();
    let worker = tokio::spawn(scheduler::work(
        runner,
        format!("worker-{}", Uuid::new_v4().simple()),
        settings.worker,
        stop.clone(),
    ));
    axum::serve(listener, http::router(Arc::new(server)))
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await?;
    worker.await?;
    for task in background {
        task.await?;
    }
    Ok(())
}

/// Says on standard output where everything is. Nobody reading it is no reason to stop.
fn announce(file: &Path, config: &Path, address: SocketAddr) -> std::io::Result<()> {
    let (file, config) = (std::path::absolute(file)?, std::path::absolute(config)?);
    let text = format!(
        "data      {}\nconfig    {}\nopen      http://{address}/\n",
        file.display(),
        config.display()
    );
    std::io::stdout().write_all(text.as_bytes()).ok();
    std::io::stdout().flush().ok();
    Ok(())
}

/// Brings scheduled jobs in line with each jobs.toml that comes into force.
async fn apply_changes(
    config: LiveConfig,
    store: Arc<dyn Store>,
    wake: Wake,
    stop: CancellationToken,
) {
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
        let reconciled = store.reconcile(&state.config).await;
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
