//! Old beside new: what the databases must do with migrations of other versions.

use std::path::PathBuf;

use cascade_sdk::{Migration, MigrationSet, sql};
use sqlx::migrate::Migrator;

use crate::{ExpandError, Store, StoreError};

/// The migrator of the first edition: its files, sqlx's table, and a fault for any row in it that is of
/// none of these files.
pub(crate) async fn first_edition(database: &str) -> Migrator {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
    let migrator = Migrator::new(folder).await.unwrap();
    let numbers: Vec<_> = migrator.iter().map(|migration| migration.version).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8], "new files belong into {database}/expand");
    migrator
}

const FILES: &[Migration] = &[
    Migration { file: "0001_a.sql", sql: "CREATE TABLE of_a_plugin (n integer)" },
    Migration { file: "0002_b.sql", sql: "ALTER TABLE of_a_plugin ADD COLUMN m integer" },
];

/// Of a database that was migrated.
pub(crate) async fn newer_versions_and_contracts(store: &impl Store) {
    let newer = MigrationSet { plugin: "of_a_plugin", migrations: FILES };
    store.migrate(&[newer]).await.unwrap();
    let older = MigrationSet { migrations: &FILES[..1], ..newer };
    store.migrate(&[older]).await.unwrap();

    let write = async |statement| store.database().batch(vec![statement]).await.unwrap();
    let row = |number: i64, oldest: i64| {
        sql("INSERT INTO host_migrations (number, file, checksum, applied_at, oldest)
             VALUES ($1, 'of_a_newer_version.sql', '', '', $2)")
        .bind(number)
        .bind(oldest)
    };
    write(row(9001, 0)).await;
    store.migrate(&[]).await.unwrap();
    write(row(9002, 9001)).await;
    let error = store.migrate(&[]).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Expand(ExpandError::TooNew { oldest: 9001, .. })),
        "{error}"
    );
    write(sql("DELETE FROM host_migrations WHERE number > 9000")).await;
    write(sql("UPDATE host_migrations SET checksum = 'x' WHERE number = 100")).await;
    let error = store.migrate(&[]).await.unwrap_err().to_string();
    assert!(error.contains("`0100_installation.sql`"), "{error}");
}
