//! The web UI, built by Vite and embedded in the binary.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../web/dist"]
struct Files;

/// A file of the UI; any other path gets the page, whose router knows what to do with it.
pub async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Files::get(path) {
        return answer(path, file);
    }
    if path == "api" || path.starts_with("api/") {
        let error = serde_json::json!({"error": {
            "code": "not_found",
            "message": format!("there is nothing at /{path}"),
            "help": "GET /api/openapi.json describes what there is",
        }});
        return (StatusCode::NOT_FOUND, Json(error)).into_response();
    }
    match Files::get("index.html") {
        Some(page) => answer("index.html", page),
        None => (StatusCode::NOT_FOUND, "the UI was not built into this binary").into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile) -> Response {
    // Vite puts a hash of the content into the name of everything under assets/.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let kind = HeaderValue::from_str(file.metadata.mimetype());
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static(cache))];
    (headers, file.data).into_response()
}
