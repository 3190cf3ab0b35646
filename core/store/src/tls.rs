//! The TLS provider of the process: ring, for HTTP clients, both database drivers and Redis.

/// Makes ring the provider of every TLS client of this process. Call it before a `reqwest` client is
/// built: without a provider that panics. Further calls do nothing.
pub fn install() {
    rustls::crypto::ring::default_provider().install_default().ok();
}
