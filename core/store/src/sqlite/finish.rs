//! How runs end.

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{Row, Sqlite, Transaction};
use uuid::Uuid;

use super::{SqliteStore, claim::seconds, now, row, write};
use crate::{Result, StoreError};
use cascade_model::{
    Completed, Done, Event, EventStatus, Failed, Fault, JobCompleted, Lease, Payload, Success,
    TriggerNote,
};

/// What the fenced update tells of the run that it ended.
pub(super) struct Ended {
    job_type: String,
    project_id: Uuid,
    trace_id: Uuid,
    at: DateTime<Utc>,
}

/// Moves a run out of `running`, if `lease` still holds it. `set` is what else changes.
pub(super) async fn end(
    tx: &mut Transaction<'static, Sqlite>,
    lease: &Lease,
    state: &str,
    error: Option<&str>,
    summary: Option<&str>,
) -> Result<Ended> {
    let row = sqlx::query(concat!(
        "UPDATE worker_runs
         SET state = $4, error = coalesce($5, error), summary = $6, lease_owner = NULL,
             lease_until = NULL, cancel_requested_at = NULL, finished_at = ",
        now!(),
        " WHERE id = $1 AND lease_owner = $2 AND attempt = $3 AND state = 'running'
         RETURNING job_type, project_id, trace_id, finished_at",
    ))
    .bind(lease.run_id.to_string())
    .bind(&lease.owner)
    .bind(lease.attempt)
    .bind(state)
    .bind(error)
    .bind(summary)
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(StoreError::LostLease)?;
    Ok(Ended {
        job_type: row.try_get("job_type")?,
        project_id: row::uuid(&row, "project_id")?,
        trace_id: row::uuid(&row, "trace_id")?,
        at: row.try_get("finished_at")?,
    })
}

async fn append_event(
    tx: &mut Transaction<'static, Sqlite>,
    ended: &Ended,
    status: EventStatus,
) -> Result<()> {
    let event = JobCompleted::new(&ended.job_type, ended.project_id, status, ended.at);
    let payload = serde_json::to_string(&event).map_err(|e| e.to_string());
    sqlx::query("INSERT INTO events (project_id, kind, payload, at) VALUES ($1, $2, $3, $4)")
        .bind(ended.project_id.to_string())
        .bind(JobCompleted::KIND)
        .bind(payload.map_err(StoreError::corrupt("event"))?)
        .bind(cascade_sdk::rfc3339(ended.at))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn complete(
    store: &SqliteStore,
    lease: &Lease,
    success: Success,
) -> Result<Completed> {
    let mut tx = store.begin().await?;
    let ended = end(&mut tx, lease, "completed", None, success.summary.as_deref()).await?;
    for statement in &success.staged {
        cascade_portable_sql::execute_on(&mut tx, statement).await?;
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

/// Many runs that have nothing else to say: two statements, one commit.
pub(super) async fn complete_all(store: &SqliteStore, done: &[Done]) -> Result<Vec<Option<Event>>> {
    let Some(Done { lease: Lease { owner, .. }, .. }) = done.first() else {
        return Ok(Vec::new());
    };
    let runs = done.iter().map(|run| {
        let Done { lease: Lease { run_id, attempt, .. }, summary, ran, .. } = run;
        json!([run_id.to_string(), attempt, summary, format!("-{:.3} seconds", ran.as_secs_f64())])
    });
    let mut tx = store.begin().await?;
    let ended = sqlx::query(concat!(
        "UPDATE worker_runs
         SET state = 'completed', summary = d.value ->> 2, lease_owner = NULL, lease_until = NULL,
             cancel_requested_at = NULL, finished_at = ",
        now!(),
        ", started_at = max(started_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', d.value ->> 3))
         FROM json_each($2) d
         WHERE worker_runs.id = d.value ->> 0 AND attempt = d.value ->> 1 AND lease_owner = $1
           AND state = 'running'
         RETURNING worker_runs.id, attempt, finished_at",
    ))
    .bind(owner)
    .bind(Value::from_iter(runs).to_string())
    .fetch_all(&mut *tx)
    .await?;
    let mut at = String::new();
    let mut held = HashSet::new();
    for found in &ended {
        // The clock stands still within a statement.
        at = found.try_get("finished_at")?;
        held.insert((row::uuid(found, "id")?, found.try_get::<u32, _>("attempt")?));
    }
    let mut events: Vec<_> = done
        .iter()
        .map(|run| {
            held.contains(&(run.lease.run_id, run.lease.attempt)).then(|| Event {
                id: 0,
                project_id: run.project_id,
                kind: JobCompleted::KIND.into(),
                payload: format!("{}{at}\"}}", run.event_head()),
                age: Duration::ZERO,
            })
        })
        .collect();
    let told = events.iter().flatten().map(|e| json!([e.project_id.to_string(), e.payload]));
    let ids = sqlx::query_scalar::<_, i64>(
        "INSERT INTO events (project_id, kind, payload, at)
         SELECT value ->> 0, $2, value ->> 1, $3 FROM json_each($1) ORDER BY key RETURNING id",
    )
    .bind(Value::from_iter(told).to_string())
    .bind(JobCompleted::KIND)
    .bind(&at)
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    for (event, id) in events.iter_mut().flatten().zip(ids) {
        event.id = id;
    }
    Ok(events)
}

/// Makes one downstream job due; or says why not.
async fn trigger(
    tx: &mut Transaction<'static, Sqlite>,
    lease: &Lease,
    ended: &Ended,
    job: &str,
) -> Result<Option<&'static str>> {
    let found = sqlx::query(
        "SELECT id, status, enabled, payload FROM scheduled_jobs
         WHERE job_type = $1 AND project_id = $2",
    )
    .bind(job)
    .bind(ended.project_id.to_string())
    .fetch_optional(&mut **tx)
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
    let mut payload: Payload = row::payload(&found)?;
    payload.add_trigger(
        TriggerNote { job_type: ended.job_type.clone(), at: ended.at, run_id: Some(lease.run_id) },
        ended.trace_id,
    );
    sqlx::query(concat!(
        "UPDATE scheduled_jobs
         SET payload = $2, updated_at = $3,
             next_run_at = CASE WHEN next_run_at <= ",
        now!(),
        " THEN next_run_at ELSE $3 END
         WHERE id = $1",
    ))
    .bind(found.try_get::<String, _>("id")?)
    .bind(payload.to_text())
    .bind(cascade_sdk::rfc3339(ended.at))
    .execute(&mut **tx)
    .await?;
    Ok(None)
}

pub(super) async fn fail(store: &SqliteStore, lease: &Lease, fault: Fault) -> Result<Failed> {
    let mut tx = store.begin().await?;
    let failed = end_attempt(&mut tx, lease, &fault.error, fault.retry_in).await?;
    tx.commit().await?;
    Ok(failed)
}

/// Ends an attempt: with `retry_in` the run waits that long for the next, without it failed.
pub(super) async fn end_attempt(
    tx: &mut Transaction<'static, Sqlite>,
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
         SET finished_at = NULL, available_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', $2)
         WHERE id = $1",
    )
    .bind(lease.run_id.to_string())
    .bind(seconds(pause))
    .execute(&mut **tx)
    .await?;
    Ok(Failed::WillRetry)
}

pub(super) async fn cancel(store: &SqliteStore, lease: &Lease) -> Result<()> {
    let mut tx = store.begin().await?;
    end(&mut tx, lease, "cancelled", None, None).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn release(store: &SqliteStore, lease: &Lease) -> Result<()> {
    let released = sqlx::query(
        "UPDATE worker_runs
         SET state = 'available', attempt = attempt - 1, lease_owner = NULL, lease_until = NULL,
             cancel_requested_at = NULL, started_at = NULL, progress = NULL
         WHERE id = $1 AND lease_owner = $2 AND attempt = $3 AND state = 'running'",
    )
    .bind(lease.run_id.to_string())
    .bind(&lease.owner)
    .bind(lease.attempt)
    .execute(&store.write)
    .await?;
    if released.rows_affected() == 0 { Err(StoreError::LostLease) } else { Ok(()) }
}
