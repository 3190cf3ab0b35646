//! Starts the host as `cascade worker`, `cascade server` or `cascade run` would.

use std::{fs::File, net::SocketAddr, sync::Arc, sync::Mutex, time::Duration};

use anyhow::Context as _;
use cascade::host::{self, DatabaseSettings, HostSettings};
use cascade_engine::scheduler::WorkerSettings;
use cascade_http::{
    HttpLimits,
    auth::{AuthSettings, SignIn},
};
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{
    enqueue,
    jobs::{PROJECTS, jobs_toml},
    setup::{database, plugins},
    tally::Protocol,
};

/// How the worker claims.
#[derive(Clone, Copy, ValueEnum)]
pub enum Mode {
    /// As it comes.
    Plain,
    /// As operations.md says for many short jobs: `--prefetch 2000`.
    Batched,
}

#[derive(Args)]
pub struct WorkArgs {
    /// `postgres://...` or `sqlite:FOLDER`.
    #[arg(long)]
    url: String,
    /// Runs at a time.
    #[arg(long, default_value_t = 10)]
    concurrency: u32,
    #[arg(long, value_enum, default_value = "plain")]
    mode: Mode,
    #[command(flatten)]
    limits: HttpLimits,
}

#[derive(Args)]
pub struct ServeArgs {
    /// `postgres://...`
    #[arg(long)]
    url: String,
    #[command(flatten)]
    limits: HttpLimits,
}

/// The worker as the command line sets it up if nothing else is said, but for what is measured.
fn worker_settings(concurrency: u32, mode: Mode) -> WorkerSettings {
    let prefetch = match mode {
        Mode::Plain => 0,
        Mode::Batched => 2000,
    };
    WorkerSettings {
        prefetch,
        commit_batch: 1000,
        concurrency,
        tick: Duration::from_secs(60),
        lease: Duration::from_secs(30),
        grace: Duration::from_secs(10),
        labels: Vec::new(),
    }
}

pub async fn work(args: WorkArgs, limit: Option<u32>) -> anyhow::Result<()> {
    let database = database(&args.url);
    let embedded = matches!(database, DatabaseSettings::Embedded(_));
    let worker = worker_settings(args.concurrency, args.mode);
    launch(&args.url, database, Some(worker), embedded, args.limits, limit).await
}

pub async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    launch(&args.url, database(&args.url), None, true, args.limits, None).await
}

async fn launch(
    url: &str,
    database: DatabaseSettings,
    worker: Option<WorkerSettings>,
    serve: bool,
    limits: HttpLimits,
    limit: Option<u32>,
) -> anyhow::Result<()> {
    log_to_nowhere()?;
    // Jobs that were scheduled for projects of their own stay so.
    let projects = enqueue::scheduled_projects(url).await?.max(PROJECTS);
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("jobs.toml");
    std::fs::write(&config, jobs_toml(projects, limit))?;
    let settings = HostSettings {
        config,
        database,
        redis: None,
        listen: serve.then(|| SocketAddr::from(([127, 0, 0, 1], 0))),
        limits,
        serve,
        auth: AuthSettings { sign_in: SignIn::Off, public_url: None },
        oidc: None,
        plugins_from_ui: false,
        worker,
    };
    let (protocol, printed) = Protocol::take()?;
    let protocol = Arc::new(protocol);
    let (telling, counting) = (protocol.clone(), protocol.clone());
    std::thread::spawn(move || telling.ready(printed));
    std::thread::spawn(move || counting.count());
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = stop.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        stopped.cancel();
    });
    host::run(settings, plugins()?, stop).await?;
    protocol.end();
    Ok(())
}

/// The log is written as in production, and read by nobody.
fn log_to_nowhere() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("CASCADE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let nowhere = File::options().write(true).open("/dev/null").context("/dev/null")?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Mutex::new(nowhere));
    log.with_ansi(false).with_target(false).init();
    Ok(())
}
