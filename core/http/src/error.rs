use std::time::Duration;

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use cascade_sdk::ViewError;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoResponses, ToSchema};
use uuid::Uuid;

use cascade_access::{AccessError, OidcError};
use cascade_store::StoreError;

/// An answer that is not what was asked for: `{"error": {"code", "message", "help"?}}`, and beside
/// `error` whatever a client needs to go on from there.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    retry_after: Option<Duration>,
    detail: Detail,
    /// Boxed: most answers have none, and every result is as large as its error.
    more: Box<serde_json::Map<String, Value>>,
}

/// What went wrong, for programs and for people.
#[derive(Debug, Serialize, ToSchema)]
pub struct Detail {
    /// For programs; does not change.
    code: &'static str,
    message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// The body of every refusal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    error: Detail,
    /// Whatever else the address says it tells.
    #[serde(flatten)]
    #[schema(ignore)]
    more: serde_json::Map<String, Value>,
}

/// What any address may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only describes the API")]
pub enum Refused {
    /// Asked wrongly.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// Nobody is signed in.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// Not for the one who asks.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// Took too long.
    #[response(status = 408)]
    TimedOut(ErrorBody),
    /// Asked too often.
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// A fault of the server.
    #[response(status = 500)]
    Internal(ErrorBody),
}

/// What an address that takes a body may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only describes the API")]
pub enum BodyRefused {
    /// A body of too many bytes.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// A body that is not said to be JSON.
    #[response(status = 415)]
    NotJson(ErrorBody),
}

pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// Whether what was sent was wrong in itself.
    pub(crate) fn is_bad_request(&self) -> bool {
        self.status == StatusCode::BAD_REQUEST
    }

    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub fn method_not_allowed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    pub fn timed_out(message: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timed_out", message)
    }

    pub fn body_too_large(most: usize) -> Self {
        Self::too_large(format!("the body is over {most} bytes"))
    }

    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    pub fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message)
    }

    /// Tries to sign in that come too fast.
    pub fn too_many_tries(wait: Duration) -> Self {
        Self::too_many("too many tries from your network")
            .help("wait as long as Retry-After says and try again")
            .retry_after(wait)
    }

    /// A project that is not there, or not for the one who asks: which of both is not told.
    pub fn no_project(project: Uuid) -> Self {
        Self::not_found(format!("there is no project {project}"))
            .help("GET /api/projects lists those that you may see")
    }

    /// A file that the host may not change.
    pub fn not_writable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_writable", message)
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
        self.more.insert(key.into(), value);
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.detail.help = Some(help.into());
        self
    }

    /// When it is worth asking again.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let detail = Detail { code, message: message.into(), help: None };
        Self { status, retry_after: None, detail, more: Box::default() }
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
            StoreError::Duplicate { run } => {
                Self::new(StatusCode::CONFLICT, "duplicate", error.to_string())
                    .with("run_id", run.to_string().into())
            }
            StoreError::KeyUsed { run } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_used",
                error.to_string(),
            )
            .with("run_id", run.to_string().into()),
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
            AccessError::Busy(busy) => {
                Self::unavailable(busy.to_string()).retry_after(Duration::from_secs(2))
            }
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
        let mut answer =
            (self.status, Json(ErrorBody { error: self.detail, more: *self.more })).into_response();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}
