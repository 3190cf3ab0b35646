//! The verbs of rates of keys.

use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    Hold, KeyBeginning, KeyUse, Result,
    key_rates::{UseRow, uses as uses_of},
};

/// As [`Tx::key_uses`](crate::Tx::key_uses).
pub(super) async fn uses(connection: &mut PgConnection, runs: &[Uuid]) -> Result<Vec<KeyUse>> {
    let query = sqlx::query(include_str!("sql/key_uses.sql")).bind(runs);
    let rows = query.fetch_all(connection).await?;
    uses_of(rows.iter().map(used).collect::<Result<_>>()?)
}

fn used(row: &PgRow) -> Result<UseRow> {
    Ok(UseRow {
        run: row.try_get("id")?,
        job_type: row.try_get("job_type")?,
        project_id: row.try_get("project_id")?,
        key: row.try_get("key")?,
        rate: row.try_get("rate")?,
        period_ms: row.try_get("period_ms")?,
        begun: row.try_get("begun")?,
        ms: row.try_get("ms")?,
    })
}

/// As [`Tx::count_of_keys`](crate::Tx::count_of_keys).
pub(super) async fn count(
    connection: &mut PgConnection,
    beginnings: &[KeyBeginning<'_>],
) -> Result<()> {
    let of = || beginnings.iter().map(|beginning| beginning.of);
    let (begun, hours): (Vec<_>, Vec<_>) = beginnings.iter().map(KeyBeginning::written).unzip();
    sqlx::query(include_str!("sql/key_count_begun.sql"))
        .bind(of().map(|of| of.job_type.as_str()).collect::<Vec<_>>())
        .bind(of().map(|of| of.project_id).collect::<Vec<_>>())
        .bind(of().map(|of| of.key.as_str()).collect::<Vec<_>>())
        .bind(begun)
        .bind(hours)
        .execute(connection)
        .await?;
    Ok(())
}

/// As [`Tx::hold_runs`](crate::Tx::hold_runs).
pub(super) async fn hold(connection: &mut PgConnection, holds: &[Hold]) -> Result<()> {
    let mut holds: Vec<_> = holds.iter().collect();
    holds.sort_by_key(|hold| hold.run);
    sqlx::query(include_str!("sql/queue_hold.sql"))
        .bind(holds.iter().map(|hold| hold.run).collect::<Vec<_>>())
        .bind(holds.iter().map(|hold| hold.until).collect::<Vec<_>>())
        .bind(holds.iter().map(|hold| hold.by()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
