//! `cascade rehearse`.

use std::{
    io::{Write, stdout},
    path::PathBuf,
    time::Duration,
};

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::{
    ServerArgs,
    client::Client,
    fault::{Fault, Kind, Result},
    text,
};

#[derive(Args)]
pub struct RehearseArgs {
    /// The candidate; where it has "***", the secret of the host's file stands.
    #[arg(default_value = "jobs.toml", env = "CASCADE_CONFIG")]
    file: PathBuf,
    /// How long the span is that ends now, such as 12h or 7d; 92d at most.
    #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = humantime::parse_duration)]
    last: Duration,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Deserialize)]
struct Told {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    recorded: u64,
    reproduced: u64,
    changes: u32,
    total: Runs,
    jobs: Vec<Job>,
    more: u64,
    examples: Vec<Example>,
    hours: Vec<Hour>,
    faults: Vec<EdgeFault>,
    basis: Basis,
    without_history: Vec<String>,
    paused: Vec<String>,
}

#[derive(Deserialize)]
struct Runs {
    before: u64,
    after: u64,
    appeared: u64,
    vanished: u64,
    moved: u64,
}

#[derive(Deserialize)]
struct Job {
    job: String,
    project: String,
    #[serde(flatten)]
    runs: Runs,
}

#[derive(Deserialize)]
struct Example {
    change: String,
    job: String,
    project: String,
    key: Option<String>,
    before: Option<DateTime<Utc>>,
    after: Option<DateTime<Utc>>,
    cause: String,
    upstream: Option<String>,
}

#[derive(Deserialize)]
struct Hour {
    at: DateTime<Utc>,
    before: Load,
    after: Load,
}

#[derive(Deserialize)]
struct Load {
    runs: u64,
    busy_seconds: f64,
}

#[derive(Deserialize)]
struct EdgeFault {
    from: String,
    to: String,
    ends: u64,
    without_value: u64,
    reason: String,
    project: String,
    at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Basis {
    recorded: u64,
    nearest: u64,
    median: u64,
    assumed: u64,
}

pub async fn rehearse(client: &Client, args: RehearseArgs) -> Result<()> {
    let file = args.file.display();
    let candidate = std::fs::read_to_string(&args.file).map_err(|error| {
        Fault::new(Kind::Usage, format!("cannot read {file}: {error}"))
            .help("cascade rehearse FILE, or CASCADE_CONFIG=FILE cascade rehearse")
    })?;
    let body = json!({ "text": candidate, "last_seconds": args.last.as_secs() });
    let answer = client.post("/jobs/config/rehearse", &body).await?;
    let mut out = stdout();
    if args.server.json {
        return Ok(writeln!(out, "{answer}")?);
    }
    let told = Told::deserialize(&answer).map_err(|error| {
        Fault::new(Kind::Other, format!("the host answers with what is not understood: {error}"))
            .help("is it a Cascade host of this version?")
    })?;
    tell(&mut out, &told)
}

fn tell(out: &mut impl Write, told: &Told) -> Result<()> {
    let Told { from, to, total, .. } = told;
    writeln!(out, "{} to {}: no job has run", text::time(*from), text::time(*to))?;
    writeln!(
        out,
        "{} runs under the file in force, {} under this one: {} appear, {} vanish, {} move",
        total.before, total.after, total.appeared, total.vanished, total.moved
    )?;
    writeln!(out)?;
    jobs(out, told)?;
    examples(out, told)?;
    hours(out, told)?;
    notes(out, told)
}

fn jobs(out: &mut impl Write, told: &Told) -> Result<()> {
    let changed = told.jobs.iter().filter(|job| changes(&job.runs) > 0);
    let rows: Vec<_> = changed
        .map(|Job { job, project, runs }| {
            let Runs { before, after, appeared, vanished, moved } = runs;
            let numbers = [before, after, appeared, vanished, moved].map(ToString::to_string);
            let [before, after, appeared, vanished, moved] = numbers;
            [text::line(job), text::line(project), before, after, appeared, vanished, moved]
        })
        .collect();
    if rows.is_empty() {
        writeln!(out, "Nothing changes.")?;
        return Ok(());
    }
    let heads = ["JOB", "PROJECT", "BEFORE", "AFTER", "APPEARED", "VANISHED", "MOVED"];
    text::table(out, heads, &rows)?;
    let same = told.jobs.len() - rows.len();
    if same > 0 {
        writeln!(out, "nothing changes for {}", counted(same, "other", "others"))?;
    }
    if told.more > 0 {
        writeln!(out, "{} jobs in projects are left out", told.more)?;
    }
    Ok(())
}

fn changes(runs: &Runs) -> u64 {
    runs.appeared + runs.vanished + runs.moved
}

fn examples(out: &mut impl Write, told: &Told) -> Result<()> {
    if told.examples.is_empty() {
        return Ok(());
    }
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".into(), text::time);
    let rows = told.examples.iter().map(|one| {
        let cause = match &one.upstream {
            Some(job) => format!("after {}", text::line(job)),
            None => one.cause.clone(),
        };
        let job = match &one.key {
            Some(key) => format!("{} [{}]", text::line(&one.job), text::line(key)),
            None => text::line(&one.job),
        };
        let project = text::line(&one.project);
        [one.change.clone(), job, project, time(one.before), time(one.after), cause]
    });
    writeln!(out)?;
    let heads = ["CHANGE", "JOB", "PROJECT", "BEFORE", "AFTER", "CAUSE"];
    Ok(text::table(out, heads, &rows.collect::<Vec<_>>())?)
}

/// The hours with most work under either file, and those that change most.
fn hours(out: &mut impl Write, told: &Told) -> Result<()> {
    const SHOWN: usize = 12;
    let load = |hour: &Hour| hour.before.busy_seconds.max(hour.after.busy_seconds);
    let differs = |hour: &&Hour| {
        hour.before.runs != hour.after.runs
            || (hour.before.busy_seconds - hour.after.busy_seconds).abs() > 1.0
    };
    let mut hours: Vec<_> = told.hours.iter().filter(differs).collect();
    if hours.is_empty() {
        return Ok(());
    }
    let all = hours.len();
    hours.sort_by(|one, two| load(two).total_cmp(&load(one)));
    hours.truncate(SHOWN);
    hours.sort_by_key(|hour| hour.at);
    let busy = |load: &Load| text::took(Duration::from_secs_f64(load.busy_seconds.max(0.0)));
    let rows = hours.iter().map(|Hour { at, before, after }| {
        let runs = [before, after].map(|load| load.runs.to_string());
        let [runs_before, runs_after] = runs;
        [text::time(*at), runs_before, runs_after, busy(before), busy(after)]
    });
    writeln!(out)?;
    let heads = ["HOUR", "BEFORE", "AFTER", "BUSY BEFORE", "BUSY AFTER"];
    text::table(out, heads, &rows.collect::<Vec<_>>())?;
    if all > SHOWN {
        writeln!(out, "the busiest of {all} hours whose load changes; --json has all")?;
    }
    Ok(())
}

fn notes(out: &mut impl Write, told: &Told) -> Result<()> {
    writeln!(out)?;
    for fault in &told.faults {
        let EdgeFault { from, to, ends, without_value, reason, project, at } = fault;
        writeln!(
            out,
            "warning: the edge {} -> {} had no value at {without_value} of {ends} ends, first in {} at {}: {}",
            text::line(from),
            text::line(to),
            text::line(project),
            text::time(*at),
            text::line(reason)
        )?;
    }
    if !told.without_history.is_empty() {
        let jobs = text::line(&told.without_history.join(", "));
        writeln!(out, "warning: no history of {jobs}: assumed 1 s, success and no output")?;
    }
    if !told.paused.is_empty() {
        let jobs = text::line(&told.paused.join(", "));
        writeln!(out, "note: paused now, and rehearsed as if it ran: {jobs}")?;
    }
    let Basis { recorded, nearest, median, assumed } = told.basis;
    writeln!(
        out,
        "note: of {} runs {recorded} end as recorded, {nearest} like the nearest in time, {median} as the median, {assumed} as assumed",
        told.total.after
    )?;
    writeln!(
        out,
        "note: the file in force makes {} of {} recorded runs again at their times",
        told.reproduced, told.recorded
    )?;
    if told.changes > 0 {
        let times = counted(told.changes as usize, "time", "times");
        writeln!(out, "note: jobs.toml came into force {times} in this span")?;
    }
    writeln!(out, "note: limits of workers, jobs and projects are not rehearsed")?;
    Ok(())
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
