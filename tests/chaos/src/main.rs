//! `cargo xtask chaos`: the full version.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use cascade_chaos::Settings;
use clap::Parser;

/// Kills, pauses and restarts every part under load, and counts what was lost.
#[derive(Parser)]
struct Args {
    /// Decides every random choice; a new one each time if not given.
    #[arg(long)]
    seed: Option<u64>,
    /// SIGKILLs of workers.
    #[arg(long, default_value_t = 60)]
    worker_kills: u32,
    /// Faults of each other kind.
    #[arg(long, default_value_t = 4)]
    other_faults: u32,
    /// Open event streams.
    #[arg(long, default_value_t = 200)]
    clients: usize,
    /// Projects.
    #[arg(long, default_value_t = 20)]
    projects: usize,
    /// The host of an older version, which every other process is of.
    #[arg(long)]
    older: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let Args { seed, worker_kills, other_faults, clients, projects, older } = Args::parse();
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}: the same again by `cargo xtask chaos --seed {seed}`");
    let host = std::env::current_exe()?;
    let host = host.with_file_name("cascade-chaos-host");
    anyhow::ensure!(host.exists(), "{} is missing: cargo xtask chaos builds it", host.display());
    // Hosts are started in a folder of their own.
    let absolute = |path: PathBuf| path.canonicalize().with_context(|| path.display().to_string());
    let older = older.map(absolute).transpose()?;
    let settings = Settings { host, older, seed, worker_kills, other_faults, clients, projects };
    let report = cascade_chaos::run(&settings).await;
    println!("{report}");
    let lost = (!report.is_clean()).then_some(ExitCode::FAILURE);
    Ok(lost.unwrap_or(ExitCode::SUCCESS))
}
