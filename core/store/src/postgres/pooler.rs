//! Finds out whether a connection pooler stands between this process and PostgreSQL.
//!
//! Prepared statements, LISTEN and the settings of a session do not survive a pooler that gives each
//! transaction another server process.

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use super::IDLE_IN_TRANSACTION;
use crate::{Result, StoreError};

/// Fails when a pooler is found.
///
/// # Errors
/// [`StoreError::Pooler`] that says by what it was found, or what the database said.
pub(super) async fn refuse(options: &PgConnectOptions) -> Result<()> {
    let mut first = connect(options).await?;
    let show = "SHOW idle_in_transaction_session_timeout";
    if text(&mut first, show).await? != IDLE_IN_TRANSACTION {
        return Err(StoreError::Pooler(
            "it drops the settings with which the connection was opened",
        ));
    }
    // Two connections that are open at the same time have two server processes, and keep them.
    let process = "SELECT pg_backend_pid()::text";
    let mut second = connect(options).await?;
    let before = text(&mut first, process).await?;
    let mut tx = second.begin().await?;
    let of_second = text(&mut tx, process).await?;
    let after = text(&mut first, process).await?;
    tx.rollback().await?;
    if before == of_second || before != after {
        return Err(StoreError::Pooler("one server process answers on several connections"));
    }
    first.close().await?;
    Ok(second.close().await?)
}

/// By the simple protocol: a prepared statement would already fail in a way that names nothing.
async fn text(connection: &mut PgConnection, statement: &'static str) -> Result<String> {
    let row = sqlx::raw_sql(statement).fetch_one(connection).await?;
    Ok(sqlx::Row::try_get(&row, 0)?)
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    PgConnection::connect_with(options).await.map_err(|error| {
        let refused = |error: &dyn sqlx::error::DatabaseError| {
            // What PgBouncer says of a setting that it does not know; PostgreSQL has no such message.
            error.message().starts_with("unsupported startup parameter")
        };
        match error.as_database_error().is_some_and(refused) {
            true => {
                StoreError::Pooler("it refuses the settings with which the connection is opened")
            }
            false => error.into(),
        }
    })
}
