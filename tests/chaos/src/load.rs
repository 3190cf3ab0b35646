use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

/// A request that some server has accepted.
pub(crate) struct Accepted {
    pub project: String,
    /// Before it was sent.
    pub at: DateTime<Utc>,
    /// Absent when it is to follow the current run.
    pub run: Option<String>,
}

/// Asks for runs of the root, over and over, until it is stopped.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    task: JoinHandle<Vec<Accepted>>,
}

impl Load {
    pub fn start(urls: &[String], projects: Vec<String>, random: fastrand::Rng) -> Self {
        let stop = watch::Sender::new(false);
        let task = tokio::spawn(ask(urls.to_vec(), projects, random, stop.subscribe()));
        Self { stop, task }
    }

    pub async fn stop(self) -> Vec<Accepted> {
        self.stop.send_replace(true);
        self.task.await.expect("load")
    }
}

async fn ask(
    urls: Vec<String>,
    projects: Vec<String>,
    mut random: fastrand::Rng,
    stop: watch::Receiver<bool>,
) -> Vec<Accepted> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().expect("HTTP");
    let mut accepted = Vec::new();
    while !*stop.borrow() {
        let url = &urls[random.usize(0..urls.len())];
        let project = &projects[random.usize(0..projects.len())];
        let at = Utc::now();
        let request = client.post(format!("{url}/api/jobs/chaos_root/run"));
        let answer = request.json(&json!({"project_id": project})).send().await;
        // A server that is down, or fails for want of its database, has promised nothing.
        if let Ok(answer) = answer
            && answer.status().as_u16() == 202
            && let Ok(body) = answer.json::<Value>().await
        {
            let run = body["run_id"].as_str().map(ToOwned::to_owned);
            accepted.push(Accepted { project: project.clone(), at, run });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    accepted
}
