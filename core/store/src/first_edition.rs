//! The migrations of the first edition, which sqlx runs and records in `_sqlx_migrations`.
//!
//! Version, description and checksum of a row follow from name and bytes of the file exactly as sqlx's
//! own macro derives them. The macro itself would compile both database drivers for the build host.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Name and text of the files of `migrations/DATABASE/`; a test holds the lists to the folders.
macro_rules! files {
    ($database:literal: $($file:literal),+ $(,)?) => {
        &[$((
            $file,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/", $database, "/", $file)),
        )),+]
    };
}

type Files = &'static [(&'static str, &'static str)];

const SQLITE: Files = files!(
    "sqlite": "0001_init.sql",
    "0002_limits_and_cancel.sql",
    "0003_program_rows.sql",
    "0004_run_lists.sql",
    "0005_config_history.sql",
    "0006_runs_by_job_and_state.sql",
    "0007_accounts.sql",
    "0008_claim_by_project.sql",
);
const POSTGRES: Files = files!(
    "postgres": "0001_init.sql",
    "0002_program_rows.sql",
    "0003_run_lists.sql",
    "0004_config_history.sql",
    "0005_runs_by_job_and_state.sql",
    "0006_accounts.sql",
    "0007_open_and_ended.sql",
    "0008_ended_run_indexes.sql",
);

/// For SQLite.
pub(super) fn sqlite() -> Migrator {
    migrator(SQLITE)
}

/// For PostgreSQL.
pub(super) fn postgres() -> Migrator {
    migrator(POSTGRES)
}

fn migrator(files: Files) -> Migrator {
    Migrator::with_migrations(files.iter().filter_map(|(file, sql)| migration(file, sql)).collect())
}

/// `0001_two_words.sql` is version 1, "two words".
fn migration(file: &'static str, sql: &'static str) -> Option<Migration> {
    let (version, description) = file.strip_suffix(".sql")?.split_once('_')?;
    let description = Cow::Owned(description.replace('_', " "));
    let no_transaction = sql.starts_with("-- no-transaction");
    Some(Migration::new(
        version.parse().ok()?,
        description,
        MigrationType::Simple,
        sql.into_sql_str(),
        no_transaction,
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What sqlx makes of the folder itself is what its macro embedded in the first edition.
    #[tokio::test]
    async fn the_lists_are_the_folders_as_sqlx_reads_them() {
        for (database, embedded) in [("sqlite", sqlite()), ("postgres", postgres())] {
            let folder =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
            let of_folder = Migrator::new(folder).await.unwrap();
            let rows = |migrator: &Migrator| -> Vec<_> {
                let rows = migrator.iter().map(|m| {
                    let sql = m.sql.as_str().to_owned();
                    (m.version, m.description.to_string(), m.checksum.to_vec(), sql, m.no_tx)
                });
                rows.collect()
            };
            assert_eq!(rows(&embedded), rows(&of_folder), "{database}");
        }
    }

    /// Rows that databases of the first edition have.
    #[test]
    fn checksums_stay_those_of_the_first_edition() {
        let first = |migrator: Migrator| -> String {
            let migration = migrator.iter().next().unwrap();
            let sum: String = migration.checksum.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{} {} {}", migration.version, migration.description, &sum[..16])
        };
        assert_eq!(first(sqlite()), "1 init db8ccd285dc06d11");
        assert_eq!(first(postgres()), "1 init 2dd77ccba9730da4");
    }
}
