/// One step of a plugin's own schema: a file `NNNN_name.sql` in the crate's `migrations/` folder.
///
/// The SQL must run on SQLite and PostgreSQL alike: `text`, `integer`, `bigint`, `double precision` and
/// `boolean` columns do, with times as RFC 3339 text (see [`crate::rfc3339`]). Append-only: a file
/// that has run is never edited.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// File name, `NNNN_name.sql`.
    pub file: &'static str,
    /// The file's text.
    pub sql: &'static str,
}

impl Migration {
    /// The number before the first `_`: migrations run in this order.
    ///
    /// # Errors
    /// [`MigrationError`] when the file name does not begin with a number and `_`.
    pub fn version(&self) -> Result<u32, MigrationError> {
        self.file
            .split_once('_')
            .and_then(|(number, _)| number.parse().ok())
            .ok_or(MigrationError { file: self.file })
    }
}

/// A migration file whose name gives no order.
#[derive(Debug, thiserror::Error)]
#[error("migration `{file}`: the name must be `NNNN_what.sql`, such as `0001_init.sql`")]
pub struct MigrationError {
    /// The file's name.
    pub file: &'static str,
}

/// All migrations of one plugin crate; submitted by [`submit_migrations!`](crate::submit_migrations).
#[derive(Debug, Clone, Copy)]
pub struct MigrationSet {
    /// The plugin crate's name: the owner of the tables.
    pub plugin: &'static str,
    /// The files.
    pub migrations: &'static [Migration],
}

inventory::collect!(MigrationSet);

/// Submits the migrations of the plugin's own tables, by file name in the crate's `migrations/`.
///
/// The host runs them at start, each once, each in its own transaction.
///
/// ```ignore
/// cascade_sdk::submit_migrations!("0001_init.sql", "0002_add_language.sql");
/// ```
#[macro_export]
macro_rules! submit_migrations {
    ($($file:literal),+ $(,)?) => {
        $crate::inventory::submit! {
            $crate::MigrationSet {
                plugin: env!("CARGO_PKG_NAME"),
                migrations: &[$($crate::Migration {
                    file: $file,
                    sql: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $file)),
                }),+],
            }
        }
    };
}
