//! `cascade cancel`, `retry`, `pause`, `resume`.

use std::{
    io::{Write, stdout},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ServerArgs,
    client::{Client, segment},
    fault::{Kind, Result},
    project, text,
    wait::{self, Timeout},
};

#[derive(Args)]
pub struct CancelArgs {
    /// Ids of the runs.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<Uuid>,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Args)]
pub struct RetryArgs {
    /// Ids of the runs.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<Uuid>,
    /// Waits until each has ended, and exits with 5 if one has failed again.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    timeout: Timeout,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Args)]
pub struct JobArgs {
    /// The job.
    job: String,
    /// The project; may be left out where there is but one.
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Args)]
pub struct PauseArgs {
    #[command(flatten)]
    pub job: JobArgs,
    /// Resumes it after this long, such as 90m or 2d.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration, conflicts_with = "until")]
    time: Option<Duration>,
    /// Resumes it at this time, such as 2026-01-31T08:00:00Z.
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
    /// Why, for those who find it paused and for the audit log.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub async fn cancel(client: &Client, args: CancelArgs) -> Result<()> {
    change(client, &args.runs, "cancel", args.server.json).await
}

pub async fn retry(client: &Client, args: RetryArgs) -> Result<()> {
    let json = args.server.json;
    if !args.wait {
        return change(client, &args.runs, "retry", json).await;
    }
    // All of them are on their way before any is waited for.
    let mut begun = Vec::new();
    let asked = each(&args.runs, json, async |run| {
        post(client, run, "retry").await?;
        begun.push(run);
        Ok(())
    })
    .await;
    let ended = each(&begun, json, async |run| {
        let (run, told) = wait::for_end(client, run).await?;
        let line = if json { told.to_string() } else { run.line() };
        writeln!(stdout(), "{line}")?;
        run.succeeded()
    });
    let ended = args.timeout.limit(ended).await;
    match (asked, ended) {
        (Err(first), Err(second)) => {
            second.tell(json);
            Err(first)
        }
        (asked, ended) => asked.and(ended),
    }
}

async fn change(client: &Client, runs: &[Uuid], what: &str, json: bool) -> Result<()> {
    each(runs, json, async |run| {
        let answer = post(client, run, what).await?;
        let line = if json { answer.to_string() } else { told(what, run, &answer) };
        Ok(writeln!(stdout(), "{line}")?)
    })
    .await
}

async fn post(client: &Client, run: Uuid, what: &str) -> Result<Value> {
    client.post(&format!("/jobs/runs/{run}/{what}"), &json!({})).await
}

fn told(what: &str, run: Uuid, answer: &Value) -> String {
    let state = text::line(answer["state"].as_str().unwrap_or_default());
    match (what, state.as_str()) {
        ("cancel", "running") => format!("{run} is asked to stop"),
        _ => format!("{run} {state}"),
    }
}

/// Each run by itself: one that is refused does not keep the others from it. The first fault is what
/// the command ends with; a host that cannot be reached is not asked for the rest.
async fn each(
    runs: &[Uuid],
    json: bool,
    mut act: impl AsyncFnMut(Uuid) -> Result<()>,
) -> Result<()> {
    let mut first = Ok(());
    for &run in runs {
        let Err(fault) = act(run).await else { continue };
        let ends = matches!(fault.kind, Kind::Unreachable | Kind::Closed);
        if first.is_ok() {
            first = Err(fault);
        } else {
            fault.tell(json);
        }
        if ends {
            break;
        }
    }
    first
}

pub async fn pause(client: &Client, args: PauseArgs) -> Result<()> {
    let PauseArgs { job, time, until, reason } = args;
    let until = until.or_else(|| Some(Utc::now() + TimeDelta::from_std(time?).ok()?));
    let mut body = json!({});
    if let Some(until) = until {
        body["until"] = json!(until);
    }
    if let Some(reason) = reason {
        body["reason"] = json!(reason);
    }
    set_status(client, job, "pause", body).await
}

pub async fn resume(client: &Client, args: JobArgs) -> Result<()> {
    set_status(client, args, "resume", json!({})).await
}

async fn set_status(client: &Client, args: JobArgs, what: &str, mut body: Value) -> Result<()> {
    let project = project::id(client, args.project.as_deref()).await?;
    let path = format!("/jobs/{}/{what}", segment(&args.job));
    body["project_id"] = json!(project);
    let answer = client.post(&path, &body).await?;
    let mut out = stdout();
    if args.server.json {
        writeln!(out, "{answer}")?;
    } else {
        let status = text::line(answer["status"].as_str().unwrap_or_default());
        writeln!(out, "{} {status}", text::line(&args.job))?;
    }
    Ok(())
}
