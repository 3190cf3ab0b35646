//! Makes projects and scheduled jobs what jobs.toml says.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{PostgresStore, row};
use crate::{Result, scheduled::due_after_pause};
use cascade_config::{Config, JobSettings};

pub(super) async fn reconcile(store: &PostgresStore, config: &Config) -> Result<()> {
    let mut tx = store.pool.begin().await?;
    // Processes that start together would make the same rows.
    let now: DateTime<Utc> = sqlx::query_scalar(
        "SELECT now() FROM (SELECT pg_advisory_xact_lock(hashtext('cascade.reconcile'))) one_by_one",
    )
    .fetch_one(&mut *tx)
    .await?;
    let mut projects = Vec::new();
    for (slug, settings) in &config.projects {
        projects.push(keep_project(&mut tx, slug, &settings.name, settings.concurrency).await?);
    }
    if config.projects.is_empty() {
        projects.push(keep_project(&mut tx, "default", "Default", None).await?);
    }
    for &project in &projects {
        for (job, settings) in &config.jobs {
            let first_due = config.first_due(job, now);
            keep_job(&mut tx, job, project, settings, first_due, now).await?;
        }
    }
    // Whatever jobs.toml no longer names stays in the tables, with its history, but does not run.
    let jobs: Vec<_> = config.jobs.keys().cloned().collect();
    sqlx::query(
        "UPDATE scheduled_jobs SET enabled = false, updated_at = now()
         WHERE enabled AND NOT (job_type = ANY($1) AND project_id = ANY($2))",
    )
    .bind(jobs)
    .bind(projects)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    store.names.forget();
    Ok(())
}

async fn keep_project(
    tx: &mut PgConnection,
    slug: &str,
    name: &str,
    concurrency: Option<u32>,
) -> Result<Uuid> {
    let id = sqlx::query_scalar(
        "INSERT INTO projects (id, slug, name, concurrency) VALUES ($1, $2, $3, $4)
         ON CONFLICT (slug) DO UPDATE SET name = excluded.name, concurrency = excluded.concurrency
         RETURNING id",
    )
    .bind(Uuid::now_v7())
    .bind(slug)
    .bind(name)
    .bind(concurrency.map(row::int))
    .fetch_one(tx)
    .await?;
    Ok(id)
}

async fn keep_job(
    tx: &mut PgConnection,
    job: &str,
    project: Uuid,
    settings: &JobSettings,
    first_due: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    let schedule = settings.schedule.as_ref().map(ToString::to_string);
    let concurrency = settings.concurrency.map(row::int);
    let known = sqlx::query(
        "SELECT id, schedule, enabled, max_attempts, concurrency FROM scheduled_jobs
         WHERE job_type = $1 AND project_id = $2",
    )
    .bind(job)
    .bind(project)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(known) = known else {
        sqlx::query(
            "INSERT INTO scheduled_jobs
                 (id, job_type, project_id, enabled, next_run_at, schedule, max_attempts, concurrency)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(Uuid::now_v7())
        .bind(job)
        .bind(project)
        .bind(settings.enabled)
        .bind(first_due)
        .bind(schedule)
        .bind(row::int(settings.max_attempts))
        .bind(concurrency)
        .execute(tx)
        .await?;
        return Ok(());
    };
    let same_schedule = known.try_get::<Option<String>, _>("schedule")? == schedule;
    if same_schedule
        && known.try_get::<bool, _>("enabled")? == settings.enabled
        && row::count(&known, "max_attempts")? == settings.max_attempts
        && known.try_get::<Option<i32>, _>("concurrency")? == concurrency
    {
        return Ok(());
    }
    // A new schedule counts from now; what is due already stays due, unless that time passed while the
    // job was off.
    let new = settings.schedule.as_ref().and_then(|schedule| schedule.next_after(now));
    let id: Uuid = known.try_get("id")?;
    let query =
        "SELECT next_run_at, payload::text AS payload FROM scheduled_jobs WHERE id = $1 FOR UPDATE";
    let locked = sqlx::query(query).bind(id).fetch_one(&mut *tx).await?;
    let mut due: Option<DateTime<Utc>> = locked.try_get("next_run_at")?;
    if settings.enabled && !known.try_get::<bool, _>("enabled")? {
        due = due_after_pause(schedule.as_deref(), due, locked.try_get("payload")?, now);
    }
    let stays = same_schedule || due.is_some_and(|due| due <= now);
    sqlx::query(
        "UPDATE scheduled_jobs
         SET enabled = $2, schedule = $3, max_attempts = $4, concurrency = $5, updated_at = now(),
             next_run_at = $6
         WHERE id = $1",
    )
    .bind(id)
    .bind(settings.enabled)
    .bind(schedule)
    .bind(row::int(settings.max_attempts))
    .bind(concurrency)
    .bind(if stays { due } else { new })
    .execute(tx)
    .await?;
    Ok(())
}
