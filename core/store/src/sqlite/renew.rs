use std::{collections::HashMap, time::Duration};

use cascade_model::{HeldLease, Renewal, RunKind};
use serde_json::{Value, json};
use sqlx::Row;

use super::{SqliteStore, claim::seconds, row};
use crate::{
    Result,
    of_kind::{each_kind, of_kind},
};

pub(super) async fn renew(
    store: &SqliteStore,
    held: &[HeldLease],
    duration: Duration,
) -> Result<Vec<Renewal>> {
    let Some(HeldLease { lease, .. }) = held.first() else { return Ok(Vec::new()) };
    let mut renewed = HashMap::new();
    for (kind, places) in each_kind(held, |held| held.lease.kind) {
        let of_kind = places.iter().map(|&place| &held[place]);
        let list = of_kind.map(|HeldLease { lease, begun }| {
            json!([lease.run_id.to_string(), lease.attempt, begun.then_some(1)])
        });
        let rows = sqlx::query(of_kind!(kind, "sql/renew.sql"))
            .bind(&lease.owner)
            .bind(Value::from_iter(list).to_string())
            .bind(seconds(duration))
            .fetch_all(&store.write)
            .await?;
        for found in &rows {
            renewed.insert(row::uuid(found, "id")?, Renewal::held(found.try_get("cancel")?));
        }
    }
    let found = |held: &HeldLease| renewed.get(&held.lease.run_id).copied();
    Ok(held.iter().map(|held| found(held).unwrap_or(Renewal::Lost)).collect())
}
