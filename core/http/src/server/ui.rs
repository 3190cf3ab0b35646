//! The web UI, built by Vite and embedded in the binary.

use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../../web/dist"]
struct Files;

/// Some screens have the address of a resource without /api in front, such as /data/KEY. A browser
/// that is told to open it gets the screen; everybody else gets the resource.
pub async fn screens_first(request: Request, next: Next) -> Response {
    let wants_page = |accept: &HeaderValue| accept.to_str().is_ok_and(|a| a.contains("text/html"));
    let accept = request.headers().get(header::ACCEPT);
    if request.method() == Method::GET && accept.is_some_and(wants_page) {
        return serve(Method::GET, request.uri().clone()).await;
    }
    next.run(request).await
}

/// A file of the UI; any other path gets the page, whose router knows what to do with it. Who sends something has
/// mistaken the address, and would take the page for a success.
pub async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_read = matches!(method, Method::GET | Method::HEAD);
    if let Some(file) = Files::get(path).filter(|_| is_read) {
        return answer(path, file);
    }
    if !is_read || path == "api" || path.starts_with("api/") {
        let error = serde_json::json!({"error": {
            "code": "not_found",
            "message": format!("there is nothing at /{path}"),
            "help": "GET /api/openapi.json describes what there is",
        }});
        return (StatusCode::NOT_FOUND, Json(error)).into_response();
    }
    // A file of another build: the page in its place would be taken for a broken script.
    if path.starts_with("assets/") {
        return (StatusCode::NOT_FOUND, "there is no such file in this build").into_response();
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
