//! From due schedules to runs that wait.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::{PostgresStore, row, write};
use crate::{config::Schedule, store::Result};

/// Schedules fired in one go.
const MOST: i64 = 500;

/// Turns due schedules into available runs, each project in turn, at most one unfinished run each.
pub(super) async fn fire(store: &PostgresStore) -> Result<()> {
    let mut tx = store.queue.begin().await?;
    let due = sqlx::query(
        "WITH chosen AS MATERIALIZED (
             SELECT s.id FROM (
                 SELECT s.id, s.next_run_at, row_number() OVER (
                     PARTITION BY s.project_id ORDER BY s.next_run_at
                 ) AS turn
                 FROM scheduled_jobs s
                 WHERE s.status = 'active' AND s.enabled AND s.next_run_at IS NOT NULL
                   AND s.next_run_at <= now()
                   AND NOT EXISTS (
                       SELECT FROM open_runs r
                       WHERE r.job_type = s.job_type AND r.project_id = s.project_id
                   )
             ) s
             ORDER BY s.turn, s.next_run_at LIMIT $1
         )
         SELECT s.job_type, s.project_id, s.schedule, s.max_attempts, s.payload, now() AS now
         FROM scheduled_jobs s
         WHERE s.id IN (SELECT id FROM chosen) AND s.next_run_at <= now()
         FOR UPDATE OF s SKIP LOCKED",
    )
    .bind(MOST)
    .fetch_all(&mut *tx)
    .await?;
    let (mut runs, mut next) = (Vec::with_capacity(due.len()), Vec::with_capacity(due.len()));
    for found in &due {
        let now: DateTime<Utc> = found.try_get("now")?;
        let schedule: Option<String> = found.try_get("schedule")?;
        let schedule = schedule.as_deref().and_then(Schedule::from_stored);
        next.push(schedule.and_then(|schedule| schedule.next_after(now)));
        runs.push(write::NewRun::new(
            found.try_get("job_type")?,
            found.try_get("project_id")?,
            found.try_get("max_attempts")?,
            row::payload(found)?,
        ));
    }
    write::insert_due(&mut tx, &runs, &next).await?;
    Ok(tx.commit().await?)
}
