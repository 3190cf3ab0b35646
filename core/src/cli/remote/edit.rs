//! `cascade edit`.

use std::{
    io::{Write, stdout},
    path::PathBuf,
};

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    ServerArgs,
    client::Client,
    enqueue::{moment, object, read},
    fault::Result,
    text,
};

#[derive(Args)]
#[command(group = ArgGroup::new("changes").required(true).multiple(true))]
pub struct EditArgs {
    /// Id of the run.
    run: Uuid,
    /// All of its args from now on, before its first attempt: a JSON object. Others on this machine see it by `ps`.
    #[arg(long, value_name = "JSON", value_parser = object, conflicts_with = "args_file", group = "changes")]
    args: Option<Map<String, Value>>,
    /// The same from a file; `-` for standard input.
    #[arg(long, value_name = "FILE", group = "changes")]
    args_file: Option<PathBuf>,
    /// Not before: a time, or how long from now, such as 10m. Of one that is tried again, its next attempt.
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "now", group = "changes")]
    run_at: Option<DateTime<Utc>>,
    /// It begins, or is tried again, as soon as it may.
    #[arg(long, group = "changes")]
    now: bool,
    /// From 0 to 9; 9 goes first.
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=9), group = "changes")]
    priority: Option<u8>,
    /// All of its own tags from now on, each once; `--tag ""` for none.
    #[arg(long = "tag", value_name = "TAG", group = "changes")]
    tags: Vec<String>,
    #[command(flatten)]
    pub server: ServerArgs,
}

pub async fn edit(client: &Client, args: EditArgs) -> Result<()> {
    let EditArgs { run, args, args_file, run_at, now, priority, tags, server } = args;
    let args = match &args_file {
        Some(file) => Some(read(file)?),
        None => args,
    };
    let mut body = json!({});
    for (name, value) in [
        ("args", args.map(Value::from)),
        ("run_at", run_at.map(|at| at.to_rfc3339().into())),
        ("start_now", now.then_some(Value::Bool(true))),
        ("priority", priority.map(Value::from)),
        ("tags", own_tags(tags)),
    ] {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    let changed = client.patch(&format!("/jobs/runs/{run}"), &body).await?;
    let line = match server.json {
        true => changed.to_string(),
        false => format!("{run} {}", text::line(changed["state"].as_str().unwrap_or_default())),
    };
    Ok(writeln!(stdout(), "{line}")?)
}

/// `None` where none was given.
fn own_tags(mut given: Vec<String>) -> Option<Value> {
    if given.is_empty() {
        return None;
    }
    given.retain(|tag| !tag.is_empty());
    Some(given.into())
}
