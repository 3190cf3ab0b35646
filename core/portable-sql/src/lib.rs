//! The sdk's portable SQL over sqlx: what a plugin's `ctx.db()` runs on.
//!
//! One SQL text with `$1` placeholders and JSON values serves every database that has a module
//! here. The host and the plugin test bench share it, so that a plugin's tests run the real thing.

mod migrations;
mod sqlite;
mod sqlite_value;

pub use migrations::{PluginMigrationError, run_migrations};
pub use sqlite::{SqliteDatabase, execute_on};
