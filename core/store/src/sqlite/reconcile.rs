//! Makes projects and scheduled jobs what jobs.toml says.

use chrono::{DateTime, Utc};
use sqlx::{Row, Sqlite, Transaction};
use uuid::Uuid;

use super::{SqliteStore, now};
use crate::{Result, scheduled::due_after_pause};
use cascade_config::{Config, JobSettings};

pub(super) async fn reconcile(store: &SqliteStore, config: &Config) -> Result<()> {
    let mut tx = store.begin().await?;
    let now: DateTime<Utc> =
        sqlx::query_scalar(concat!("SELECT ", now!())).fetch_one(&mut *tx).await?;
    let at = cascade_sdk::rfc3339(now);
    let mut projects = Vec::new();
    for (slug, settings) in &config.projects {
        projects
            .push(keep_project(&mut tx, slug, &settings.name, settings.concurrency, &at).await?);
    }
    if config.projects.is_empty() {
        projects.push(keep_project(&mut tx, "default", "Default", None, &at).await?);
    }
    let mut wanted = Vec::new();
    for project in &projects {
        for (job, settings) in &config.jobs {
            keep_job(&mut tx, job, project, settings, config.first_due(job, now), now).await?;
            wanted.push(format!("{job} {project}"));
        }
    }
    // Whatever jobs.toml no longer names stays in the tables, with its history, but does not run.
    sqlx::query(
        "UPDATE scheduled_jobs SET enabled = 0, updated_at = $1
         WHERE enabled = 1 AND job_type || ' ' || project_id NOT IN (SELECT value FROM json_each($2))",
    )
    .bind(&at)
    .bind(serde_json::Value::from(wanted).to_string())
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

async fn keep_project(
    tx: &mut Transaction<'static, Sqlite>,
    slug: &str,
    name: &str,
    concurrency: Option<u32>,
    at: &str,
) -> Result<String> {
    let id = sqlx::query_scalar(
        "INSERT INTO projects (id, slug, name, concurrency, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (slug) DO UPDATE SET name = excluded.name, concurrency = excluded.concurrency
         RETURNING id",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(slug)
    .bind(name)
    .bind(concurrency)
    .bind(at)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

async fn keep_job(
    tx: &mut Transaction<'static, Sqlite>,
    job: &str,
    project: &str,
    settings: &JobSettings,
    first_due: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    let at = cascade_sdk::rfc3339(now);
    let schedule = settings.schedule.as_ref().map(ToString::to_string);
    let known = sqlx::query(
        "SELECT id, schedule, enabled, max_attempts, concurrency, next_run_at, payload FROM scheduled_jobs
         WHERE job_type = $1 AND project_id = $2",
    )
    .bind(job)
    .bind(project)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(known) = known else {
        sqlx::query(
            "INSERT INTO scheduled_jobs
                 (id, job_type, project_id, enabled, next_run_at, schedule, max_attempts, concurrency,
                  updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(job)
        .bind(project)
        .bind(settings.enabled)
        .bind(first_due.map(cascade_sdk::rfc3339))
        .bind(schedule)
        .bind(settings.max_attempts)
        .bind(settings.concurrency)
        .bind(at)
        .execute(&mut **tx)
        .await?;
        return Ok(());
    };
    let same_schedule = known.try_get::<Option<String>, _>("schedule")? == schedule;
    if same_schedule
        && known.try_get::<bool, _>("enabled")? == settings.enabled
        && known.try_get::<u32, _>("max_attempts")? == settings.max_attempts
        && known.try_get::<Option<u32>, _>("concurrency")? == settings.concurrency
    {
        return Ok(());
    }
    // A new schedule counts from now; what is due already stays due, unless that time passed while the
    // job was off.
    let new = settings.schedule.as_ref().and_then(|schedule| schedule.next_after(now));
    let mut due: Option<DateTime<Utc>> = known.try_get("next_run_at")?;
    if settings.enabled && !known.try_get::<bool, _>("enabled")? {
        due = due_after_pause(schedule.as_deref(), due, known.try_get("payload")?, now);
    }
    let stays = same_schedule || due.is_some_and(|due| due <= now);
    sqlx::query(
        "UPDATE scheduled_jobs
         SET enabled = $2, schedule = $3, max_attempts = $4, concurrency = $7, updated_at = $5,
             next_run_at = $6
         WHERE id = $1",
    )
    .bind(known.try_get::<String, _>("id")?)
    .bind(settings.enabled)
    .bind(schedule)
    .bind(settings.max_attempts)
    .bind(at)
    .bind(if stays { due } else { new }.map(cascade_sdk::rfc3339))
    .bind(settings.concurrency)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
