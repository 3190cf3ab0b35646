//! Starts one chain after another, as somebody who watches the event stream does.

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use reqwest::{Client, Response};
use serde_json::Value;

use crate::{
    jobs::{CHAIN_ENDS, CHAIN_START, PROJECTS},
    produce::{ask, projects},
};

#[derive(Args)]
pub struct ChainArgs {
    /// The server's address.
    #[arg(long)]
    url: String,
    /// How many, one after another.
    #[arg(long, default_value_t = 1)]
    chains: usize,
}

/// The JSON of the events of a stream.
struct Events {
    stream: Response,
    unread: Vec<u8>,
}

impl Events {
    async fn next(&mut self) -> anyhow::Result<Value> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<_> = self.unread.drain(..=end).collect();
                let Some(data) = line.strip_prefix(b"data:") else { continue };
                return Ok(serde_json::from_slice(data)?);
            }
            let Some(more) = self.stream.chunk().await? else { bail!("the event stream ended") };
            self.unread.extend_from_slice(&more);
        }
    }
}

/// Chain `n` is that of project `pn`.
pub async fn chain(args: &ChainArgs) -> anyhow::Result<()> {
    ensure!(args.chains <= PROJECTS, "at most {PROJECTS} chains");
    let client = Client::new();
    let projects = projects(&client, &args.url).await?;
    let stream = client.get(format!("{}/events/stream?visible=true", args.url)).send().await?;
    let mut events = Events { stream: stream.error_for_status()?, unread: Vec::new() };
    for project in projects.iter().take(args.chains) {
        ask(&client, &args.url, CHAIN_START, project).await?;
        let mut ended = 0;
        while ended < CHAIN_ENDS.len() {
            let event = events.next().await.context("the event stream")?;
            let last = event["job_type"].as_str().is_some_and(|job| CHAIN_ENDS.contains(&job));
            ended += usize::from(last && event["project_id"] == project.as_str());
        }
    }
    Ok(())
}
