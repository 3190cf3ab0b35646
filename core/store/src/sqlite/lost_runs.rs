//! Runs whose worker is gone, or has lost track of them.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use super::{SqliteStore, claim::seconds, finish, now, row};
use crate::{
    EXPIRED_AT_ONCE, Result,
    lost_lease::{expired, untracked},
};
use cascade_model::Lease;

/// How much longer than its whole duration a lease may seem to last before the clock must have been set
/// back meanwhile.
const SLACK: Duration = Duration::from_secs(60);

/// Gives up the runs of owners that have not renewed their leases, which last for `duration`. `owner` is
/// not among them: it is at work, and the clock may have jumped.
pub(super) async fn give_up_expired(
    tx: &mut Transaction<'static, Sqlite>,
    owner: &str,
    duration: Duration,
) -> Result<()> {
    let found = sqlx::query(concat!(
        "SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel
         FROM worker_runs
         WHERE state = 'running' AND lease_owner <> $1 AND (lease_until < ",
        now!(),
        " OR lease_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $2))
         LIMIT $3",
    ))
    .bind(owner)
    .bind(seconds(duration + SLACK))
    .bind(EXPIRED_AT_ONCE)
    .fetch_all(&mut **tx)
    .await?;
    give_up(tx, found, expired).await
}

/// As [`Store::give_up_unlisted`](crate::Store::give_up_unlisted).
pub(super) async fn give_up_unlisted(
    store: &SqliteStore,
    owner: &str,
    listed: &[Lease],
) -> Result<u64> {
    let list: Vec<_> = listed.iter().map(|l| json!([l.run_id.to_string(), l.attempt])).collect();
    let mut tx = store.begin().await?;
    let found = sqlx::query(
        "SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel
         FROM worker_runs
         WHERE state = 'running' AND lease_owner = $1 AND (id, attempt) NOT IN (
             SELECT value ->> 0, value ->> 1 FROM json_each($2)
         )",
    )
    .bind(owner)
    .bind(Value::from(list).to_string())
    .fetch_all(&mut *tx)
    .await?;
    let count = found.len() as u64;
    give_up(&mut tx, found, untracked).await?;
    tx.commit().await?;
    Ok(count)
}

/// Another attempt follows, if one is left.
async fn give_up(
    tx: &mut Transaction<'static, Sqlite>,
    runs: Vec<SqliteRow>,
    error: fn(&Lease) -> String,
) -> Result<()> {
    for found in runs {
        let lease = Lease {
            run_id: row::uuid(&found, "id")?,
            owner: found.try_get("lease_owner")?,
            attempt: found.try_get("attempt")?,
        };
        if found.try_get("cancel")? {
            finish::end(tx, &lease, "cancelled", None, None).await?;
            continue;
        }
        let last: u32 = found.try_get("max_attempts")?;
        let retry_in = (lease.attempt < last).then_some(Duration::ZERO);
        finish::end_attempt(tx, &lease, &error(&lease), retry_in).await?;
    }
    Ok(())
}
