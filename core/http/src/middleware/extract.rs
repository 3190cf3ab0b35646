//! As axum's extractors of the same names, but what they refuse they refuse as JSON.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{error::ApiError, middleware::edges::most_body_bytes};

/// A body, and an answer.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let most = most_body_bytes(request.uri().path());
        let read = axum::Json::<Value>::from_request(request, state).await;
        let axum::Json(value) = read.map_err(|fault| match fault.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::body_too_large(most),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::unsupported_media_type(
                "the body must be `content-type: application/json`",
            ),
            _ => ApiError::bad_request(format!("body: {}", fault.body_text())),
        })?;
        if holds_nul(&value) {
            return Err(ApiError::bad_request("body: a text holds the character NUL"));
        }
        let read = serde_json::from_value(value);
        read.map(Self).map_err(|fault| ApiError::bad_request(format!("body: {fault}")))
    }
}

/// PostgreSQL keeps no NUL, in text or in JSON.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.contains('\0') || holds_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Parts of the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.path().contains("%00") {
            return Err(ApiError::bad_request("path: it holds the character NUL"));
        }
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        let refuse = |fault: axum::extract::rejection::PathRejection| {
            ApiError::bad_request(format!("path: {}", fault.body_text()))
        };
        read.map(|axum::extract::Path(value)| Self(value)).map_err(refuse)
    }
}

/// The query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(ApiError::bad_request("query: it holds the character NUL"));
        }
        let read = axum::extract::Query::from_request_parts(parts, state).await;
        let refuse = |fault: axum::extract::rejection::QueryRejection| {
            ApiError::bad_request(format!("query: {}", fault.body_text()))
        };
        read.map(|axum::extract::Query(value)| Self(value)).map_err(refuse)
    }
}
