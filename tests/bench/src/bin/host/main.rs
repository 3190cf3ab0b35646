//! Cascade's own driver, by the protocol of tests/bench/peers/README.md: the real worker and the real
//! server of the `cascade` library, with no-op jobs of its own.

mod chain;
mod enqueue;
mod jobs;
mod launch;
mod produce;
mod sent;
mod setup;
mod tally;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Cascade as a system to be measured.
#[derive(Parser)]
struct Cli {
    /// Its jobs are runs of a queue, of one job in one project.
    #[arg(long)]
    queue: bool,
    /// The job of the queue may have so many runs at a time, in all workers together.
    #[arg(long, requires = "queue")]
    limit: Option<u32>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the tables.
    Setup {
        /// `postgres://...` or `sqlite:FOLDER`.
        #[arg(long)]
        url: String,
    },
    /// Makes no-op runs, or jobs that are scheduled for later.
    Enqueue(enqueue::EnqueueArgs),
    /// Works until SIGTERM; on SQLite it serves, too.
    Work(launch::WorkArgs),
    /// The server alone, until SIGTERM.
    Serve(launch::ServeArgs),
    /// Asks the server, or the database, for runs at an even rate.
    Produce(produce::ProduceArgs),
    /// Asks the server for one chain after another.
    Chain(chain::ChainArgs),
}

fn main() -> ExitCode {
    cascade_store::tls::install();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let Cli { queue, limit, command } = Cli::parse();
    let done = match command {
        Command::Enqueue(args) if queue => runtime.block_on(enqueue::queue(&args)),
        Command::Setup { url } => runtime.block_on(setup::setup(&url)),
        Command::Enqueue(args) => runtime.block_on(enqueue::enqueue(&args)),
        Command::Work(args) => runtime.block_on(launch::work(args, limit)),
        Command::Serve(args) => runtime.block_on(launch::serve(args)),
        Command::Produce(args) => runtime.block_on(produce::produce(&args)),
        Command::Chain(args) => runtime.block_on(chain::chain(&args)),
    };
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
