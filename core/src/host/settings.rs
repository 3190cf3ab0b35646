use std::{net::SocketAddr, path::PathBuf};

use cascade_access::OidcSettings;
use cascade_engine::scheduler::WorkerSettings;
use cascade_http::{HttpLimits, auth::AuthSettings};

/// Where things are and how the worker works.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// jobs.toml.
    pub config: PathBuf,
    /// Where the data is.
    pub database: DatabaseSettings,
    /// Carries events; without it pg_notify does.
    pub redis: Option<RedisSettings>,
    /// Where HTTP is served; `None` for not at all.
    pub listen: Option<SocketAddr>,
    /// What one client may take there.
    pub limits: HttpLimits,
    /// Whether the API, the event stream and the UI are served there; else health and metrics only.
    pub serve: bool,
    /// How people sign in.
    pub auth: AuthSettings,
    /// A provider at which they may do so.
    pub oidc: Option<OidcSettings>,
    /// Whether administrators may change from the browser what reaches the machine: programs,
    /// libraries, `[files]`, `[secrets]` and `[http]`.
    pub plugins_from_ui: bool,
    /// The worker, if this process is to work.
    pub worker: Option<WorkerSettings>,
}

/// Where the data is.
#[derive(Debug, Clone)]
pub enum DatabaseSettings {
    /// A SQLite file in this folder, for one process.
    Embedded(PathBuf),
    /// PostgreSQL, shared by any number of processes.
    Postgres {
        /// `postgres://...`
        url: Secret,
        /// The most connections this process opens.
        connections: u32,
    },
}

/// How Redis is reached.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `redis://...`, or `rediss://...` for TLS.
    pub url: Secret,
    /// The certificates that its own must come from; those that browsers trust, if not given.
    pub ca_file: Option<PathBuf>,
}

/// A text that is not shown to anybody.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps it.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for whoever needs it to connect.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}
