//! What lies between a connection and every handler: limits, time-outs, headers for browsers.
//!
//! CORS is closed by leaving it out: no answer says that another origin may read it.

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::header,
    middleware::{Next, from_fn, from_fn_with_state, map_response},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use tower_http::compression::CompressionLayer;

use crate::{
    AppState,
    error::ApiError,
    middleware::{client, rate, security_headers},
};

/// The most bytes of a request's body.
pub(crate) const MOST_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The same, of a request for many runs.
pub(crate) const MOST_BULK_BYTES: usize = 16 * 1024 * 1024;

/// The same, of what is sent to a hook.
pub(crate) const MOST_HOOK_BYTES: usize = 1024 * 1024;

/// What is read of a body that is too large: a client that is cut off while it sends would not see
/// the answer.
pub(crate) const MOST_DRAINED_BYTES: usize = 2 * MOST_BULK_BYTES;

/// Wraps a whole application.
pub(crate) fn wrap(application: Router<AppState>, state: AppState) -> Router {
    application
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .layer(from_fn(announced_size))
        // Compressed streams are buffered streams; the default predicate leaves SSE alone.
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), within_time))
        .layer(from_fn_with_state(state.clone(), rate::limit))
        .layer(from_fn_with_state(state.clone(), client::identify))
        .layer(map_response(security_headers::add))
        .with_state(state)
}

/// The most bytes of the body of a request to an address.
pub(crate) fn most_body_bytes(path: &str) -> usize {
    let bare = path.strip_prefix("/api").unwrap_or(path);
    if bare.ends_with("/runs/bulk") {
        MOST_BULK_BYTES
    } else if bare.strip_prefix("/hooks/").is_some_and(|name| !name.contains('/')) {
        MOST_HOOK_BYTES
    } else {
        MOST_BODY_BYTES
    }
}

/// Refuses a body that is said to be too large; one that does not say is cut off by the extractors.
async fn announced_size(request: Request, next: Next) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let size = announced.and_then(|text| text.to_str().ok()?.parse::<usize>().ok());
    let most = most_body_bytes(request.uri().path());
    if size.is_none_or(|size| size <= most) {
        return next.run(request).await;
    }
    let mut body = request.into_body().into_data_stream();
    let mut left = MOST_DRAINED_BYTES;
    while left > 0
        && let Some(Ok(part)) = body.next().await
    {
        left = left.saturating_sub(part.len());
    }
    ApiError::body_too_large(most).into_response()
}

async fn not_allowed(request: Request) -> ApiError {
    ApiError::method_not_allowed(format!("{} is not for this address", request.method()))
        .help("GET /api/openapi.json describes what there is")
}

/// The answer's head must come in time; an event stream goes on after that.
async fn within_time(State(server): State<AppState>, request: Request, next: Next) -> Response {
    let limit = server.limits.request_timeout;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let limit = humantime::format_duration(limit);
            ApiError::timed_out(format!("the request was not done after {limit}")).into_response()
        }
    }
}
