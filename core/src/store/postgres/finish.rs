//! How runs end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row, types::Json};
use uuid::Uuid;

use super::{PostgresStore, row, write};
use crate::store::{
    Completed, EventStatus, Failed, Fault, JobCompleted, Lease, Result, StoreError, Success,
    TriggerNote,
};

/// What the fenced update tells of the run that it ended.
pub(super) struct Ended {
    job_type: String,
    project_id: Uuid,
    trace_id: Uuid,
    at: DateTime<Utc>,
}

/// Moves a run out of `running`, if `lease` still holds it.
pub(super) async fn end(
    tx: &mut PgConnection,
    lease: &Lease,
    state: &str,
    error: Option<&str>,
    summary: Option<&str>,
) -> Result<Ended> {
    let row = sqlx::query(
        "UPDATE worker_runs
         SET state = $4, error = coalesce($5, error), summary = $6, lease_owner = NULL,
             lease_until = NULL, cancel_requested_at = NULL,
             finished_at = date_trunc('milliseconds', clock_timestamp())
         WHERE id = $1 AND lease_owner = $2 AND attempt = $3 AND state = 'running'
         RETURNING job_type, project_id, trace_id, finished_at",
    )
    .bind(lease.run_id)
    .bind(&lease.owner)
    .bind(row::int(lease.attempt))
    .bind(state)
    .bind(error)
    .bind(summary)
    .fetch_optional(tx)
    .await?
    .ok_or(StoreError::LostLease)?;
    Ok(Ended {
        job_type: row.try_get("job_type")?,
        project_id: row.try_get("project_id")?,
        trace_id: row.try_get("trace_id")?,
        at: row.try_get("finished_at")?,
    })
}

/// Without an id; `number_events` gives it one when it is committed.
async fn append_event(tx: &mut PgConnection, ended: &Ended, status: EventStatus) -> Result<()> {
    let event = JobCompleted::new(&ended.job_type, ended.project_id, status, ended.at);
    let payload = serde_json::to_string(&event).map_err(|e| e.to_string());
    // By way of text: sqlx's own JSON is jsonb, which would order the keys anew.
    sqlx::query("INSERT INTO events (project_id, kind, payload, at) VALUES ($1, $2, $3::json, $4)")
        .bind(ended.project_id)
        .bind(JobCompleted::KIND)
        .bind(payload.map_err(StoreError::corrupt("event"))?)
        .bind(ended.at)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn complete(
    store: &PostgresStore,
    lease: &Lease,
    success: Success,
) -> Result<Completed> {
    let mut tx = store.pool.begin().await?;
    let ended = end(&mut tx, lease, "completed", None, success.summary.as_deref()).await?;
    for statement in &success.staged {
        cascade_portable_sql::execute_on_postgres(&mut tx, statement).await?;
    }
    let mut triggered = Vec::new();
    for job in success.downstream {
        match trigger(&mut tx, lease, &ended, &job).await? {
            None => triggered.push(job),
            Some(why) => {
                let message = format!("cascade to {job} skipped: {why}");
                write::insert_log(&mut tx, lease.run_id, ended.at, "warn", &message, None).await?;
            }
        }
    }
    append_event(&mut tx, &ended, EventStatus::Ok).await?;
    tx.commit().await?;
    Ok(Completed { triggered })
}

/// Makes one downstream job due; or says why not.
async fn trigger(
    tx: &mut PgConnection,
    lease: &Lease,
    ended: &Ended,
    job: &str,
) -> Result<Option<&'static str>> {
    // Locked, so that the triggers of two upstreams that end together are both kept.
    let found = sqlx::query(
        "SELECT id, status, enabled, payload FROM scheduled_jobs
         WHERE job_type = $1 AND project_id = $2 FOR UPDATE",
    )
    .bind(job)
    .bind(ended.project_id)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(found) = found else {
        return Ok(Some("it is not scheduled for this project"));
    };
    if !found.try_get::<bool, _>("enabled")? {
        return Ok(Some("it is disabled in jobs.toml"));
    }
    if found.try_get::<&str, _>("status")? != "active" {
        return Ok(Some("it is paused"));
    }
    let mut payload = row::payload(&found)?;
    payload.add_trigger(
        TriggerNote { job_type: ended.job_type.clone(), at: ended.at, run_id: Some(lease.run_id) },
        ended.trace_id,
    );
    // Never later than the database's clock as other transactions see it: due means due now.
    sqlx::query(
        "UPDATE scheduled_jobs
         SET payload = $2, updated_at = $3, next_run_at = least(next_run_at, $3)
         WHERE id = $1",
    )
    .bind(found.try_get::<Uuid, _>("id")?)
    .bind(Json(payload))
    .bind(ended.at)
    .execute(tx)
    .await?;
    Ok(None)
}

pub(super) async fn fail(store: &PostgresStore, lease: &Lease, fault: Fault) -> Result<Failed> {
    let mut tx = store.pool.begin().await?;
    let failed = end_attempt(&mut tx, lease, &fault.error, fault.retry_in).await?;
    tx.commit().await?;
    Ok(failed)
}

/// Ends an attempt: with `retry_in` the run waits that long for the next, without it failed.
pub(super) async fn end_attempt(
    tx: &mut PgConnection,
    lease: &Lease,
    error: &str,
    retry_in: Option<Duration>,
) -> Result<Failed> {
    let state = if retry_in.is_some() { "retryable" } else { "failed" };
    let ended = end(tx, lease, state, Some(error), None).await?;
    write::insert_log(tx, lease.run_id, ended.at, "error", error, None).await?;
    let Some(pause) = retry_in else {
        append_event(tx, &ended, EventStatus::Failed).await?;
        return Ok(Failed::ForGood);
    };
    sqlx::query(
        "UPDATE worker_runs
         SET finished_at = NULL, available_at = now() + make_interval(secs => $2)
         WHERE id = $1",
    )
    .bind(lease.run_id)
    .bind(pause.as_secs_f64())
    .execute(tx)
    .await?;
    Ok(Failed::WillRetry)
}

pub(super) async fn cancel(store: &PostgresStore, lease: &Lease) -> Result<()> {
    let mut tx = store.pool.begin().await?;
    end(&mut tx, lease, "cancelled", None, None).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn release(store: &PostgresStore, lease: &Lease) -> Result<()> {
    let released = sqlx::query(
        "UPDATE worker_runs
         SET state = 'available', attempt = attempt - 1, lease_owner = NULL, lease_until = NULL,
             cancel_requested_at = NULL, started_at = NULL, progress = NULL
         WHERE id = $1 AND lease_owner = $2 AND attempt = $3 AND state = 'running'",
    )
    .bind(lease.run_id)
    .bind(&lease.owner)
    .bind(row::int(lease.attempt))
    .execute(&store.pool)
    .await?;
    if released.rows_affected() == 0 { Err(StoreError::LostLease) } else { Ok(()) }
}
