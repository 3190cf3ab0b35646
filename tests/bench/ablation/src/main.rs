//! `cargo xtask bench ablation`: what each change of the storage of runs would win or lose, by itself and
//! together with others, before any of it is built.
//!
//! It measures one claim of 500 runs and their ends, again and again until 20,000 are done, in the shapes of
//! [`Shape`], with 1, 4 and 16 connections. `today` is the SQL of the store in this tree, read from its files;
//! the other variants ([`VARIANTS`]) are that SQL with a change (`sql/`, `postgres/texts.rs`), on tables made by
//! the migrations of this tree and changed in `postgres/tables.rs`. The variants take turns, round after round;
//! what is printed are medians. Compare figures of one table only. On a machine that does something else as well,
//! go by the time of processors and by the log: the time on the clock says nothing there.
//!
//! It starts a PostgreSQL that nobody else uses, with `fsync` and `synchronous_commit` on. A table takes about
//! a minute and a half a round on two cores; three rounds of all take an hour. A part:
//!
//! ```sh
//! cargo xtask bench ablation --shape keyless --connections 4 --rounds 2 --variant claim-row
//! ```

mod change;
mod cpu;
mod flight;
mod postgres;
mod report;
mod sqlite;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use cascade_test_servers::Postgres;
use change::{BASE, Shape, VARIANTS, Variant};
use clap::{Parser, ValueEnum};
use report::Table;

/// As the servers of `cargo xtask bench`.
const SETTINGS: [(&str, &str); 9] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("max_connections", "100"),
    ("shared_buffers", "1GB"),
    ("effective_cache_size", "4GB"),
    ("max_wal_size", "4GB"),
    ("checkpoint_timeout", "15min"),
    ("random_page_cost", "1.1"),
];

/// The storage of runs, with changes and without.
#[derive(Parser)]
struct Args {
    /// Only this shape; may be repeated.
    #[arg(long)]
    shape: Vec<Shape>,
    /// Connections; may be repeated.
    #[arg(long, default_values_t = [1, 4, 16])]
    connections: Vec<usize>,
    /// Only this variant, beside today's; may be repeated.
    #[arg(long)]
    variant: Vec<String>,
    /// Only this database; both if not given.
    #[arg(long)]
    database: Option<Database>,
    /// How often each is measured.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Runs of a measurement.
    #[arg(long, default_value_t = 20_000)]
    runs: usize,
    /// Where the database is kept: on a disk, and to be reached by the account `postgres`; the folder of
    /// temporary files if not given.
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
    let mut names: Vec<_> = VARIANTS.iter().map(|variant| variant.name).collect();
    names.extend(sqlite::VARIANTS.map(|(name, _)| name));
    if let Some(unknown) = args.variant.iter().find(|name| !names.contains(&name.as_str())) {
        anyhow::bail!("--variant {unknown}: there are {}", names.join(", "));
    }
    ensure!(args.rounds > 0 && args.runs > 0, "--rounds and --runs are at least 1");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).context("a workspace")?;
    let data = args.data.clone().unwrap_or_else(std::env::temp_dir);
    let shapes = if args.shape.is_empty() { Shape::value_variants() } else { &args.shape };
    if args.database != Some(Database::Sqlite) {
        let server = Postgres::start_with(&data, &SETTINGS);
        postgres::tables::template(&server, root)?;
        for shape in shapes {
            on_postgres(&args, &server, *shape).await?;
        }
    }
    if args.database != Some(Database::Postgres) {
        for shape in shapes {
            on_sqlite(&args, &data, root, *shape).await?;
        }
    }
    Ok(())
}

impl Args {
    /// Whether a variant is asked for.
    fn wants(&self, variant: &str) -> bool {
        self.variant.is_empty()
            || [VARIANTS[0].name, BASE].contains(&variant)
            || self.variant.iter().any(|name| name == variant)
    }
}

async fn on_sqlite(args: &Args, data: &Path, root: &Path, shape: Shape) -> Result<()> {
    let name = shape.to_possible_value().context("a shape has a name")?;
    let wanted =
        |variant: &&sqlite::Variant| sqlite::bears_on(variant, shape) && args.wants(variant.0);
    let variants: Vec<_> = sqlite::VARIANTS.iter().filter(wanted).collect();
    if variants.is_empty() {
        return Ok(());
    }
    let mut table = Table::default();
    for _ in 0..args.rounds {
        for variant in &variants {
            let measured = sqlite::measure(data, root, (variant, shape), args.runs)
                .await
                .with_context(|| variant.0.to_owned())?;
            table.add(variant.0, measured);
        }
    }
    table.print(&format!("SQLite, {}", name.get_name()), sqlite::VARIANTS[0].0);
    Ok(())
}

async fn on_postgres(args: &Args, server: &Postgres, shape: Shape) -> Result<()> {
    let name = shape.to_possible_value().context("a shape has a name")?;
    for connections in &args.connections {
        let wanted =
            |variant: &&Variant| variant.bears_on(shape, *connections) && args.wants(variant.name);
        let variants: Vec<_> = VARIANTS.iter().filter(wanted).collect();
        let mut table = Table::default();
        let databases: Vec<_> =
            variants.iter().map(|variant| postgres::tables::make(server, variant, shape)).collect();
        for _ in 0..args.rounds {
            for (variant, database) in variants.iter().zip(&databases) {
                let what = (*variant, shape);
                let size = (*connections, args.runs);
                let measured = postgres::measure(server, database, what, size)
                    .await
                    .with_context(|| variant.name.to_owned())?;
                table.add(variant.name, measured);
            }
        }
        table.print(&format!("{}, connections: {connections}", name.get_name()), BASE);
        for database in &databases {
            server.sql("postgres", &format!("DROP DATABASE {database} WITH (FORCE)"));
        }
    }
    Ok(())
}
