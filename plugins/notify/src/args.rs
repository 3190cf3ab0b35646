use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What broke, or works again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// Whether it broke or works again.
    pub kind: Kind,
    /// The job that failed or succeeded. Without it the run tells how the runs ended that triggered it.
    pub job: String,
    /// What the message is about, where several jobs break together; the job, if not given.
    pub cascade: Option<String>,
    /// The key of the job's run; none for runs of its schedule. Each key breaks by itself.
    pub key: Option<String>,
    /// The run that failed or succeeded.
    pub run_id: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// How many attempts it had.
    pub attempts: Option<u32>,
    /// The revision of the configuration that was in force.
    pub config_revision: Option<String>,
    /// Jobs that the cascade did not reach.
    pub not_reached: Vec<String>,
    /// When the run ended; when this run was caused, if not given. What is older than what is known
    /// already changes nothing.
    pub at: Option<DateTime<Utc>>,
}

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A run failed for good.
    #[default]
    Failure,
    /// A run succeeded, after one that had failed.
    Recovered,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// The message that was sent, if there was one.
    pub message: Option<Kind>,
    /// Who was told, by the names in the params.
    pub told: Vec<String>,
    /// Why there was no message.
    pub quiet: Option<String>,
}
