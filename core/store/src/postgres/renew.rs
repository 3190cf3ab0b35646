use std::{collections::HashMap, time::Duration};

use cascade_model::{HeldLease, Renewal, RunKind};
use sqlx::Row;
use uuid::Uuid;

use super::{PostgresStore, by_id::lists_of_kinds, row};
use crate::{Result, of_kind::of_kind};

/// One statement for all that a worker holds of a kind.
pub(super) async fn renew(
    store: &PostgresStore,
    held: &[HeldLease],
    duration: Duration,
) -> Result<Vec<Renewal>> {
    let Some(HeldLease { lease, .. }) = held.first() else { return Ok(Vec::new()) };
    let mut renewed = HashMap::new();
    for (kind, places) in lists_of_kinds(held, |held| &held.lease) {
        let of_kind: Vec<_> = places.iter().map(|&place| &held[place]).collect();
        let rows = sqlx::query(of_kind!(kind, "sql/renew.sql"))
            .bind(&lease.owner)
            .bind(of_kind.iter().map(|held| held.lease.run_id).collect::<Vec<_>>())
            .bind(of_kind.iter().map(|held| row::int(held.lease.attempt)).collect::<Vec<_>>())
            .bind(duration.as_secs_f64())
            .bind(of_kind.iter().map(|held| held.begun).collect::<Vec<_>>())
            .fetch_all(&store.queue)
            .await?;
        for found in &rows {
            renewed
                .insert(found.try_get::<Uuid, _>("id")?, Renewal::held(found.try_get("cancel")?));
        }
    }
    let found = |held: &HeldLease| renewed.get(&held.lease.run_id).copied();
    Ok(held.iter().map(|held| found(held).unwrap_or(Renewal::Lost)).collect())
}
