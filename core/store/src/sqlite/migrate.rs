use cascade_sdk::{MigrationSet, rfc3339};
use chrono::Utc;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::SqliteStore;
use crate::{Result, expand, first_edition};

pub(super) async fn migrate(store: &SqliteStore, plugins: &[MigrationSet]) -> Result<()> {
    let mut first_edition = first_edition::sqlite();
    first_edition.set_ignore_missing(true).run(&store.write).await?;
    let mut connection = store.write.acquire().await?;
    expand(&mut connection).await?;
    Ok(cascade_portable_sql::run_migrations(&mut connection, plugins).await?)
}

async fn expand(connection: &mut SqliteConnection) -> Result<()> {
    sqlx::query(expand::LEDGER).execute(&mut *connection).await?;
    let recorded = sqlx::query_as(expand::READ).fetch_all(&mut *connection).await?;
    for step in expand::due(expand::SQLITE, recorded)? {
        let fault = |error| step.fault(error);
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
        // A command beside the host may have been faster.
        let recorded = sqlx::query_as(expand::READ).fetch_all(&mut *tx).await.map_err(fault)?;
        if !expand::due(expand::SQLITE, recorded)?.iter().any(|due| due.number == step.number) {
            continue;
        }
        sqlx::raw_sql(AssertSqlSafe(step.sql())).execute(&mut *tx).await.map_err(fault)?;
        let record = sqlx::query(expand::RECORD).bind(step.number).bind(step.file());
        let record = record.bind(step.checksum()).bind(rfc3339(Utc::now()));
        record.execute(&mut *tx).await.map_err(fault)?;
        tx.commit().await.map_err(fault)?;
    }
    Ok(())
}
