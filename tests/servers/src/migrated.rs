//! A database with what migrations make of an empty one.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use crate::{
    postgres::Postgres,
    process::find,
    template::{Kept, target},
};

/// The port of a cluster that many tests may share, each with its own databases: see `with-shared-postgres`.
pub const SHARED: &str = "CASCADE_TEST_POSTGRES";

/// A migrated database of one test: on its own cluster or, within `with-shared-postgres`, on the shared one.
#[derive(Debug)]
pub struct Migrated {
    server: Postgres,
    name: String,
    shared: bool,
}

impl Migrated {
    /// Makes one. `migrate` is given the address of an empty database when the texts of the migrations are others than at
    /// the time of the last test that asked.
    pub async fn database(migrate: impl AsyncFnOnce(String)) -> Self {
        let shared = std::env::var(SHARED).ok().and_then(|port| port.parse().ok());
        let Some(server) = shared.map(Postgres::shared) else {
            let server = Postgres::migrated(migrate).await;
            return Self { server, name: Postgres::MIGRATED.to_owned(), shared: false };
        };
        let template = Kept::migrated().name().replace('-', "_");
        let version = make(&server, &template, migrate).await;
        // Each test is a process.
        let name = format!("of_{}", std::process::id());
        // From 15 on PostgreSQL would write each page into its log.
        let files = if version >= 15 { " STRATEGY file_copy" } else { "" };
        server.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}{files}"));
        Self { server, name, shared: true }
    }

    /// Its address.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }
}

/// The database that others are copied from, unless it is there: the test that comes first makes it. The version of the
/// server.
async fn make(server: &Postgres, template: &str, migrate: impl AsyncFnOnce(String)) -> u32 {
    let version = format!(
        "SELECT current_setting('server_version_num')::int / 10000 FROM pg_database WHERE datname = '{template}'"
    );
    let version = || server.sql("postgres", &version).parse().ok();
    if let Some(version) = version() {
        return version;
    }
    let folder = target().expect("tests lie in a target folder").join("postgres");
    fs::create_dir_all(&folder).expect("target folder");
    let lock = File::create(folder.join(format!("{template}.lock"))).expect("lock");
    lock.lock().expect("lock");
    if let Some(version) = version() {
        return version;
    }
    let unfinished = format!("unfinished_{}", std::process::id());
    server.sql("postgres", &format!("CREATE DATABASE {unfinished}"));
    migrate(server.url(&unfinished)).await;
    // A connection that was just closed may still be there.
    let end = format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{unfinished}'"
    );
    server.sql("postgres", &end);
    server.sql("postgres", &format!("ALTER DATABASE {unfinished} RENAME TO {template}"));
    version().expect("the database that was made")
}

impl Drop for Migrated {
    fn drop(&mut self) {
        if !self.shared {
            return;
        }
        // Nobody waits for it: it goes on while the next test begins.
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let mut psql = Command::new(find("psql"));
        psql.args(["-X", "-q", "-d", &self.server.url("postgres"), "-c", &drop]);
        psql.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok();
    }
}
