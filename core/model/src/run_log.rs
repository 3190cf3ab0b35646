use chrono::{DateTime, Utc};
use serde_json::Value;

/// One line of a run's log as the API shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct RunLogRow {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// `debug`, `info`, `warn` or `error`.
    #[schema(value_type = crate::described::Level)]
    pub level: String,
    /// Text for a person.
    pub message: String,
    /// Structured fields.
    #[schema(value_type = Option<Object>)]
    pub fields: Option<Value>,
}
