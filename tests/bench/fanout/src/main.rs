//! Fan-out of server-sent events: how much one open stream costs, and how soon the last of many has
//! an event. Linux only: the figures come from `/proc`.

mod cascade;
mod clients;
mod http;
mod nchan;
mod proc;
mod round;
mod run;
mod scan;
mod stats;

use clap::Parser;

/// What to do.
#[derive(Parser)]
#[command(about)]
enum Command {
    /// Opens event streams and says on standard output when each event had come to all of them.
    Clients(clients::Options),
    /// Compares a Cascade server with Nchan; prints JSON.
    Run(run::Options),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Clients(options) => clients::run(&options),
        Command::Run(options) => run::run(&options),
    }
}
