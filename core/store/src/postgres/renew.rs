use std::{collections::HashMap, time::Duration};

use cascade_model::{Lease, Renewal, RunKind};
use sqlx::Row;
use uuid::Uuid;

use super::{PostgresStore, row};
use crate::{
    Result,
    of_kind::{each_kind, of_kind},
};

/// One statement for all that a worker holds of a kind.
pub(super) async fn renew(
    store: &PostgresStore,
    leases: &[Lease],
    duration: Duration,
) -> Result<Vec<Renewal>> {
    let Some(Lease { owner, .. }) = leases.first() else { return Ok(Vec::new()) };
    let mut held = HashMap::new();
    for (kind, places) in each_kind(leases, |lease| lease.kind) {
        let of_kind: Vec<_> = places.iter().map(|&place| &leases[place]).collect();
        let rows = sqlx::query(of_kind!(kind, "sql/renew.sql"))
            .bind(owner)
            .bind(of_kind.iter().map(|lease| lease.run_id).collect::<Vec<_>>())
            .bind(of_kind.iter().map(|lease| row::int(lease.attempt)).collect::<Vec<_>>())
            .bind(duration.as_secs_f64())
            .fetch_all(&store.queue)
            .await?;
        for found in &rows {
            held.insert(found.try_get::<Uuid, _>("id")?, Renewal::held(found.try_get("cancel")?));
        }
    }
    Ok(leases.iter().map(|l| held.get(&l.run_id).copied().unwrap_or(Renewal::Lost)).collect())
}
