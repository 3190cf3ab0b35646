//! From due schedules and expired leases to runs in a worker's hands.
//!
//! Any number of workers do this at once. Rows that another one holds are skipped, never waited for.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{PostgresStore, finish, row, row::run_columns, write};
use crate::{
    config::Schedule,
    store::{
        ClaimedRun, Lease, Payload, Result,
        limits::{Rooms, rooms_sql},
    },
};

/// Expired leases given up in one go.
const MOST_EXPIRED: i64 = 100;

pub(super) async fn claim(
    store: &PostgresStore,
    owner: &str,
    limit: u32,
    lease: Duration,
    except: &[String],
) -> Result<Vec<ClaimedRun>> {
    let mut tx = store.pool.begin().await?;
    give_up_expired(&mut tx).await?;
    fire_due(&mut tx, limit).await?;
    let chosen = choose(&mut tx, limit, except).await?;
    let mut runs = Vec::with_capacity(chosen.len());
    if !chosen.is_empty() {
        let claimed = sqlx::query(concat!(
            "UPDATE worker_runs r
             SET state = 'running', attempt = r.attempt + 1, lease_owner = $1,
                 lease_until = now() + make_interval(secs => $2), started_at = date_trunc('milliseconds', now()),
                 finished_at = NULL, progress = NULL
             FROM projects p WHERE p.id = r.project_id AND r.id = ANY($3)
             RETURNING ",
            run_columns!(),
        ))
        .bind(owner)
        .bind(lease.as_secs_f64())
        .bind(chosen)
        .fetch_all(&mut *tx)
        .await?;
        for found in &claimed {
            runs.push(row::claimed(found)?);
        }
    }
    tx.commit().await?;
    // `RETURNING` keeps no order; the longest-waiting run starts first.
    runs.sort_by_key(|run| run.lease.run_id);
    Ok(runs)
}

async fn give_up_expired(tx: &mut PgConnection) -> Result<()> {
    let expired = sqlx::query(
        "SELECT id, lease_owner, attempt, max_attempts, cancel_requested_at IS NOT NULL AS cancel
         FROM worker_runs
         WHERE state = 'running' AND lease_until < now()
         ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED",
    )
    .bind(MOST_EXPIRED)
    .fetch_all(&mut *tx)
    .await?;
    for found in expired {
        let lease = Lease {
            run_id: found.try_get("id")?,
            owner: found.try_get("lease_owner")?,
            attempt: row::count(&found, "attempt")?,
        };
        if found.try_get("cancel")? {
            finish::end(tx, &lease, "cancelled", None, None).await?;
            continue;
        }
        let error = format!("lease expired: worker {} stopped renewing it", lease.owner);
        let retry_in =
            (lease.attempt < row::count(&found, "max_attempts")?).then_some(Duration::ZERO);
        finish::end_attempt(tx, &lease, &error, retry_in).await?;
    }
    Ok(())
}

/// Turns due schedules into available runs, each project in turn, at most one unfinished run each.
async fn fire_due(tx: &mut PgConnection, limit: u32) -> Result<()> {
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
                       SELECT FROM worker_runs r
                       WHERE r.job_type = s.job_type AND r.project_id = s.project_id
                         AND r.state IN ('available', 'running', 'retryable')
                   )
             ) s
             ORDER BY s.turn, s.next_run_at LIMIT $1
         )
         SELECT s.id, s.job_type, s.project_id, s.schedule, s.max_attempts, s.payload, now() AS now
         FROM scheduled_jobs s
         WHERE s.id IN (SELECT id FROM chosen) AND s.next_run_at <= now()
         FOR UPDATE OF s SKIP LOCKED",
    )
    .bind(i64::from(limit))
    .fetch_all(&mut *tx)
    .await?;
    for found in due {
        let now: DateTime<Utc> = found.try_get("now")?;
        let schedule: Option<String> = found.try_get("schedule")?;
        let next = schedule.as_deref().and_then(Schedule::from_stored);
        let next = next.and_then(|schedule| schedule.next_after(now));
        let payload = row::payload(&found)?;
        let made = write::insert_run(
            tx,
            found.try_get("job_type")?,
            found.try_get("project_id")?,
            found.try_get("max_attempts")?,
            &payload,
        )
        .await?;
        if made.is_none() {
            // Another process was first; this one waits for the end of that run.
            continue;
        }
        sqlx::query(
            "UPDATE scheduled_jobs SET next_run_at = $2, payload = '{}', updated_at = now()
             WHERE id = $1",
        )
        .bind(found.try_get::<Uuid, _>("id")?)
        .bind(next)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// What may start now: each project in turn, the longest-waiting run of each first, within limits.
/// The rows are locked until the claim is over.
async fn choose(tx: &mut PgConnection, limit: u32, except: &[String]) -> Result<Vec<Uuid>> {
    // Two claims that do not see each other's runs could both take the last room under a limit: only
    // the one that holds this lock starts what has a limit; for the other it has no room.
    let limited: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM scheduled_jobs WHERE concurrency IS NOT NULL)
             OR EXISTS (SELECT FROM projects WHERE concurrency IS NOT NULL)",
    )
    .fetch_one(&mut *tx)
    .await?;
    let mut rooms = Rooms::default();
    if limited {
        let mine: bool = sqlx::query_scalar(
            "SELECT pg_try_advisory_xact_lock(hashtext('cascade.claim_within_limits'))",
        )
        .fetch_one(&mut *tx)
        .await?;
        for found in sqlx::query(rooms_sql!()).fetch_all(&mut *tx).await? {
            let room = if mine { found.try_get("room")? } else { 0 };
            rooms.add(found.try_get("kind")?, found.try_get("name")?, room);
        }
    }
    // The recursive part steps from project to project through the index, so that the cost grows
    // with the projects that wait and not with the runs.
    let waiting = sqlx::query(
        "WITH RECURSIVE step AS (
             (SELECT project_id FROM worker_runs WHERE state IN ('available', 'retryable')
              ORDER BY project_id LIMIT 1)
             UNION ALL
             SELECT (SELECT r.project_id FROM worker_runs r
                     WHERE r.state IN ('available', 'retryable') AND r.project_id > step.project_id
                     ORDER BY r.project_id LIMIT 1)
             FROM step WHERE step.project_id IS NOT NULL
         ), busy AS (
             SELECT project_id FROM step
             WHERE project_id IS NOT NULL AND project_id <> ALL($3)
         )
         SELECT c.id, c.job_type, c.project_id, row_number() OVER (
             PARTITION BY c.project_id ORDER BY c.available_at, c.id
         ) AS turn, c.available_at
         FROM busy CROSS JOIN LATERAL (
             SELECT r.id, r.job_type, r.project_id, r.available_at FROM worker_runs r
             WHERE r.project_id = busy.project_id AND r.state IN ('available', 'retryable')
               AND r.available_at <= now() AND r.job_type <> ALL($2)
             ORDER BY r.available_at, r.id
             LIMIT greatest(1, ceil($1::float8 / (SELECT count(*) FROM busy)))
             FOR UPDATE SKIP LOCKED
         ) c
         ORDER BY turn, available_at, id LIMIT $1",
    )
    .bind(i64::from(limit))
    .bind(rooms.closed_jobs(except))
    .bind(rooms.full_projects())
    .fetch_all(&mut *tx)
    .await?;
    let mut chosen = Vec::with_capacity(waiting.len());
    for found in waiting {
        if rooms.take(found.try_get("job_type")?, found.try_get("project_id")?) {
            chosen.push(found.try_get("id")?);
        }
    }
    Ok(chosen)
}

/// A run's trace: that of the cascade it belongs to, or the start of a new one.
pub(super) fn trace_of(payload: &Payload) -> Uuid {
    payload.trace_id.unwrap_or_else(Uuid::new_v4)
}

pub(super) async fn next_due(store: &PostgresStore, except: &[String]) -> Result<Option<Duration>> {
    let mut rooms = Rooms::default();
    for found in sqlx::query(rooms_sql!()).fetch_all(&store.pool).await? {
        rooms.add(found.try_get("kind")?, found.try_get("name")?, found.try_get("room")?);
    }
    let seconds: Option<f64> = sqlx::query_scalar(
        "SELECT extract(epoch FROM min(at) - clock_timestamp())::float8 FROM (
             (SELECT available_at AS at FROM worker_runs
              WHERE state IN ('available', 'retryable')
                AND job_type <> ALL($1) AND project_id <> ALL($2)
              ORDER BY available_at LIMIT 1)
             UNION ALL
             (SELECT lease_until FROM worker_runs WHERE state = 'running'
              ORDER BY lease_until LIMIT 1)
             UNION ALL
             (SELECT s.next_run_at FROM scheduled_jobs s
              WHERE s.status = 'active' AND s.enabled AND s.next_run_at IS NOT NULL
                AND NOT EXISTS (
                    SELECT FROM worker_runs r
                    WHERE r.job_type = s.job_type AND r.project_id = s.project_id
                      AND r.state IN ('available', 'running', 'retryable')
                )
              ORDER BY s.next_run_at LIMIT 1)
         ) soonest",
    )
    .bind(rooms.closed_jobs(except))
    .bind(rooms.full_projects())
    .fetch_one(&store.pool)
    .await?;
    Ok(seconds.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9))))
}
