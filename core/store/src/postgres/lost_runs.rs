//! Runs whose worker is gone, or has lost track of them.

use std::time::Duration;

use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{PostgresStore, finish, row};
use crate::{
    EXPIRED_AT_ONCE, Result,
    lost_lease::{expired, untracked},
};
use cascade_model::Lease;

/// Gives up the runs of workers that have not renewed their leases. `owner` is not among them: it is
/// at work, and its own renewal may only be late.
pub(super) async fn give_up_expired(store: &PostgresStore, owner: &str) -> Result<()> {
    let mut tx = store.pool.begin().await?;
    let found = sqlx::query(
        "SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel
         FROM open_runs
         WHERE state = 'running' AND lease_owner IN (
             SELECT owner FROM workers WHERE lease_until < now() AND owner <> $2
         )
         LIMIT $1 FOR UPDATE SKIP LOCKED",
    )
    .bind(EXPIRED_AT_ONCE)
    .bind(owner)
    .fetch_all(&mut *tx)
    .await?;
    give_up(&mut tx, found, expired).await?;
    // One that comes back to life meanwhile has a row of a later date, which stays.
    sqlx::query(
        "DELETE FROM workers w WHERE w.lease_until < now() AND w.owner <> $1 AND NOT EXISTS (
             SELECT FROM open_runs r WHERE r.lease_owner = w.owner AND r.state = 'running'
         )",
    )
    .bind(owner)
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

/// As [`Store::give_up_unlisted`](crate::Store::give_up_unlisted).
pub(super) async fn give_up_unlisted(
    store: &PostgresStore,
    owner: &str,
    listed: &[Lease],
) -> Result<u64> {
    let mut tx = store.pool.begin().await?;
    let found = sqlx::query(
        "SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel
         FROM open_runs r
         WHERE state = 'running' AND lease_owner = $1 AND NOT EXISTS (
             SELECT FROM unnest($2::uuid[], $3::int[]) AS l (id, attempt)
             WHERE l.id = r.id AND l.attempt = r.attempt
         )
         FOR UPDATE SKIP LOCKED",
    )
    .bind(owner)
    .bind(listed.iter().map(|lease| lease.run_id).collect::<Vec<Uuid>>())
    .bind(listed.iter().map(|lease| row::int(lease.attempt)).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    let count = found.len() as u64;
    give_up(&mut tx, found, untracked).await?;
    tx.commit().await?;
    Ok(count)
}

/// Another attempt follows, if one is left.
async fn give_up(
    tx: &mut PgConnection,
    runs: Vec<PgRow>,
    error: fn(&Lease) -> String,
) -> Result<()> {
    for found in runs {
        let lease = Lease {
            run_id: found.try_get("id")?,
            owner: found.try_get("lease_owner")?,
            attempt: row::count(&found, "attempt")?,
        };
        if found.try_get("cancel")? {
            finish::end(tx, &lease, "cancelled", None, None).await?;
            continue;
        }
        let retry_in =
            (lease.attempt < row::count(&found, "max_attempts")?).then_some(Duration::ZERO);
        finish::end_attempt(tx, &lease, &error(&lease), retry_in).await?;
    }
    Ok(())
}
