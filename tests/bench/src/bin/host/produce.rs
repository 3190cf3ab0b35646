//! Asks for runs over HTTP, as a user of the platform does.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use crate::{
    jobs::{JOBS, PROJECTS},
    sent,
};

#[derive(Args)]
pub struct ProduceArgs {
    /// The server's address.
    #[arg(long)]
    url: String,
    /// A second.
    #[arg(long)]
    rate: u32,
    /// For so long.
    #[arg(long)]
    seconds: u32,
}

/// Ids of the projects `p0`, `p1` ...
pub async fn projects(client: &Client, url: &str) -> anyhow::Result<Vec<String>> {
    let answer = client.get(format!("{url}/api/projects")).send().await?.error_for_status()?;
    let answer: Value = answer.json().await?;
    let items = answer["items"].as_array().context("no projects")?;
    let id = |number| {
        let slug = format!("p{number}");
        let found = items.iter().find(|item| item["slug"] == slug.as_str())?;
        found["id"].as_str().map(ToOwned::to_owned)
    };
    (0..PROJECTS).map(id).collect::<Option<_>>().context("not all of the projects are there")
}

/// One request for a run.
pub async fn ask(client: &Client, url: &str, job: &str, project: &str) -> anyhow::Result<Value> {
    let request = client.post(format!("{url}/api/jobs/{job}/run"));
    let body = json!({"project_id": project});
    let answer = request.json(&body).send().await?.error_for_status()?;
    Ok(answer.json().await?)
}

pub async fn produce(args: &ProduceArgs) -> anyhow::Result<()> {
    let client = Client::new();
    let projects = projects(&client, &args.url).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / args.rate.max(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = JoinSet::new();
    for number in 0..(args.rate * args.seconds) as usize {
        tick.tick().await;
        // A pair comes again when its last run has long ended: none is merged with another.
        let job = format!("bench_{}", number % JOBS);
        let nth = number / JOBS % projects.len();
        let (project, slug) = (projects[nth].clone(), format!("p{nth}"));
        let (client, url) = (client.clone(), args.url.clone());
        asked.spawn(async move {
            sent::note(&job, &slug)?;
            ask(&client, &url, &job, &project).await
        });
    }
    let mut merged = 0;
    while let Some(answer) = asked.join_next().await {
        merged += u32::from(answer??["queued"] != "now");
    }
    ensure!(merged == 0, "{merged} requests found the last run of their job unfinished");
    Ok(())
}
