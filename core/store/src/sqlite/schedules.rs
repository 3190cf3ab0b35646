//! Many schedules at once.

use async_trait::async_trait;
use cascade_sdk::{BoxFuture, rfc3339};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::{SqliteStore, now, row};
use crate::{
    Result,
    schedules::{Change, NewJob, NewProject, ScheduleGroup, ScheduleRow, Schedules, Settings},
};

#[async_trait]
impl Schedules for SqliteStore {
    /// The file belongs to one process.
    async fn alone(&self, work: BoxFuture<'_, Result<()>>) -> Result<()> {
        work.await
    }

    async fn now(&self) -> Result<DateTime<Utc>> {
        Ok(sqlx::query_scalar(concat!("SELECT ", now!())).fetch_one(&self.read).await?)
    }

    async fn save_projects(&self, projects: &[NewProject]) -> Result<Vec<Uuid>> {
        let row = |project: &NewProject| {
            let NewProject { id, slug, name, concurrency } = project;
            json!({"id": id, "slug": slug, "name": name, "concurrency": concurrency})
        };
        sqlx::query(include_str!("sql/save_projects.sql"))
            .bind(projects.iter().map(row).collect::<Value>().to_string())
            .bind(rfc3339(self.now().await?))
            .execute(&self.write)
            .await?;
        let slugs: Value = projects.iter().map(|project| project.slug.as_str()).collect();
        let ids =
            "SELECT id FROM projects WHERE slug IN (SELECT value FROM json_each(?1)) ORDER BY slug";
        let rows = sqlx::query(ids).bind(slugs.to_string()).fetch_all(&self.write).await?;
        rows.iter().map(|found| row::uuid(found, "id")).collect()
    }

    async fn other_projects(&self, than: &[Uuid]) -> Result<Vec<Uuid>> {
        let others = "SELECT id FROM projects WHERE id NOT IN (SELECT value FROM json_each(?1))";
        let rows = sqlx::query(others).bind(list(than)).fetch_all(&self.read).await?;
        rows.iter().map(|found| row::uuid(found, "id")).collect()
    }

    async fn schedule_groups(&self, projects: &[Uuid]) -> Result<Vec<ScheduleGroup>> {
        let query = sqlx::query(include_str!("sql/schedule_groups.sql")).bind(list(projects));
        let rows = query.fetch_all(&self.read).await?;
        let group = |found: &SqliteRow| {
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
        let row = |job: &NewJob<'_>| {
            let id = |project: &Uuid| (project.to_string(), Uuid::now_v7().to_string().into());
            let mut row = object(Some(job.job_type), job.settings);
            row.insert("first_due".into(), job.first_due.map(rfc3339).into());
            row.insert("rows".into(), projects.iter().map(id).collect::<Map<_, _>>().into());
            Value::from(row)
        };
        let done = sqlx::query(include_str!("sql/insert_schedules.sql"))
            .bind(jobs.iter().map(row).collect::<Value>().to_string())
            .bind(rfc3339(self.now().await?))
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }

    async fn change_schedules(
        &self,
        jobs: &[(&str, &Settings)],
        projects: &[Uuid],
        change: &Change<'_>,
    ) -> Result<u64> {
        let jobs: Value = jobs.iter().map(|(job, to)| Value::from(object(Some(job), to))).collect();
        let mut tx = self.begin().await?;
        let found = sqlx::query(include_str!("sql/changed_schedules.sql"))
            .bind(jobs.to_string())
            .bind(list(projects))
            .fetch_all(&mut *tx)
            .await?;
        let rows = found.iter().map(|found| Ok(change(schedule(found)?)));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let Some(ScheduleRow { now, .. }) = rows.first() else { return Ok(0) };
        let saved = |row: &ScheduleRow| {
            let mut saved = object(None, &row.settings);
            saved.insert("id".into(), row.id.to_string().into());
            saved.insert("next_run_at".into(), row.next_run_at.map(rfc3339).into());
            Value::from(saved)
        };
        sqlx::query(include_str!("sql/save_schedules.sql"))
            .bind(rows.iter().map(saved).collect::<Value>().to_string())
            .bind(rfc3339(*now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(rows.len() as u64)
    }

    async fn disable_schedules(&self, jobs: &[&str], projects: &[Uuid]) -> Result<u64> {
        let done = sqlx::query(include_str!("sql/disable_schedules.sql"))
            .bind(jobs.iter().copied().collect::<Value>().to_string())
            .bind(list(projects))
            .bind(rfc3339(self.now().await?))
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }
}

fn list(ids: &[Uuid]) -> String {
    ids.iter().map(ToString::to_string).collect::<Value>().to_string()
}

/// For the statements: what a row keeps, and of which job, if that is asked.
fn object(job_type: Option<&str>, settings: &Settings) -> Map<String, Value> {
    let Settings { schedule, enabled, max_attempts, concurrency } = settings;
    let fields = [
        ("schedule", schedule.as_deref().into()),
        ("enabled", u8::from(*enabled).into()),
        ("max_attempts", (*max_attempts).into()),
        ("concurrency", (*concurrency).into()),
    ];
    let job_type = job_type.map(|job| ("job_type", job.into()));
    fields.into_iter().chain(job_type).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn settings(found: &SqliteRow) -> Result<Settings> {
    Ok(Settings {
        schedule: found.try_get("schedule")?,
        enabled: found.try_get("enabled")?,
        max_attempts: found.try_get("max_attempts")?,
        concurrency: found.try_get("concurrency")?,
    })
}

fn schedule(found: &SqliteRow) -> Result<ScheduleRow> {
    Ok(ScheduleRow {
        id: row::uuid(found, "id")?,
        job_type: found.try_get("job_type")?,
        settings: settings(found)?,
        next_run_at: found.try_get("next_run_at")?,
        has_triggers: found.try_get("has_triggers")?,
        now: found.try_get("now")?,
    })
}
