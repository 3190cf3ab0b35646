//! What a caller asks of a run: args, key, priority and time.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The highest priority; 0 is the default and the lowest.
pub const HIGHEST_PRIORITY: u8 = 9;

/// The key of a job's schedule in a project: its timer, plain edges, and `POST .../run`. No caller can name it.
pub const KEY_OF_SCHEDULE: &str = "";

/// What a run was asked for. It changes only while the run waits: by its triggers where it is debounced, or by a
/// [`RunEdit`].
#[derive(Debug, Clone, PartialEq)]
pub struct RunRequest {
    /// At most so many runs of a key have begun and not ended, for each job and project, as the job's `runs_per_key`
    /// says: one, if it says nothing. `None` for a run that is independent of all others, unless the job's `key_from`
    /// gives it a key.
    pub key: Option<String>,
    /// An object; null where what the database keeps cannot be read: see [`RunRequest::readable_args`].
    pub args: Value,
    /// 0 to [`HIGHEST_PRIORITY`].
    pub priority: u8,
    /// When it was to begin, if not at once.
    pub run_at: Option<DateTime<Utc>>,
    /// Who or what asked: a user, a token, another run.
    pub asked_by: Option<String>,
    /// Words by which it is found, in their order; those of its job are not among them. A worker is told none.
    pub tags: Vec<String>,
}

/// Why a run has no args; PostgreSQL's type json takes all of these.
const UNREADABLE_ARGS: &str = "its args cannot be read: they have half of a character (such as \\ud800), a number out of \
    range (such as 1e999) or 128 levels or more; ask for another run, with args that have none of these";

impl RunRequest {
    /// Its args, which a run may begin with.
    ///
    /// # Errors
    /// That what the database keeps as args cannot be read, and what to do.
    pub fn readable_args(&self) -> Result<&Value, String> {
        if self.args.is_null() { Err(UNREADABLE_ARGS.into()) } else { Ok(&self.args) }
    }
}

/// What becomes of a request while a run of its key waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDuplicate {
    /// The run that waits serves this request too, if its args are the same; otherwise as `queue`.
    Merge,
    /// It waits behind that run.
    Queue,
    /// That run is cancelled.
    Replace,
    /// The request is refused.
    Reject,
}

impl OnDuplicate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Merge, Self::Queue, Self::Replace, Self::Reject];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Queue => "queue",
            Self::Replace => "replace",
            Self::Reject => "reject",
        }
    }
}

impl FromStr for OnDuplicate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is no rule for duplicates; there is: {known}")
        })
    }
}

/// A run that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Enqueue {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// What for.
    pub request: RunRequest,
    /// What becomes of it while a run of its key waits.
    pub on_duplicate: OnDuplicate,
}

/// What came of an [`Enqueue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// This run waits.
    Made(Uuid),
    /// This run waited already, and serves this request too.
    Merged(Uuid),
    /// A request with the same idempotency key has made this run before.
    Duplicate(Uuid),
}

impl Enqueued {
    /// The run that serves the request.
    pub fn run_id(self) -> Uuid {
        let (Self::Made(id) | Self::Merged(id) | Self::Duplicate(id)) = self;
        id
    }
}

/// When a run that waits is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// As soon as it may.
    Now,
    /// Not before this time.
    At(DateTime<Utc>),
}

/// What is to be changed of a run that waits; `None` keeps what there is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunEdit {
    /// All of its args: JSON.
    pub args: Option<Value>,
    /// When it begins, or its next attempt does.
    pub begins: Option<Begins>,
    /// 0 to [`HIGHEST_PRIORITY`].
    pub priority: Option<u8>,
    /// All of its own tags.
    pub tags: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_duplicates_have_their_names() {
        for rule in OnDuplicate::ALL {
            assert_eq!(rule.as_str().parse(), Ok(rule));
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.as_str());
        }
        let error = "drop".parse::<OnDuplicate>().unwrap_err();
        assert!(error.contains("merge, queue, replace, reject"), "{error}");
    }
}
