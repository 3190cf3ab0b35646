use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cascade_sdk::ViewError;
use serde_json::json;
use uuid::Uuid;

use crate::{
    access::{AccessError, OidcError},
    store::StoreError,
};

/// An answer that is not what was asked for: `{"error": {"code", "message", "help"?}}`.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    help: Option<String>,
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message)
    }

    /// A project that is not there, or not for the one who asks: which of both is not told.
    pub fn no_project(project: Uuid) -> Self {
        Self::not_found(format!("there is no project {project}"))
            .help("GET /api/projects lists those that you may see")
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), help: None }
    }

    /// A fault of ours: told in full to the log, and not to the client.
    fn internal(error: &dyn std::fmt::Display) -> Self {
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

impl From<OidcError> for ApiError {
    fn from(error: OidcError) -> Self {
        match &error {
            OidcError::Unknown => Self::unauthorized(error.to_string()).help("sign in again"),
            OidcError::Provider(_) => {
                tracing::warn!(%error, "sign-in failed");
                Self::new(StatusCode::BAD_GATEWAY, "provider", "the OpenID Connect provider failed")
                    .help("see the server's log")
            }
        }
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Refused(message) => Self::bad_request(message),
            other => Self::internal(&other),
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
        (self.status, Json(json!({"error": error}))).into_response()
    }
}
