//! The session's cookie.

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use super::AuthSettings;
use crate::access::{SESSION_ENDS, Secret};

/// The prefix makes browsers insist on TLS, on this very host and on the path `/` (RFC 6265bis,
/// section 4.1.3.2).
fn name(settings: &AuthSettings) -> &'static str {
    if settings.secure() { "__Host-cascade_session" } else { "cascade_session" }
}

fn cookie(settings: &AuthSettings, value: String) -> Cookie<'static> {
    Cookie::build((name(settings), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(settings.secure())
        .build()
}

/// Gives the browser its session's id.
pub fn session_cookie(settings: &AuthSettings, secret: &Secret) -> CookieJar {
    let mut cookie = cookie(settings, secret.reveal().to_owned());
    cookie.set_max_age(time::Duration::seconds(SESSION_ENDS.num_seconds()));
    CookieJar::new().add(cookie)
}

/// Takes it back.
pub fn clear(settings: &AuthSettings) -> CookieJar {
    let mut cookie = cookie(settings, String::new());
    cookie.make_removal();
    CookieJar::new().add(cookie)
}

/// The session's id, if the browser sent one.
pub(super) fn read(settings: &AuthSettings, jar: &CookieJar) -> Option<String> {
    let cookie = jar.get(name(settings))?;
    Some(cookie.value().to_owned()).filter(|value| !value.is_empty())
}
