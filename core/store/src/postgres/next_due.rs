//! When a worker is to look again if nobody wakes it.

use std::time::Duration;

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{PostgresStore, claim::starts};
use crate::{
    Result,
    limits::{Rooms, rooms_sql},
};

/// How long until [`claim`](super::claim::claim) may find something.
pub(super) async fn next_due(
    store: &PostgresStore,
    owner: &str,
    except: &[String],
) -> Result<Option<Duration>> {
    let mut connection = store.kept.acquire().await?;
    let (limited, mut at) = soonest(&mut connection, owner, except.to_vec(), Vec::new()).await?;
    if limited {
        let mut rooms = Rooms::default();
        for found in sqlx::query(rooms_sql!()).fetch_all(&mut *connection).await? {
            rooms.add(found.try_get("kind")?, found.try_get("name")?, found.try_get("room")?);
        }
        let (jobs, projects) = (rooms.closed_jobs(except), rooms.full_projects());
        (_, at) = soonest(&mut connection, owner, jobs, projects).await?;
    } else if at != Some(Duration::ZERO) {
        store.rotation.owe_look(false);
    }
    connection.keep();
    Ok(at)
}

/// Whether there are limits, and when something is due for `owner` that is not of these jobs and projects.
pub(super) async fn soonest(
    connection: &mut PgConnection,
    owner: &str,
    jobs: Vec<String>,
    projects: Vec<Uuid>,
) -> Result<(bool, Option<Duration>)> {
    let found = sqlx::query(concat!(
        "SELECT EXISTS (SELECT FROM scheduled_jobs WHERE concurrency IS NOT NULL)
             OR EXISTS (SELECT FROM projects WHERE concurrency IS NOT NULL) AS limited,
             extract(epoch FROM min(at) - clock_timestamp())::float8 AS seconds
         FROM (
             (SELECT available_at AS at FROM open_runs n
              WHERE state <> 'running' AND job_type <> ALL($1) AND project_id <> ALL($2) ",
        starts!("n"),
        " ORDER BY available_at LIMIT 1)
             UNION ALL
             SELECT min(lease_until) FROM workers WHERE owner <> $3
             UNION ALL
             (SELECT s.next_run_at FROM scheduled_jobs s
              WHERE s.status = 'active' AND s.enabled AND s.next_run_at IS NOT NULL
                AND NOT EXISTS (
                    SELECT FROM open_runs r
                    WHERE r.job_type = s.job_type AND r.project_id = s.project_id
                )
              ORDER BY s.next_run_at LIMIT 1)
         ) soonest"
    ))
    .bind(jobs)
    .bind(projects)
    .bind(owner)
    .fetch_one(connection)
    .await?;
    let seconds: Option<f64> = found.try_get("seconds")?;
    let seconds = seconds.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
    Ok((found.try_get("limited")?, seconds))
}
