use std::{collections::HashMap, time::Duration};

use cascade_model::{Lease, Renewal};
use serde_json::{Value, json};
use sqlx::Row;

use super::{SqliteStore, claim::seconds, row};
use crate::Result;

pub(super) async fn renew(
    store: &SqliteStore,
    leases: &[Lease],
    duration: Duration,
) -> Result<Vec<Renewal>> {
    let Some(Lease { owner, .. }) = leases.first() else { return Ok(Vec::new()) };
    let list: Vec<_> = leases.iter().map(|l| json!([l.run_id.to_string(), l.attempt])).collect();
    let rows = sqlx::query(
        "UPDATE worker_runs SET lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $3)
         FROM json_each($2) l
         WHERE worker_runs.id = l.value ->> 0 AND attempt = l.value ->> 1 AND lease_owner = $1
           AND state = 'running'
         RETURNING worker_runs.id, cancel_requested_at IS NOT NULL AS cancel",
    )
    .bind(owner)
    .bind(Value::from(list).to_string())
    .bind(seconds(duration))
    .fetch_all(&store.write)
    .await?;
    let mut held = HashMap::new();
    for found in &rows {
        held.insert(row::uuid(found, "id")?, Renewal::held(found.try_get("cancel")?));
    }
    Ok(leases.iter().map(|l| held.get(&l.run_id).copied().unwrap_or(Renewal::Lost)).collect())
}
