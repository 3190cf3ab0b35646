//! The session's cookie.

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use super::AuthSettings;
use cascade_access::{DEVICE_KNOWN, SESSION_ENDS, Secret};

/// The prefix makes browsers insist on TLS, on this very host and on the path `/` (RFC 6265bis,
/// section 4.1.3.2).
fn name(settings: &AuthSettings) -> &'static str {
    if settings.secure() { "__Host-cascade_session" } else { "cascade_session" }
}

/// By what a browser is known after it has signed out, too.
fn device_name(settings: &AuthSettings) -> &'static str {
    if settings.secure() { "__Host-cascade_device" } else { "cascade_device" }
}

fn cookie(settings: &AuthSettings, name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(settings.secure())
        .build()
}

/// Gives the browser its session's id.
pub fn session_cookie(settings: &AuthSettings, secret: &Secret) -> CookieJar {
    let mut cookie = cookie(settings, name(settings), secret.reveal().to_owned());
    cookie.set_max_age(time::Duration::seconds(SESSION_ENDS.num_seconds()));
    CookieJar::new().add(cookie)
}

/// Gives the browser what it is known by at its next sign-in.
pub fn device_cookie(settings: &AuthSettings, device: String) -> Cookie<'static> {
    let mut cookie = cookie(settings, device_name(settings), device);
    cookie.set_max_age(time::Duration::seconds(DEVICE_KNOWN.num_seconds()));
    cookie
}

/// What the browser says that it is known by.
pub fn device(settings: &AuthSettings, jar: &CookieJar) -> Option<String> {
    jar.get(device_name(settings)).map(|cookie| cookie.value().to_owned())
}

/// Removes the session's cookie.
pub fn clear(settings: &AuthSettings) -> CookieJar {
    let mut cookie = cookie(settings, name(settings), String::new());
    cookie.make_removal();
    CookieJar::new().add(cookie)
}

/// The session's id, if the browser sent one.
pub(crate) fn read(settings: &AuthSettings, jar: &CookieJar) -> Option<String> {
    let cookie = jar.get(name(settings))?;
    Some(cookie.value().to_owned()).filter(|value| !value.is_empty())
}
