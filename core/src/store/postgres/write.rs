//! What changes while a run runs, and what people ask for.

use std::time::Duration;

use cascade_sdk::{LogLine, Progress};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Row, types::Json};
use uuid::Uuid;

use super::{PostgresStore, claim::trace_of, row, scope};
use crate::access::Visible;
use crate::store::{
    CancelRequest, JOB_IS_BUSY, Lease, NOT_ENDED_BADLY, Payload, Result, RunNow, ScheduledStatus,
    StoreError,
};

pub(super) async fn renew(
    store: &PostgresStore,
    lease: &Lease,
    duration: Duration,
) -> Result<bool> {
    let renewed = sqlx::query_scalar(
        "UPDATE worker_runs SET lease_until = now() + make_interval(secs => $4)
         WHERE id = $1 AND lease_owner = $2 AND attempt = $3 AND state = 'running'
         RETURNING cancel_requested_at IS NOT NULL",
    )
    .bind(lease.run_id)
    .bind(&lease.owner)
    .bind(row::int(lease.attempt))
    .bind(duration.as_secs_f64())
    .fetch_optional(&store.pool)
    .await?;
    renewed.ok_or(StoreError::LostLease)
}

pub(super) async fn record(
    store: &PostgresStore,
    run: Uuid,
    logs: &[LogLine],
    progress: Option<Progress>,
) -> Result<()> {
    let mut tx = store.pool.begin().await?;
    if !logs.is_empty() {
        let fields = |line: &LogLine| (!line.fields.is_null()).then(|| line.fields.clone());
        sqlx::query(
            "INSERT INTO run_logs (run_id, at, level, message, fields)
             SELECT $1, * FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::json[])",
        )
        .bind(run)
        .bind(logs.iter().map(|line| line.at).collect::<Vec<_>>())
        .bind(logs.iter().map(|line| line.level.as_str()).collect::<Vec<_>>())
        // PostgreSQL's text has no NUL.
        .bind(logs.iter().map(|line| line.message.replace('\0', "\u{fffd}")).collect::<Vec<_>>())
        .bind(logs.iter().map(fields).collect::<Vec<Option<Value>>>())
        .execute(&mut *tx)
        .await?;
    }
    if let Some(progress) = progress {
        sqlx::query("UPDATE worker_runs SET progress = $2 WHERE id = $1")
            .bind(run)
            .bind(Json(progress))
            .execute(&mut *tx)
            .await?;
    }
    Ok(tx.commit().await?)
}

pub(super) async fn insert_log(
    tx: &mut PgConnection,
    run: Uuid,
    at: DateTime<Utc>,
    level: &str,
    message: &str,
    fields: Option<Value>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO run_logs (run_id, at, level, message, fields) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(run)
    .bind(at)
    .bind(level)
    .bind(message)
    .bind(fields)
    .execute(tx)
    .await?;
    Ok(())
}

/// `None` when the job has an unfinished run already.
pub(super) async fn insert_run(
    tx: &mut PgConnection,
    job: &str,
    project: Uuid,
    max_attempts: i32,
    payload: &Payload,
) -> Result<Option<Uuid>> {
    let id = sqlx::query_scalar(
        "INSERT INTO worker_runs (id, job_type, project_id, state, max_attempts, payload, trace_id)
         VALUES ($1, $2, $3, 'available', $4, $5, $6)
         ON CONFLICT (job_type, project_id) WHERE state IN ('available', 'running', 'retryable')
         DO NOTHING
         RETURNING id",
    )
    .bind(Uuid::now_v7())
    .bind(job)
    .bind(project)
    .bind(max_attempts)
    .bind(Json(payload))
    .bind(trace_of(payload))
    .fetch_optional(tx)
    .await?;
    Ok(id)
}

pub(super) async fn run_now(
    store: &PostgresStore,
    job: &str,
    project: Uuid,
    params: Option<Value>,
) -> Result<RunNow> {
    let mut tx = store.pool.begin().await?;
    let found = sqlx::query(
        "SELECT id, max_attempts, payload, clock_timestamp() AS now FROM scheduled_jobs
         WHERE job_type = $1 AND project_id = $2 FOR UPDATE",
    )
    .bind(job)
    .bind(project)
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| StoreError::NotScheduled { job: job.into() })?;
    let id: Uuid = found.try_get("id")?;
    let mut payload = row::payload(&found)?;
    payload.add_request(found.try_get("now")?, params);
    let run = insert_run(&mut tx, job, project, found.try_get("max_attempts")?, &payload).await?;
    let answer = match run {
        // What waited for the next run is served by this one; a timer in the future stays.
        Some(run) => {
            sqlx::query(
                "UPDATE scheduled_jobs
                 SET payload = '{}', updated_at = now(),
                     next_run_at = CASE WHEN next_run_at <= now() AND schedule IS NULL THEN NULL
                                        ELSE next_run_at END
                 WHERE id = $1",
            )
            .bind(id)
            .execute(&mut *tx)
            .await?;
            RunNow::Queued(run)
        }
        None => {
            sqlx::query(
                "UPDATE scheduled_jobs
                 SET payload = $2, updated_at = now(), next_run_at = least(next_run_at, now())
                 WHERE id = $1",
            )
            .bind(id)
            .bind(Json(payload))
            .execute(&mut *tx)
            .await?;
            RunNow::AfterCurrent
        }
    };
    tx.commit().await?;
    Ok(answer)
}

pub(super) async fn request_cancel(
    store: &PostgresStore,
    visible: &Visible,
    run: Uuid,
) -> Result<CancelRequest> {
    let state: Option<String> = sqlx::query_scalar(
        "UPDATE worker_runs SET
             cancel_requested_at =
                 CASE WHEN state = 'running' THEN coalesce(cancel_requested_at, now()) END,
             finished_at = CASE WHEN state = 'running' THEN NULL ELSE now() END,
             state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END
         WHERE id = $1 AND state IN ('available', 'retryable', 'running')
           AND ($2::uuid[] IS NULL OR project_id = ANY($2))
         RETURNING state",
    )
    .bind(run)
    .bind(scope(visible))
    .fetch_optional(&store.pool)
    .await?;
    match state.as_deref() {
        Some("cancelled") => Ok(CancelRequest::Cancelled),
        Some(_) => Ok(CancelRequest::Requested),
        None if exists(store, visible, run).await? => {
            Err(StoreError::WrongState("the run has ended already"))
        }
        None => Err(StoreError::NoRun(run)),
    }
}

pub(super) async fn retry(store: &PostgresStore, visible: &Visible, run: Uuid) -> Result<()> {
    let retried = sqlx::query(
        "UPDATE worker_runs
         SET state = 'available', max_attempts = greatest(max_attempts, attempt + 1),
             finished_at = NULL, progress = NULL, summary = NULL, available_at = now()
         WHERE id = $1 AND state IN ('failed', 'cancelled')
           AND ($2::uuid[] IS NULL OR project_id = ANY($2))",
    )
    .bind(run)
    .bind(scope(visible))
    .execute(&store.pool)
    .await;
    match retried {
        // The index that allows one unfinished run of a job in a project.
        Err(sqlx::Error::Database(fault)) if fault.is_unique_violation() => {
            Err(StoreError::WrongState(JOB_IS_BUSY))
        }
        Err(error) => Err(error.into()),
        Ok(done) if done.rows_affected() > 0 => Ok(()),
        Ok(_) if exists(store, visible, run).await? => Err(StoreError::WrongState(NOT_ENDED_BADLY)),
        Ok(_) => Err(StoreError::NoRun(run)),
    }
}

async fn exists(store: &PostgresStore, visible: &Visible, run: Uuid) -> Result<bool> {
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM worker_runs WHERE id = $1
             AND ($2::uuid[] IS NULL OR project_id = ANY($2)))",
    );
    Ok(found.bind(run).bind(scope(visible)).fetch_one(&store.pool).await?)
}

pub(super) async fn set_status(
    store: &PostgresStore,
    job: &str,
    project: Uuid,
    status: ScheduledStatus,
) -> Result<()> {
    let changed = sqlx::query(
        "UPDATE scheduled_jobs SET status = $3, updated_at = now()
         WHERE job_type = $1 AND project_id = $2",
    )
    .bind(job)
    .bind(project)
    .bind(status.to_string())
    .execute(&store.pool)
    .await?;
    if changed.rows_affected() == 0 {
        return Err(StoreError::NotScheduled { job: job.into() });
    }
    Ok(())
}
