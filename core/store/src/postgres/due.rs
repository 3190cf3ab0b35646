//! From due schedules to runs that wait.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{PostgresStore, row};
use crate::{DUE_AT_ONCE, Result};
use cascade_config::Schedule;
use cascade_model::Payload;

/// Turns due schedules into available runs, each project in turn, at most one unfinished run each.
pub(super) async fn fire(store: &PostgresStore) -> Result<()> {
    let mut tx = store.queue.begin().await?;
    let due =
        sqlx::query(include_str!("sql/due.sql")).bind(DUE_AT_ONCE).fetch_all(&mut *tx).await?;
    let (mut runs, mut next) = (Vec::with_capacity(due.len()), Vec::with_capacity(due.len()));
    for found in &due {
        let now: DateTime<Utc> = found.try_get("now")?;
        let schedule: Option<String> = found.try_get("schedule")?;
        let schedule = schedule.as_deref().and_then(Schedule::from_stored);
        next.push(schedule.and_then(|schedule| schedule.next_after(now)));
        runs.push(NewRun::new(
            found.try_get("job_type")?,
            found.try_get("project_id")?,
            found.try_get("max_attempts")?,
            row::payload(found)?,
        ));
    }
    insert_due(&mut tx, &runs, &next).await?;
    Ok(tx.commit().await?)
}

/// A run that is to wait.
struct NewRun {
    id: Uuid,
    job: String,
    project: Uuid,
    max_attempts: i32,
    payload: String,
    trace: Uuid,
}

impl NewRun {
    fn new(job: String, project: Uuid, max_attempts: i32, payload: Payload) -> Self {
        let id = Uuid::now_v7();
        let trace = payload.trace_of(id);
        Self { id, job, project, max_attempts, payload: payload.to_text(), trace }
    }
}

/// Runs of schedules that are due, and when these are due again. Where another process was first with a
/// run, the schedule waits for the end of that.
async fn insert_due(
    tx: &mut PgConnection,
    runs: &[NewRun],
    next: &[Option<DateTime<Utc>>],
) -> Result<()> {
    sqlx::query(
        "WITH due AS (
             SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[], $5::text[],
                 $6::uuid[], $7::timestamptz[])
                 AS n (id, job, project, attempts, payload, trace, again)
         ), made AS (
             INSERT INTO open_runs
                 (id, job_type, project_id, state, max_attempts, payload, trace_id)
             SELECT id, job, project, 'available', attempts, payload::json, trace FROM due
             ON CONFLICT (job_type, project_id) DO NOTHING
             RETURNING id
         )
         UPDATE scheduled_jobs s SET next_run_at = due.again, payload = '{}', updated_at = now()
         FROM made JOIN due ON due.id = made.id
         WHERE s.job_type = due.job AND s.project_id = due.project",
    )
    .bind(runs.iter().map(|run| run.id).collect::<Vec<_>>())
    .bind(runs.iter().map(|run| run.job.as_str()).collect::<Vec<_>>())
    .bind(runs.iter().map(|run| run.project).collect::<Vec<_>>())
    .bind(runs.iter().map(|run| run.max_attempts).collect::<Vec<_>>())
    .bind(runs.iter().map(|run| run.payload.as_str()).collect::<Vec<_>>())
    .bind(runs.iter().map(|run| run.trace).collect::<Vec<_>>())
    .bind(next)
    .execute(tx)
    .await?;
    Ok(())
}
