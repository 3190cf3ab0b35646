//! Runs the migrations that plugin crates own.

use std::collections::BTreeMap;

use cascade_sdk::{Migration, MigrationError, MigrationSet, rfc3339};
use chrono::Utc;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
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

/// The table of what has run.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS plugin_migrations (
    plugin     TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    file       TEXT    NOT NULL,
    checksum   TEXT    NOT NULL,
    applied_at TEXT    NOT NULL,
    PRIMARY KEY (plugin, version)
)";
const FIND: &str = "SELECT checksum FROM plugin_migrations WHERE plugin = $1 AND version = $2";
const KEEP: &str = "INSERT INTO plugin_migrations (plugin, version, file, checksum, applied_at)
    VALUES ($1, $2, $3, $4, $5)";

/// Runs what has not run yet, plugin by plugin, each file in its own transaction.
///
/// # Errors
/// The first fault; files before it have run, nothing of the faulty one is kept.
pub async fn run_migrations(
    connection: &mut SqliteConnection,
    sets: &[MigrationSet],
) -> Result<(), PluginMigrationError> {
    sqlx::query(LEDGER).execute(&mut *connection).await?;
    for step in steps(sets)? {
        let query = sqlx::query_scalar(FIND).bind(step.plugin).bind(step.version);
        if step.has_run(query.fetch_optional(&mut *connection).await?)? {
            continue;
        }
        let begun = connection.begin_with("BEGIN IMMEDIATE").await;
        let mut tx = begun.map_err(|error| step.fault(error))?;
        let sql = AssertSqlSafe(step.migration.sql);
        sqlx::raw_sql(sql).execute(&mut *tx).await.map_err(|error| step.fault(error))?;
        let keep = sqlx::query(KEEP).bind(step.plugin).bind(step.version).bind(step.migration.file);
        let keep = keep.bind(step.checksum()).bind(rfc3339(Utc::now()));
        keep.execute(&mut *tx).await.map_err(|error| step.fault(error))?;
        tx.commit().await.map_err(|error| step.fault(error))?;
    }
    Ok(())
}

/// As [`run_migrations`]; the caller sees to it that nobody else does at the same time.
///
/// # Errors
/// As [`run_migrations`].
pub async fn run_migrations_postgres(
    connection: &mut PgConnection,
    sets: &[MigrationSet],
) -> Result<(), PluginMigrationError> {
    sqlx::query(LEDGER).execute(&mut *connection).await?;
    for step in steps(sets)? {
        let query = sqlx::query_scalar(FIND).bind(step.plugin).bind(step.version);
        if step.has_run(query.fetch_optional(&mut *connection).await?)? {
            continue;
        }
        let mut tx = connection.begin().await.map_err(|error| step.fault(error))?;
        let sql = AssertSqlSafe(step.migration.sql);
        sqlx::raw_sql(sql).execute(&mut *tx).await.map_err(|error| step.fault(error))?;
        let keep = sqlx::query(KEEP).bind(step.plugin).bind(step.version).bind(step.migration.file);
        let keep = keep.bind(step.checksum()).bind(rfc3339(Utc::now()));
        keep.execute(&mut *tx).await.map_err(|error| step.fault(error))?;
        tx.commit().await.map_err(|error| step.fault(error))?;
    }
    Ok(())
}

/// One file of one plugin.
struct Step<'a> {
    plugin: &'static str,
    version: i32,
    migration: &'a Migration,
}

impl Step<'_> {
    /// Whether it has, by the checksum that was kept then.
    fn has_run(&self, kept: Option<String>) -> Result<bool, PluginMigrationError> {
        match kept {
            None => Ok(false),
            Some(kept) if kept == self.checksum() => Ok(true),
            Some(_) => {
                let file = self.migration.file;
                Err(PluginMigrationError::Edited { plugin: self.plugin, file })
            }
        }
    }

    fn checksum(&self) -> String {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, self.migration.sql.as_bytes()).to_string()
    }

    fn fault(&self, source: sqlx::Error) -> PluginMigrationError {
        PluginMigrationError::Sql { plugin: self.plugin, file: self.migration.file, source }
    }
}

/// All files in the order in which they run.
fn steps(sets: &[MigrationSet]) -> Result<Vec<Step<'_>>, PluginMigrationError> {
    let mut steps = Vec::new();
    for set in sets {
        for (version, migration) in ordered(set)? {
            let version = i32::try_from(version).unwrap_or(i32::MAX);
            steps.push(Step { plugin: set.plugin, version, migration });
        }
    }
    Ok(steps)
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
