//! Cross-site requests are refused by where they come from (OWASP, "Cross-Site Request Forgery
//! Prevention": verifying origin with standard headers), besides the token that a session must
//! repeat.

use axum::http::{HeaderMap, Method, header};

use super::{AuthSettings, SignIn};
use crate::error::ApiError;

/// Whether a method may change something.
pub(crate) fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses a request that a page of another site has made.
///
/// # Errors
/// 403 when `Origin` names another host, or `Sec-Fetch-Site` another site; 403 too when sign-in is
/// off and the host is not called by a loopback name, as after DNS rebinding.
pub fn same_origin(
    settings: &AuthSettings,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    if settings.sign_in == SignIn::Off && !is_loopback_name(host) {
        return Err(ApiError::forbidden(format!(
            "sign-in is off and `{host}` is not this machine"
        ))
        .help("open it as http://127.0.0.1 or http://localhost, or turn sign-in on"));
    }
    if !is_unsafe(method) {
        return Ok(());
    }
    let refuse = || {
        ApiError::forbidden("a page of another site has sent this")
            .help("if this is your own address behind a proxy, set CASCADE_PUBLIC_URL to it")
    };
    if let Some(origin) = text(header::ORIGIN) {
        let ours =
            settings.public_url.as_deref().is_some_and(|url| url.trim_end_matches('/') == origin);
        let bare = origin.split_once("://").map_or("", |(_, host)| host);
        return if ours || (!host.is_empty() && bare == host) { Ok(()) } else { Err(refuse()) };
    }
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(refuse()),
    }
}

/// Whether a request calls the host by a loopback name; after DNS rebinding it does not.
pub fn by_loopback_name(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    host.is_some_and(is_loopback_name)
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(
        sign_in: SignIn,
        public_url: Option<&str>,
        method: Method,
        pairs: &[(&'static str, &str)],
    ) -> bool {
        let settings = AuthSettings { sign_in, public_url: public_url.map(ToOwned::to_owned) };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        same_origin(&settings, &method, &headers).is_ok()
    }

    #[test]
    fn other_sites_may_look_but_not_change() {
        let on = SignIn::Required;
        let evil = [("host", "app.example"), ("origin", "https://evil.example")];
        assert!(asked(on, None, Method::GET, &evil));
        assert!(!asked(on, None, Method::POST, &evil));
        assert!(!asked(on, None, Method::DELETE, &[("host", "a"), ("origin", "null")]));
        assert!(asked(on, None, Method::POST, &[("host", "a:1"), ("origin", "http://a:1")]));
        assert!(!asked(on, None, Method::POST, &[("host", "a:1"), ("origin", "http://a:2")]));
        assert!(!asked(on, None, Method::POST, &[("host", "a"), ("sec-fetch-site", "same-site")]));
        // A program: no browser sends neither.
        assert!(asked(on, None, Method::POST, &[("host", "a")]));
        let proxied = [("host", "10.0.0.7:7878"), ("origin", "https://app.example")];
        assert!(asked(on, Some("https://app.example/"), Method::POST, &proxied));
        assert!(!asked(on, Some("https://other.example"), Method::POST, &proxied));
    }

    #[test]
    fn without_sign_in_only_loopback_names_are_answered() {
        for (host, good) in [
            ("127.0.0.1:7878", true),
            ("localhost", true),
            ("[::1]:7878", true),
            ("rebound.example:7878", false),
            ("10.0.0.7", false),
            ("", false),
        ] {
            assert_eq!(asked(SignIn::Off, None, Method::GET, &[("host", host)]), good, "{host}");
        }
    }
}
