//! The outbox as the event hub reads it.

use std::time::Duration;

use sqlx::{Row, SqlitePool};

use super::{now, row};
use crate::Result;
use cascade_model::Event;

pub(super) async fn events_after(pool: &SqlitePool, id: i64, limit: u32) -> Result<Vec<Event>> {
    let rows = sqlx::query(concat!(
        "SELECT id, project_id, kind, payload, max(0.0, (julianday(",
        now!(),
        ") - julianday(at)) * 86400.0) AS age FROM events WHERE id > $1 ORDER BY id LIMIT $2"
    ))
    .bind(id)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|found| {
            Ok(Event {
                id: found.try_get("id")?,
                project_id: row::uuid(found, "project_id")?,
                kind: found.try_get("kind")?,
                payload: found.try_get("payload")?,
                age: Duration::from_secs_f64(found.try_get("age")?),
            })
        })
        .collect()
}
