//! Waiting for the end of runs: a run is asked for again and again, less often the longer it takes.
//! A stream of events would take one of the host's places for streams, and break at a restart.

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use uuid::Uuid;

use super::{
    client::Client,
    fault::{Fault, Kind, Result},
    run::Run,
};

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(1);

/// How long a command waits.
#[derive(Args)]
pub struct Timeout {
    /// The longest to wait, such as 10m; forever, if not given.
    #[arg(long, value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
}

impl Timeout {
    /// Does `work` within this time.
    pub async fn limit<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(timeout) = self.timeout else { return work.await };
        tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| {
            let timeout = humantime::format_duration(timeout);
            let message = format!("not ended within {timeout}; it goes on at the host");
            Err(Fault::new(Kind::Unfinished, message))
        })
    }
}

/// The pauses between two questions.
pub struct Pace(Duration);

impl Pace {
    pub fn new() -> Self {
        Self(SHORTEST)
    }

    /// There was news: more may follow soon.
    pub fn news(&mut self) {
        self.0 = SHORTEST;
    }

    pub async fn pause(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(LONGEST);
    }
}

/// The run once it has ended, in full and as the API tells it.
pub async fn for_end(client: &Client, id: Uuid) -> Result<(Run, Value)> {
    let mut pace = Pace::new();
    loop {
        let told = Run::ask(client, id, true).await?;
        let run = Run::of(&told)?;
        if run.has_ended() {
            return Ok((run, told));
        }
        pace.pause().await;
    }
}
