//! The sdk's portable SQL over sqlx: what a plugin's `ctx.db()` runs on.
//!
//! One SQL text with `$1` placeholders and JSON values serves every database that has a module
//! here. The host and the plugin test bench share it, so that a plugin's tests run the real thing.

mod faults;
mod migrations;
mod placeholders;
mod postgres;
mod postgres_value;
mod sqlite;
mod sqlite_value;

use std::time::Duration;

pub use migrations::{PluginMigrationError, run_migrations, run_migrations_postgres};
pub use postgres::{POSTGRES_SNAPSHOT, PostgresDatabase, execute_on_postgres};
pub use sqlite::{SqliteDatabase, execute_on};

/// How long a plugin may keep a transaction open.
const LONGEST_TRANSACTION: Duration = Duration::from_secs(5);
