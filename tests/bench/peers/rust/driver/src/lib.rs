//! The protocol of `../../README.md`, written once: a peer's binary implements [`Peer`] and calls
//! [`run`].

mod bodies;
mod chain;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand, ValueEnum};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

pub use bodies::Bodies;
pub use chain::{Link, STEPS, next_steps};

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Calls of one producer that may be under way at once: a slow peer must not hold back the schedule.
pub const PRODUCERS: u32 = 20;

/// What a no-op job carries.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Noop {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_us: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    Plain,
    Batched,
}

pub struct Chunks {
    pub jobs: usize,
    pub lanes: u32,
}

/// One peer, connected.
///
/// The futures need not be `Send`, but those of [`Peer::one`], of which many run at once.
#[expect(async_fn_in_trait, reason = "every peer is used as its own type, in one place")]
pub trait Peer: Clone + Send + Sync + 'static {
    /// Keeps a running worker and stops it.
    type Worker;

    /// What `--mode` may be, the default first.
    const MODES: &'static [Mode];

    /// Opens the peer's pool with room for `connections` statements at once.
    async fn connect(url: &str, connections: u32) -> Result<Self>;

    /// Connections that a worker of `concurrency` needs, as the peer's documentation says.
    fn worker_connections(concurrency: u32) -> u32;

    /// Makes the peer's tables by its own migrations.
    async fn setup(&self) -> Result;

    /// Puts `count` no-op jobs in by one call of the peer's bulk API, due after `wait`.
    async fn bulk(&self, count: usize, wait: Option<Duration>) -> Result;

    /// How many jobs [`Peer::bulk`] takes best, and how many such calls at once.
    fn chunks(&self) -> Chunks;

    /// One no-op job by the peer's single insert.
    fn one(&self, job: Noop) -> impl Future<Output = Result> + Send;

    /// The first job of a chain.
    async fn chain(&self, link: Link) -> Result;

    /// Starts a worker and returns once it can take jobs.
    async fn work(self, concurrency: u32, mode: Mode, bodies: Arc<Bodies>) -> Result<Self::Worker>;

    /// Takes no more jobs; returns when all that were taken are completed.
    async fn stop(worker: Self::Worker) -> Result;
}

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct To {
    #[arg(long)]
    url: String,
}

#[derive(Subcommand)]
enum Command {
    Setup {
        #[command(flatten)]
        to: To,
    },
    Enqueue {
        #[command(flatten)]
        to: To,
        #[arg(long)]
        count: usize,
        #[arg(long, default_value_t = 0.0)]
        in_seconds: f64,
    },
    Work {
        #[command(flatten)]
        to: To,
        #[arg(long)]
        concurrency: u32,
        #[arg(long)]
        mode: Option<Mode>,
    },
    Produce {
        #[command(flatten)]
        to: To,
        #[arg(long)]
        rate: f64,
        #[arg(long)]
        seconds: f64,
    },
    Chain {
        #[command(flatten)]
        to: To,
        #[arg(long, default_value_t = 1)]
        chains: u32,
    },
}

/// The whole program of a peer.
pub async fn run<P: Peer>() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Work { mode: Some(mode), .. } if !P::MODES.contains(&mode) => {
            eprintln!("this peer has one mode only: {:?}", P::MODES);
            return ExitCode::from(2);
        }
        Command::Setup { to } => setup::<P>(&to).await,
        Command::Enqueue { to, count, in_seconds } => {
            enqueue::<P>(&to, count, Duration::from_secs_f64(in_seconds)).await
        }
        Command::Work { to, concurrency, mode } => {
            work::<P>(&to, concurrency, mode.unwrap_or(P::MODES[0])).await
        }
        Command::Produce { to, rate, seconds } => produce::<P>(&to, rate, seconds).await,
        Command::Chain { to, chains } => first_of_chain::<P>(&to, chains).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn setup<P: Peer>(to: &To) -> Result {
    P::connect(&to.url, 2).await?.setup().await
}

async fn enqueue<P: Peer>(to: &To, count: usize, wait: Duration) -> Result {
    let peer = P::connect(&to.url, PRODUCERS).await?;
    let wait = (!wait.is_zero()).then_some(wait);
    let Chunks { jobs, lanes } = peer.chunks();
    let left = AtomicUsize::new(count);
    let lane = async || {
        while let Ok(was) = left
            .fetch_update(Relaxed, Relaxed, |left| (left > 0).then(|| left.saturating_sub(jobs)))
        {
            peer.bulk(was.min(jobs), wait).await?;
        }
        Result::Ok(())
    };
    try_join_all((0..lanes).map(|_| lane())).await?;
    Ok(())
}

async fn first_of_chain<P: Peer>(to: &To, chains: u32) -> Result {
    P::connect(&to.url, 2).await?.chain(Link { chain: 0, of: chains }).await
}

async fn work<P: Peer>(to: &To, concurrency: u32, mode: Mode) -> Result {
    // Before the worker starts: a SIGTERM must never end the process half-way.
    let mut term = signal(SignalKind::terminate())?;
    let bodies = Arc::new(Bodies::default());
    let peer = P::connect(&to.url, P::worker_connections(concurrency)).await?;
    let worker = peer.work(concurrency, mode, Arc::clone(&bodies)).await?;
    say(&json!({ "ready": true }))?;

    let mut said = 0;
    let mut tick = interval(Duration::from_millis(50));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = std::pin::pin!(async {
        term.recv().await;
        P::stop(worker).await
    });
    loop {
        tokio::select! {
            stopped = &mut stop => break stopped?,
            _ = tick.tick() => {
                let done = bodies.done();
                if done != said {
                    said = done;
                    say(&json!({ "done": done }))?;
                }
            }
        }
    }
    say(&bodies.end())
}

/// An absolute schedule: a late call is made up for, so the rate holds whatever the timer's grain.
async fn produce<P: Peer>(to: &To, rate: f64, seconds: f64) -> Result {
    let peer = P::connect(&to.url, PRODUCERS).await?;
    let count = (rate * seconds).round() as u64;
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for sent in 0..count {
        sleep_until(start + Duration::from_secs_f64(sent as f64 / rate)).await;
        if calls.len() >= PRODUCERS as usize {
            joined(&mut calls).await?;
        }
        let peer = peer.clone();
        calls.spawn(async move { peer.one(Noop { sent_us: Some(now_us()) }).await });
    }
    while !calls.is_empty() {
        joined(&mut calls).await?;
    }
    Ok(())
}

async fn joined(calls: &mut JoinSet<Result>) -> Result {
    match calls.join_next().await {
        Some(done) => done?,
        None => Ok(()),
    }
}

/// One line, out before the next statement: the orchestrator reads as it comes.
fn say(value: &serde_json::Value) -> Result {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}

/// Whether a session of the application `$1` listens: a worker's start need not wait for that.
pub const LISTENING: &str = "SELECT EXISTS (SELECT FROM pg_stat_activity \
                             WHERE application_name = $1 AND query LIKE 'LISTEN %')";

/// This process's name among the server's sessions.
pub fn application() -> String {
    format!("peer-{}", std::process::id())
}

/// Asks until the answer is yes.
pub async fn until(probe: impl AsyncFn() -> Result<bool>) -> Result {
    while !probe().await? {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// µs of the Unix epoch.
pub fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
