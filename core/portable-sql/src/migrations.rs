//! Runs the migrations that plugin crates own.

use std::collections::BTreeMap;

use cascade_sdk::{Migration, MigrationError, MigrationSet};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use uuid::Uuid;

/// Why a plugin's tables could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum PluginMigrationError {
    /// A file name without a number.
    #[error("plugin {plugin}: {source}")]
    Name {
        /// The plugin crate.
        plugin: &'static str,
        /// Which file.
        source: MigrationError,
    },
    /// Two files of one number.
    #[error(
        "plugin {plugin}: `{first}` and `{second}` have the same number; renumber the newer one"
    )]
    SameVersion {
        /// The plugin crate.
        plugin: &'static str,
        /// One file.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A file that has run and was changed since.
    #[error(
        "plugin {plugin}: `{file}` has already run and was edited since; restore it and put the change into a new file"
    )]
    Edited {
        /// The plugin crate.
        plugin: &'static str,
        /// Which file.
        file: &'static str,
    },
    /// The SQL failed; nothing of this file was kept.
    #[error("plugin {plugin}: `{file}`: {source}")]
    Sql {
        /// The plugin crate.
        plugin: &'static str,
        /// Which file.
        file: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The table of what has run could not be read.
    #[error("plugin_migrations: {0}")]
    Ledger(#[from] sqlx::Error),
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS plugin_migrations (
    plugin     TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    file       TEXT    NOT NULL,
    checksum   TEXT    NOT NULL,
    applied_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (plugin, version)
) STRICT";

/// Runs what has not run yet, plugin by plugin, each file in its own transaction.
///
/// # Errors
/// The first fault; files before it have run, nothing of the faulty one is kept.
pub async fn run_migrations(
    connection: &mut SqliteConnection,
    sets: &[MigrationSet],
) -> Result<(), PluginMigrationError> {
    sqlx::query(LEDGER).execute(&mut *connection).await?;
    for set in sets {
        for (version, migration) in ordered(set)? {
            apply(connection, set.plugin, version, migration).await?;
        }
    }
    Ok(())
}

fn ordered(set: &MigrationSet) -> Result<BTreeMap<u32, &Migration>, PluginMigrationError> {
    let plugin = set.plugin;
    let mut ordered = BTreeMap::new();
    for migration in set.migrations {
        let version =
            migration.version().map_err(|source| PluginMigrationError::Name { plugin, source })?;
        if let Some(first) = ordered.insert(version, migration) {
            let (first, second) = (first.file, migration.file);
            return Err(PluginMigrationError::SameVersion { plugin, first, second });
        }
    }
    Ok(ordered)
}

async fn apply(
    connection: &mut SqliteConnection,
    plugin: &'static str,
    version: u32,
    migration: &Migration,
) -> Result<(), PluginMigrationError> {
    let file = migration.file;
    let checksum = Uuid::new_v5(&Uuid::NAMESPACE_OID, migration.sql.as_bytes()).to_string();
    let known: Option<String> = sqlx::query_scalar(
        "SELECT checksum FROM plugin_migrations WHERE plugin = $1 AND version = $2",
    )
    .bind(plugin)
    .bind(version)
    .fetch_optional(&mut *connection)
    .await?;
    match known {
        Some(known) if known == checksum => return Ok(()),
        Some(_) => return Err(PluginMigrationError::Edited { plugin, file }),
        None => {}
    }
    let fault = |source| PluginMigrationError::Sql { plugin, file, source };
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    sqlx::raw_sql(AssertSqlSafe(migration.sql)).execute(&mut *tx).await.map_err(fault)?;
    sqlx::query(
        "INSERT INTO plugin_migrations (plugin, version, file, checksum) VALUES ($1, $2, $3, $4)",
    )
    .bind(plugin)
    .bind(version)
    .bind(file)
    .bind(checksum)
    .execute(&mut *tx)
    .await
    .map_err(fault)?;
    tx.commit().await.map_err(fault)
}
