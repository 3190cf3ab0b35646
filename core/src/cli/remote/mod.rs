//! Commands that ask a running host over its API: `cascade enqueue`, `runs`, `logs`, `cancel`, `edit`, `retry`,
//! `pause`, `resume`, `why`, `rehearse`.

mod change;
mod client;
mod edit;
mod enqueue;
mod fault;
mod logs;
mod project;
mod rehearse;
mod run;
mod runs;
mod text;
mod wait;
mod why;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use reqwest::Url;

use client::Client;
use fault::{Fault, Kind, Result};

/// Which host is asked, and by whom.
#[derive(Args)]
#[command(next_help_heading = "Host")]
pub struct ServerArgs {
    /// Address of the running host.
    #[arg(
        long, value_name = "URL", default_value = "http://127.0.0.1:7878", env = "CASCADE_SERVER",
        value_parser = client::server
    )]
    server: Url,
    /// A file that holds an API token, where people sign in; or set CASCADE_TOKEN to the token itself.
    #[arg(long, value_name = "FILE", env = "CASCADE_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Prints JSON, a line for each run or log line; errors are JSON on standard error.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
pub enum RemoteCommand {
    /// Asks for a run of a job, with args; prints its id.
    Enqueue(enqueue::EnqueueArgs),
    /// Lists runs of a running host, or shows one.
    Runs(runs::RunsArgs),
    /// Says why a run ran or waits, or why a job does not run, and what would change that.
    Why(why::WhyArgs),
    /// Says which runs of the last days appear, vanish or move under another jobs.toml; no job runs.
    Rehearse(rehearse::RehearseArgs),
    /// Prints the log of a run.
    Logs(logs::LogsArgs),
    /// Cancels runs: one that waits at once; one that runs is asked to stop.
    Cancel(change::CancelArgs),
    /// Changes a run that waits: its args, when it begins, its priority.
    Edit(edit::EditArgs),
    /// Gives failed or cancelled runs one more attempt.
    Retry(change::RetryArgs),
    /// Starts no more runs of a job: timers, cascades and retries stop, accepted requests wait.
    Pause(change::PauseArgs),
    /// Lets a paused job go on.
    Resume(change::JobArgs),
}

/// Does it, and says by the exit code how it went: docs/command-line.md lists them.
pub fn remote(command: RemoteCommand) -> ExitCode {
    let as_json = command.server().json;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(ask(command)),
        Err(error) => Err(Fault::new(Kind::Other, format!("cannot start: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            fault.tell(as_json);
            fault.kind.into()
        }
    }
}

async fn ask(command: RemoteCommand) -> Result<()> {
    let client = Client::new(command.server())?;
    match command {
        RemoteCommand::Enqueue(args) => enqueue::enqueue(&client, args).await,
        RemoteCommand::Runs(args) => runs::runs(&client, args).await,
        RemoteCommand::Why(args) => why::why(&client, args).await,
        RemoteCommand::Rehearse(args) => rehearse::rehearse(&client, args).await,
        RemoteCommand::Logs(args) => logs::logs(&client, args).await,
        RemoteCommand::Cancel(args) => change::cancel(&client, args).await,
        RemoteCommand::Edit(args) => edit::edit(&client, args).await,
        RemoteCommand::Retry(args) => change::retry(&client, args).await,
        RemoteCommand::Pause(args) => change::pause(&client, args).await,
        RemoteCommand::Resume(args) => change::resume(&client, args).await,
    }
}

impl RemoteCommand {
    fn server(&self) -> &ServerArgs {
        match self {
            Self::Enqueue(args) => &args.server,
            Self::Runs(args) => &args.server,
            Self::Why(args) => &args.server,
            Self::Rehearse(args) => &args.server,
            Self::Logs(args) => &args.server,
            Self::Cancel(args) => &args.server,
            Self::Edit(args) => &args.server,
            Self::Retry(args) => &args.server,
            Self::Pause(args) => &args.job.server,
            Self::Resume(args) => &args.server,
        }
    }
}
