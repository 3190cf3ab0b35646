//! What screens and the event hub read.

use std::{collections::HashMap, time::Duration};

use sqlx::{Row, SqlitePool};
use uuid::Uuid;

use super::{now, row, row::run_columns, scope};
use crate::Result;
use cascade_model::Visible;
use cascade_model::{Event, ProjectRow, QueueDepth, Run, RunLogRow, ScheduledJob};

pub(super) async fn projects(pool: &SqlitePool, visible: &Visible) -> Result<Vec<ProjectRow>> {
    let rows = sqlx::query(
        "SELECT id, slug, name, created_at FROM projects
         WHERE ($1 IS NULL OR id IN (SELECT value FROM json_each($1))) ORDER BY slug",
    )
    .bind(scope(visible))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|found| {
            Ok(ProjectRow {
                id: row::uuid(found, "id")?,
                slug: found.try_get("slug")?,
                name: found.try_get("name")?,
                created_at: found.try_get("created_at")?,
            })
        })
        .collect()
}

pub(super) async fn scheduled(pool: &SqlitePool, visible: &Visible) -> Result<Vec<ScheduledJob>> {
    let scope = scope(visible);
    let rows = sqlx::query(
        "SELECT s.*, p.slug FROM scheduled_jobs s JOIN projects p ON p.id = s.project_id
         WHERE ($1 IS NULL OR s.project_id IN (SELECT value FROM json_each($1)))
         ORDER BY p.slug, s.job_type",
    )
    .bind(&scope)
    .fetch_all(pool)
    .await?;
    let current = runs_by_job(
        pool,
        concat!(
            "SELECT ",
            run_columns!(),
            " FROM worker_runs r JOIN projects p ON p.id = r.project_id
             WHERE r.state IN ('available', 'running', 'retryable')
               AND ($1 IS NULL OR r.project_id IN (SELECT value FROM json_each($1)))",
        ),
        &scope,
    )
    .await?;
    let last = runs_by_job(
        pool,
        concat!(
            "SELECT ",
            run_columns!(),
            " FROM scheduled_jobs s
             JOIN worker_runs r ON r.id = (
                 SELECT l.id FROM worker_runs l
                 WHERE l.job_type = s.job_type AND l.project_id = s.project_id
                   AND l.state IN ('completed', 'failed', 'cancelled')
                 ORDER BY l.finished_at DESC, l.id DESC LIMIT 1
             )
             JOIN projects p ON p.id = r.project_id
             WHERE ($1 IS NULL OR s.project_id IN (SELECT value FROM json_each($1)))",
        ),
        &scope,
    )
    .await?;
    rows.iter()
        .map(|found| {
            let key = (found.try_get("job_type")?, row::uuid(found, "project_id")?);
            Ok(ScheduledJob {
                project_slug: found.try_get("slug")?,
                status: row::parsed(found, "status")?,
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
        })
        .collect()
}

async fn runs_by_job(
    pool: &SqlitePool,
    sql: &'static str,
    scope: &Option<String>,
) -> Result<HashMap<(String, Uuid), Run>> {
    let rows = sqlx::query(sql).bind(scope).fetch_all(pool).await?;
    let keyed = |found| {
        let run = row::run(found)?;
        Ok(((run.job_type.clone(), run.project_id), run))
    };
    rows.iter().map(keyed).collect()
}

pub(super) async fn run(pool: &SqlitePool, visible: &Visible, id: Uuid) -> Result<Option<Run>> {
    let found = sqlx::query(concat!(
        "SELECT ",
        run_columns!(),
        " FROM worker_runs r JOIN projects p ON p.id = r.project_id WHERE r.id = $1
           AND ($2 IS NULL OR r.project_id IN (SELECT value FROM json_each($2)))",
    ))
    .bind(id.to_string())
    .bind(scope(visible))
    .fetch_optional(pool)
    .await?;
    found.as_ref().map(row::run).transpose()
}

pub(super) async fn count_logs(pool: &SqlitePool, id: Uuid) -> Result<u64> {
    let query = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM run_logs WHERE run_id = $1");
    Ok(query.bind(id.to_string()).fetch_one(pool).await?.unsigned_abs())
}

pub(super) async fn run_logs(
    pool: &SqlitePool,
    visible: &Visible,
    id: Uuid,
    limit: u32,
) -> Result<Vec<RunLogRow>> {
    let rows = sqlx::query(
        "SELECT * FROM (
             SELECT seq, at, level, message, fields FROM run_logs
             WHERE run_id = $1 AND ($3 IS NULL OR run_id IN (
                 SELECT r.id FROM worker_runs r
                 WHERE r.id = $1 AND r.project_id IN (SELECT value FROM json_each($3))
             ))
             ORDER BY seq DESC LIMIT $2
         ) ORDER BY seq",
    )
    .bind(id.to_string())
    .bind(limit)
    .bind(scope(visible))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|found| {
            Ok(RunLogRow {
                at: found.try_get("at")?,
                level: found.try_get("level")?,
                message: found.try_get("message")?,
                fields: row::json(found, "fields")?,
            })
        })
        .collect()
}

pub(super) async fn events_after(pool: &SqlitePool, id: i64, limit: u32) -> Result<Vec<Event>> {
    let rows = sqlx::query(concat!(
        "SELECT id, project_id, kind, payload, max(0.0, (julianday(",
        now!(),
        ") - julianday(at)) * 86400.0) AS age FROM events WHERE id > $1 ORDER BY id LIMIT $2"
    ))
    .bind(id)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|found| {
            Ok(Event {
                id: found.try_get("id")?,
                project_id: row::uuid(found, "project_id")?,
                kind: found.try_get("kind")?,
                payload: found.try_get("payload")?,
                age: Duration::from_secs_f64(found.try_get("age")?),
            })
        })
        .collect()
}

pub(super) async fn event_range(pool: &SqlitePool) -> Result<(i64, i64)> {
    // The sequence remembers ids whose rows have been pruned.
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
            .fetch_optional(pool)
            .await?;
    let oldest: Option<i64> =
        sqlx::query_scalar("SELECT min(id) FROM events").fetch_one(pool).await?;
    let newest = newest.unwrap_or(0);
    Ok((oldest.unwrap_or(newest + 1), newest))
}

pub(super) async fn queue_depth(pool: &SqlitePool) -> Result<Vec<QueueDepth>> {
    let rows = sqlx::query(concat!(
        "SELECT job_type, state, count(*) AS count,
                max(0.0, (julianday(",
        now!(),
        ") - julianday(min(available_at))) * 86400.0) AS age
         FROM worker_runs WHERE state IN ('available', 'running', 'retryable')
         GROUP BY job_type, state
         UNION ALL
         SELECT job_type, 'due', count(*), max(0.0, (julianday(",
        now!(),
        ") - julianday(min(next_run_at))) * 86400.0)
         FROM scheduled_jobs
         WHERE status = 'active' AND enabled = 1 AND next_run_at IS NOT NULL AND next_run_at <= ",
        now!(),
        " GROUP BY job_type",
    ))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|found| {
            Ok(QueueDepth {
                job_type: found.try_get("job_type")?,
                state: found.try_get("state")?,
                count: found.try_get("count")?,
                oldest_age_s: found.try_get("age")?,
            })
        })
        .collect()
}
