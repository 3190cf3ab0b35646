//! Which headers of a delivery expressions see, and people later: what tells of the delivery, and nothing that could
//! let in who reads it.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

/// Names beside those that begin with `x-`.
const PLAIN: [&str; 2] = ["content-type", "user-agent"];
/// Parts of names of headers that may hold a secret.
const SECRET: [&str; 8] =
    ["signature", "token", "secret", "auth", "cookie", "password", "key", "csrf"];
/// Names that proxies add.
const OF_PROXIES: [&str; 2] = ["x-forwarded-", "x-real-"];

/// By name in lower case; of one that is there several times, the first.
pub(super) fn shown(headers: &HeaderMap) -> Value {
    let names = headers.keys().filter(|name| is_shown(name.as_str()));
    let text = |name: &axum::http::HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.into()))
    };
    Value::Object(names.filter_map(text).collect::<Map<_, _>>())
}

fn is_shown(name: &str) -> bool {
    let is_open = PLAIN.contains(&name) || name.starts_with("x-");
    let has =
        |parts: &[&str], fits: fn(&str, &str) -> bool| parts.iter().any(|part| fits(name, part));
    is_open
        && !has(&SECRET, |name, part| name.contains(part))
        && !has(&OF_PROXIES, |name, part| name.starts_with(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_may_let_somebody_in_is_not_shown() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("X-GitHub-Event", "push"),
            ("content-type", "application/json"),
            ("user-agent", "GitHub-Hookshot/1"),
            ("x-hub-signature-256", "sha256=1"),
            ("stripe-signature", "t=1"),
            ("authorization", "Bearer a"),
            ("cookie", "a=b"),
            ("x-gitlab-token", "t"),
            ("x-api-key", "k"),
            ("x-amz-auth", "k"),
            ("x-forwarded-for", "192.0.2.1"),
            ("host", "a"),
        ] {
            let name: axum::http::HeaderName = name.to_lowercase().parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers.append("x-github-event", "second".parse().unwrap());
        assert_eq!(
            shown(&headers),
            json!({
                "x-github-event": "push", "content-type": "application/json",
                "user-agent": "GitHub-Hookshot/1",
            })
        );
    }
}
