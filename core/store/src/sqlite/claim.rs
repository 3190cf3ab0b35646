//! The verbs of claims.

use std::time::Duration;

use serde_json::Value;
use sqlx::{Row, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{row, tx::SLACK};
use crate::{Choice, Found, Holder, Limit, Look, Result, Soonest, WaitingRun};
use cascade_model::ClaimedRun;

/// As [`Tx::waiting_runs`](crate::Tx::waiting_runs).
pub(super) async fn waiting_runs(
    connection: &mut SqliteConnection,
    choice: &Choice<'_>,
) -> Result<Found<WaitingRun>> {
    let Choice { behind, projects, runs, except_jobs, except_projects } = *choice;
    let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let rows = sqlx::query(include_str!("sql/waiting_runs.sql"))
        .bind(if behind.is_nil() { String::new() } else { behind.to_string() })
        .bind(count(projects))
        .bind(count(runs))
        .bind(Value::from(except_jobs).to_string())
        .bind(ids(except_projects))
        .fetch_all(connection)
        .await?;
    let mut found = Found { runs: Vec::with_capacity(rows.len()), projects: 0, last: None };
    for row in &rows {
        found.projects = usize::try_from(row.try_get::<i64, _>("visited")?).unwrap_or_default();
        found.last = Some(row::uuid(row, "reached")?);
        let (id, project_id) = (row::uuid(row, "id")?, row::uuid(row, "project_id")?);
        found.runs.push(WaitingRun { id, job_type: row.try_get("job_type")?, project_id });
    }
    Ok(found)
}

/// As [`Tx::lease_runs`](crate::Tx::lease_runs).
pub(super) async fn lease_runs(
    connection: &mut SqliteConnection,
    runs: &[Uuid],
    holder: &Holder<'_>,
) -> Result<Vec<ClaimedRun>> {
    let query = sqlx::query(include_str!("sql/lease_runs.sql")).bind(holder.owner);
    let rows = query.bind(seconds(holder.lease)).bind(ids(runs)).fetch_all(connection).await?;
    rows.iter().map(row::claimed).collect()
}

/// As [`Tx::limits`](crate::Tx::limits).
pub(super) async fn limits(connection: &mut SqliteConnection) -> Result<Vec<Limit>> {
    let query = sqlx::query_as::<_, (String, String, i64)>(crate::LIMITS);
    Ok(query.fetch_all(connection).await?.into_iter().map(Limit::from).collect())
}

/// As [`Store::look`](crate::Store::look).
pub(super) async fn look(pool: &SqlitePool, owner: &str, lease: Duration) -> Result<Look> {
    let query = sqlx::query(include_str!("sql/look.sql")).bind(owner).bind(seconds(lease + SLACK));
    let look = query.fetch_one(pool).await?;
    let project = |column| row::uuid(&look, column).ok();
    Ok(Look {
        unresponsive: look.try_get("unresponsive")?,
        due: look.try_get("due")?,
        // The one writer claims in a transaction, where limits cost little more.
        limited: true,
        projects: project("first_project").zip(project("last_project")),
    })
}

/// As [`Store::soonest`](crate::Store::soonest).
pub(super) async fn soonest(
    read: &SqlitePool,
    owner: &str,
    except_jobs: &[String],
    except_projects: &[Uuid],
) -> Result<Soonest> {
    let found = sqlx::query(include_str!("sql/soonest.sql"))
        .bind(owner)
        .bind(Value::from(except_jobs).to_string())
        .bind(ids(except_projects))
        .fetch_one(read)
        .await?;
    Ok(Soonest::new(found.try_get("limited")?, found.try_get("seconds")?))
}

fn ids(ids: &[Uuid]) -> String {
    ids.iter().map(ToString::to_string).collect::<Value>().to_string()
}

/// A modifier of SQLite's date functions.
pub(super) fn seconds(duration: Duration) -> String {
    format!("+{:.3} seconds", duration.as_secs_f64())
}
