//! What an expression is told of the run that has ended.

use serde::Serialize;
use serde_json::{Value, json};

/// How a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It has succeeded.
    Success,
    /// Its last attempt has failed.
    Failure,
}

/// `run` of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunFacts {
    /// Its id.
    pub id: String,
    /// The job.
    pub job: String,
    /// The short name of the project.
    pub project: String,
    /// How it has ended.
    pub status: Status,
    /// The attempts it took.
    pub attempts: u32,
    /// Why it has failed; null after a success.
    pub error: Option<String>,
    /// The one line that it has to tell, if any.
    pub summary: Option<String>,
    /// The revision of jobs.toml in force.
    pub revision: String,
    /// Its key; null for a run of its schedule, and for one without a key.
    pub key: Option<String>,
    /// The jobs that it would have led to had it not failed; none after a success.
    pub not_reached: Vec<String>,
}

impl RunFacts {
    /// The JSON Schema of `run`.
    pub fn schema() -> Value {
        let maybe = json!({"type": ["string", "null"]});
        json!({
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "job": {"type": "string"},
                "project": {"type": "string"},
                "status": {"type": "string", "enum": ["success", "failure"]},
                "attempts": {"type": "integer"},
                "error": maybe,
                "summary": maybe,
                "revision": {"type": "string"},
                "key": maybe,
                "not_reached": {"type": "array", "items": {"type": "string"}},
            },
            "additionalProperties": false,
        })
    }
}
