use chrono::{DateTime, Utc};
use serde_json::Value;

/// One line of a run's log as the API shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RunLogRow {
    /// Its number: greater than those of the lines before it, with gaps.
    pub seq: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// Text for a person.
    pub message: String,
    /// Structured fields.
    pub fields: Option<Value>,
}
