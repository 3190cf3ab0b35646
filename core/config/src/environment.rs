//! The variables that the process was started with. Those that may hold a secret are not in its
//! environment any more: the host starts itself again without them and hands them over here.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    sync::OnceLock,
};

/// Variables that hold secrets of the host itself. No plugin may read them.
pub const OWN: [&str; 6] = [
    "DATABASE_URL",
    "REDIS_URL",
    "PGPASSWORD",
    "CASCADE_OIDC_CLIENT_SECRET",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
];

static HIDDEN: OnceLock<BTreeMap<OsString, OsString>> = OnceLock::new();

/// Keeps the variables that are not in the environment any more. Only the first call counts.
pub fn keep(hidden: BTreeMap<OsString, OsString>) {
    HIDDEN.set(hidden).ok();
}

/// A variable that is set, not empty, and text; also one that is hidden.
pub fn var(name: &str) -> Option<String> {
    let hidden = HIDDEN.get().and_then(|hidden| hidden.get(OsStr::new(name)));
    let value = hidden.cloned().or_else(|| std::env::var_os(name))?;
    value.into_string().ok().filter(|value| !value.is_empty())
}
