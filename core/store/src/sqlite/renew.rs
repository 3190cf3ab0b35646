use std::{collections::HashMap, time::Duration};

use cascade_model::{Lease, Renewal, RunKind};
use serde_json::{Value, json};
use sqlx::Row;

use super::{SqliteStore, claim::seconds, row};
use crate::{
    Result,
    of_kind::{each_kind, of_kind},
};

pub(super) async fn renew(
    store: &SqliteStore,
    leases: &[Lease],
    duration: Duration,
) -> Result<Vec<Renewal>> {
    let Some(Lease { owner, .. }) = leases.first() else { return Ok(Vec::new()) };
    let mut held = HashMap::new();
    for (kind, places) in each_kind(leases, |lease| lease.kind) {
        let of_kind = places.iter().map(|&place| &leases[place]);
        let list: Vec<_> = of_kind.map(|l| json!([l.run_id.to_string(), l.attempt])).collect();
        let rows = sqlx::query(of_kind!(kind, "sql/renew.sql"))
            .bind(owner)
            .bind(Value::from(list).to_string())
            .bind(seconds(duration))
            .fetch_all(&store.write)
            .await?;
        for found in &rows {
            held.insert(row::uuid(found, "id")?, Renewal::held(found.try_get("cancel")?));
        }
    }
    Ok(leases.iter().map(|l| held.get(&l.run_id).copied().unwrap_or(Renewal::Lost)).collect())
}
