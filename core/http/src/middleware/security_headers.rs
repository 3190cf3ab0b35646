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

const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`, with which a browser sends `Origin: null` with a form.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Unless a handler says otherwise: what one person may see is kept for no other.
    (header::CACHE_CONTROL, "no-store"),
];

/// Marks an answer with a script, a style or another file that a page of this server loads.
#[derive(Clone, Copy)]
pub(crate) struct PartOfPage;

/// Of [`HEADERS`], those that a browser reads with such a file too. The others are of pages, and would be a third of all
/// that comes over a slow line beside the files themselves.
const OF_PARTS: [HeaderName; 2] =
    [header::X_CONTENT_TYPE_OPTIONS, HeaderName::from_static("cross-origin-resource-policy")];

/// Adds them where a handler has not said otherwise.
pub(crate) async fn add(mut response: Response) -> Response {
    let is_part = response.extensions().get::<PartOfPage>().is_some();
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in HEADERS {
        if is_part && !OF_PARTS.contains(&name) {
            continue;
        }
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
