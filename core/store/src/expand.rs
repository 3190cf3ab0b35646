//! The host's migrations since the first edition. They only expand the schema, so that processes of an
//! older version go on working beside a newer one.
//!
//! They are recorded in `host_migrations`. The table `_sqlx_migrations` keeps the files of the first
//! edition and gets no further row: binaries of that edition refuse to start, and refuse every new
//! jobs.toml, when it has a row that they do not know.
//!
//! A file that removes something which older versions use ("contracts", see [`crate::contract`]) is recorded with the
//! least file number that a version must know in the column `oldest` of its row; versions that do not know it
//! stop with [`ExpandError::TooNew`].

use std::collections::{BTreeMap, HashMap};

use cascade_sdk::{Migration, MigrationError};
use sha2::{Digest, Sha256};

/// The files of `migrations/FOLDER/`, by name; a test holds the lists to the folders.
macro_rules! files {
    ($folder:literal: $($file:literal),+ $(,)?) => {
        &[$(cascade_sdk::Migration {
            file: $file,
            sql: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/../../migrations/", $folder, "/", $file
            )),
        }),+]
    };
}
pub(super) use files;

/// For SQLite.
pub(super) const SQLITE: &[Migration] = files!(
    "sqlite/expand": "0100_installation.sql",
    "0120_display_names.sql",
    "0150_run_outputs.sql",
    "0160_run_problems.sql",
    "0170_queue_runs.sql",
    "0180_run_decisions.sql",
    "0190_job_last.sql",
    "0200_run_attempts.sql",
    "0210_schedule_keys_by_time.sql",
    "0211_enqueue_tokens.sql",
    "0230_run_stats.sql",
    "0240_run_joins.sql",
    "0251_reruns.sql",
    "0260_hook_deliveries.sql",
    "0270_run_tags.sql",
    "0271_run_processes.sql",
    "0280_shared_limits.sql",
    "0281_worker_labels_and_load.sql",
    "0282_run_stat_sources.sql",
    "0290_saved_views.sql",
    "0291_pauses.sql",
    "0340_hook_reasons.sql",
    "0350_loss_counts.sql",
    "0380_figures_packed.sql",
    "0400_runs_per_key.sql",
    "0410_rates_by_key.sql",
    "0461_last_ends_without_lists.sql",
);
/// For PostgreSQL.
pub(super) const POSTGRES: &[Migration] = files!(
    "postgres/expand": "0100_installation.sql",
    "0110_jobs_off.sql",
    "0120_display_names.sql",
    "0130_due_by_project.sql",
    "0140_schedules_without_foreign_key.sql",
    "0150_run_outputs.sql",
    "0160_run_problems.sql",
    "0170_queue_runs.sql",
    "0180_run_decisions.sql",
    "0190_job_last.sql",
    "0200_run_attempts.sql",
    "0210_schedule_keys_by_time.sql",
    "0211_enqueue_tokens.sql",
    "0220_json_of_text.sql",
    "0230_run_stats.sql",
    "0240_run_joins.sql",
    "0250_runs_of_trace.sql",
    "0251_reruns.sql",
    "0260_hook_deliveries.sql",
    "0270_run_tags.sql",
    "0271_run_processes.sql",
    "0280_shared_limits.sql",
    "0281_worker_labels_and_load.sql",
    "0282_run_stat_sources.sql",
    "0290_saved_views.sql",
    "0291_pauses.sql",
    "0300_last_ends_by_hash.sql",
    "0310_last_ends_by_place.sql",
    "0320_autovacuum.sql",
    "0330_enqueue_with_tags.sql",
    "0340_hook_reasons.sql",
    "0350_loss_counts.sql",
    "0370_last_ends_at_leisure.sql",
    "0380_figures_packed.sql",
    "0390_claims_within_limits.sql",
    "0400_runs_per_key.sql",
    "0410_rates_by_key.sql",
    "0420_two_notify_at_a_time.sql",
    "0430_first_of_key_is_locked.sql",
    "0440_unfinished_by_time.sql",
    "0441_unfinished_by_time_of_schedules.sql",
    "0450_least_limit_first.sql",
    "0460_enqueue_in_few_statements.sql",
    "0470_enqueue_at_times_that_are_kept.sql",
);

/// The table of what has run.
pub(super) const LEDGER: &str = "CREATE TABLE IF NOT EXISTS host_migrations (
    number     BIGINT NOT NULL PRIMARY KEY,
    file       TEXT   NOT NULL,
    checksum   TEXT   NOT NULL,
    applied_at TEXT   NOT NULL,
    oldest     BIGINT NOT NULL DEFAULT 0
)";
/// Reads a [`Recorded`].
pub(super) const READ: &str = "SELECT number, checksum, oldest FROM host_migrations";
/// Writes the row of a file that has just run: its number, name, checksum, the time, and the least file number that a
/// version must know from now on.
pub(super) const RECORD: &str =
    "INSERT INTO host_migrations (number, file, checksum, applied_at, oldest)
    VALUES ($1, $2, $3, $4, $5)";

/// Why the host's tables could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum ExpandError {
    /// A file name without a number.
    #[error(transparent)]
    Name(#[from] MigrationError),
    /// Two files of one number.
    #[error("migrations `{first}` and `{second}` have the same number")]
    SameNumber {
        /// One file.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A file that has run and was changed since.
    #[error(
        "migration `{file}` has already run in this database with another text: this binary was built from an edited file; restore the file and put the change into a new one"
    )]
    Edited {
        /// Which file.
        file: &'static str,
    },
    /// A newer version has removed what this one uses.
    #[error(
        "this database was contracted by a newer version of Cascade: it needs one that knows migration {oldest} or later, and this one knows up to {knows}; start the newer version"
    )]
    TooNew {
        /// The least number that a version must know.
        oldest: i64,
        /// The greatest number that this one knows.
        knows: i64,
    },
    /// The SQL failed; nothing of this file was kept.
    #[error("migration `{file}`: {source}")]
    Sql {
        /// Which file.
        file: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
}

/// A row of `host_migrations`: number, checksum, oldest.
pub(super) type Recorded = (i64, String, i64);

/// A file that has not run yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub number: i64,
    migration: &'static Migration,
}

impl Step {
    pub fn file(&self) -> &'static str {
        self.migration.file
    }

    pub fn sql(&self) -> &'static str {
        self.migration.sql
    }

    pub fn checksum(&self) -> String {
        Sha256::digest(self.sql()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn fault(&self, source: sqlx::Error) -> ExpandError {
        ExpandError::Sql { file: self.file(), source }
    }
}

/// The greatest number of a list: what a version that has it knows.
pub(super) fn newest(files: &[Migration]) -> i64 {
    files.iter().filter_map(|file| file.version().ok()).map(i64::from).max().unwrap_or(0)
}

/// The files that have not run, in the order of their numbers. Rows of files that this version does not
/// know are those of a newer one, and left alone.
pub(super) fn due(
    files: &'static [Migration],
    recorded: Vec<Recorded>,
) -> Result<Vec<Step>, ExpandError> {
    let mut steps = BTreeMap::new();
    for migration in files {
        let step = Step { number: migration.version()?.into(), migration };
        if let Some(other) = steps.insert(step.number, step) {
            return Err(ExpandError::SameNumber { first: other.file(), second: step.file() });
        }
    }
    let knows = newest(files);
    let oldest = recorded.iter().map(|(_, _, oldest)| *oldest).max().unwrap_or(0);
    if oldest > knows {
        return Err(ExpandError::TooNew { oldest, knows });
    }
    let checksums: HashMap<_, _> =
        recorded.into_iter().map(|(number, checksum, _)| (number, checksum)).collect();
    let mut due = Vec::new();
    for step in steps.into_values() {
        match checksums.get(&step.number) {
            None => due.push(step),
            Some(checksum) if *checksum == step.checksum() => {}
            Some(_) => return Err(ExpandError::Edited { file: step.file() }),
        }
    }
    Ok(due)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::PathBuf};

    use super::*;
    use crate::contract;

    const FILES: &[Migration] =
        &[Migration { file: "0102_b.sql", sql: "b" }, Migration { file: "0101_a.sql", sql: "a" }];

    fn recorded(step: Step) -> Recorded {
        (step.number, step.checksum(), 0)
    }

    fn names(steps: &[Step]) -> Vec<&'static str> {
        steps.iter().map(Step::file).collect()
    }

    #[test]
    fn what_has_not_run_is_due_in_the_order_of_numbers() {
        let all = due(FILES, Vec::new()).unwrap();
        assert_eq!(names(&all), ["0101_a.sql", "0102_b.sql"]);
        // One that was added between two others, by a branch that was merged later.
        assert_eq!(names(&due(FILES, vec![recorded(all[1])]).unwrap()), ["0101_a.sql"]);
        let newer = (999, "of a newer version".to_owned(), 0);
        let known = all.iter().copied().map(recorded).chain([newer]).collect();
        assert_eq!(names(&due(FILES, known).unwrap()), [""; 0]);
    }

    #[test]
    fn what_cannot_go_on_is_named() {
        let edited = vec![(102, "another".to_owned(), 0)];
        let error = due(FILES, edited).unwrap_err().to_string();
        assert!(error.contains("`0102_b.sql`") && error.contains("edited"), "{error}");
        let contracted = vec![(200, String::new(), 150)];
        let error = due(FILES, contracted).unwrap_err().to_string();
        assert!(error.contains("migration 150 or later") && error.contains("102"), "{error}");
        let twice = &[FILES[0], Migration { file: "102_c.sql", sql: "" }];
        let twice: &'static [Migration] = Vec::leak(twice.to_vec());
        assert!(matches!(due(twice, Vec::new()), Err(ExpandError::SameNumber { .. })));
    }

    #[test]
    fn every_file_of_the_folders_is_in_its_list() {
        for (folder, files) in [
            ("sqlite/expand", SQLITE),
            ("postgres/expand", POSTGRES),
            ("sqlite/contract", contract::SQLITE),
            ("postgres/contract", contract::POSTGRES),
        ] {
            let migrations = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
            let there: BTreeSet<_> = fs::read_dir(migrations.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            let listed = files.iter().map(|migration| migration.file.to_owned()).collect();
            assert_eq!(there, listed, "{folder}");
        }
    }
}
