//! What screens and the event hub read.

use std::{collections::HashMap, time::Duration};

use sqlx::{PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use super::{row, row::run_columns, scope};
use crate::{Result, StoreError};
use cascade_model::Visible;
use cascade_model::{Event, ProjectRow, QueueDepth, Run, RunLogRow, ScheduledJob};

pub(super) async fn projects(pool: &PgPool, visible: &Visible) -> Result<Vec<ProjectRow>> {
    let rows = sqlx::query(
        "SELECT id, slug, name, created_at FROM projects
         WHERE ($1::uuid[] IS NULL OR id = ANY($1)) ORDER BY slug",
    )
    .bind(scope(visible))
    .fetch_all(pool)
    .await?;
    let project = |found: &PgRow| {
        Ok(ProjectRow {
            id: found.try_get("id")?,
            slug: found.try_get("slug")?,
            name: found.try_get("name")?,
            created_at: found.try_get("created_at")?,
        })
    };
    rows.iter().map(project).collect()
}

pub(super) async fn scheduled(pool: &PgPool, visible: &Visible) -> Result<Vec<ScheduledJob>> {
    let rows = sqlx::query(
        "SELECT s.*, p.slug FROM scheduled_jobs s JOIN projects p ON p.id = s.project_id
         WHERE ($1::uuid[] IS NULL OR s.project_id = ANY($1))
         ORDER BY p.slug, s.job_type",
    )
    .bind(scope(visible))
    .fetch_all(pool)
    .await?;
    let current = runs_by_job(
        pool,
        concat!(
            "SELECT ",
            run_columns!(),
            " FROM worker_runs r JOIN projects p ON p.id = r.project_id
             WHERE r.state IN ('available', 'running', 'retryable')
               AND ($1::uuid[] IS NULL OR r.project_id = ANY($1))",
        ),
        visible,
    )
    .await?;
    let last = runs_by_job(
        pool,
        concat!(
            "SELECT ",
            run_columns!(),
            " FROM scheduled_jobs s
             CROSS JOIN LATERAL last_runs(s.job_type, s.project_id, 1) r
             JOIN projects p ON p.id = r.project_id
             WHERE ($1::uuid[] IS NULL OR s.project_id = ANY($1))",
        ),
        visible,
    )
    .await?;
    let job = |found: &PgRow| {
        let key = (found.try_get("job_type")?, found.try_get("project_id")?);
        let status: &str = found.try_get("status")?;
        Ok(ScheduledJob {
            project_slug: found.try_get("slug")?,
            status: status.parse().map_err(StoreError::corrupt("status"))?,
            enabled: found.try_get("enabled")?,
            next_run_at: found.try_get("next_run_at")?,
            schedule: found.try_get("schedule")?,
            payload: row::payload(found)?,
            updated_at: found.try_get("updated_at")?,
            current_run: current.get(&key).cloned(),
            last_run: last.get(&key).cloned(),
            job_type: key.0,
            project_id: key.1,
        })
    };
    rows.iter().map(job).collect()
}

async fn runs_by_job(
    pool: &PgPool,
    sql: &'static str,
    visible: &Visible,
) -> Result<HashMap<(String, Uuid), Run>> {
    let rows = sqlx::query(sql).bind(scope(visible)).fetch_all(pool).await?;
    let keyed = |found| {
        let run = row::run(found)?;
        Ok(((run.job_type.clone(), run.project_id), run))
    };
    rows.iter().map(keyed).collect()
}

pub(super) async fn run(pool: &PgPool, visible: &Visible, id: Uuid) -> Result<Option<Run>> {
    let found = sqlx::query(concat!(
        "SELECT ",
        run_columns!(),
        " FROM worker_runs r JOIN projects p ON p.id = r.project_id WHERE r.id = $1
           AND ($2::uuid[] IS NULL OR r.project_id = ANY($2))",
    ))
    .bind(id)
    .bind(scope(visible))
    .fetch_optional(pool)
    .await?;
    found.as_ref().map(row::run).transpose()
}

pub(super) async fn count_logs(pool: &PgPool, id: Uuid) -> Result<u64> {
    let query = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM run_logs WHERE run_id = $1");
    Ok(query.bind(id).fetch_one(pool).await?.unsigned_abs())
}

pub(super) async fn run_logs(
    pool: &PgPool,
    visible: &Visible,
    id: Uuid,
    limit: u32,
) -> Result<Vec<RunLogRow>> {
    let rows = sqlx::query(
        "SELECT * FROM (
             SELECT seq, at, level, message, fields FROM run_logs
             WHERE run_id = $1 AND ($3::uuid[] IS NULL OR EXISTS (
                 SELECT FROM worker_runs r WHERE r.id = $1 AND r.project_id = ANY($3)
             ))
             ORDER BY seq DESC LIMIT $2
         ) newest ORDER BY seq",
    )
    .bind(id)
    .bind(i64::from(limit))
    .bind(scope(visible))
    .fetch_all(pool)
    .await?;
    let line = |found: &PgRow| {
        Ok(RunLogRow {
            at: found.try_get("at")?,
            level: found.try_get("level")?,
            message: found.try_get("message")?,
            fields: found.try_get("fields")?,
        })
    };
    rows.iter().map(line).collect()
}

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

pub(super) async fn event_range(pool: &PgPool) -> Result<(i64, i64)> {
    // Pruning leaves the newest, so that the end of the outbox is always known.
    let (oldest, newest): (Option<i64>, Option<i64>) =
        sqlx::query_as("SELECT min(id), max(id) FROM events").fetch_one(pool).await?;
    Ok((oldest.unwrap_or(1), newest.unwrap_or(0)))
}

pub(super) async fn queue_depth(pool: &PgPool) -> Result<Vec<QueueDepth>> {
    let rows = sqlx::query(
        "SELECT job_type, state, count(*) AS count,
                greatest(0, extract(epoch FROM now() - min(available_at)))::float8 AS age
         FROM worker_runs WHERE state IN ('available', 'running', 'retryable')
         GROUP BY job_type, state
         UNION ALL
         SELECT s.job_type, 'due', count(*),
                greatest(0, extract(epoch FROM now() - min(s.next_run_at)))::float8
         FROM scheduled_jobs s
         WHERE s.status = 'active' AND s.enabled AND s.next_run_at IS NOT NULL
           AND s.next_run_at <= now()
         GROUP BY s.job_type",
    )
    .fetch_all(pool)
    .await?;
    let depth = |found: &PgRow| {
        Ok(QueueDepth {
            job_type: found.try_get("job_type")?,
            state: found.try_get("state")?,
            count: found.try_get("count")?,
            oldest_age_s: found.try_get("age")?,
        })
    };
    rows.iter().map(depth).collect()
}
