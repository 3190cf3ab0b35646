#[derive(Clone)]
pub struct PostgresDatabase {
    private: _,
}
#[derive(Clone)]
pub struct SqliteDatabase {
    private: _,
}
#[derive(Debug, thiserror::Error)]
pub enum PluginMigrationError {
    Name { plugin: &'static str, source: MigrationError },
    SameVersion { plugin: &'static str, first: &'static str, second: &'static str },
    Edited { plugin: &'static str, file: &'static str },
    Sql { plugin: &'static str, file: &'static str, source: sqlx::Error },
    Ledger(sqlx::Error),
}
pub async fn execute_on(
    connection: &mut SqliteConnection,
    statement: &Statement,
) -> Result<u64, DbError> {}
pub async fn execute_on_postgres(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<u64, DbError> {}
pub async fn run_migrations(
    connection: &mut SqliteConnection,
    sets: &[MigrationSet],
) -> Result<(), PluginMigrationError> {}
pub async fn run_migrations_postgres(
    connection: &mut PgConnection,
    sets: &[MigrationSet],
) -> Result<(), PluginMigrationError> {}
pub const POSTGRES_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
impl Database for PostgresDatabase {}
impl Database for SqliteDatabase {}
impl PostgresDatabase {
    pub fn new(pool: PgPool) -> Self {}
}
impl SqliteDatabase {
    pub fn new(write: SqlitePool, read: SqlitePool) -> Self {}
}
