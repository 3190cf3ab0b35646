//! The web UI, built by Vite and embedded in the binary.

use axum::{
    Json,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
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
        return serve(Method::GET, request.uri().clone(), request.headers().clone()).await;
    }
    next.run(request).await
}

/// What a browser is told with a file that is part of a page: the page's own headers say what the page may do. A worker has
/// the policy of its script.
const PART_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'";

/// A file of the UI; any other path gets the page, whose router knows what to do with it. Who sends something has
/// mistaken the address, and would take the page for a success.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_read = matches!(method, Method::GET | Method::HEAD);
    if let Some(file) = Files::get(path).filter(|_| is_read) {
        return answer(path, file, &headers);
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
        Some(page) => answer("index.html", page, &headers),
        None => (StatusCode::NOT_FOUND, "the UI was not built into this binary").into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    // Vite puts a hash of the content into the name of everything under assets/.
    let is_part = path.starts_with("assets/");
    let cache = if is_part { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = HeaderValue::from_str(file.metadata.mimetype());
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    // The build compresses what is worth it, better than there is time for when it is asked for.
    let packed = Files::get(&format!("{path}.br"));
    let has_packed = packed.is_some();
    let packed = packed.filter(|_| takes_brotli(asked));
    let is_packed = packed.is_some();
    let mut response = packed.unwrap_or(file).data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    if has_packed {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if is_part {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PART_POLICY));
    }
    response
}

/// Whether the browser says that it reads Brotli: over TLS and on this machine all do, otherwise none.
fn takes_brotli(asked: &HeaderMap) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, parameter) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameter.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("br") && weight.is_none_or(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::middleware::security_headers;

    async fn asked(path: &str, encoding: Option<&'static str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(encoding) = encoding {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding));
        }
        serve(Method::GET, path.parse().unwrap(), headers).await
    }

    fn script() -> String {
        let is_main = |path: &str| path.starts_with("assets/main-") && path.ends_with(".js.br");
        let packed = Files::iter().find(|path| is_main(path)).expect("the build packs it");
        format!("/{}", packed.strip_suffix(".br").unwrap())
    }

    #[tokio::test]
    async fn what_the_build_has_packed_is_sent_packed_to_who_reads_it() {
        for (encoding, packed) in [
            (Some("gzip, deflate, br, zstd"), true),
            (Some("BR;q=0.5"), true),
            (Some("gzip, br;q=0"), false),
            (Some("gzip, brotli"), false),
            (None, false),
        ] {
            let answer = asked(&script(), encoding).await;
            let headers = answer.headers();
            assert_eq!(headers.contains_key(header::CONTENT_ENCODING), packed, "{encoding:?}");
            assert_eq!(headers[header::VARY], "accept-encoding");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert!(headers[header::CONTENT_TYPE].to_str().unwrap().contains("javascript"));
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            assert_eq!(std::str::from_utf8(&body).is_err(), packed, "{encoding:?}");
        }
    }

    #[tokio::test]
    async fn a_part_of_a_page_has_its_policy_and_no_header_of_pages() {
        let part = security_headers::add(asked(&script(), None).await).await;
        assert_eq!(part.headers()[header::CONTENT_SECURITY_POLICY], PART_POLICY);
        assert_eq!(part.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(!part.headers().contains_key("permissions-policy"));
        let page = security_headers::add(asked("/jobs", None).await).await;
        assert!(page.headers().contains_key("permissions-policy"));
        assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
    }
}
