//! What every answer tells a browser to forbid.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};

/// Only files of this server run or load. Styles may be inline: charts set them on elements.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

const PERMISSIONS_POLICY: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), \
    gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// What is no page loads and runs nothing, even where a browser shows it as one.
const NO_PAGE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Of every answer.
const OF_ALL: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Unless a handler says otherwise: what one person may see is kept for no other.
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, NO_PAGE_POLICY),
];

/// Of a page: a browser reads these with nothing else, and they would be a tenth of all that comes over a slow line.
const OF_PAGES: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`, with which a browser sends `Origin: null` with a form.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Adds them where a handler has not said otherwise.
pub(crate) async fn add(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_page = kind.is_some_and(|kind| kind.starts_with("text/html"));
    let of_page = OF_PAGES.into_iter().filter(|_| is_page);
    for (name, value) in of_page.chain(OF_ALL) {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
