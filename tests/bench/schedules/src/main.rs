//! `cargo xtask bench schedules`: how long a start and a save take with many schedules, how long other
//! writes wait meanwhile, and what a claim takes then; on SQLite and on PostgreSQL.

mod file;
mod writes;

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, Result};
use cascade_config::Config;
use cascade_store::{Store, postgres::PostgresStore, sqlite::SqliteStore};
use cascade_test_servers::Postgres;
use clap::{Parser, ValueEnum};

/// Runs a claim takes at most.
const CLAIM: u32 = 100;
/// Claims that are measured.
const CLAIMS: usize = 20;

/// Many schedules.
#[derive(Parser)]
struct Args {
    /// Jobs, each with a schedule in every project.
    #[arg(long, default_value_t = 5000)]
    jobs: usize,
    /// Projects.
    #[arg(long, default_value_t = 200)]
    projects: usize,
    /// Only this database; both if not given.
    #[arg(long)]
    database: Option<Database>,
    /// Where the databases are kept: on a disk, and to be reached by the account `postgres`; the folder
    /// of temporary files if not given.
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let data = args.data.clone().unwrap_or_else(std::env::temp_dir);
    let wanted = |database| args.database.is_none_or(|only| only == database);
    println!(
        "{} jobs x {} projects = {} schedules{}\n",
        args.jobs,
        args.projects,
        args.jobs * args.projects,
        if cfg!(debug_assertions) { ", a debug build" } else { "" },
    );
    println!("| database | step | seconds | another write waited at most, ms |");
    println!("|---|---|---|---|");
    if wanted(Database::Sqlite) {
        let folder = tempfile::tempdir_in(&data)?;
        let file = folder.path().join("cascade.db");
        let open = async || Ok(SqliteStore::open(&file).await?);
        measure(&args, open).await.context("SQLite")?;
    }
    if wanted(Database::Postgres) {
        let server = Postgres::start_with(&data, &[("fsync", "on")]);
        let url = server.database();
        let open = async || Ok(PostgresStore::connect(&url, 10).await?);
        measure(&args, open).await.context("PostgreSQL")?;
    }
    Ok(())
}

/// Measures on the database that `open` opens, as each start of a process does.
async fn measure<S: Store + Clone + 'static>(
    args: &Args,
    open: impl AsyncFn() -> Result<S>,
) -> Result<()> {
    let config = file::config(args.jobs, args.projects)?;
    let store = open().await?;
    store.migrate(&[]).await?;
    step(&store, "first start", &config).await?;
    let one = file::with_another_schedule(&config, 1);
    step(&store, "save, one job changed", &one).await?;
    step(&store, "save, nothing changed", &one).await?;
    let store = open().await?;
    step(&store, "start again", &one).await?;
    claims(&store).await?;
    step(&store, "save, one job removed", &file::without(&one, 2)).await?;
    step(&store, "save, it is back", &one).await?;
    step(&store, "save, a project more", &file::with_a_project(&one)).await?;
    let all = file::with_another_schedule(&one, args.jobs);
    step(&store, "save, every job changed", &all).await
}

async fn step<S: Store + Clone + 'static>(store: &S, name: &str, config: &Config) -> Result<()> {
    let others = writes::Others::start(store.database());
    let began = Instant::now();
    store.reconcile(config).await?;
    let took = began.elapsed().as_secs_f64();
    let longest = others.longest().await?.as_secs_f64() * 1000.0;
    println!("| {} | {name} | {took:.2} | {longest:.0} |", store.kind());
    Ok(())
}

/// Claims while every schedule is due, and how long a worker finds that it is to wait.
async fn claims(store: &impl Store) -> Result<()> {
    let mut took = Vec::new();
    let mut runs = 0;
    for _ in 0..CLAIMS {
        let began = Instant::now();
        let claimed = store.claim("bench", CLAIM, std::time::Duration::from_secs(30), &[]).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        runs += claimed.runs.len();
    }
    let began = Instant::now();
    let next = store.next_due("bench", &[]).await?.context("much is due")?;
    let asked = began.elapsed().as_secs_f64() * 1000.0;
    let first = took[0];
    took.sort_by(f64::total_cmp);
    println!(
        "| {} | {CLAIMS} claims of {CLAIM}: {runs} runs; first {first:.0} ms, median {:.1} ms, longest {:.1} ms; next due {asked:.1} ms, in {next:?} | | |",
        store.kind(),
        took[CLAIMS / 2],
        took[CLAIMS - 1],
    );
    Ok(())
}
