use cascade_sdk::{MigrationSet, rfc3339};
use chrono::Utc;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::SqliteStore;
use crate::{
    Result, StoreError, contract,
    expand::{self, Step},
    first_edition,
};

pub(super) async fn migrate(store: &SqliteStore, plugins: &[MigrationSet]) -> Result<()> {
    let mut first_edition = first_edition::sqlite();
    first_edition.set_ignore_missing(true).run(&store.write).await?;
    let mut connection = store.write.acquire().await?;
    expand(&mut connection).await?;
    Ok(cascade_portable_sql::run_migrations(&mut connection, plugins).await?)
}

/// As [`crate::contract`] says, and the names of the files that have run. Leaving WAL mode takes a lock that SQLite
/// gives only to the one process that has the file open; opening the store next time goes back to it.
pub(super) async fn contract(store: &SqliteStore) -> Result<Vec<&'static str>> {
    migrate(store, &[]).await?;
    let mut connection = store.write.acquire().await?;
    let recorded = sqlx::query_as(expand::READ).fetch_all(&mut *connection).await?;
    let mut ran = Vec::new();
    for step in expand::due(contract::SQLITE, recorded)? {
        let alone = sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut *connection).await;
        alone
            .map_err(|error| StoreError::InUse(format!("the file is open elsewhere ({error})")))?;
        apply(&mut connection, step, contract::oldest(step.number, expand::SQLITE)).await?;
        ran.push(step.file());
    }
    Ok(ran)
}

async fn expand(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::query(expand::LEDGER).execute(&mut *connection).await?;
    let recorded = sqlx::query_as(expand::READ).fetch_all(&mut *connection).await?;
    for step in expand::due(expand::SQLITE, recorded)? {
        apply(connection, step, 0).await?;
    }
    Ok(())
}

async fn apply(connection: &mut SqliteConnection, step: Step, oldest: i64) -> Result<()> {
    let fault = |error| step.fault(error);
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
    // A command beside the host may have been faster.
    let there = sqlx::query_as(expand::READ).fetch_all(&mut *tx).await.map_err(fault)?;
    if there.iter().any(|(number, _, _): &expand::Recorded| *number == step.number) {
        return Ok(());
    }
    sqlx::raw_sql(AssertSqlSafe(step.sql())).execute(&mut *tx).await.map_err(fault)?;
    let record = sqlx::query(expand::RECORD).bind(step.number).bind(step.file());
    let record = record.bind(step.checksum()).bind(rfc3339(Utc::now())).bind(oldest);
    record.execute(&mut *tx).await.map_err(fault)?;
    tx.commit().await.map_err(fault)?;
    Ok(())
}
