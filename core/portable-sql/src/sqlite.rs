//! SQLite: one writer connection, a pool of readers.

use std::sync::Arc;

use cascade_sdk::{
    DbError, Dialect, Row, Statement,
    host::{BoxFuture, Database, DatabaseTransaction},
};
use sqlx::{Executor, Sqlite, SqliteConnection, SqlitePool, Statement as _, Transaction};
use tokio::{sync::Mutex, time::timeout_at};

use crate::{
    LONGEST_TRANSACTION,
    faults::{too_long, wrong_count},
    placeholders::unnamed,
    sqlite_value::{bind, read},
};

/// The host's SQLite file, as plugins see it.
#[derive(Clone)]
pub struct SqliteDatabase {
    write: SqlitePool,
    read: SqlitePool,
}

impl SqliteDatabase {
    /// `write` must be a pool of one connection: SQLite has one writer, and waiting for it in the
    /// pool is fair where waiting in the busy handler is not.
    pub fn new(write: SqlitePool, read: SqlitePool) -> Self {
        Self { write, read }
    }
}

/// Runs one statement on a connection, for a host that stages plugin writes in its own transaction.
///
/// # Errors
/// [`DbError`] when the statement fails or its parameters do not match.
pub async fn execute_on(
    connection: &mut SqliteConnection,
    statement: &Statement,
) -> Result<u64, DbError> {
    let fault = |error: sqlx::Error| DbError::new(&statement.sql, error);
    let text = unnamed(&statement.sql);
    check_parameters(connection, statement, &text).await?;
    Ok(bind(statement, &text)?.execute(connection).await.map_err(fault)?.rows_affected())
}

async fn query_on(
    connection: &mut SqliteConnection,
    statement: &Statement,
) -> Result<Vec<Row>, DbError> {
    let fault = |error: sqlx::Error| DbError::new(&statement.sql, error);
    let text = unnamed(&statement.sql);
    check_parameters(connection, statement, &text).await?;
    let rows = bind(statement, &text)?.fetch_all(connection).await.map_err(fault)?;
    rows.iter().map(|row| read(&statement.sql, row)).collect()
}

/// SQLite takes a missing value for NULL, which would hide a typing error. Statements are cached
/// by the connection, so that this costs no second parse. `text` is the statement's as it is run.
async fn check_parameters(
    connection: &mut SqliteConnection,
    statement: &Statement,
    text: &str,
) -> Result<(), DbError> {
    let fault = |error: sqlx::Error| DbError::new(&statement.sql, error);
    let text = sqlx::AssertSqlSafe(text.to_owned());
    let prepared = connection.prepare(sqlx::SqlSafeStr::into_sql_str(text)).await.map_err(fault)?;
    let wanted = match prepared.parameters() {
        Some(sqlx::Either::Right(count)) => count,
        Some(sqlx::Either::Left(types)) => types.len(),
        None => 0,
    };
    if wanted == statement.params.len() {
        return Ok(());
    }
    Err(wrong_count(statement, wanted))
}

/// Whether a statement only reads, by its first word. A wrong guess is safe: the readers refuse to
/// write.
fn is_read(sql: &str) -> bool {
    let start = sql.trim_start().get(..6).unwrap_or_default();
    start.eq_ignore_ascii_case("select")
}

impl Database for SqliteDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>> {
        Box::pin(async move {
            let pool = if is_read(&statement.sql) { &self.read } else { &self.write };
            let mut connection =
                pool.acquire().await.map_err(|e| DbError::new(&statement.sql, e))?;
            query_on(&mut connection, &statement).await
        })
    }

    fn snapshot(&self, queries: Vec<Statement>) -> BoxFuture<'_, Result<Vec<Vec<Row>>, DbError>> {
        Box::pin(async move {
            // A transaction of a reader keeps to what its first query saw.
            let begun = self.read.begin().await;
            let mut tx = begun.map_err(|error| DbError::new("BEGIN", error))?;
            let mut results = Vec::with_capacity(queries.len());
            for query in &queries {
                results.push(query_on(&mut tx, query).await?);
            }
            Ok(results)
        })
    }

    fn batch(&self, statements: Vec<Statement>) -> BoxFuture<'_, Result<Vec<u64>, DbError>> {
        Box::pin(async move {
            let fault = |error: sqlx::Error| DbError::new("BEGIN IMMEDIATE", error);
            let mut tx = self.write.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
            let mut affected = Vec::with_capacity(statements.len());
            for statement in &statements {
                affected.push(execute_on(&mut tx, statement).await?);
            }
            tx.commit().await.map_err(|error| DbError::new("COMMIT", error))?;
            Ok(affected)
        })
    }

    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn DatabaseTransaction>, DbError>> {
        Box::pin(async move {
            let fault = |error: sqlx::Error| DbError::new("BEGIN IMMEDIATE", error);
            let tx = self.write.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
            let deadline = tokio::time::Instant::now() + LONGEST_TRANSACTION;
            let open = Arc::new(Mutex::new(Some(tx)));
            let guard = Arc::downgrade(&open);
            // A plugin that waits for something else while it holds the writer would stop the host.
            tokio::spawn(async move {
                tokio::time::sleep_until(deadline).await;
                if let Some(open) = guard.upgrade() {
                    open.lock().await.take();
                }
            });
            let transaction: Box<dyn DatabaseTransaction> =
                Box::new(SqliteTransaction { open, deadline });
            Ok(transaction)
        })
    }
}

struct SqliteTransaction {
    open: Arc<Mutex<Option<Transaction<'static, Sqlite>>>>,
    deadline: tokio::time::Instant,
}

impl DatabaseTransaction for SqliteTransaction {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>> {
        Box::pin(async move {
            let mut open = self.open.lock().await;
            let tx = open.as_mut().ok_or_else(|| too_long(&statement.sql))?;
            let rows = timeout_at(self.deadline, query_on(tx, &statement)).await;
            rows.map_err(|_| too_long(&statement.sql))?
        })
    }

    fn execute(&mut self, statement: Statement) -> BoxFuture<'_, Result<u64, DbError>> {
        Box::pin(async move {
            let mut open = self.open.lock().await;
            let tx = open.as_mut().ok_or_else(|| too_long(&statement.sql))?;
            let affected = timeout_at(self.deadline, execute_on(tx, &statement)).await;
            affected.map_err(|_| too_long(&statement.sql))?
        })
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), DbError>> {
        Box::pin(async move {
            let tx = self.open.lock().await.take().ok_or_else(|| too_long("COMMIT"))?;
            tx.commit().await.map_err(|error| DbError::new("COMMIT", error))
        })
    }
}
