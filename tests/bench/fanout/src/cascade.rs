//! A Cascade server of its own: the embedded form, one process.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{http, proc, round::Server};

/// A job that does next to nothing, so that its end is the event.
const JOB: &str = "analytics_aggregates";

/// Killed when dropped.
pub struct Cascade {
    process: Child,
    address: SocketAddr,
    project: String,
    _folder: TempDir,
}

impl Cascade {
    /// Starts `binary` with room for `count` streams.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(binary: &Path, count: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(
            folder.path().join("jobs.toml"),
            format!("[projects]\none = {{}}\n[jobs.{JOB}]\n"),
        )?;
        let room = (count + 100).to_string();
        let mut process = Command::new(std::path::absolute(binary)?)
            .args(["--listen", "127.0.0.1:0", "--interval", "3600"])
            .env("CASCADE_AUTH", "off")
            .env("CASCADE_STREAMS", &room)
            .env("CASCADE_STREAMS_PER_ADDRESS", &room)
            .env("CASCADE_REQUESTS_PER_SECOND", "0")
            .env_remove("DATABASE_URL")
            .env_remove("REDIS_URL")
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log"))?)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let lines = BufReader::new(process.stdout.take().context("its output")?).lines();
        let mut server = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            project: String::new(),
            _folder: folder,
        };
        for line in lines {
            let line = line?;
            if let Some(url) = line.strip_prefix("open") {
                let url = url.trim().trim_start_matches("http://").trim_end_matches('/');
                server.address = url.parse()?;
            }
            if line == "ready" {
                break;
            }
        }
        let projects = http::get(server.address, "/api/projects")?;
        let project = projects["items"][0]["id"].as_str().context("it has no project")?;
        server.project = project.to_owned();
        Ok(server)
    }
}

impl Server for Cascade {
    fn url(&self) -> String {
        format!("http://{}/events/stream", self.address)
    }

    fn pids(&self) -> Vec<u32> {
        vec![self.process.id()]
    }

    fn publish(&mut self, _: usize) -> anyhow::Result<()> {
        let body = json!({ "project_id": self.project }).to_string();
        http::ask("POST", self.address, &format!("/api/jobs/{JOB}/run"), &body).map(drop)
    }

    /// The event says itself when its run ended, by the database's clock: just before the commit.
    fn published_us(&self, event: &str) -> anyhow::Result<u64> {
        let event: Value = serde_json::from_str(event)?;
        let at: DateTime<Utc> = event["at"].as_str().context("no time")?.parse()?;
        Ok(u64::try_from(at.timestamp_micros())?)
    }

    fn cpu_seconds(&self) -> anyhow::Result<f64> {
        proc::cpu_seconds(&self.pids())
    }
}

impl Drop for Cascade {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
