//! What the end of a run leads to, and why something else is not led to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// After which ends of its job an edge may be taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// The run has succeeded.
    #[default]
    Success,
    /// Its last attempt has failed; a cancelled run has not failed.
    Failure,
    /// Either.
    Always,
    /// It has succeeded, and the run before it had failed.
    Recovered,
}

impl On {
    /// All of them, as jobs.toml writes them.
    pub const NAMES: [&str; 4] = ["success", "failure", "always", "recovered"];

    /// As jobs.toml writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Always => "always",
            Self::Recovered => "recovered",
        }
    }

    /// Whether a failure can lead to it.
    pub fn takes_failures(self) -> bool {
        matches!(self, Self::Failure | Self::Always)
    }
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for On {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "success" => Self::Success,
            "failure" => Self::Failure,
            "always" => Self::Always,
            "recovered" => Self::Recovered,
            _ => return Err(()),
        })
    }
}

/// What became of an edge when a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The downstream job.
    pub job: String,
    /// After which ends the edge may be taken.
    #[serde(default)]
    pub on: On,
    /// Its condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Whether the downstream job was triggered.
    pub taken: bool,
    /// Why it was not; absent if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the end of a run leads to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Follow {
    /// Jobs to make due, in the order of jobs.toml, each once.
    pub downstream: Vec<String>,
    /// What became of each edge; empty if all are plain and so lead to `downstream`.
    pub decisions: Vec<Decision>,
}

/// The decisions at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    /// Whether the run had failed when they were made.
    pub failed: bool,
    /// In the order of jobs.toml.
    pub edges: Vec<Decision>,
}
