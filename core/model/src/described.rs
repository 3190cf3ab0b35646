//! What the OpenAPI document says of the sdk's values within runs.

#![allow(missing_docs, reason = "the names say it")]

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a run exists.
#[derive(Serialize, ToSchema)]
pub struct Trigger {
    kind: TriggerKind,
    /// The upstream job of a cascade.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    job_type: Option<String>,
    /// When it ended, or when somebody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    at: Option<DateTime<Utc>>,
}

/// What caused a run.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TriggerKind {
    /// The schedule of the job.
    Timer,
    /// A person or a program.
    Manual,
    /// An upstream job.
    Cascade,
}

/// How far a run has come.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// 0..1.
    fraction: f64,
    message: String,
}

/// How much a log line matters.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}
