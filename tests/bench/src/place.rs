//! The servers, and a fresh place in them for each measurement.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, Result};
use cascade_test_servers::{Postgres, Redis, find};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::{
    driver::Driver,
    options::Options,
    peers::{Kind, Peer},
};

/// PostgreSQL as an operator of a machine of this size would set it up. Durability is the default.
pub const POSTGRES_SETTINGS: [(&str, &str); 12] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("max_connections", "500"),
    ("shared_buffers", "1GB"),
    ("effective_cache_size", "4GB"),
    ("maintenance_work_mem", "512MB"),
    ("max_wal_size", "4GB"),
    ("checkpoint_timeout", "15min"),
    ("random_page_cost", "1.1"),
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.track", "top"),
];
/// Redis as BullMQ's page on production recommends it.
pub const REDIS_SETTINGS: [(&str, &str); 4] = [
    ("appendonly", "yes"),
    ("appendfsync", "everysec"),
    ("maxmemory", "0"),
    ("maxmemory-policy", "noeviction"),
];

/// One PostgreSQL and one Redis, which are nobody else's.
pub struct Servers {
    /// The PostgreSQL.
    pub postgres: Postgres,
    redis: Option<Redis>,
    folder: PathBuf,
    made: AtomicU32,
    /// By peer: a database in which nothing but `setup` was done.
    templates: BTreeMap<&'static str, String>,
}

impl Servers {
    /// Starts PostgreSQL; Redis follows when it is needed.
    pub fn start(options: &Options) -> Result<Self> {
        std::fs::create_dir_all(&options.data)?;
        let postgres = Postgres::start_with(&options.data, &POSTGRES_SETTINGS);
        postgres.sql("postgres", "CREATE EXTENSION pg_stat_statements");
        Ok(Self {
            postgres,
            redis: None,
            folder: options.data.clone(),
            made: AtomicU32::new(0),
            templates: BTreeMap::new(),
        })
    }

    /// An empty database, file or Redis with the peer's tables.
    pub fn fresh(&mut self, peer: &Peer, driver: &Driver) -> Result<Place> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        match peer.kind {
            Kind::Postgres => {
                let template = match self.templates.get(peer.name) {
                    Some(template) => template.clone(),
                    None => {
                        let template = format!("template_{number}");
                        self.postgres.sql("postgres", &format!("CREATE DATABASE {template}"));
                        driver.run(&["setup", "--url", &self.postgres.url(&template)])?;
                        self.templates.insert(peer.name, template.clone());
                        template
                    }
                };
                let name = format!("bench_{number}");
                let make = format!("CREATE DATABASE {name} TEMPLATE {template}");
                self.postgres.sql("postgres", &make);
                let url = self.postgres.url(&name);
                Ok(Place { url, at: At::Postgres(name) })
            }
            Kind::Sqlite(file) => {
                let folder = TempDir::new_in(&self.folder)?;
                let url = Peer::file_url(file, folder.path());
                driver.run(&["setup", "--url", &url])?;
                let file = if file.is_empty() { "cascade.db" } else { file };
                let file = folder.path().join(file);
                Ok(Place { url, at: At::Sqlite { _folder: folder, file } })
            }
            Kind::Redis => {
                let url = self.redis().url();
                let mut connection = redis::Client::open(url.clone())?.get_connection()?;
                redis::cmd("FLUSHALL").exec(&mut connection)?;
                driver.run(&["setup", "--url", &url])?;
                Ok(Place { url, at: At::Redis })
            }
        }
    }

    /// Another database with the same rows.
    pub fn copy(&mut self, place: &Place) -> Result<Place> {
        let At::Postgres(template) = &place.at else { anyhow::bail!("not on PostgreSQL") };
        let name = format!("bench_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let make = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
        self.postgres.sql("postgres", &make);
        let url = self.postgres.url(&name);
        Ok(Place { url, at: At::Postgres(name) })
    }

    fn redis(&mut self) -> &Redis {
        let folder = &self.folder;
        self.redis.get_or_insert_with(|| Redis::start_with(folder, &REDIS_SETTINGS))
    }

    /// What a server does by itself sooner or later is done before the measurement: statistics for
    /// the planner, and a checkpoint.
    pub fn settle(&self, place: &Place) -> Result<()> {
        match &place.at {
            At::Postgres(name) => {
                self.postgres.sql(name, "VACUUM ANALYZE");
                self.postgres.sql("postgres", "CHECKPOINT");
            }
            At::Sqlite { file, .. } => {
                let options = SqliteConnectOptions::new().filename(file);
                runtime()?.block_on(async {
                    let mut connection = SqliteConnection::connect_with(&options).await?;
                    // No ANALYZE: who embeds a file seldom runs it.
                    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
                    sqlx::raw_sql(checkpoint).execute(&mut connection).await?;
                    connection.close().await
                })?;
            }
            At::Redis => {}
        }
        Ok(())
    }

    /// Removes a database that is done with.
    pub fn remove(&self, place: Place) {
        if let At::Postgres(name) = &place.at {
            self.postgres.sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }

    /// Runs a file of SQL by psql, with `:count` in it.
    pub fn run_file(&self, place: &Place, file: &Path, count: u64) -> Result<()> {
        let ran = std::process::Command::new(find("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", &format!("count={count}")])
            .args(["-d", &place.url, "-f"])
            .arg(file)
            .output()?;
        let said = String::from_utf8_lossy(&ran.stderr);
        anyhow::ensure!(ran.status.success(), "{}: {said}", file.display());
        Ok(())
    }

    /// Starts counting queries again.
    pub fn forget_queries(&self) {
        self.postgres.sql("postgres", "SELECT pg_stat_statements_reset()");
    }

    /// Statements that ran in a place since then, BEGIN and COMMIT included.
    pub fn queries(&self, place: &Place) -> Result<f64> {
        let At::Postgres(name) = &place.at else { anyhow::bail!("not on PostgreSQL") };
        let query = format!(
            "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s
             JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = '{name}'"
        );
        Ok(self.postgres.sql("postgres", &query).parse()?)
    }

    /// Commands that Redis has run since its start.
    pub fn redis_commands(&mut self) -> Result<f64> {
        let mut connection = redis::Client::open(self.redis().url())?.get_connection()?;
        let stats: String = redis::cmd("INFO").arg("stats").query(&mut connection)?;
        let line = stats.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
        Ok(line.context("no total_commands_processed")?.trim().parse()?)
    }
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Where one measurement is made.
pub struct Place {
    /// For the drivers.
    pub url: String,
    at: At,
}

enum At {
    Postgres(String),
    Sqlite { _folder: TempDir, file: PathBuf },
    Redis,
}

impl Place {
    /// Opens what counts the jobs that are not completed.
    pub fn counter(&self, peer: &Peer) -> Result<Counter> {
        let runtime = runtime()?;
        let source = match &self.at {
            At::Postgres(_) => {
                Source::Postgres(runtime.block_on(PgConnection::connect(&self.url))?)
            }
            At::Sqlite { file, .. } => {
                let options = SqliteConnectOptions::new().filename(file).read_only(true);
                Source::Sqlite(runtime.block_on(SqliteConnection::connect_with(&options))?)
            }
            At::Redis => Source::Redis(redis::Client::open(self.url.clone())?.get_connection()?),
        };
        Ok(Counter { runtime, source, left: peer.left })
    }
}

enum Source {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
    Redis(redis::Connection),
}

/// Counts the jobs that are not completed.
pub struct Counter {
    runtime: Runtime,
    source: Source,
    left: &'static str,
}

impl Counter {
    /// How many there are now.
    pub fn left(&mut self) -> Result<u64> {
        // Sums are numeric, counts are bigint.
        let query = format!("SELECT CAST(({}) AS bigint)", self.left);
        let left: i64 = match &mut self.source {
            Source::Postgres(connection) => self
                .runtime
                .block_on(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(connection))?,
            Source::Sqlite(connection) => self
                .runtime
                .block_on(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(connection))?,
            Source::Redis(connection) => {
                let mut sum = 0;
                for key in self.left.split(' ') {
                    let kind: String = redis::cmd("TYPE").arg(key).query(connection)?;
                    let length = match kind.as_str() {
                        "list" => "LLEN",
                        "zset" => "ZCARD",
                        _ => continue,
                    };
                    sum += redis::cmd(length).arg(key).query::<i64>(connection)?;
                }
                sum
            }
        };
        Ok(u64::try_from(left)?)
    }
}
