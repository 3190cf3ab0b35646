//! What to measure and how much.

use std::{path::PathBuf, time::Duration};

/// A question to all systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// No-op jobs drained, jobs/s.
    Throughput,
    /// From the enqueue to the start.
    Latency,
    /// The seven-job chain.
    Cascade,
    /// Throughput with many rows waiting, and with many finished rows kept.
    Depth,
    /// Throughput before and after minutes of work beside an open transaction.
    Horizon,
    /// CPU and queries with scheduled jobs that are not due.
    Idle,
    /// Throughput and latency on SQLite.
    Embedded,
    /// Event streams.
    Fanout,
    /// What PostgreSQL itself does.
    Bare,
}

impl Scenario {
    /// All of them, the short ones first.
    pub const ALL: [Self; 9] = [
        Self::Bare,
        Self::Throughput,
        Self::Latency,
        Self::Cascade,
        Self::Embedded,
        Self::Idle,
        Self::Fanout,
        Self::Depth,
        Self::Horizon,
    ];
}

/// What to measure and how much.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Options {
    /// In this order.
    pub scenarios: Vec<Scenario>,
    /// Names of peers; all if empty.
    pub peers: Vec<String>,
    /// How often each measurement is made.
    pub rounds: u32,
    /// Jobs that are drained.
    pub jobs: u64,
    /// Worker processes, each of which is measured.
    pub processes: Vec<u32>,
    /// Jobs at a time in one process, each of which is measured.
    pub concurrency: Vec<u32>,
    /// A drain that takes longer is stopped and marked.
    pub cap: Duration,
    /// Enqueues a second, to measure latency.
    pub rate: u32,
    /// For so long.
    pub rate_seconds: u32,
    /// Chains, one after another.
    pub chains: u32,
    /// Rows that wait, in `depth`.
    pub waiting: u64,
    /// Finished rows that are kept, in `depth`.
    pub finished: u64,
    /// Jobs a second that are asked for beside the open transaction of `horizon`.
    pub horizon_rate: u32,
    /// For so long.
    pub horizon_seconds: u32,
    /// Scheduled jobs that are not due, in `idle`.
    pub scheduled: u32,
    /// For how long `idle` looks.
    pub idle_seconds: u32,
    /// Seconds for each way to fsync of pg_test_fsync; 0 for no such test.
    pub fsync_seconds: u32,
    /// Where servers keep their data: on a disk, and to be reached by the account `postgres`.
    pub data: PathBuf,
    /// Where the report is written: `report.md` and `report.json`.
    pub out: PathBuf,
    /// The checkout.
    pub root: PathBuf,
    /// `cascade-bench-host`.
    pub host: PathBuf,
}
