//! `cascade enqueue`.

use std::{
    io::{Read, Write, stdin, stdout},
    path::PathBuf,
};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    ServerArgs,
    client::{Client, segment},
    fault::{Fault, Kind, Result},
    project,
    wait::{self, Timeout},
};

#[derive(Args)]
pub struct EnqueueArgs {
    /// The job.
    job: String,
    /// The project; may be left out where there is but one.
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,
    /// What the run is asked for: a JSON object. Others on this machine see it by `ps`.
    #[arg(long, value_name = "JSON", value_parser = object, conflicts_with = "args_file")]
    args: Option<Map<String, Value>>,
    /// The same from a file; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    args_file: Option<PathBuf>,
    /// At most one run of the job with this key works at a time.
    #[arg(long)]
    key: Option<String>,
    /// What becomes of it if a run with the key waits already: merge, queue, replace or reject.
    #[arg(long, value_name = "WHAT", requires = "key")]
    on_duplicate: Option<String>,
    /// Not before: a time, or how long from now, such as 10m.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    run_at: Option<DateTime<Utc>>,
    /// From 0 to 9; 9 goes first.
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=9))]
    priority: Option<u8>,
    /// A word by which the run is found, beside those of its job; may be given up to 16 times.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Makes two of these commands one request. Without it each is a separate request.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Waits until the run has ended, and exits with 5 if it failed.
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    timeout: Timeout,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// What the API answers.
#[derive(Deserialize)]
struct Enqueued {
    run_id: Uuid,
    duplicate: bool,
}

pub async fn enqueue(client: &Client, args: EnqueueArgs) -> Result<()> {
    let EnqueueArgs { key, on_duplicate, run_at, priority, tags, .. } = &args;
    let given = match &args.args_file {
        Some(file) => Some(read(file)?),
        None => args.args.clone(),
    };
    let project = project::id(client, args.project.as_deref()).await?;
    let mut body = json!({ "project_id": project });
    let run_at = run_at.map(|at| at.to_rfc3339());
    for (name, value) in [
        ("args", given.map(Value::from)),
        ("key", key.clone().map(Value::from)),
        ("on_duplicate", on_duplicate.clone().map(Value::from)),
        ("run_at", run_at.map(Value::from)),
        ("priority", priority.map(Value::from)),
        ("tags", (!tags.is_empty()).then(|| json!(tags))),
    ] {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    // With a key a request whose answer was lost is asked again, and makes one run.
    let idempotency_key = args.idempotency_key.unwrap_or_else(|| Uuid::new_v4().to_string());
    let path = format!("/jobs/{}/runs", segment(&args.job));
    let answer = client.post_once(&path, &body, &idempotency_key).await?;
    let Enqueued { run_id, duplicate } = Enqueued::deserialize(&answer).map_err(|error| {
        Fault::new(Kind::Other, format!("the host tells what is not understood: {error}"))
    })?;
    let json = args.server.json;
    if json && !args.wait {
        writeln!(stdout(), "{answer}")?;
    } else if !json {
        writeln!(stdout(), "{run_id}")?;
        if duplicate {
            eprintln!("this was asked for before: it is the run of then");
        }
    }
    if !args.wait {
        return Ok(());
    }
    let (run, told) = args.timeout.limit(wait::for_end(client, run_id)).await?;
    if json {
        writeln!(stdout(), "{told}")?;
    } else {
        eprintln!("run {}", run.line());
    }
    run.succeeded()
}

pub(super) fn read(file: &PathBuf) -> Result<Map<String, Value>> {
    let mut text = String::new();
    let read = match file.as_os_str() == "-" {
        true => stdin().read_to_string(&mut text).map(drop),
        false => std::fs::read_to_string(file).map(|read| text = read),
    };
    let wrong =
        |why: String| Fault::new(Kind::Usage, format!("--args-file {}: {why}", file.display()));
    read.map_err(|error| wrong(error.to_string()))?;
    object(&text).map_err(wrong)
}

pub(super) fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

/// `2026-01-15T12:00:00Z`, or `10m` for ten minutes from now.
pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let delay = humantime::parse_duration(text).ok();
    let delay = delay.and_then(|delay| TimeDelta::from_std(delay).ok());
    delay.and_then(|delay| Utc::now().checked_add_signed(delay)).ok_or_else(|| {
        "a time such as 2026-01-15T12:00:00Z, or how long from now, such as 10m".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn args_are_an_object() {
        assert_eq!(object(r#"{"a": 1}"#).unwrap().len(), 1);
        for bad in ["", "1", "[1]", "{a: 1}", "{} {}"] {
            assert!(object(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_moment_is_a_time_or_how_long_from_now() {
        assert!(moment("10m").unwrap() > Utc::now());
        assert!(moment("2026-01-15T12:00:00Z").unwrap() < Utc::now());
        assert!(moment("tomorrow").is_err());
    }
}
