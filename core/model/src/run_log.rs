use chrono::{DateTime, Utc};
use serde_json::Value;

/// One line of a run's log as the API shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct RunLogRow {
    /// Its place: later lines of a run have greater ones, not without gaps.
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
