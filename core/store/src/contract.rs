//! The end of old beside new: `cascade migrate --contract` runs the files of `migrations/DATABASE/contract/`.
//!
//! They are numbered with those of `expand/`, and no version before the newest of these at that number starts on the
//! database afterwards: not the first edition, which finds a row in `_sqlx_migrations` that it does not know, and none
//! of the second that knows less than the column `oldest` of `host_migrations` asks for. Nothing runs them by itself,
//! and they are refused while a process of such a version uses the database.

use cascade_sdk::Migration;

use crate::expand::{files, newest};

/// For SQLite.
pub(super) const SQLITE: &[Migration] = files!("sqlite/contract": "0360_second_edition_alone.sql");
/// For PostgreSQL.
pub(super) const POSTGRES: &[Migration] =
    files!("postgres/contract": "0360_second_edition_alone.sql");

/// The least number that a version must know once the contraction `number` has run: that of the newest file of
/// `expand` before it.
pub(super) fn oldest(number: i64, expand: &[Migration]) -> i64 {
    let before =
        |file: &&Migration| file.version().is_ok_and(|version| i64::from(version) < number);
    let before: Vec<_> = expand.iter().filter(before).copied().collect();
    newest(&before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_must_know_all_that_came_before_the_contraction() {
        let file = |file| Migration { file, sql: "" };
        let expand = [file("0100_a.sql"), file("0350_b.sql"), file("0370_c.sql")];
        assert_eq!(oldest(360, &expand), 350);
        assert_eq!(oldest(90, &expand), 0);
    }
}
