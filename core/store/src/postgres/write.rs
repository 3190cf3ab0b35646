//! What changes while a run runs, and what people ask for.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use super::SIGNALS;
use super::{PostgresStore, row, row::all_columns, scope};
use crate::{
    JOB_IS_BUSY, JOB_IS_OFF, NOT_ENDED_BADLY, Result, StoreError, scheduled::due_after_pause,
};
use cascade_model::Visible;
use cascade_model::{CancelRequest, Lease, Payload, Renewal, RunNow, ScheduledStatus};

/// One statement for all that a worker holds; its sign of life goes with it.
pub(super) async fn renew(
    store: &PostgresStore,
    leases: &[Lease],
    duration: Duration,
) -> Result<Vec<Renewal>> {
    let Some(Lease { owner, .. }) = leases.first() else { return Ok(Vec::new()) };
    let rows = sqlx::query(
        "WITH alive AS (
             INSERT INTO workers (owner, lease_until)
             VALUES ($1, now() + make_interval(secs => $4))
             ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
         )
         UPDATE open_runs r SET lease_until = now() + make_interval(secs => $4)
         FROM unnest($2::uuid[], $3::int[]) AS l (id, attempt)
         WHERE r.id = l.id AND r.attempt = l.attempt AND r.lease_owner = $1 AND r.state = 'running'
         RETURNING r.id, r.cancel_requested_at IS NOT NULL AS cancel",
    )
    .bind(owner)
    .bind(leases.iter().map(|lease| lease.run_id).collect::<Vec<_>>())
    .bind(leases.iter().map(|lease| row::int(lease.attempt)).collect::<Vec<_>>())
    .bind(duration.as_secs_f64())
    .fetch_all(&store.queue)
    .await?;
    let mut held = HashMap::new();
    for found in &rows {
        held.insert(found.try_get::<Uuid, _>("id")?, Renewal::held(found.try_get("cancel")?));
    }
    Ok(leases.iter().map(|l| held.get(&l.run_id).copied().unwrap_or(Renewal::Lost)).collect())
}

pub(super) async fn run_now(store: &PostgresStore, job: &str, project: Uuid) -> Result<RunNow> {
    // Nothing waits for the next run of most schedules: asked at once, the database answers at once.
    let (mut before, mut payload) = (Payload::default().to_text(), Payload::default());
    let mut has_begun = false;
    let mut connection = store.kept.acquire().await?;
    let mut tx = connection.begin().await?;
    let answer = loop {
        let mut asked = payload.clone();
        asked.ask();
        match start(&mut tx, job, project, (&before, &asked), has_begun).await? {
            Some(Started::Made(run)) => break RunNow::Queued(run),
            Some(Started::AfterCurrent) => break RunNow::AfterCurrent,
            Some(Started::Busy) => match join(&mut tx, job, project).await? {
                Some(run) => break RunNow::Merged(run),
                None => has_begun = true,
            },
            None => {
                let found = sqlx::query(
                    "SELECT enabled, payload, payload::text AS text FROM scheduled_jobs
                     WHERE job_type = $1 AND project_id = $2",
                )
                .bind(job)
                .bind(project)
                .fetch_optional(&mut *tx)
                .await?
                .ok_or_else(|| StoreError::NotScheduled { job: job.into() })?;
                if !found.try_get("enabled")? {
                    return Err(StoreError::WrongState(JOB_IS_OFF));
                }
                (before, payload) = (found.try_get("text")?, row::payload(&found)?);
            }
        }
    };
    store.write_entry(&mut tx).await?;
    tx.commit().await?;
    connection.keep();
    Ok(answer)
}

/// What became of a request.
pub(super) enum Started {
    /// This run was made.
    Made(Uuid),
    /// There is an unfinished run; nothing was changed.
    Busy,
    /// One more run follows the unfinished one.
    AfterCurrent,
}

/// Makes a run of a schedule. If there is an unfinished one, asks for one after that if `after`, and
/// otherwise changes nothing. `None` if what waits for the schedule's next run is not the first of
/// `payloads`, from which the second was made.
///
/// What waited for the next run is served by this one; a timer in the future stays. Workers are told by
/// the commit itself: a word of its own would be another one.
pub(super) async fn start(
    connection: &mut PgConnection,
    job: &str,
    project: Uuid,
    (before, payload): (&str, &Payload),
    after: bool,
) -> Result<Option<Started>> {
    let run = Uuid::now_v7();
    let made: Option<bool> = sqlx::query_scalar(
        "WITH target AS (
             SELECT id, max_attempts,
                 ('{\"requested_at\":' || to_json(to_char(clock_timestamp() AT TIME ZONE 'UTC',
                     'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))
                  || CASE $4 WHEN '{}' THEN '}' ELSE ',' || substr($4, 2) END)::json AS asked
             FROM scheduled_jobs
             WHERE job_type = $1 AND project_id = $2 AND payload::text = $3 AND enabled FOR UPDATE
         ), made AS (
             INSERT INTO open_runs
                 (id, job_type, project_id, state, max_attempts, payload, trace_id)
             SELECT $5, $1, $2, 'available', max_attempts, asked, $6 FROM target
             ON CONFLICT (job_type, project_id) DO NOTHING
             RETURNING pg_notify($7, 'look')
         ), counted AS (
             SELECT count(*) > 0 AS made FROM made
         ), changed AS (
             UPDATE scheduled_jobs s
             SET payload = CASE WHEN made THEN '{}' ELSE asked END, updated_at = now(),
                 next_run_at = CASE WHEN NOT made THEN least(next_run_at, now())
                                    WHEN next_run_at <= now() AND s.schedule IS NULL THEN NULL
                                    ELSE next_run_at END
             FROM counted, target WHERE s.id = target.id AND (made OR $8)
         )
         SELECT made FROM counted, target",
    )
    .bind(job)
    .bind(project)
    .bind(before)
    .bind(payload.to_text())
    .bind(run)
    .bind(payload.trace_of(run))
    .bind(SIGNALS)
    .bind(after)
    .fetch_optional(connection)
    .await?;
    Ok(made.map(|made| match (made, after) {
        (true, _) => Started::Made(run),
        (false, true) => Started::AfterCurrent,
        (false, false) => Started::Busy,
    }))
}

/// Has the run that waits, and has not begun, serve a request too; its id. `None` if there is none.
async fn join(connection: &mut PgConnection, job: &str, project: Uuid) -> Result<Option<Uuid>> {
    loop {
        let waits = sqlx::query(
            "SELECT id, payload, payload::text AS text FROM open_runs
             WHERE job_type = $1 AND project_id = $2 AND state = 'available'",
        )
        .bind(job)
        .bind(project)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(found) = waits else { return Ok(None) };
        let run: Uuid = found.try_get("id")?;
        let mut payload = row::payload(&found)?;
        payload.join();
        // A worker may take it meanwhile, or another request join it.
        let joined = sqlx::query(
            "UPDATE open_runs SET payload = $3::json
             WHERE id = $1 AND state = 'available' AND payload::text = $2",
        )
        .bind(run)
        .bind(found.try_get::<&str, _>("text")?)
        .bind(payload.to_text())
        .execute(&mut *connection)
        .await?;
        if joined.rows_affected() > 0 {
            return Ok(Some(run));
        }
    }
}

pub(super) async fn request_cancel(
    store: &PostgresStore,
    visible: &Visible,
    run: Uuid,
) -> Result<CancelRequest> {
    let mut tx = store.pool.begin().await?;
    let state: Option<String> = sqlx::query_scalar(
        "SELECT state FROM open_runs
         WHERE id = $1 AND ($2::uuid[] IS NULL OR project_id = ANY($2)) FOR UPDATE",
    )
    .bind(run)
    .bind(scope(visible))
    .fetch_optional(&mut *tx)
    .await?;
    let answer = match state.as_deref() {
        Some("running") => {
            sqlx::query(
                "UPDATE open_runs SET cancel_requested_at = coalesce(cancel_requested_at, now())
                 WHERE id = $1",
            )
            .bind(run)
            .execute(&mut *tx)
            .await?;
            CancelRequest::Requested
        }
        Some(_) => {
            sqlx::query(concat!(
                "WITH run AS (DELETE FROM open_runs WHERE id = $1 RETURNING *)
                 INSERT INTO ended_runs (",
                all_columns!(),
                ") SELECT id, job_type, project_id, 'cancelled', attempt, max_attempts, payload,
                     available_at, NULL, NULL, NULL, queued_at, started_at,
                     date_trunc('milliseconds', now()), error, summary, progress, trace_id
                 FROM run",
            ))
            .bind(run)
            .execute(&mut *tx)
            .await?;
            CancelRequest::Cancelled
        }
        None if exists(&mut tx, visible, run).await? => {
            return Err(StoreError::WrongState("the run has ended already"));
        }
        None => return Err(StoreError::NoRun(run)),
    };
    store.write_entry(&mut tx).await?;
    tx.commit().await?;
    Ok(answer)
}

pub(super) async fn retry(store: &PostgresStore, visible: &Visible, run: Uuid) -> Result<()> {
    let mut tx = store.pool.begin().await?;
    let off: bool = sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM ended_runs r
             JOIN scheduled_jobs s ON s.job_type = r.job_type AND s.project_id = r.project_id
             WHERE r.id = $1 AND r.state IN ('failed', 'cancelled') AND NOT s.enabled
               AND ($2::uuid[] IS NULL OR r.project_id = ANY($2))
         )",
    )
    .bind(run)
    .bind(scope(visible))
    .fetch_one(&mut *tx)
    .await?;
    if off {
        return Err(StoreError::WrongState(JOB_IS_OFF));
    }
    let retried = sqlx::query(concat!(
        "WITH run AS (
             DELETE FROM ended_runs
             WHERE id = $1 AND state IN ('failed', 'cancelled')
               AND ($2::uuid[] IS NULL OR project_id = ANY($2))
             RETURNING *
         )
         INSERT INTO open_runs (",
        all_columns!(),
        ") SELECT id, job_type, project_id, 'available', attempt,
             greatest(max_attempts, attempt + 1), payload, now(), NULL, NULL, NULL, queued_at,
             started_at, NULL, error, NULL, NULL, trace_id
         FROM run",
    ))
    .bind(run)
    .bind(scope(visible))
    .execute(&mut *tx)
    .await;
    match retried {
        // The index that allows one unfinished run of a job in a project.
        Err(sqlx::Error::Database(fault)) if fault.is_unique_violation() => {
            Err(StoreError::WrongState(JOB_IS_BUSY))
        }
        Err(error) => Err(error.into()),
        Ok(done) if done.rows_affected() > 0 => {
            store.write_entry(&mut tx).await?;
            Ok(tx.commit().await?)
        }
        Ok(_) if exists(&mut tx, visible, run).await? => {
            Err(StoreError::WrongState(NOT_ENDED_BADLY))
        }
        Ok(_) => Err(StoreError::NoRun(run)),
    }
}

async fn exists(tx: &mut PgConnection, visible: &Visible, run: Uuid) -> Result<bool> {
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM worker_runs WHERE id = $1
             AND ($2::uuid[] IS NULL OR project_id = ANY($2)))",
    );
    Ok(found.bind(run).bind(scope(visible)).fetch_one(tx).await?)
}

pub(super) async fn set_status(
    store: &PostgresStore,
    job: &str,
    project: Uuid,
    status: ScheduledStatus,
) -> Result<()> {
    // PostgreSQL's text has no NUL: no job is called that.
    if job.contains('\0') {
        return Err(StoreError::NotScheduled { job: job.into() });
    }
    let mut tx = store.pool.begin().await?;
    let known = sqlx::query(
        "SELECT id, status, schedule, next_run_at, payload::text AS payload, now() AS now
         FROM scheduled_jobs WHERE job_type = $1 AND project_id = $2 FOR UPDATE",
    )
    .bind(job)
    .bind(project)
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| StoreError::NotScheduled { job: job.into() })?;
    let mut next: Option<DateTime<Utc>> = known.try_get("next_run_at")?;
    let paused = known.try_get::<&str, _>("status")? == ScheduledStatus::Paused.to_string();
    if paused && status == ScheduledStatus::Active {
        let (schedule, payload) = (known.try_get("schedule")?, known.try_get("payload")?);
        next = due_after_pause(schedule, next, payload, known.try_get("now")?);
    }
    sqlx::query(
        "UPDATE scheduled_jobs SET status = $2, next_run_at = $3, updated_at = now() WHERE id = $1",
    )
    .bind(known.try_get::<Uuid, _>("id")?)
    .bind(status.to_string())
    .bind(next)
    .execute(&mut *tx)
    .await?;
    store.write_entry(&mut tx).await?;
    Ok(tx.commit().await?)
}
