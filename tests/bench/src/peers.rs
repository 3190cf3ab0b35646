//! The systems that are measured. Each has a driver: see tests/bench/peers/README.md.

use std::{ffi::OsString, path::Path};

use crate::{driver::Driver, options::Options};

/// What a system keeps its jobs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A database of the one server.
    Postgres,
    /// A file, by its name in the folder of a measurement. Empty: the folder itself.
    Sqlite(&'static str),
    /// The one server.
    Redis,
}

/// How a driver is started.
#[derive(Debug, Clone, Copy)]
enum Program {
    /// Cascade's own.
    Host,
    /// The same, whose jobs are runs of a queue; at most so many at a time, in all workers.
    HostOfQueue { limit: Option<u32> },
    /// A binary of tests/bench/peers/rust.
    Rust(&'static str),
    /// A file of tests/bench/peers/node.
    Node(&'static str),
    /// A file of tests/bench/peers/python.
    Python(&'static str),
}

/// A system.
#[derive(Debug, Clone)]
pub struct Peer {
    /// On the command line.
    pub name: &'static str,
    /// In the report.
    pub title: &'static str,
    /// What it keeps its jobs in.
    pub kind: Kind,
    /// Its ways to complete jobs.
    pub modes: &'static [&'static str],
    /// Counts what is not completed: SQL, or for Redis the keys whose lengths add up.
    pub left: &'static str,
    /// A file of tests/bench/sql/finished that fills the tables with finished jobs, if they are kept.
    pub finished: Option<&'static str>,
    /// Jobs are asked for at a server of its own: `serve`.
    pub serves: bool,
    /// What a completion that was told survives.
    pub durability: &'static str,
    /// The package whose version counts, as a lock file of tests/bench/peers names it.
    pub package: &'static str,
    program: Program,
}

const POSTGRES: &str = "fsync on, synchronous_commit on";
const SQLITE_FULL: &str = "WAL, synchronous=FULL";
const BOTH: &[&str] = &["plain", "batched"];

/// All of them, Cascade first.
pub const PEERS: [Peer; 10] = [
    Peer {
        name: "cascade",
        title: "Cascade",
        kind: Kind::Postgres,
        modes: BOTH,
        left: CASCADE_LEFT,
        finished: Some("cascade.sql"),
        serves: true,
        durability: POSTGRES,
        package: "cascade",
        program: Program::Host,
    },
    Peer {
        name: "river",
        title: "River for Rust",
        kind: Kind::Postgres,
        modes: BOTH,
        left: RIVER_LEFT,
        finished: Some("river.sql"),
        serves: false,
        durability: POSTGRES,
        package: "riverqueue",
        program: Program::Rust("peer-river"),
    },
    Peer {
        name: "graphile_worker",
        title: "graphile_worker (Rust)",
        kind: Kind::Postgres,
        modes: BOTH,
        left: "SELECT count(*) FROM graphile_worker.jobs WHERE attempts < max_attempts",
        finished: None,
        serves: false,
        durability: POSTGRES,
        package: "graphile_worker",
        program: Program::Rust("peer-graphile_worker"),
    },
    Peer {
        name: "awa",
        title: "awa",
        kind: Kind::Postgres,
        modes: BOTH,
        left: AWA_LEFT,
        finished: None,
        serves: false,
        durability: POSTGRES,
        package: "awa",
        program: Program::Rust("peer-awa"),
    },
    Peer {
        name: "apalis",
        title: "apalis",
        kind: Kind::Postgres,
        modes: BOTH,
        left: "SELECT count(*) FROM apalis.jobs WHERE status NOT IN ('Done', 'Killed')
               AND NOT (status = 'Failed' AND attempts >= max_attempts)",
        finished: Some("apalis.sql"),
        serves: false,
        durability: POSTGRES,
        package: "apalis-postgres",
        program: Program::Rust("peer-apalis"),
    },
    Peer {
        name: "graphile-worker",
        title: "graphile-worker (Node)",
        kind: Kind::Postgres,
        modes: BOTH,
        left: GRAPHILE_LEFT,
        finished: None,
        serves: false,
        durability: POSTGRES,
        package: "graphile-worker",
        program: Program::Node("graphile-worker.mjs"),
    },
    Peer {
        name: "pg-boss",
        title: "pg-boss",
        kind: Kind::Postgres,
        modes: BOTH,
        left: "SELECT count(*) FROM pgboss.job WHERE name IN ('noop', 'chain') AND state < 'completed'",
        finished: Some("pg-boss.sql"),
        serves: false,
        durability: POSTGRES,
        package: "pg-boss",
        program: Program::Node("pg-boss.mjs"),
    },
    Peer {
        name: "procrastinate",
        title: "procrastinate",
        kind: Kind::Postgres,
        modes: &["plain"],
        left: "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')",
        finished: Some("procrastinate.sql"),
        serves: false,
        durability: POSTGRES,
        package: "procrastinate",
        program: Program::Python("driver.py"),
    },
    Peer {
        name: "bullmq",
        title: "BullMQ (Redis, for reference)",
        kind: Kind::Redis,
        modes: &["plain"],
        left: "bull:bench:wait bull:bench:active bull:bench:paused bull:bench:prioritized bull:bench:delayed",
        finished: None,
        serves: false,
        durability: "AOF, appendfsync everysec: a power cut loses up to a second",
        package: "bullmq",
        program: Program::Node("bullmq.mjs"),
    },
    Peer {
        name: "river",
        title: "River for Rust",
        kind: Kind::Sqlite("river.db"),
        modes: BOTH,
        left: RIVER_LEFT,
        finished: None,
        serves: false,
        durability: "WAL, synchronous as River's README leaves it (FULL)",
        package: "riverqueue",
        program: Program::Rust("peer-river"),
    },
];

/// Cascade on SQLite, which comes before its peers there.
pub const EMBEDDED: Peer = Peer {
    kind: Kind::Sqlite(""),
    finished: None,
    serves: false,
    durability: SQLITE_FULL,
    ..PEERS[0]
};

/// Cascade with jobs that callers ask for, of one type in one project, as most peers have them. The other, whose jobs
/// have a schedule, has at most one unfinished run of each job and project.
pub const QUEUE: Peer = Peer {
    title: "Cascade, a queue",
    left: QUEUE_LEFT,
    finished: None,
    // Who asks for runs of a queue does it in SQL, as peers' libraries do.
    serves: false,
    program: Program::HostOfQueue { limit: None },
    ..PEERS[0]
};

/// The same, whose job has a `concurrency`, so that each claim counts what runs. It is more than all workers
/// together can have, with what they prefetch: what the counting costs is measured, and not the limit.
pub const LIMITED_QUEUE: Peer = Peer {
    title: "Cascade, a queue with a limit",
    program: Program::HostOfQueue { limit: Some(10_000) },
    ..QUEUE
};

/// Cascade asked for runs by the SQL function, from a process that has connections to the database, as peers'
/// libraries do.
pub const IN_SQL: Peer = Peer { title: "Cascade, asked in SQL", serves: false, ..PEERS[0] };

const QUEUE_LEFT: &str =
    "SELECT count(*) FROM queue_runs WHERE state IN ('available', 'running', 'retryable')";
const CASCADE_LEFT: &str =
    "SELECT count(*) FROM worker_runs WHERE state IN ('available', 'running', 'retryable')";
const RIVER_LEFT: &str =
    "SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded')";
const GRAPHILE_LEFT: &str =
    "SELECT count(*) FROM graphile_worker._private_jobs WHERE attempts < max_attempts";
/// The view `awa.jobs` gives the same at a cost that grows with the square of what is claimed.
const AWA_LEFT: &str = "
    SELECT (SELECT count(*) FROM awa.deferred_jobs)
      + (SELECT coalesce(sum(greatest(awa.sequence_next_value(e.seq_name) - awa.sequence_next_value(c.seq_name), 0)), 0)
         FROM awa.queue_enqueue_heads e JOIN awa.queue_claim_heads c USING (queue, priority, enqueue_shard))
      + (SELECT count(*) FROM awa.leases)
      + (SELECT count(*) FROM (
             SELECT receipt_id, job_id FROM awa.lease_claims WHERE closed_at IS NULL
             UNION ALL
             SELECT i.receipt_id, i.job_id FROM awa.lease_claim_batches b
             CROSS JOIN LATERAL unnest(b.receipt_ids, b.job_ids) AS i (receipt_id, job_id)
         ) claimed
         WHERE receipt_id NOT IN (SELECT unnest(receipt_ids) FROM awa.lease_claim_closure_batches)
           AND job_id NOT IN (SELECT job_id FROM awa.lease_claim_closures)
           AND job_id NOT IN (SELECT job_id FROM awa.done_entries)
           AND job_id NOT IN (SELECT job_id FROM awa.leases))";

impl Peer {
    /// Its program, if it is built.
    pub fn driver(&self, options: &Options) -> Option<Driver> {
        let sources = options.root.join("tests/bench/peers");
        let built = options.root.join("target/bench");
        let log = options.out.join(format!("{}.log", self.name));
        let (file, before): (_, Option<OsString>) = match self.program {
            Program::Host | Program::HostOfQueue { .. } => (options.host.clone(), None),
            Program::Rust(name) => (built.join("peers/release").join(name), None),
            Program::Node(name) => {
                let folder = sources.join("node");
                if !folder.join("node_modules").exists() {
                    return None;
                }
                (folder.join(name), Some("node".into()))
            }
            Program::Python(name) => {
                let python = built.join("venv/bin/python");
                if !python.exists() {
                    return None;
                }
                (sources.join("python").join(name), Some(python.into()))
            }
        };
        let flags = match self.program {
            Program::HostOfQueue { limit: None } => vec!["--queue".into()],
            Program::HostOfQueue { limit: Some(limit) } => {
                vec!["--queue".into(), "--limit".into(), limit.to_string().into()]
            }
            _ => Vec::new(),
        };
        let line = before.into_iter().chain([file.clone().into()]).chain(flags).collect();
        file.exists().then_some(Driver { line, log })
    }

    /// The address of its data in a folder.
    pub fn file_url(file: &str, folder: &Path) -> String {
        match file {
            "" => format!("sqlite:{}", folder.display()),
            file => format!("sqlite:{}", folder.join(file).display()),
        }
    }

    /// As the report calls it in one of its modes.
    pub fn subject(&self, mode: &str) -> String {
        match self.modes.len() {
            1 => self.title.to_owned(),
            _ => format!("{}, {mode}", self.title),
        }
    }
}
