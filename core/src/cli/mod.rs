//! The command line: the host itself, commands on its data, and commands that ask a running host.

mod check;
mod database;
mod health;
mod labels;
mod migrate;
mod plugin;
mod remote;
mod secret;
mod sign_in;
mod user;

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::builder::FalseyValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use database::DatabaseArgs;
use labels::Labels;
use sign_in::SignInArgs;

use crate::{
    environment,
    host::{self, DatabaseSettings, HostSettings, RedisSettings},
};
use cascade_engine::{runner::trace, scheduler::WorkerSettings};
use cascade_http::{HttpLimits, auth::is_local};
use cascade_model::Registry;
use cascade_registry::{Plugins, program::keeper};

/// Cascading background jobs, watched live in the browser.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

/// `command` shares a database with others, which SQLite cannot.
fn needs_postgres(command: &str) -> ExitCode {
    eprintln!("error: `cascade {command}` shares its database with other processes");
    eprintln!("  = help: set DATABASE_URL=postgres://..., or start `cascade run`, all in one");
    ExitCode::FAILURE
}

#[derive(Subcommand)]
enum Command {
    /// Database, worker, server and UI in one process; the default.
    Run(RunArgs),
    /// The API, the event stream and the UI, on a shared PostgreSQL.
    Server(RunArgs),
    /// Runs jobs, on a shared PostgreSQL; --listen serves its health and metrics.
    Worker(RunArgs),
    /// Asks a running process whether it is well; for container health checks.
    Health {
        /// Its address.
        #[arg(default_value = "127.0.0.1:7878", env = "CASCADE_LISTEN")]
        address: SocketAddr,
    },
    /// Reports every problem of a jobs.toml.
    Check {
        /// The file.
        #[arg(default_value = "jobs.toml", env = "CASCADE_CONFIG")]
        file: PathBuf,
    },
    /// Brings the host's tables up to date without starting a host, and ends the time beside older versions.
    Migrate(migrate::MigrateArgs),
    /// What plugins there are.
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Who may sign in, and what they may do.
    User(user::UserArgs),
    /// API tokens, for machines.
    Token(user::TokenArgs),
    #[command(flatten)]
    Remote(remote::RemoteCommand),
    /// Prints the completion script of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Args)]
struct RunArgs {
    /// jobs.toml.
    #[arg(long, default_value = "jobs.toml", env = "CASCADE_CONFIG")]
    config: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// `redis://...` carries events; without it, or while it does not answer, pg_notify does.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: Option<String>,
    /// A file that holds Redis' URL.
    #[arg(long, env = "REDIS_URL_FILE")]
    redis_url_file: Option<PathBuf>,
    /// Certificates (PEM) that Redis' own must come from, for `rediss://...`; those that browsers
    /// trust, if not given.
    #[arg(long, env = "REDIS_CA_FILE")]
    redis_ca_file: Option<PathBuf>,
    /// Address of the server and UI, 127.0.0.1:7878 if not given; port 0 takes a free one.
    #[arg(long, env = "CASCADE_LISTEN")]
    listen: Option<SocketAddr>,
    /// Lets administrators change in the browser what reaches this machine: programs, libraries,
    /// `[files]`, `[secrets]` and `[http]`. Without it only `cascade run` on loopback does.
    #[arg(long, env = "CASCADE_ALLOW_PLUGINS_FROM_UI", value_parser = FalseyValueParser::new())]
    allow_plugins_from_ui: bool,
    #[command(flatten)]
    sign_in: SignInArgs,
    /// Runs at a time.
    #[arg(long, default_value_t = 8, env = "CASCADE_CONCURRENCY", value_parser = clap::value_parser!(u32).range(1..=1024))]
    concurrency: u32,
    /// Runs to claim before there is a place for them, for many short jobs; they count as running.
    #[arg(long, default_value_t = 0, env = "CASCADE_PREFETCH", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    prefetch: u32,
    /// Ends of runs that may be stored in one commit, if they come while the one before is on its way;
    /// 1 for each by itself.
    #[arg(long, default_value_t = 1000, env = "CASCADE_COMMIT_BATCH", value_parser = clap::value_parser!(u16).range(1..=5000))]
    commit_batch: u16,
    /// The scheduler's safety net, in seconds.
    #[arg(long, default_value_t = 60, env = "WORKER_INTERVAL_SECONDS", value_parser = clap::value_parser!(u64).range(1..=86400))]
    interval: u64,
    /// How long a worker may be silent before its runs are given to another, such as 30s.
    #[arg(long, default_value = "30s", env = "CASCADE_LEASE", value_parser = at_least_a_second)]
    lease: Duration,
    /// How long running runs may go on after Ctrl-C, such as 10s.
    #[arg(long, default_value = "10s", env = "CASCADE_GRACE", value_parser = humantime::parse_duration)]
    grace: Duration,
    /// Labels of this worker, such as gpu,eu: it runs jobs whose `needs_labels` are among them.
    #[arg(long, default_value = "", hide_default_value = true, env = "CASCADE_LABELS")]
    labels: Labels,
    /// Where traces go over OTLP, such as http://127.0.0.1:4318; without it, nowhere. The other
    /// OTEL_EXPORTER_OTLP_* variables are honored too.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp_endpoint: Option<String>,
    /// `text` or `json`.
    #[arg(long, default_value = "text", env = "CASCADE_LOG_FORMAT", value_parser = ["text", "json"])]
    log_format: String,
    #[command(flatten)]
    limits: HttpLimits,
}

fn at_least_a_second(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|e| e.to_string())?;
    if duration < Duration::from_secs(1) { Err("at least 1s".into()) } else { Ok(duration) }
}

/// Does what the command line says. A host of one's own calls it first thing in `main`, while there
/// is one thread.
pub fn main() -> ExitCode {
    if let Some(ended) = keeper::main_if_asked() {
        return ended;
    }
    let cli = Cli::parse();
    if matches!(
        &cli.command,
        None | Some(Command::Run(_) | Command::Server(_) | Command::Worker(_))
    ) {
        environment::hide(&variables(&Cli::command()));
    }
    match cli.command {
        None => with_plugins(|plugins| run(cli.run, Role::Both, plugins)),
        Some(Command::Run(args)) => with_plugins(|plugins| run(args, Role::Both, plugins)),
        Some(Command::Server(args)) => with_plugins(|plugins| run(args, Role::Server, plugins)),
        Some(Command::Worker(args)) => with_plugins(|plugins| run(args, Role::Worker, plugins)),
        Some(Command::Health { address }) => health::health(address),
        Some(Command::Check { file }) => with_plugins(|plugins| check::check(&file, &plugins)),
        Some(Command::Migrate(args)) => migrate::migrate(args),
        Some(Command::Plugin(command)) => with_plugins(|plugins| plugin::plugin(command, &plugins)),
        Some(Command::User(args)) => user::user(args),
        Some(Command::Token(args)) => user::token(args),
        Some(Command::Remote(command)) => remote::remote(command),
        Some(Command::Completions { shell }) => completions(shell),
    }
}

/// With the plugins that are compiled in, unless they do not fit together.
fn with_plugins(act: impl FnOnce(Plugins) -> ExitCode) -> ExitCode {
    match Registry::compiled_in() {
        Ok(registry) => act(Plugins::from(registry)),
        Err(faults) => {
            for fault in faults {
                eprintln!("error: {fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// `cascade completions SHELL`.
fn completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cascade", &mut script);
    match std::io::stdout().write_all(&script) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&format!("cannot write the script: {error}")),
    }
}

/// The names of the environment variables that a command and its subcommands read.
fn variables(command: &clap::Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_env());
    let mut names: Vec<_> = own.map(|name| name.to_string_lossy().into_owned()).collect();
    names.extend(command.get_subcommands().flat_map(variables));
    names.push("CASCADE_LOG".into());
    names
}

fn refuse(error: &str) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

/// What a process does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Both,
    Server,
    Worker,
}

fn run(args: RunArgs, role: Role, plugins: Plugins) -> ExitCode {
    // The exporter of traces is built first of all, with an HTTP client.
    cascade_store::tls::install();
    let redis_url = match secret::read("REDIS_URL", args.redis_url, args.redis_url_file) {
        Ok(url) => url,
        Err(error) => return refuse(&error),
    };
    let database = match args.database.settings() {
        Ok(database) => database,
        Err(error) => return refuse(&error),
    };
    if matches!(database, DatabaseSettings::Embedded(_)) {
        match role {
            Role::Server => return needs_postgres("server"),
            Role::Worker => return needs_postgres("worker"),
            Role::Both => {}
        }
    }
    init_log(&args.log_format);
    let worker = WorkerSettings {
        concurrency: args.concurrency,
        prefetch: args.prefetch,
        commit_batch: args.commit_batch.into(),
        tick: Duration::from_secs(args.interval),
        lease: args.lease,
        grace: args.grace,
        labels: args.labels.0,
    };
    let default_listen = SocketAddr::from(([127, 0, 0, 1], 7878));
    let listen = args.listen.or((role != Role::Worker).then_some(default_listen));
    let (auth, oidc) = match args.sign_in.settings(listen) {
        Ok(settings) => settings,
        Err(error) => return refuse(&error),
    };
    // Whoever reaches this address without a proxy sits at the machine.
    let alone = role == Role::Both
        && listen.is_some_and(|listen| is_local(listen.ip()))
        && auth.public_url.is_none();
    let settings = HostSettings {
        plugins_from_ui: args.allow_plugins_from_ui || alone,
        config: args.config,
        database,
        redis: redis_url.map(|url| RedisSettings { url, ca_file: args.redis_ca_file }),
        listen,
        auth,
        oidc,
        limits: args.limits,
        serve: role != Role::Worker,
        worker: (role != Role::Server).then_some(worker),
    };
    // Outside the runtime: the exporter has a thread and a blocking client of its own.
    let traces = match args.otlp_endpoint.filter(|url| !url.is_empty()) {
        None => None,
        Some(endpoint) => match trace::export(&endpoint) {
            Ok(provider) => Some(provider),
            Err(error) => {
                eprintln!("error: cannot export traces to {endpoint}: {error}");
                return ExitCode::FAILURE;
            }
        },
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        tokio::spawn(stop_on_signal(stop.clone()));
        host::run(settings, plugins, stop).await
    });
    // A plugin that never looks up has been abandoned; do not wait for its thread.
    runtime.shutdown_background();
    if let Some(Err(error)) = traces.map(|traces| traces.shutdown()) {
        tracing::warn!(%error, "the last traces were not exported");
    }
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    // A host that was started to outlive its terminal, as by nohup, goes on when that is closed.
    let hangup = if hangup_is_ignored() { None } else { signal(SignalKind::hangup()).ok() };
    let closed = async {
        match hangup {
            Some(mut hangup) => drop(hangup.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        () = closed => {}
    }
    tracing::info!("stopping; once more to stop at once");
    stop.cancel();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    // The keepers of programs are told by the kernel.
    std::process::exit(130);
}

/// Whether whoever started this process had it ignore SIGHUP.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 != 0)
}

fn init_log(format: &str) {
    let filter = EnvFilter::try_from_env("CASCADE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A disk that is full of logs is told to nobody, as that would go to the same disk and panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    if format == "json" {
        log.json().init();
    } else {
        log.with_target(false).init();
    }
}
