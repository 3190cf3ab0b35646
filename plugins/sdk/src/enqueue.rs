use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::host::Host;

/// A run that a run asks for, as it goes to the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NewRun {
    /// The job type.
    pub job: String,
    /// What the run is asked for; an object.
    #[serde(default = "empty")]
    pub args: Value,
    /// At most one run of a key has begun and not ended, for each job and project, or as many as the job's `runs_per_key`
    /// in jobs.toml says; without one the run is independent of all others, unless the job's `key_from` gives it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<DateTime<Utc>>,
    /// 0 to 9; the highest goes first.
    #[serde(default)]
    pub priority: u8,
    /// Words by which the run is found, beside those of its job: up to 16, each of 1 to 64 bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// Why a host does not take a run that a run asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EnqueueError(pub String);

/// A run that is being asked for: see [`Context::enqueue`](crate::Context::enqueue).
#[must_use = "`stage` asks the host for it"]
pub struct Enqueue<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) run: Result<NewRun, EnqueueError>,
}

impl<'a> Enqueue<'a> {
    pub(crate) fn new(host: &'a dyn Host, job: String, args: impl Serialize) -> Self {
        let run = |args| {
            let (key, run_at, priority, tags) = (None, None, 0, Vec::new());
            NewRun { job, args, key, run_at, priority, tags }
        };
        let run = match serde_json::to_value(args) {
            Ok(Value::Null) => Ok(run(empty())),
            Ok(args) => Ok(run(args)),
            Err(error) => Err(EnqueueError(format!("args: {error}"))),
        };
        Self { host, run }
    }

    /// At most one run of the key has begun and not ended, for each job and project: 1 to 256 bytes. This one
    /// waits behind those that wait already.
    pub fn key(self, key: impl Into<String>) -> Self {
        self.with(|run| run.key = Some(key.into()))
    }

    /// It does not begin before this time.
    pub fn run_at(self, at: DateTime<Utc>) -> Self {
        self.with(|run| run.run_at = Some(at))
    }

    /// 0, the default, to 9: the highest goes first.
    pub fn priority(self, priority: u8) -> Self {
        self.with(|run| run.priority = priority)
    }

    /// A word by which the run is found, beside those of its job: 1 to 64 bytes; a run has up to 16.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.with(|run| run.tags.push(tag.into()))
    }

    fn with(mut self, set: impl FnOnce(&mut NewRun)) -> Self {
        if let Ok(run) = &mut self.run {
            set(run);
        }
        self
    }

    /// Has the host make the run in the transaction that marks this one done, and only then: exactly once.
    ///
    /// # Errors
    /// [`EnqueueError`] when jobs.toml has no such job, the args do not fit its schema, or there are too many.
    pub fn stage(self) -> Result<(), EnqueueError> {
        self.host.enqueue(self.run?)
    }
}
