//! What changes while a run runs, and what people ask for.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Row, Sqlite, Transaction};
use uuid::Uuid;

use super::{SqliteStore, claim::seconds, now, row, scope};
use crate::{
    JOB_IS_BUSY, JOB_IS_OFF, NOT_ENDED_BADLY, Result, StoreError, scheduled::due_after_pause,
};
use cascade_model::Visible;
use cascade_model::{CancelRequest, Lease, Payload, Renewal, RunNow, ScheduledStatus};

pub(super) async fn renew(
    store: &SqliteStore,
    leases: &[Lease],
    duration: Duration,
) -> Result<Vec<Renewal>> {
    let Some(Lease { owner, .. }) = leases.first() else { return Ok(Vec::new()) };
    let list: Vec<_> = leases.iter().map(|l| json!([l.run_id.to_string(), l.attempt])).collect();
    let rows = sqlx::query(
        "UPDATE worker_runs SET lease_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $3)
         FROM json_each($2) l
         WHERE worker_runs.id = l.value ->> 0 AND attempt = l.value ->> 1 AND lease_owner = $1
           AND state = 'running'
         RETURNING worker_runs.id, cancel_requested_at IS NOT NULL AS cancel",
    )
    .bind(owner)
    .bind(Value::from(list).to_string())
    .bind(seconds(duration))
    .fetch_all(&store.write)
    .await?;
    let mut held = HashMap::new();
    for found in &rows {
        held.insert(row::uuid(found, "id")?, Renewal::held(found.try_get("cancel")?));
    }
    Ok(leases.iter().map(|l| held.get(&l.run_id).copied().unwrap_or(Renewal::Lost)).collect())
}

pub(super) async fn insert_run(
    tx: &mut Transaction<'static, Sqlite>,
    job: &str,
    project: &str,
    max_attempts: u32,
    payload: Payload,
) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query(concat!(
        "INSERT INTO worker_runs
             (id, job_type, project_id, state, max_attempts, payload, available_at, queued_at, trace_id)
         SELECT $1, $2, $3, 'available', $4, $5, at, at, $6 FROM (SELECT ",
        now!(),
        " AS at)",
    ))
    .bind(id.to_string())
    .bind(job)
    .bind(project)
    .bind(max_attempts)
    .bind(payload.to_text())
    .bind(payload.trace_of(id).to_string())
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

pub(super) async fn run_now(store: &SqliteStore, job: &str, project: Uuid) -> Result<RunNow> {
    let mut tx = store.begin().await?;
    let found = sqlx::query(concat!(
        "SELECT s.id, s.enabled, s.max_attempts, s.payload, ",
        now!(),
        " AS now, r.id AS run_id, r.state AS run_state, r.payload AS run_payload
         FROM scheduled_jobs s
         LEFT JOIN worker_runs r ON r.job_type = s.job_type AND r.project_id = s.project_id
             AND r.state IN ('available', 'running', 'retryable')
         WHERE s.job_type = $1 AND s.project_id = $2",
    ))
    .bind(job)
    .bind(project.to_string())
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| StoreError::NotScheduled { job: job.into() })?;
    if !found.try_get::<bool, _>("enabled")? {
        return Err(StoreError::WrongState(JOB_IS_OFF));
    }
    let now: DateTime<Utc> = found.try_get("now")?;
    let state: Option<&str> = found.try_get("run_state")?;
    if state == Some("available") {
        let run = row::uuid(&found, "run_id")?;
        let mut payload = Payload::parse(found.try_get("run_payload")?)
            .map_err(StoreError::corrupt("payload"))?;
        payload.join();
        sqlx::query("UPDATE worker_runs SET payload = $2 WHERE id = $1")
            .bind(run.to_string())
            .bind(payload.to_text())
            .execute(&mut *tx)
            .await?;
        store.write_entry(&mut tx).await?;
        tx.commit().await?;
        return Ok(RunNow::Merged(run));
    }
    let mut payload = row::payload(&found)?;
    payload.add_request(now);
    let id: String = found.try_get("id")?;
    let answer = if state.is_some() {
        sqlx::query(
            "UPDATE scheduled_jobs
             SET payload = $2, updated_at = $3,
                 next_run_at = CASE WHEN next_run_at <= $3 THEN next_run_at ELSE $3 END
             WHERE id = $1",
        )
        .bind(id)
        .bind(payload.to_text())
        .bind(cascade_sdk::rfc3339(now))
        .execute(&mut *tx)
        .await?;
        RunNow::AfterCurrent
    } else {
        // What waited for the next run is served by this one; a timer in the future stays.
        sqlx::query(
            "UPDATE scheduled_jobs
             SET payload = '{}', updated_at = $2,
                 next_run_at = CASE WHEN next_run_at <= $2 AND schedule IS NULL THEN NULL
                                    ELSE next_run_at END
             WHERE id = $1",
        )
        .bind(id)
        .bind(cascade_sdk::rfc3339(now))
        .execute(&mut *tx)
        .await?;
        let max_attempts = found.try_get("max_attempts")?;
        RunNow::Queued(insert_run(&mut tx, job, &project.to_string(), max_attempts, payload).await?)
    };
    store.write_entry(&mut tx).await?;
    tx.commit().await?;
    Ok(answer)
}

pub(super) async fn set_status(
    store: &SqliteStore,
    job: &str,
    project: Uuid,
    status: ScheduledStatus,
) -> Result<()> {
    let mut tx = store.begin().await?;
    let known = sqlx::query(concat!(
        "SELECT id, status, schedule, next_run_at, payload, ",
        now!(),
        " AS now FROM scheduled_jobs WHERE job_type = $1 AND project_id = $2",
    ))
    .bind(job)
    .bind(project.to_string())
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| StoreError::NotScheduled { job: job.into() })?;
    let now: DateTime<Utc> = known.try_get("now")?;
    let mut next: Option<DateTime<Utc>> = known.try_get("next_run_at")?;
    let paused = known.try_get::<&str, _>("status")? == ScheduledStatus::Paused.to_string();
    if paused && status == ScheduledStatus::Active {
        next = due_after_pause(known.try_get("schedule")?, next, known.try_get("payload")?, now);
    }
    let query =
        "UPDATE scheduled_jobs SET status = $2, next_run_at = $3, updated_at = $4 WHERE id = $1";
    sqlx::query(query)
        .bind(known.try_get::<&str, _>("id")?)
        .bind(status.to_string())
        .bind(next.map(cascade_sdk::rfc3339))
        .bind(cascade_sdk::rfc3339(now))
        .execute(&mut *tx)
        .await?;
    store.write_entry(&mut tx).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn request_cancel(
    store: &SqliteStore,
    visible: &Visible,
    run: Uuid,
) -> Result<CancelRequest> {
    let mut tx = store.begin().await?;
    let state: Option<String> = sqlx::query_scalar(
        "SELECT state FROM worker_runs WHERE id = $1
             AND ($2 IS NULL OR project_id IN (SELECT value FROM json_each($2)))",
    )
    .bind(run.to_string())
    .bind(scope(visible))
    .fetch_optional(&mut *tx)
    .await?;
    let (set, answer) = match state.ok_or(StoreError::NoRun(run))?.as_str() {
        "available" | "retryable" => (
            concat!(
                "UPDATE worker_runs SET state = 'cancelled', finished_at = ",
                now!(),
                " WHERE id = $1"
            ),
            CancelRequest::Cancelled,
        ),
        "running" => (
            concat!(
                "UPDATE worker_runs SET cancel_requested_at = coalesce(cancel_requested_at, ",
                now!(),
                ") WHERE id = $1"
            ),
            CancelRequest::Requested,
        ),
        _ => return Err(StoreError::WrongState("the run has ended already")),
    };
    sqlx::query(set).bind(run.to_string()).execute(&mut *tx).await?;
    store.write_entry(&mut tx).await?;
    tx.commit().await?;
    Ok(answer)
}

pub(super) async fn retry(store: &SqliteStore, visible: &Visible, run: Uuid) -> Result<()> {
    let mut tx = store.begin().await?;
    let found = sqlx::query(
        "SELECT r.state, EXISTS (
             SELECT 1 FROM scheduled_jobs s
             WHERE s.job_type = r.job_type AND s.project_id = r.project_id AND s.enabled = 0
         ) AS off, EXISTS (
             SELECT 1 FROM worker_runs u
             WHERE u.job_type = r.job_type AND u.project_id = r.project_id
               AND u.state IN ('available', 'running', 'retryable')
         ) AS busy
         FROM worker_runs r WHERE r.id = $1
           AND ($2 IS NULL OR r.project_id IN (SELECT value FROM json_each($2)))",
    )
    .bind(run.to_string())
    .bind(scope(visible))
    .fetch_optional(&mut *tx)
    .await?
    .ok_or(StoreError::NoRun(run))?;
    if !matches!(found.try_get("state")?, "failed" | "cancelled") {
        return Err(StoreError::WrongState(NOT_ENDED_BADLY));
    }
    if found.try_get("off")? {
        return Err(StoreError::WrongState(JOB_IS_OFF));
    }
    if found.try_get("busy")? {
        return Err(StoreError::WrongState(JOB_IS_BUSY));
    }
    sqlx::query(concat!(
        "UPDATE worker_runs
         SET state = 'available', max_attempts = max(max_attempts, attempt + 1),
             finished_at = NULL, progress = NULL, summary = NULL, available_at = ",
        now!(),
        " WHERE id = $1",
    ))
    .bind(run.to_string())
    .execute(&mut *tx)
    .await?;
    store.write_entry(&mut tx).await?;
    Ok(tx.commit().await?)
}
