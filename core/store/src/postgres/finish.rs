//! How runs end.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{PostgresStore, row, row::all_columns, write};
use crate::{Result, StoreError};
use cascade_model::{
    Completed, Done, Event, EventStatus, Failed, Fault, JobCompleted, Lease, Success, TriggerNote,
};

/// What the fenced update tells of the run that it ended.
pub(super) struct Ended {
    job_type: String,
    project_id: Uuid,
    trace_id: Uuid,
    at: DateTime<Utc>,
}

/// Moves a run to those that have ended, if `lease` still holds it.
pub(super) async fn end(
    tx: &mut PgConnection,
    lease: &Lease,
    state: &str,
    error: Option<&str>,
    summary: Option<&str>,
) -> Result<Ended> {
    let row = sqlx::query(concat!(
        "WITH run AS (
             DELETE FROM open_runs
             WHERE id = $1 AND lease_owner = $2 AND attempt = $3 AND state = 'running'
             RETURNING *
         )
         INSERT INTO ended_runs (",
        all_columns!(),
        ") SELECT id, job_type, project_id, $4, attempt, max_attempts, payload, available_at, NULL,
             NULL, NULL, queued_at, started_at, date_trunc('milliseconds', clock_timestamp()),
             coalesce($5, error), $6, progress, trace_id
         FROM run
         RETURNING job_type, project_id, trace_id, finished_at",
    ))
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

/// Has it numbered by `number_events` once it is committed: this transaction goes on for a while.
async fn append_event(tx: &mut PgConnection, ended: &Ended, status: EventStatus) -> Result<()> {
    let event = JobCompleted::new(&ended.job_type, ended.project_id, status, ended.at);
    let payload = serde_json::to_string(&event).map_err(|e| e.to_string());
    // By way of text: sqlx's own JSON is jsonb, which would order the keys anew.
    sqlx::query(
        "INSERT INTO pending_events (project_id, kind, payload, at) VALUES ($1, $2, $3::json, $4)",
    )
    .bind(ended.project_id)
    .bind(JobCompleted::KIND)
    .bind(payload.map_err(StoreError::corrupt("event"))?)
    .bind(ended.at)
    .execute(tx)
    .await?;
    Ok(())
}

/// As [`store_all`], on a connection that stays out of the pool.
pub(super) async fn complete_all(
    store: &PostgresStore,
    done: &[Done],
) -> Result<Vec<Option<Event>>> {
    let mut connection = store.kept.acquire().await?;
    let events = store_all(&mut connection, done).await?;
    connection.keep();
    Ok(events)
}

/// Many runs that have nothing else to say: one statement, one commit. The lock on the ids of events
/// comes after everything else, and the server commits without another word from here.
pub(super) async fn store_all(
    connection: &mut PgConnection,
    done: &[Done],
) -> Result<Vec<Option<Event>>> {
    let Some(Done { lease: Lease { owner, .. }, .. }) = done.first() else {
        return Ok(Vec::new());
    };
    let heads: Vec<_> = done.iter().map(Done::event_head).collect();
    let found = sqlx::query(concat!(
        "WITH done AS (
             SELECT * FROM unnest($2::uuid[], $3::int[], $4::text[], $5::float8[], $6::text[])
                 WITH ORDINALITY AS d (id, attempt, summary, ran, head, nth)
         ), clock AS MATERIALIZED (
             SELECT date_trunc('milliseconds', clock_timestamp()) AS at
         ), text AS MATERIALIZED (
             SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS at FROM clock
         ), gone AS (
             DELETE FROM open_runs r USING done d
             WHERE r.id = d.id AND r.attempt = d.attempt AND r.lease_owner = $1
               AND r.state = 'running'
             RETURNING r.*, d.summary AS said, d.ran, d.head, d.nth
         ), kept AS (
             INSERT INTO ended_runs (",
        all_columns!(),
        ") SELECT g.id, g.job_type, g.project_id, 'completed', g.attempt, g.max_attempts, g.payload,
                 g.available_at, NULL, NULL, NULL, g.queued_at,
                 greatest(g.started_at,
                     date_trunc('milliseconds', clock.at - make_interval(secs => g.ran))),
                 clock.at, g.error, g.said, g.progress, g.trace_id
             FROM gone g, clock
             RETURNING 1
         ), mine AS MATERIALIZED (
             SELECT lock_event_ids(), n FROM (SELECT count(*) AS n FROM kept) all_kept WHERE n > 0
         ), ids AS MATERIALIZED (
             SELECT setval('event_ids', nextval('event_ids') + n - 1) - n AS before FROM mine
         ), told AS (
             INSERT INTO events (id, project_id, kind, payload, at)
             SELECT ids.before + row_number() OVER (ORDER BY g.nth), g.project_id, $7,
                 (g.head || text.at || '\"}')::json, clock.at
             FROM ids, clock, text, gone g
             RETURNING id
         )
         SELECT (SELECT array_agg(nth ORDER BY nth) FROM gone) AS nths,
             (SELECT array_agg(id ORDER BY id) FROM told) AS ids, text.at
         FROM text",
    ))
    .bind(owner)
    .bind(done.iter().map(|run| run.lease.run_id).collect::<Vec<_>>())
    .bind(done.iter().map(|run| row::int(run.lease.attempt)).collect::<Vec<_>>())
    .bind(done.iter().map(|run| run.summary.as_deref()).collect::<Vec<_>>())
    .bind(done.iter().map(|run| run.ran.as_secs_f64()).collect::<Vec<_>>())
    .bind(heads.iter().map(String::as_str).collect::<Vec<_>>())
    .bind(JobCompleted::KIND)
    .fetch_one(connection)
    .await?;
    let nths: Option<Vec<i64>> = found.try_get("nths")?;
    let ids: Option<Vec<i64>> = found.try_get("ids")?;
    let at: &str = found.try_get("at")?;
    let mut events = vec![None; done.len()];
    for (nth, id) in nths.unwrap_or_default().into_iter().zip(ids.unwrap_or_default()) {
        let place = usize::try_from(nth - 1).unwrap_or(usize::MAX);
        let (Some(event), Some(run)) = (events.get_mut(place), done.get(place)) else { continue };
        *event = Some(Event {
            id,
            project_id: run.project_id,
            kind: JobCompleted::KIND.into(),
            payload: format!("{}{at}\"}}", heads[place]),
            age: Duration::ZERO,
        });
    }
    Ok(events)
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
    let triggered = trigger(&mut tx, lease, &ended, success.downstream).await?;
    append_event(&mut tx, &ended, EventStatus::Ok).await?;
    tx.commit().await?;
    Ok(Completed { triggered })
}

/// Makes downstream jobs due, and returns those that are; for the others the run's log says why not.
async fn trigger(
    tx: &mut PgConnection,
    lease: &Lease,
    ended: &Ended,
    downstream: Vec<String>,
) -> Result<Vec<String>> {
    if downstream.is_empty() {
        return Ok(downstream);
    }
    // Locked, so that the triggers of two upstreams that end together are both kept; in one order, so
    // that these do not wait for each other.
    let rows = sqlx::query(
        "SELECT id, job_type, status, enabled, payload FROM scheduled_jobs
         WHERE job_type = ANY($1) AND project_id = $2 ORDER BY id FOR UPDATE",
    )
    .bind(&downstream)
    .bind(ended.project_id)
    .fetch_all(&mut *tx)
    .await?;
    let mut found = HashMap::new();
    for row in &rows {
        found.insert(row.try_get::<&str, _>("job_type")?, row);
    }
    let (mut triggered, mut ids, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
    for job in downstream {
        let skipped = match found.get(job.as_str()) {
            None => "it is not scheduled for this project",
            Some(row) if !row.try_get::<bool, _>("enabled")? => "it is disabled in jobs.toml",
            Some(row) if row.try_get::<&str, _>("status")? != "active" => "it is paused",
            Some(row) => {
                let mut payload = row::payload(row)?;
                let job_type = ended.job_type.clone();
                let note = TriggerNote { job_type, at: ended.at, run_id: Some(lease.run_id) };
                payload.add_trigger(note, ended.trace_id);
                ids.push(row.try_get::<Uuid, _>("id")?);
                payloads.push(payload.to_text());
                triggered.push(job);
                continue;
            }
        };
        let message = format!("cascade to {job} skipped: {skipped}");
        write::insert_log(tx, lease.run_id, ended.at, "warn", &message, None).await?;
    }
    // Never later than the database's clock as other transactions see it: due means due now.
    sqlx::query(
        "UPDATE scheduled_jobs s
         SET payload = t.payload::json, updated_at = $3, next_run_at = least(s.next_run_at, $3)
         FROM unnest($1::uuid[], $2::text[]) AS t (id, payload) WHERE s.id = t.id",
    )
    .bind(ids)
    .bind(payloads)
    .bind(ended.at)
    .execute(tx)
    .await?;
    Ok(triggered)
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
    let Some(pause) = retry_in else {
        let ended = end(tx, lease, "failed", Some(error), None).await?;
        write::insert_log(tx, lease.run_id, ended.at, "error", error, None).await?;
        append_event(tx, &ended, EventStatus::Failed).await?;
        return Ok(Failed::ForGood);
    };
    let at = sqlx::query_scalar(
        "UPDATE open_runs
         SET state = 'retryable', error = $4, summary = NULL, lease_owner = NULL,
             lease_until = NULL, cancel_requested_at = NULL,
             available_at = now() + make_interval(secs => $5)
         WHERE id = $1 AND lease_owner = $2 AND attempt = $3 AND state = 'running'
         RETURNING date_trunc('milliseconds', clock_timestamp())",
    )
    .bind(lease.run_id)
    .bind(&lease.owner)
    .bind(row::int(lease.attempt))
    .bind(error)
    .bind(pause.as_secs_f64())
    .fetch_optional(&mut *tx)
    .await?
    .ok_or(StoreError::LostLease)?;
    write::insert_log(tx, lease.run_id, at, "error", error, None).await?;
    Ok(Failed::WillRetry)
}

pub(super) async fn cancel(store: &PostgresStore, lease: &Lease) -> Result<()> {
    let mut tx = store.pool.begin().await?;
    end(&mut tx, lease, "cancelled", None, None).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn release(store: &PostgresStore, lease: &Lease) -> Result<()> {
    let released = sqlx::query(
        "UPDATE open_runs
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
