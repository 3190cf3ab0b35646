//! The process's environment.

/// Variables that hold secrets of the host itself.
pub const OWN: [&str; 6] = [
    "DATABASE_URL",
    "REDIS_URL",
    "PGPASSWORD",
    "CASCADE_OIDC_CLIENT_SECRET",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
];

/// A variable that is set, not empty, and text.
pub fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
