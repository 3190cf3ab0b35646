//! What was sent to hooks.

use std::time::Duration;

use cascade_model::{Delivery, HookCount, HookOutcome, NewDelivery, Visible, WholeDelivery};
use cascade_sdk::{Db, Dialect, Statement, host::Database, sql};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, first, rows};
use crate::{DeliveryFilter, Result, StoreError};

/// For how long back deliveries are counted.
const COUNTED: Duration = Duration::from_secs(24 * 60 * 60);

/// Keeps a delivery, with the run that is made of it. One that came before is the same row, which is written again
/// unless a run was made of it: then no row changes. On PostgreSQL it waits for a transaction that keeps the same
/// delivery.
pub fn keep_delivery(dialect: Dialect, new: &NewDelivery, run: Option<Uuid>) -> Statement {
    let (replay_of, replayed_by) = new.replay.clone().unzip();
    let text = |id: Option<Uuid>| id.map(|id| id.to_string());
    let mut query = Text::of(
        dialect,
        "INSERT INTO hook_deliveries
             (id, hook, identity, project_id, address, outcome, reason, run_id, headers, bytes, body, replay_of,
              replayed_by, told, times, received_at)
         VALUES (",
    )
    .bind_id(new.id);
    for value in [
        Some(new.hook.clone()),
        Some(new.identity.clone()),
        text(new.project_id),
        new.address.clone(),
        Some(new.outcome.as_str().into()),
        new.reason.as_ref().map(|why| why.text.clone()),
        text(run),
        Some(new.headers.clone()),
    ] {
        query = query.push(", ").bind(value);
    }
    query = query.push(", ").bind(new.bytes);
    let told = new.reason.as_ref().and_then(|why| serde_json::to_string(why).ok());
    for value in [new.body.clone(), text(replay_of), replayed_by, told] {
        query = query.push(", ").bind(value);
    }
    query
        .push(", 1, ")
        .now()
        .push(
            ") ON CONFLICT (hook, identity) DO UPDATE
             SET project_id = excluded.project_id, received_at = excluded.received_at,
                 address = excluded.address, outcome = excluded.outcome, reason = excluded.reason,
                 told = excluded.told,
                 run_id = excluded.run_id, times = hook_deliveries.times + 1,
                 headers = excluded.headers, bytes = excluded.bytes, body = excluded.body
             WHERE hook_deliveries.outcome <> 'run'",
        )
        .statement()
}

/// Counts that a delivery came again of which a run was made.
pub fn delivery_again(hook: &str, identity: &str) -> Statement {
    sql("UPDATE hook_deliveries SET times = times + 1 WHERE hook = $1 AND identity = $2")
        .bind(hook)
        .bind(identity)
}

const COLUMNS: &str = "SELECT d.id, d.hook, d.identity, d.project_id, p.slug AS project, d.received_at, d.address, \
    d.outcome, d.reason, d.told, d.run_id, d.times, d.bytes, d.replay_of, d.replayed_by";
const TABLES: &str =
    " FROM hook_deliveries d LEFT JOIN projects p ON p.id = d.project_id WHERE d.hook = ";

pub(super) async fn page(
    database: &dyn Database,
    filter: &DeliveryFilter,
) -> Result<Vec<Delivery>> {
    let mut query = Text::of(database.dialect(), COLUMNS)
        .push(TABLES)
        .bind(filter.hook.as_str())
        .and_visible("d.project_id", &filter.visible);
    if let Some(outcome) = filter.outcome {
        query = query.push(" AND d.outcome = ").bind(outcome.as_str());
    }
    if let Some(before) = filter.before {
        query = query.push(" AND d.id < ").bind_id(before);
    }
    let query = query.push(" ORDER BY d.id DESC LIMIT ").bind(filter.limit);
    rows(database, query.statement()).await
}

pub(super) async fn one(
    database: &dyn Database,
    visible: &Visible,
    hook: &str,
    id: Uuid,
) -> Result<Option<WholeDelivery>> {
    let query = Text::of(database.dialect(), COLUMNS)
        .push(", d.headers, d.body")
        .push(TABLES)
        .bind(hook)
        .push(" AND d.id = ")
        .bind_id(id)
        .and_visible("d.project_id", visible);
    first(database, query.statement()).await
}

pub(super) async fn counts(database: &dyn Database, visible: &Visible) -> Result<Vec<HookCount>> {
    let query = Text::of(
        database.dialect(),
        "SELECT hook, outcome, count(*) AS deliveries FROM hook_deliveries WHERE received_at > ",
    );
    let query =
        query.ago(COUNTED).and_visible("project_id", visible).push(" GROUP BY hook, outcome");
    rows(database, query.statement()).await
}

pub(super) async fn before(
    database: &dyn Database,
    hook: &str,
    identity: &str,
) -> Result<Option<Uuid>> {
    #[derive(Deserialize)]
    struct Before {
        run_id: Option<Uuid>,
    }
    let query = sql("SELECT run_id FROM hook_deliveries
         WHERE hook = $1 AND identity = $2 AND outcome = $3")
    .bind(hook)
    .bind(identity)
    .bind(HookOutcome::Run.as_str());
    let found: Option<Before> = first(database, query).await?;
    Ok(found.and_then(|found| found.run_id))
}

pub(super) async fn prune(database: &dyn Database, keep: Duration, batch: u32) -> Result<u64> {
    let old = "DELETE FROM hook_deliveries WHERE id IN (
                   SELECT id FROM hook_deliveries WHERE received_at < ";
    let old = Text::of(database.dialect(), old)
        .ago(keep)
        .push(" ORDER BY received_at LIMIT ")
        .bind(batch)
        .skip_locked()
        .push(")");
    Db::over(database).execute(old.statement()).await.map_err(StoreError::Query)
}
