//! What the end of a run leads to, and why something else is not led to.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use uuid::Uuid;

use crate::{Explanation, Joining, OnDuplicate, RunRequest};

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
    /// Whether it is a join that the end has settled, and no edge.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub join: bool,
    /// How many runs it made, if it makes runs of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// Why it was not; absent if it was.
    #[serde(flatten)]
    pub reason: Option<Explanation>,
}

/// How triggers of a key become one run, while they follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debounce {
    /// The run begins when nothing has triggered it for so long.
    pub quiet: Duration,
    /// How long after the first trigger it begins at the latest.
    pub at_most: Duration,
}

impl Debounce {
    /// How many times `quiet` is `at_most` if nothing is said.
    pub const AT_MOST_TIMES: u32 = 10;
}

/// A run that an edge makes.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeRun {
    /// The downstream job.
    pub job: String,
    /// What it is asked for.
    pub request: RunRequest,
    /// How long after the end it may begin.
    pub after: Option<Duration>,
    /// What becomes of it while a run of its key waits.
    pub on_duplicate: OnDuplicate,
    /// How it becomes one with those of its key that edges have made and that wait, whatever their args.
    pub debounce: Option<Debounce>,
}

/// What the end of a run leads to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Follow {
    /// Jobs to make due, in the order of jobs.toml, each once.
    pub downstream: Vec<String>,
    /// Jobs to make due once nothing has triggered them for some time, each once and none of `downstream`.
    pub debounced: Vec<(String, Debounce)>,
    /// Runs to make, in the order of jobs.toml.
    pub runs: Vec<EdgeRun>,
    /// Edges that make no runs as what they say has no value or does not fit: job, and why.
    pub faults: Vec<(String, Explanation)>,
    /// What became of each edge; empty if all are plain and so lead to `downstream`.
    pub decisions: Vec<Decision>,
    /// Every trace that the run belongs to.
    pub traces: Vec<Uuid>,
    /// The joins that the end bears on: what one fires comes before what looks at its job.
    pub joins: Vec<Joining>,
}

/// The decisions at the end of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    /// Whether the run had failed when they were made.
    pub failed: bool,
    /// In the order of jobs.toml.
    pub edges: Vec<Decision>,
}
