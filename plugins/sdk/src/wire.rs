//! What crosses the boundary of a loaded plugin, as `cascade_plugin.h` describes it.
//!
//! Plugin authors do not use this module. The host and [`crate::loaded`] share it, so that both ends
//! of each text have one definition.

mod body;

pub use body::{Body, HttpRequestText, HttpResponseText};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Action, ConnectionError, DbError, Defaults, Dialect, HttpError, JobError, Level, RawQuery, Row,
    RunInfo, Statement, ViewError,
};

/// What a plugin brings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    /// Who it is.
    pub plugin: Identity,
    /// Its job types.
    #[serde(default)]
    pub jobs: Vec<JobSketch>,
    /// Its views.
    #[serde(default)]
    pub views: Vec<ViewSketch>,
    /// The steps of its own schema.
    #[serde(default)]
    pub migrations: Vec<MigrationText>,
}

/// A plugin's name and version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identity {
    /// Name; a crate's, for one in Rust.
    pub name: String,
    /// Version.
    pub version: String,
}

/// A job type; see [`crate::JobDescriptor`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobSketch {
    /// Unique name.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// JSON Schema of its params; left out, it takes anything.
    #[serde(default = "anything")]
    pub params_schema: Value,
    /// JSON Schema of its args; left out, it takes none.
    #[serde(default = "crate::typed_job::no_args")]
    pub args_schema: Value,
    /// JSON Schema of its output; left out, it may be anything.
    #[serde(default = "anything")]
    pub output_schema: Value,
    /// Settings that hold where jobs.toml says nothing.
    #[serde(default)]
    pub defaults: Defaults,
}

/// A view; see [`crate::ViewDescriptor`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ViewSketch {
    /// Data key.
    pub key: String,
    /// One sentence.
    pub description: String,
    /// JSON Schema of an item.
    #[serde(default = "anything")]
    pub row_schema: Value,
    /// JSON Schema of the query parameters.
    #[serde(default = "anything")]
    pub filter_schema: Value,
    /// Columns a reader may sort by.
    #[serde(default)]
    pub sortable: Vec<String>,
    /// What a person may do to an item.
    #[serde(default)]
    pub actions: Vec<Action>,
}

fn anything() -> Value {
    Value::Object(serde_json::Map::new())
}

/// One step of a plugin's own schema; see [`crate::Migration`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MigrationText {
    /// `NNNN_name.sql`.
    pub file: String,
    /// The file's text.
    pub sql: String,
}

/// The request of `run`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunRequest {
    /// Facts about the run.
    pub info: RunInfo,
    /// Params that passed the schema.
    pub params: Value,
    /// Which database answers.
    pub dialect: Dialect,
}

/// The request of `read`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReadRequest {
    /// What is asked.
    pub query: RawQuery,
    /// Which database answers.
    pub dialect: Dialect,
}

/// The request of `act`.
#[derive(Debug, Serialize, Deserialize)]
pub struct ActRequest {
    /// The action's name.
    pub action: String,
    /// Input that passed the schema.
    pub input: Value,
    /// Which database answers.
    pub dialect: Dialect,
}

/// Why a view gave no answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct ViewFault {
    /// What kind of error it is.
    pub kind: ViewFaultKind,
    /// For a person.
    pub message: String,
}

/// The kinds of [`ViewFault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewFaultKind {
    /// [`ViewError::BadRequest`].
    BadRequest,
    /// [`ViewError::NotFound`].
    NotFound,
    /// Everything else.
    Internal,
}

impl From<ViewError> for ViewFault {
    fn from(error: ViewError) -> Self {
        let kind = match &error {
            ViewError::BadRequest(_) => ViewFaultKind::BadRequest,
            ViewError::NotFound(_) => ViewFaultKind::NotFound,
            ViewError::Db(_) | ViewError::Http(_) | ViewError::Internal(_) => {
                ViewFaultKind::Internal
            }
        };
        Self { kind, message: error.to_string() }
    }
}

impl From<ViewFault> for ViewError {
    fn from(fault: ViewFault) -> Self {
        match fault.kind {
            ViewFaultKind::BadRequest => Self::BadRequest(fault.message),
            ViewFaultKind::NotFound => Self::NotFound(fault.message),
            ViewFaultKind::Internal => Self::Internal(fault.message),
        }
    }
}

/// The error that stands for a panic, in the form that `run` and the views both understand.
pub fn panicked(message: &str) -> String {
    let error = JobError::retry(format!("the plugin panicked: {message}"));
    text(&error)
}

/// A value as JSON text; what does not serialise becomes `null`.
pub fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

/// Why the host could not do what was asked.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Refusal {
    /// For a person.
    pub message: String,
    /// The statement, if it is about one.
    #[serde(default)]
    pub sql: String,
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        Self { message: error.message, sql: error.sql }
    }
}

impl From<HttpError> for Refusal {
    fn from(error: HttpError) -> Self {
        Self { message: error.0, sql: String::new() }
    }
}

impl From<ConnectionError> for Refusal {
    fn from(error: ConnectionError) -> Self {
        Self { message: error.0, sql: String::new() }
    }
}

impl Refusal {
    /// With a message alone.
    pub fn new(message: impl ToString) -> Self {
        Self { message: message.to_string(), sql: String::new() }
    }

    /// Reads a refusal; a text of another form is its message.
    pub fn parse(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_else(|_| Self::new(json))
    }
}

/// `{"rows"}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rows {
    /// One object each.
    pub rows: Vec<Row>,
}

/// `{"results": [[row, ..], ..]}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct RowsEach {
    /// By query.
    pub results: Vec<Vec<Row>>,
}

/// `{"statements"}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Batch {
    /// In order.
    pub statements: Vec<Statement>,
}

/// `{"affected": [n, ..]}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct AffectedEach {
    /// By statement.
    pub affected: Vec<u64>,
}

/// `{"affected": n}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Affected {
    /// Rows.
    pub affected: u64,
}

/// `{"transaction": t}`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct TransactionRef {
    /// The host's number for it, within the call.
    pub transaction: u64,
}

/// A statement in a transaction.
#[derive(Debug, Serialize, Deserialize)]
pub struct InTransaction {
    /// Which.
    pub transaction: u64,
    /// What.
    #[serde(flatten)]
    pub statement: Statement,
}

/// `{"connection": c}`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ConnectionRef {
    /// The host's number for it, within the call.
    pub connection: u64,
}

/// Bytes that are sent over a connection.
#[derive(Debug, Serialize, Deserialize)]
pub struct ToConnection {
    /// Which.
    pub connection: u64,
    /// What.
    #[serde(flatten)]
    pub body: Body,
}

/// `{"ms"}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pause {
    /// Milliseconds.
    pub ms: u64,
}

/// `{"variable"}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct SecretRef {
    /// Name of an environment variable.
    pub variable: String,
}

/// `{"value"}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct SecretText {
    /// What the variable holds.
    pub value: String,
}

/// `{"job"}`.
#[derive(Debug, Serialize, Deserialize)]
pub struct JobRef {
    /// Name.
    pub job: String,
}

/// A level as the number of the header.
pub fn level_number(level: Level) -> i32 {
    match level {
        Level::Debug => 0,
        Level::Info => 1,
        Level::Warn => 2,
        Level::Error => 3,
    }
}

/// A level from its number; what is out of range is the nearest.
pub fn level_from(number: i32) -> Level {
    match number {
        ..=0 => Level::Debug,
        1 => Level::Info,
        2 => Level::Warn,
        3.. => Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_another_form_is_still_told() {
        assert_eq!(Refusal::parse("went away").message, "went away");
    }
}
