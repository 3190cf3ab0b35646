//! A job that runs once several others have ended: what jobs.toml says of it, and how far it has come.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{EdgeRun, Explanation};

/// What becomes of a join whose time is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Late {
    /// It does not fire.
    #[default]
    Skip,
    /// It fires with what there is.
    Run,
}

/// What a join needs of its jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Needs {
    /// That those which ran have succeeded.
    #[default]
    Success,
    /// That they have ended, however.
    End,
}

/// Which runs of its jobs a join brings together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Those of one trace.
    #[default]
    Trace,
    /// The latest of each since it last fired, in one project.
    Latest,
}

macro_rules! words {
    ($of:ident: $($variant:ident = $word:literal),+) => {
        impl $of {
            /// All of them, as jobs.toml writes them.
            pub const NAMES: &'static [&'static str] = &[$($word),+];

            /// As jobs.toml writes it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $of {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err(()) }
            }
        }

        impl fmt::Display for $of {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
words!(Late: Skip = "skip", Run = "run");
words!(Needs: Success = "success", End = "end");
words!(By: Trace = "trace", Latest = "latest");

/// When a join fires.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JoinRule {
    /// The job that it triggers.
    pub job: String,
    /// The jobs that it waits for, each once.
    pub all_of: Vec<String>,
    /// How long after the first end of one of them it waits for the others.
    pub within: Option<Duration>,
    /// What becomes of it then.
    pub late: Late,
    /// What it needs of them.
    pub needs: Needs,
    /// Which runs of them.
    pub by: By,
    /// The jobs from which edges and joins lead to each of `all_of`.
    pub upstream: BTreeMap<String, BTreeSet<String>>,
    /// The jobs that lead to all of them, or are one of them and lead to the others.
    pub roots: BTreeSet<String>,
}

impl JoinRule {
    /// Whether it must know of the runs of `job`.
    pub fn regards(&self, job: &str) -> bool {
        let is_upstream = || self.upstream.values().any(|upstream| upstream.contains(job));
        self.names(job) || self.by == By::Trace && is_upstream()
    }

    /// Whether it waits for `job` itself.
    pub fn names(&self, job: &str) -> bool {
        self.all_of.iter().any(|named| named == job)
    }
}

/// Which state of a join.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinKey {
    /// The trace; nil for a join by latest.
    pub trace_id: Uuid,
    /// The project.
    pub project_id: Uuid,
    /// The job that it triggers.
    pub job: String,
}

/// How far the runs of one job have come, for a join.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JoinPart {
    /// Runs that have not ended, and triggers that wait for one.
    #[serde(skip_serializing_if = "is_zero")]
    pub open: u32,
    /// Runs that have succeeded.
    #[serde(skip_serializing_if = "is_zero")]
    pub ok: u32,
    /// Runs that have failed or were cancelled.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: u32,
    /// The run that succeeded last, or that ended last if none has succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Uuid>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// The trace of that run, for a join by latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Uuid>,
}

// Serde asks for a reference.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How far a join has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JoinState {
    /// By job; one that nothing is known of is not there.
    pub parts: BTreeMap<String, JoinPart>,
    /// When the first run of a job that it waits for ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<DateTime<Utc>>,
    /// What became of it, if that is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<JoinOutcome>,
}

/// What became of a join.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinOutcome {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether its job was triggered.
    pub fired: bool,
    /// Whether its time was over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Whether its cascade was cancelled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Why it was not, or what is missing.
    #[serde(flatten)]
    pub reason: Option<Explanation>,
}

/// A state of a join, as a database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRow {
    /// Which.
    pub key: JoinKey,
    /// How far it has come.
    pub state: JoinState,
    /// When its time is over, if it has one and waits.
    pub due_at: Option<DateTime<Utc>>,
}

/// A join that the end of a run bears on.
#[derive(Debug, Clone, PartialEq)]
pub struct Joining {
    /// When it fires.
    pub rule: Arc<JoinRule>,
    /// Which state of it.
    pub key: JoinKey,
    /// Whether it has counted an earlier end of the run, which had failed or was cancelled.
    pub reopens: bool,
    /// What it would make; `None` where it is not expected to fire.
    pub fire: Option<JoinFire>,
}

/// What a join makes if it fires.
#[derive(Debug, Clone, PartialEq)]
pub struct JoinFire {
    /// The runs of its parts that this was found with.
    pub of: BTreeMap<String, Option<Uuid>>,
    /// What it makes.
    pub makes: JoinMakes,
}

/// What a join makes.
#[derive(Debug, Clone, PartialEq)]
pub enum JoinMakes {
    /// Its job is due.
    Due,
    /// A run of its job.
    Run(Box<EdgeRun>),
    /// Nothing, and why.
    Nothing(Explanation),
}
