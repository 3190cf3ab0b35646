//! `cargo xtask bench schedules`: how long a start and a save take with many schedules, how long other
//! writes wait meanwhile, and what a claim takes then; on SQLite and on PostgreSQL.

mod file;
mod writes;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use cascade_config::Config;
use cascade_engine::Engine;
use cascade_store::{postgres::PostgresStore, sqlite::SqliteStore};
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
        let open = async || Ok(Engine::new(Arc::new(SqliteStore::open(&file).await?)));
        measure(&args, open).await.context("SQLite")?;
    }
    if wanted(Database::Postgres) {
        let server = Postgres::start_with(&data, &[("fsync", "on")]);
        let url = server.database();
        let open = async || Ok(Engine::new(Arc::new(PostgresStore::connect(&url, 10).await?)));
        measure(&args, open).await.context("PostgreSQL")?;
    }
    Ok(())
}

/// Measures on the database that `open` opens, as each start of a process does.
async fn measure(args: &Args, open: impl AsyncFn() -> Result<Engine>) -> Result<()> {
    let config = file::config(args.jobs, args.projects)?;
    let engine = open().await?;
    engine.store().migrate(&[]).await?;
    step(&engine, "first start", &config).await?;
    let one = file::with_another_schedule(&config, 1);
    step(&engine, "save, one job changed", &one).await?;
    step(&engine, "save, nothing changed", &one).await?;
    let engine = open().await?;
    step(&engine, "start again", &one).await?;
    claims(&engine).await?;
    step(&engine, "save, one job removed", &file::without(&one, 2)).await?;
    step(&engine, "save, it is back", &one).await?;
    step(&engine, "save, a project more", &file::with_a_project(&one)).await?;
    let all = file::with_another_schedule(&one, args.jobs);
    step(&engine, "save, every job changed", &all).await
}

async fn step(engine: &Engine, name: &str, config: &Config) -> Result<()> {
    let store = engine.store();
    let others = writes::Others::start(store.database());
    let began = Instant::now();
    engine.reconcile(config).await?;
    let took = began.elapsed().as_secs_f64();
    let longest = others.longest().await?.as_secs_f64() * 1000.0;
    println!("| {} | {name} | {took:.2} | {longest:.0} |", store.kind());
    Ok(())
}

/// Claims while every schedule is due, and how long a worker finds that it is to wait.
async fn claims(engine: &Engine) -> Result<()> {
    let mut took = Vec::new();
    let mut runs = 0;
    for _ in 0..CLAIMS {
        let began = Instant::now();
        let claimed = engine.claim("bench", CLAIM, Duration::from_secs(30), &[]).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        runs += claimed.len();
    }
    let began = Instant::now();
    let next = engine.next_due("bench", &[]).await?.context("much is due")?;
    let asked = began.elapsed().as_secs_f64() * 1000.0;
    let first = took[0];
    took.sort_by(f64::total_cmp);
    println!(
        "| {} | {CLAIMS} claims of {CLAIM}: {runs} runs; first {first:.0} ms, median {:.1} ms, longest {:.1} ms; next due {asked:.1} ms, in {next:?} | | |",
        engine.store().kind(),
        took[CLAIMS / 2],
        took[CLAIMS - 1],
    );
    Ok(())
}
