//! Asks for runs at an even rate: over HTTP, as users of the platform do, or in SQL, as a program does that has its
//! own rows in the same database.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use clap::Args;
use reqwest::Client;
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use crate::{
    jobs::{JOBS, PROJECTS},
    sent,
};

/// Of those who ask in SQL; as many as a peer's library opens.
const CONNECTIONS: u32 = 10;
/// Requests that have no answer yet, at most: as many as the drivers of peers allow.
const IN_FLIGHT: usize = 20;
/// For a connection.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Args)]
pub struct ProduceArgs {
    /// The server's address, or the database: `postgres://...`.
    #[arg(long)]
    url: String,
    /// A second.
    #[arg(long)]
    rate: u32,
    /// For so long.
    #[arg(long)]
    seconds: u32,
}

/// Where runs are asked for.
enum Door {
    Http { client: Client, url: String, projects: Vec<String> },
    Sql(PgPool),
}

impl Door {
    async fn open(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("postgres") {
            // Where the database falls behind, requests wait for it.
            let pool = PgPoolOptions::new().acquire_timeout(PATIENCE).min_connections(CONNECTIONS);
            return Ok(Self::Sql(pool.max_connections(CONNECTIONS).connect(url).await?));
        }
        let client = Client::new();
        let projects = projects(&client, url).await?;
        Ok(Self::Http { client, url: url.to_owned(), projects })
    }

    /// Whether a run was made: `false` if the request was merged with one that waits.
    async fn ask(&self, job: &str, project: usize) -> anyhow::Result<bool> {
        match self {
            Self::Http { client, url, projects } => {
                let answer = ask(client, url, job, &projects[project]).await?;
                Ok(answer["queued"] == "now")
            }
            Self::Sql(pool) => {
                let asked = sqlx::query("SELECT cascade_enqueue($1, $2)");
                asked.bind(job).bind(format!("p{project}")).execute(pool).await?;
                Ok(true)
            }
        }
    }
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
    let door = Arc::new(Door::open(&args.url).await?);
    let mut tick = tokio::time::interval(Duration::from_secs(1) / args.rate.max(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut asked, mut merged) = (JoinSet::new(), 0);
    for number in 0..(args.rate * args.seconds) as usize {
        tick.tick().await;
        while asked.len() >= IN_FLIGHT {
            merged += answered(&mut asked).await?;
        }
        // A pair comes again when its last run has long ended: none is merged with another.
        let (job, project) = (format!("bench_{}", number % JOBS), number / JOBS % PROJECTS);
        let door = door.clone();
        asked.spawn(async move {
            sent::note(&job, &format!("p{project}"))?;
            door.ask(&job, project).await
        });
    }
    while !asked.is_empty() {
        merged += answered(&mut asked).await?;
    }
    ensure!(merged == 0, "{merged} requests found the last run of their job unfinished");
    Ok(())
}

/// Waits for an answer: 1 if the request was merged with one that waits.
async fn answered(asked: &mut JoinSet<anyhow::Result<bool>>) -> anyhow::Result<u32> {
    let Some(own) = asked.join_next().await else { return Ok(0) };
    Ok(u32::from(!own??))
}
