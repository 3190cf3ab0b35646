//! Many schedules at once.

use async_trait::async_trait;
use cascade_sdk::BoxFuture;
use chrono::{DateTime, Utc};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{PostgresStore, exclusive, row};
use crate::{
    Result,
    schedules::{Change, NewJob, NewProject, ScheduleGroup, ScheduleRow, Schedules, Settings},
};

/// Held by whoever reconciles, in processes of the first edition too.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('cascade.reconcile'))";

#[async_trait]
impl Schedules for PostgresStore {
    async fn alone(&self, work: BoxFuture<'_, Result<()>>) -> Result<()> {
        let lock = async |connection: &mut _| {
            sqlx::query(LOCK).execute(connection).await?;
            Ok(())
        };
        exclusive::alone(&self.pool.connect_options(), lock, work).await
    }

    async fn now(&self) -> Result<DateTime<Utc>> {
        Ok(sqlx::query_scalar("SELECT now()").fetch_one(&self.pool).await?)
    }

    async fn save_projects(&self, projects: &[NewProject]) -> Result<Vec<Uuid>> {
        let slugs: Vec<_> = projects.iter().map(|project| project.slug.as_str()).collect();
        sqlx::query(include_str!("sql/save_projects.sql"))
            .bind(projects.iter().map(|project| project.id).collect::<Vec<_>>())
            .bind(&slugs)
            .bind(projects.iter().map(|project| project.name.as_str()).collect::<Vec<_>>())
            .bind(
                projects
                    .iter()
                    .map(|project| project.concurrency.map(row::int))
                    .collect::<Vec<_>>(),
            )
            .execute(&self.pool)
            .await?;
        self.names.forget();
        let ids = "SELECT id FROM projects WHERE slug = ANY($1) ORDER BY slug";
        Ok(sqlx::query_scalar(ids).bind(&slugs).fetch_all(&self.pool).await?)
    }

    async fn other_projects(&self, than: &[Uuid]) -> Result<Vec<Uuid>> {
        let others = "SELECT id FROM projects WHERE id <> ALL($1)";
        Ok(sqlx::query_scalar(others).bind(than).fetch_all(&self.pool).await?)
    }

    async fn schedule_groups(&self, projects: &[Uuid]) -> Result<Vec<ScheduleGroup>> {
        let query = sqlx::query(include_str!("sql/schedule_groups.sql")).bind(projects);
        let rows = query.fetch_all(&self.pool).await?;
        let group = |found: &PgRow| {
            Ok(ScheduleGroup {
                job_type: found.try_get("job_type")?,
                settings: settings(found)?,
                of_projects: found.try_get::<i64, _>("of_projects")?.unsigned_abs(),
                of_others: found.try_get::<i64, _>("of_others")?.unsigned_abs(),
            })
        };
        rows.iter().map(group).collect()
    }

    async fn insert_schedules(&self, jobs: &[NewJob<'_>], projects: &[Uuid]) -> Result<u64> {
        let ids = (0..jobs.len() * projects.len()).map(|_| Uuid::now_v7());
        let done = sqlx::query(include_str!("sql/insert_schedules.sql"))
            .bind(jobs.iter().map(|job| job.job_type).collect::<Vec<_>>())
            .bind(jobs.iter().map(|job| job.settings.schedule.as_deref()).collect::<Vec<_>>())
            .bind(jobs.iter().map(|job| job.settings.enabled).collect::<Vec<_>>())
            .bind(jobs.iter().map(|job| row::int(job.settings.max_attempts)).collect::<Vec<_>>())
            .bind(jobs.iter().map(|job| job.settings.concurrency.map(row::int)).collect::<Vec<_>>())
            .bind(jobs.iter().map(|job| job.first_due).collect::<Vec<_>>())
            .bind(projects)
            .bind(ids.collect::<Vec<_>>())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected())
    }

    async fn change_schedules(
        &self,
        jobs: &[(&str, &Settings)],
        projects: &[Uuid],
        change: &Change<'_>,
    ) -> Result<u64> {
        let mut tx = self.pool.begin().await?;
        let found = sqlx::query(include_str!("sql/changed_schedules.sql"))
            .bind(jobs.iter().map(|(job, _)| *job).collect::<Vec<_>>())
            .bind(jobs.iter().map(|(_, to)| to.schedule.as_deref()).collect::<Vec<_>>())
            .bind(jobs.iter().map(|(_, to)| to.enabled).collect::<Vec<_>>())
            .bind(jobs.iter().map(|(_, to)| row::int(to.max_attempts)).collect::<Vec<_>>())
            .bind(jobs.iter().map(|(_, to)| to.concurrency.map(row::int)).collect::<Vec<_>>())
            .bind(projects)
            .fetch_all(&mut *tx)
            .await?;
        let rows = found.iter().map(|found| Ok(change(schedule(found)?)));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        sqlx::query(include_str!("sql/save_schedules.sql"))
            .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.settings.schedule.as_deref()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.settings.enabled).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row::int(row.settings.max_attempts)).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.settings.concurrency.map(row::int)).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.next_run_at).collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(rows.len() as u64)
    }

    async fn disable_schedules(&self, jobs: &[&str], projects: &[Uuid]) -> Result<u64> {
        let disable = sqlx::query(include_str!("sql/disable_schedules.sql"));
        let done = disable.bind(jobs).bind(projects).execute(&self.pool).await?;
        Ok(done.rows_affected())
    }
}

fn settings(found: &PgRow) -> Result<Settings> {
    let concurrency: Option<i32> = found.try_get("concurrency")?;
    Ok(Settings {
        schedule: found.try_get("schedule")?,
        enabled: found.try_get("enabled")?,
        max_attempts: row::count(found, "max_attempts")?,
        concurrency: concurrency.map(i32::unsigned_abs),
    })
}

fn schedule(found: &PgRow) -> Result<ScheduleRow> {
    Ok(ScheduleRow {
        id: found.try_get("id")?,
        job_type: found.try_get("job_type")?,
        settings: settings(found)?,
        next_run_at: found.try_get("next_run_at")?,
        has_triggers: found.try_get("has_triggers")?,
        now: found.try_get("now")?,
    })
}
