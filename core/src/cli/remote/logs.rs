//! `cascade logs`.

use std::io::{Write, stdout};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    ServerArgs,
    client::Client,
    fault::{Fault, Kind, Result},
    run::Run,
    text,
    wait::{Pace, Timeout},
};

const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];

#[derive(Args)]
pub struct LogsArgs {
    /// Id of the run.
    run: Uuid,
    /// Goes on until the run ends, and exits with 5 if it fails or is cancelled.
    #[arg(short, long)]
    follow: bool,
    /// Only lines of this level and above.
    #[arg(long, default_value = "debug", value_parser = LEVELS)]
    level: String,
    /// Begins with so many of the latest lines.
    #[arg(long, value_name = "LINES", value_parser = clap::value_parser!(u32).range(0..=5000))]
    last: Option<u32>,
    #[command(flatten)]
    timeout: Timeout,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
}

#[derive(Deserialize)]
struct Line {
    seq: u64,
    at: DateTime<Utc>,
    level: String,
    message: String,
    fields: Option<Value>,
}

pub async fn logs(client: &Client, args: LogsArgs) -> Result<()> {
    args.timeout.limit(print(client, &args)).await
}

async fn print(client: &Client, args: &LogsArgs) -> Result<()> {
    let mut log = Log {
        client,
        run: args.run,
        least: LEVELS.iter().position(|level| *level == args.level).unwrap_or_default(),
        json: args.server.json,
        after: 0,
    };
    // Asked first: a run that is not there has no log either.
    let mut run = Run::of(&Run::ask(client, args.run, false).await?)?;
    if let Some(last) = args.last {
        log.latest(last as usize).await?;
    }
    let mut pace = Pace::new();
    loop {
        // All lines of a run are stored before it ends: what it had when it was asked for is behind us.
        if log.rest().await? {
            pace.news();
        }
        if !args.follow {
            return Ok(());
        }
        if run.has_ended() {
            if !args.server.json {
                eprintln!("run {}", run.line());
            }
            return run.succeeded();
        }
        pace.pause().await;
        run = Run::of(&Run::ask(client, args.run, true).await?)?;
    }
}

/// How far a log has been printed.
struct Log<'a> {
    client: &'a Client,
    run: Uuid,
    /// The lowest level, as its place in [`LEVELS`].
    least: usize,
    json: bool,
    /// The line that was printed last, by its `seq`.
    after: u64,
}

impl Log<'_> {
    /// Prints the latest lines, and passes over those before them.
    async fn latest(&mut self, most: usize) -> Result<()> {
        let lines = self.page(None).await?;
        self.print(&lines, lines.len().saturating_sub(most))
    }

    /// Prints what has come since; whether there was anything.
    async fn rest(&mut self) -> Result<bool> {
        let mut any = false;
        loop {
            let lines = self.page(Some(self.after)).await?;
            if lines.is_empty() {
                return Ok(any);
            }
            any = true;
            self.print(&lines, 0)?;
        }
    }

    async fn page(&self, after: Option<u64>) -> Result<Vec<Value>> {
        let query: Vec<_> = after.map(|seq| ("after", seq.to_string())).into_iter().collect();
        let path = format!("/jobs/runs/{}/logs", self.run);
        Ok(self.client.get_patiently::<Page>(&path, &query).await?.items)
    }

    fn print(&mut self, lines: &[Value], skip: usize) -> Result<()> {
        let mut out = stdout().lock();
        for (at, told) in lines.iter().enumerate() {
            let line = Line::deserialize(told).map_err(|error| {
                let message = format!("the host tells a log line that is not understood: {error}");
                Fault::new(Kind::Other, message).help("is the host of this version?")
            })?;
            self.after = line.seq;
            if at < skip || self.is_below(&line.level) {
                continue;
            }
            if self.json {
                writeln!(out, "{told}")?;
            } else {
                writeln!(out, "{}", shown(&line))?;
            }
        }
        Ok(out.flush()?)
    }

    /// Whether a level is lower than was asked for; one that is not known is shown.
    fn is_below(&self, level: &str) -> bool {
        LEVELS.iter().position(|known| *known == level).is_some_and(|place| place < self.least)
    }
}

/// `2026-01-15T12:00:00.120Z WARN  message {"field":1}`.
fn shown(line: &Line) -> String {
    let at = line.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let fields = line.fields.as_ref().map(|fields| format!(" {fields}")).unwrap_or_default();
    let said = text::lines(&format!("{}{fields}", line.message));
    format!("{at} {:<5} {said}", text::line(&line.level).to_uppercase())
}
