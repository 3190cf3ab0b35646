//! What the API tells of a run, as far as commands look at it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    client::Client,
    fault::{Fault, Kind, Result},
    text,
};

#[derive(Deserialize)]
pub struct Run {
    pub id: Uuid,
    pub job_type: String,
    pub project_slug: String,
    /// A word that a later host may have more of.
    pub state: String,
    pub attempt: u32,
    pub max_attempts: u32,
    pub trace_id: Uuid,
    pub queued_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub error: Option<String>,
    pub summary: Option<String>,
    /// A host of a version before has none.
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub output: Value,
}

impl Run {
    /// `run` as the API tells it.
    pub fn of(run: &Value) -> Result<Self> {
        Self::deserialize(run).map_err(|error| {
            Fault::new(Kind::Other, format!("the host tells a run that is not understood: {error}"))
                .help("is the host of this version?")
        })
    }

    /// By its id, in full, as the API tells it; `patiently` while the host may be away.
    pub async fn ask(client: &Client, id: Uuid, patiently: bool) -> Result<Value> {
        let path = format!("/jobs/runs/{id}");
        if patiently {
            client.get_patiently(&path, &[]).await
        } else {
            client.get(&path, &[]).await
        }
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "completed" | "failed" | "cancelled")
    }

    /// What its attempt took, if it has ended.
    pub fn took(&self) -> Option<Duration> {
        (self.finished_at? - self.started_at?).to_std().ok()
    }

    /// What it has to tell: the error, or the summary.
    pub fn note(&self) -> &str {
        self.error.as_deref().or(self.summary.as_deref()).unwrap_or_default()
    }

    /// `ID completed: 12 new messages`.
    pub fn line(&self) -> String {
        let note = text::line(self.note());
        let colon = if note.is_empty() { "" } else { ": " };
        format!("{} {}{colon}{note}", self.id, self.state)
    }

    /// Success, or the fault that a run which was waited for has failed or was cancelled.
    pub fn succeeded(&self) -> Result<()> {
        match self.state.as_str() {
            "completed" => Ok(()),
            _ => Err(Fault::new(Kind::RunFailed, format!("run {}", self.line()))),
        }
    }
}
