//! What became of the edges that lead from a run.

use serde::Serialize;
use utoipa::ToSchema;

use super::Told;

/// After which ends an edge may be taken.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// The run has succeeded.
    Success,
    /// Its last attempt has failed.
    Failure,
    /// Either.
    Always,
    /// It has succeeded, and the run before it had failed.
    Recovered,
}

impl From<cascade_model::On> for On {
    fn from(from: cascade_model::On) -> Self {
        match from {
            cascade_model::On::Success => Self::Success,
            cascade_model::On::Failure => Self::Failure,
            cascade_model::On::Always => Self::Always,
            cascade_model::On::Recovered => Self::Recovered,
        }
    }
}

/// What became of an edge when a run ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decision {
    /// The downstream job.
    pub job: String,
    pub on: On,
    /// Whether it is a join, and no edge.
    pub join: bool,
    /// Its condition.
    pub when: Option<String>,
    /// Whether the downstream job was triggered.
    pub taken: bool,
    /// How many runs it made; null where it made the job due.
    pub runs: Option<u32>,
    /// Why it was not.
    pub reason: Option<String>,
    /// The same for programs.
    pub told: Option<Told>,
}

impl From<cascade_model::Decision> for Decision {
    fn from(from: cascade_model::Decision) -> Self {
        let cascade_model::Decision { job, on, when, taken, join, runs, reason } = from;
        let told = reason.as_ref().map(Told::from);
        let reason = reason.map(|reason| reason.text);
        Self { job, on: on.into(), join, when, taken, runs, reason, told }
    }
}
