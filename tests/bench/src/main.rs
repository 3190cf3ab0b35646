//! `cascade-bench`: see `cargo xtask bench`.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use cascade_bench::{Options, Scenario, peers::PEERS};
use clap::Parser;

/// Measures Cascade and its peers side by side.
#[derive(Parser)]
struct Args {
    /// Only these; may be given again.
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// Only these systems, such as cascade or river; may be given again.
    #[arg(long, value_parser = PEERS.map(|peer| peer.name))]
    peer: Vec<String>,
    /// How often each measurement is made.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Jobs that are drained.
    #[arg(long, default_value_t = 100_000)]
    jobs: u64,
    /// Worker processes.
    #[arg(long, value_delimiter = ',', default_value = "1,4")]
    processes: Vec<u32>,
    /// Jobs at a time in each.
    #[arg(long, value_delimiter = ',', default_value = "10,100")]
    concurrency: Vec<u32>,
    /// A drain that takes longer is stopped and marked.
    #[arg(long, default_value_t = 60)]
    cap_seconds: u64,
    /// Enqueues a second, to measure latency.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For so long. Each of ten connections is slow once, at its first call: within 10 s that would be one call in a
    /// hundred, and the p99 one of those.
    #[arg(long, default_value_t = 60)]
    rate_seconds: u32,
    /// Chains, one after another.
    #[arg(long, default_value_t = 20)]
    chains: u32,
    /// Rows that wait, in `depth`.
    #[arg(long, default_value_t = 1_000_000)]
    waiting: u64,
    /// Finished rows that are kept, in `depth`.
    #[arg(long, default_value_t = 10_000_000)]
    finished: u64,
    /// Jobs a second beside the open transaction of `horizon`.
    #[arg(long, default_value_t = 1000)]
    horizon_rate: u32,
    /// For so long.
    #[arg(long, default_value_t = 600)]
    horizon_seconds: u32,
    /// Scheduled jobs that are not due, in `idle`.
    #[arg(long, default_value_t = 1000)]
    scheduled: u32,
    /// For how long `idle` looks.
    #[arg(long, default_value_t = 60)]
    idle_seconds: u32,
    /// Folder of report.md and report.json; target/bench if not given.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Where servers keep their data: on a disk, and to be reached by the account `postgres`;
    /// target/bench if not given.
    #[arg(long)]
    data: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let root = std::path::absolute(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
    let root = root.canonicalize().context("the checkout that this was built in is gone")?;
    let host = std::env::current_exe()?.with_file_name("cascade-bench-host");
    let bench = root.join("target/bench");
    let all = args.scenario.is_empty();
    let options = Options {
        scenarios: if all { Scenario::ALL.to_vec() } else { args.scenario },
        peers: args.peer,
        rounds: args.rounds,
        jobs: args.jobs,
        processes: args.processes,
        concurrency: args.concurrency,
        cap: Duration::from_secs(args.cap_seconds),
        rate: args.rate,
        rate_seconds: args.rate_seconds,
        chains: args.chains,
        waiting: args.waiting,
        finished: args.finished,
        horizon_rate: args.horizon_rate,
        horizon_seconds: args.horizon_seconds,
        scheduled: args.scheduled,
        idle_seconds: args.idle_seconds,
        fsync_seconds: 1,
        data: args.data.unwrap_or_else(|| bench.clone()),
        out: args.out.unwrap_or(bench),
        root,
        host,
    };
    println!("{}", cascade_bench::run(&options)?.markdown());
    Ok(())
}
