//! The outbox as the event hub reads it.

use std::time::Duration;

use sqlx::{PgPool, Row, postgres::PgRow};

use crate::Result;
use cascade_model::Event;

/// Columns of an [`Event`].
macro_rules! event_columns {
    () => {
        "id, project_id, kind, payload::text AS payload,
         greatest(0, extract(epoch FROM clock_timestamp() - at))::float8 AS age"
    };
}

fn event(found: &PgRow) -> Result<Event> {
    Ok(Event {
        id: found.try_get("id")?,
        project_id: found.try_get("project_id")?,
        kind: found.try_get("kind")?,
        payload: found.try_get("payload")?,
        age: Duration::from_secs_f64(found.try_get("age")?),
    })
}

pub(super) async fn number_events(pool: &PgPool) -> Result<Vec<Event>> {
    let numbered = concat!("SELECT ", event_columns!(), " FROM number_events()");
    sqlx::query(numbered).fetch_all(pool).await?.iter().map(event).collect()
}

pub(super) async fn events_after(pool: &PgPool, id: i64, limit: u32) -> Result<Vec<Event>> {
    let sql =
        concat!("SELECT ", event_columns!(), " FROM events WHERE id > $1 ORDER BY id LIMIT $2");
    let rows = sqlx::query(sql).bind(id).bind(i64::from(limit)).fetch_all(pool).await?;
    rows.iter().map(event).collect()
}
