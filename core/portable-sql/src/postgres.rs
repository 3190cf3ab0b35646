//! PostgreSQL: any connection of the pool reads and writes.

use std::sync::Arc;

use cascade_sdk::{
    DbError, Dialect, Row, Statement,
    host::{BoxFuture, Database, DatabaseTransaction},
};
use sqlx::{
    AssertSqlSafe, Either, Executor, PgConnection, PgPool, Postgres, SqlSafeStr, Statement as _,
    Transaction, postgres::PgArguments, query::Query,
};
use tokio::{sync::Mutex, time::timeout_at};

use crate::{
    LONGEST_TRANSACTION,
    faults::{too_long, wrong_count},
    postgres_value::{bind, read},
};

/// Begins a transaction that reads, whose queries all see what was committed before its first. The
/// default level looks again for each query.
pub const POSTGRES_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The host's PostgreSQL pool, as plugins see it.
#[derive(Clone)]
pub struct PostgresDatabase {
    pool: PgPool,
}

impl PostgresDatabase {
    /// Over the host's pool.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

/// The statement with its values, bound by the types that the server described. Connections cache
/// what they have prepared, so that this costs a round trip only the first time.
async fn prepared(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<Query<'static, Postgres, PgArguments>, DbError> {
    let fault = |error: sqlx::Error| DbError::new(&statement.sql, error);
    let text = AssertSqlSafe(statement.sql.to_string()).into_sql_str();
    let described = connection.prepare(text.clone()).await.map_err(fault)?;
    let types = match described.parameters() {
        Some(Either::Left(types)) => types,
        _ => &[],
    };
    if types.len() != statement.params.len() {
        return Err(wrong_count(statement, types.len()));
    }
    let mut query = sqlx::query(text);
    for (nth, (value, wanted)) in statement.params.iter().zip(types).enumerate() {
        query = bind(query, value, wanted)
            .map_err(|why| DbError::new(&statement.sql, format!("${}: {why}", nth + 1)))?;
    }
    Ok(query)
}

/// Runs one statement on a connection, for a host that stages plugin writes in its own transaction.
///
/// # Errors
/// [`DbError`] when the statement fails or its parameters do not match.
pub async fn execute_on_postgres(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<u64, DbError> {
    let query = prepared(connection, statement).await?;
    let done = query.execute(connection).await;
    Ok(done.map_err(|error| DbError::new(&statement.sql, error))?.rows_affected())
}

async fn query_on(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<Vec<Row>, DbError> {
    let query = prepared(connection, statement).await?;
    let rows = query.fetch_all(connection).await;
    let rows = rows.map_err(|error| DbError::new(&statement.sql, error))?;
    rows.iter().map(|row| read(&statement.sql, row)).collect()
}

impl Database for PostgresDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn query(&self, statement: Statement) -> BoxFuture<'_, Result<Vec<Row>, DbError>> {
        Box::pin(async move {
            let connection = self.pool.acquire().await;
            let mut connection = connection.map_err(|e| DbError::new(&statement.sql, e))?;
            query_on(&mut connection, &statement).await
        })
    }

    fn snapshot(&self, queries: Vec<Statement>) -> BoxFuture<'_, Result<Vec<Vec<Row>>, DbError>> {
        Box::pin(async move {
            let begun = self.pool.begin_with(POSTGRES_SNAPSHOT).await;
            let mut tx = begun.map_err(|error| DbError::new(POSTGRES_SNAPSHOT, error))?;
            let mut results = Vec::with_capacity(queries.len());
            for query in &queries {
                results.push(query_on(&mut tx, query).await?);
            }
            Ok(results)
        })
    }

    fn batch(&self, statements: Vec<Statement>) -> BoxFuture<'_, Result<Vec<u64>, DbError>> {
        Box::pin(async move {
            // One alone is a transaction without more round trips.
            if let [statement] = &statements[..] {
                let connection = self.pool.acquire().await;
                let mut connection = connection.map_err(|e| DbError::new(&statement.sql, e))?;
                return Ok(vec![execute_on_postgres(&mut connection, statement).await?]);
            }
            let begun = self.pool.begin().await;
            let mut tx = begun.map_err(|error| DbError::new("BEGIN", error))?;
            let mut affected = Vec::with_capacity(statements.len());
            for statement in &statements {
                affected.push(execute_on_postgres(&mut tx, statement).await?);
            }
            tx.commit().await.map_err(|error| DbError::new("COMMIT", error))?;
            Ok(affected)
        })
    }

    fn begin(&self) -> BoxFuture<'_, Result<Box<dyn DatabaseTransaction>, DbError>> {
        Box::pin(async move {
            let begun = self.pool.begin().await;
            let tx = begun.map_err(|error| DbError::new("BEGIN", error))?;
            let deadline = tokio::time::Instant::now() + LONGEST_TRANSACTION;
            let open = Arc::new(Mutex::new(Some(tx)));
            let guard = Arc::downgrade(&open);
            // A plugin that waits for something else must not keep a connection and its locks.
            tokio::spawn(async move {
                tokio::time::sleep_until(deadline).await;
                if let Some(open) = guard.upgrade() {
                    open.lock().await.take();
                }
            });
            let transaction: Box<dyn DatabaseTransaction> =
                Box::new(PostgresTransaction { open, deadline });
            Ok(transaction)
        })
    }
}

struct PostgresTransaction {
    open: Arc<Mutex<Option<Transaction<'static, Postgres>>>>,
    deadline: tokio::time::Instant,
}

impl DatabaseTransaction for PostgresTransaction {
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
            let affected = timeout_at(self.deadline, execute_on_postgres(tx, &statement)).await;
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
