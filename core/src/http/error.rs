use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cascade_sdk::ViewError;
use serde_json::{Value, json};

use crate::store::StoreError;

/// An answer that is not what was asked for: `{"error": {"code", "message", "help"?}}`, and beside
/// `error` whatever a client needs to go on from there.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    help: Option<String>,
    more: Vec<(&'static str, Value)>,
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    pub fn with(mut self, key: &'static str, value: Value) -> Self {
        self.more.push((key, value));
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), help: None, more: Vec::new() }
    }

    /// A fault of ours: told in full to the log, and not to the client.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the server could not answer")
            .help("see the server's log")
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotScheduled { job } => {
                Self::not_found(error.to_string()).help(format!("add `[jobs.{job}]` to jobs.toml"))
            }
            StoreError::NoRun(_) => Self::not_found(error.to_string()),
            StoreError::WrongState(why) => Self::new(StatusCode::CONFLICT, "wrong_state", *why),
            other => Self::internal(other),
        }
    }
}

impl From<ViewError> for ApiError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::BadRequest(message) => Self::bad_request(message),
            ViewError::NotFound(message) => Self::not_found(message),
            other => Self::internal(&other),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(help) = self.help {
            error["help"] = help.into();
        }
        let mut body = json!({"error": error});
        for (key, value) in self.more {
            body[key] = value;
        }
        (self.status, Json(body)).into_response()
    }
}
