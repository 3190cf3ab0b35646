use std::{collections::HashMap, time::Duration};

use cascade_model::{Lease, Renewal};
use sqlx::Row;
use uuid::Uuid;

use super::{PostgresStore, row};
use crate::Result;

/// One statement for all that a worker holds; its sign of life goes with it. Runs are locked in the order of
/// their ids, as by their ends: neither waits for the other in turn.
pub(super) async fn renew(
    store: &PostgresStore,
    leases: &[Lease],
    duration: Duration,
) -> Result<Vec<Renewal>> {
    let Some(Lease { owner, .. }) = leases.first() else { return Ok(Vec::new()) };
    let rows = sqlx::query(
        "WITH alive AS (
             INSERT INTO workers (owner, lease_until)
             VALUES ($1, now() + make_interval(secs => $4))
             ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
         )
         UPDATE open_runs r SET lease_until = now() + make_interval(secs => $4)
         FROM (SELECT * FROM unnest($2::uuid[], $3::int[]) AS l (id, attempt) ORDER BY id) l
         WHERE r.id = l.id AND r.attempt = l.attempt AND r.lease_owner = $1 AND r.state = 'running'
         RETURNING r.id, r.cancel_requested_at IS NOT NULL AS cancel",
    )
    .bind(owner)
    .bind(leases.iter().map(|lease| lease.run_id).collect::<Vec<_>>())
    .bind(leases.iter().map(|lease| row::int(lease.attempt)).collect::<Vec<_>>())
    .bind(duration.as_secs_f64())
    .fetch_all(&store.queue)
    .await?;
    let mut held = HashMap::new();
    for found in &rows {
        held.insert(found.try_get::<Uuid, _>("id")?, Renewal::held(found.try_get("cancel")?));
    }
    Ok(leases.iter().map(|l| held.get(&l.run_id).copied().unwrap_or(Renewal::Lost)).collect())
}
