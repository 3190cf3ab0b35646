//! A database for one test.

use cascade_test_servers::Postgres;

use super::PostgresStore;
use crate::Store as _;

/// Migrated by this version, and with what `sql` adds: its address and its name.
pub(super) async fn filled(server: &Postgres, sql: &str) -> (String, String) {
    let url = server.database();
    PostgresStore::connect(&url, 2).await.unwrap().migrate(&[]).await.unwrap();
    let database = url.rsplit('/').next().unwrap().to_owned();
    server.sql(&database, sql);
    (url, database)
}
