//! Workers that are not heard of any more.

use std::time::Duration;

use sqlx::Row;

use super::{PostgresStore, finish, row};
use crate::store::{Lease, Result};

/// Runs given up in one go.
const MOST: i64 = 100;

/// Gives up what silent workers hold: another attempt follows, if one is left.
pub(super) async fn give_up(store: &PostgresStore) -> Result<()> {
    let mut tx = store.pool.begin().await?;
    let held = sqlx::query(
        "SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel
         FROM open_runs
         WHERE state = 'running'
           AND lease_owner IN (SELECT owner FROM workers WHERE lease_until < now())
         LIMIT $1 FOR UPDATE SKIP LOCKED",
    )
    .bind(MOST)
    .fetch_all(&mut *tx)
    .await?;
    for found in held {
        let lease = Lease {
            run_id: found.try_get("id")?,
            owner: found.try_get("lease_owner")?,
            attempt: row::count(&found, "attempt")?,
        };
        if found.try_get("cancel")? {
            finish::end(&mut tx, &lease, "cancelled", None, None).await?;
            continue;
        }
        let error = format!("lease expired: worker {} stopped renewing it", lease.owner);
        let retry_in =
            (lease.attempt < row::count(&found, "max_attempts")?).then_some(Duration::ZERO);
        finish::end_attempt(&mut tx, &lease, &error, retry_in).await?;
    }
    // One that comes back to life meanwhile has a row of a later date, which stays.
    sqlx::query(
        "DELETE FROM workers w WHERE w.lease_until < now() AND NOT EXISTS (
             SELECT FROM open_runs r WHERE r.lease_owner = w.owner AND r.state = 'running'
         )",
    )
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}
