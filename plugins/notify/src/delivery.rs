//! Whom a run has told. It is noted at once: a later attempt must know it although this one fails.

use cascade_sdk::{Context, DbError, rfc3339, sql};
use serde::Deserialize;

/// Whom an attempt before this one has told, and of what.
///
/// # Errors
/// When the database fails.
pub async fn told_before(ctx: &Context) -> Result<Vec<String>, DbError> {
    #[derive(Deserialize)]
    struct Row {
        target: String,
    }
    let query = sql("SELECT target FROM notify_deliveries WHERE run_id = $1 ORDER BY target");
    let rows: Vec<Row> = ctx.db().fetch_all(query.bind(ctx.run_id())).await?;
    Ok(rows.into_iter().map(|row| row.target).collect())
}

/// Notes who was told, and of what.
///
/// # Errors
/// When the database fails.
pub async fn note(ctx: &Context, target: &str) -> Result<(), DbError> {
    let note = sql("INSERT INTO notify_deliveries (run_id, target, at) VALUES ($1, $2, $3)
         ON CONFLICT (run_id, target) DO NOTHING");
    ctx.db().execute(note.bind(ctx.run_id()).bind(target).bind(rfc3339(ctx.now()))).await?;
    Ok(())
}
