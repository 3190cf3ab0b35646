//! Old beside new: what the databases must do with migrations of other versions.

use std::path::PathBuf;

use cascade_sdk::{Migration, MigrationSet, sql};
use sqlx::migrate::Migrator;

use crate::{ExpandError, Store, StoreError, contract, expand};

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

/// Contracts once, by what the list says, and says so the second time. A version that knows less is told.
pub(crate) async fn contracts(store: &impl Store, database: &str) {
    let [expand, contract] = match database {
        "sqlite" => [expand::SQLITE, contract::SQLITE],
        _ => [expand::POSTGRES, contract::POSTGRES],
    };
    let files: Vec<_> = contract.iter().map(|migration| migration.file).collect();
    assert_eq!(store.contract().await.unwrap(), files);
    assert_eq!(store.contract().await.unwrap(), [""; 0], "it is contracted");
    store.migrate(&[]).await.unwrap();
    let oldest = sql("SELECT max(oldest) AS oldest FROM host_migrations");
    let oldest = store.database().query(oldest).await.unwrap()[0]["oldest"].as_i64().unwrap();
    assert_eq!(oldest, contract::oldest(expand::newest(contract), expand));
    let recorded = vec![(expand::newest(contract), String::new(), oldest)];
    let error = expand::due(&expand[..1], recorded).unwrap_err();
    assert!(matches!(error, ExpandError::TooNew { .. }), "{error}");
}

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
