//! The verbs of rates of keys.

use cascade_sdk::rfc3339;
use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{claim::ids, row};
use crate::{
    Hold, KeyBeginning, KeyUse, Result,
    key_rates::{UseRow, uses as uses_of},
};

/// As [`Tx::key_uses`](crate::Tx::key_uses).
pub(super) async fn uses(connection: &mut SqliteConnection, runs: &[Uuid]) -> Result<Vec<KeyUse>> {
    let query = sqlx::query(include_str!("sql/key_uses.sql")).bind(ids(runs));
    let rows = query.fetch_all(connection).await?;
    uses_of(rows.iter().map(used).collect::<Result<_>>()?)
}

fn used(row: &SqliteRow) -> Result<UseRow> {
    Ok(UseRow {
        run: row::uuid(row, "id")?,
        job_type: row.try_get("job_type")?,
        project_id: row::uuid(row, "project_id")?,
        key: row.try_get("key")?,
        rate: row.try_get("rate")?,
        period_ms: row.try_get("period_ms")?,
        begun: row.try_get("begun")?,
        ms: row.try_get("ms")?,
    })
}

/// As [`Tx::count_of_keys`](crate::Tx::count_of_keys).
pub(super) async fn count(
    connection: &mut SqliteConnection,
    beginnings: &[KeyBeginning<'_>],
) -> Result<()> {
    let rows = beginnings.iter().map(|beginning| {
        let KeyUse { job_type, project_id, key, .. } = beginning.of;
        let (begun, hour) = beginning.written();
        json!([job_type, project_id.to_string(), key, begun, hour])
    });
    let count = sqlx::query(include_str!("sql/key_count_begun.sql"));
    count.bind(Value::from_iter(rows).to_string()).execute(connection).await?;
    Ok(())
}

/// As [`Tx::hold_runs`](crate::Tx::hold_runs).
pub(super) async fn hold(connection: &mut SqliteConnection, holds: &[Hold]) -> Result<()> {
    let rows =
        holds.iter().map(|hold| json!([hold.run.to_string(), rfc3339(hold.until), hold.by()]));
    let hold = sqlx::query(include_str!("sql/queue_hold.sql"));
    hold.bind(Value::from_iter(rows).to_string()).execute(connection).await?;
    Ok(())
}
