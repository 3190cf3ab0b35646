//! The verbs of claims.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{
    requests, row,
    tx::{SLACK, new_rows},
};
use crate::{
    Beginning, Choice, Found, Holder, LeftJob, Limits, Look, NewRun, Result, Soonest, WaitingRun,
    claims::limits_of,
    of_kind::of_kind,
    shared_limits::{self, BegunRow, UseRow},
};
use cascade_model::{ClaimedRun, RunKind};

/// As [`Tx::waiting_runs`](crate::Tx::waiting_runs).
pub(super) async fn waiting_runs(
    connection: &mut SqliteConnection,
    choice: &Choice<'_>,
) -> Result<Found<WaitingRun>> {
    let Choice { kind, behind, projects, runs, except_jobs, except_projects } = *choice;
    let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let (projects, runs) = (count(projects), count(runs));
    let behind = if behind.is_nil() { String::new() } else { behind.to_string() };
    let (except_jobs, except_projects) = (left_out(except_jobs), ids(except_projects));
    let query = match kind {
        RunKind::Schedule => {
            let query = sqlx::query(include_str!("sql/waiting_runs.sql")).bind(behind);
            query.bind(projects).bind(runs).bind(except_jobs).bind(except_projects)
        }
        RunKind::Queue => {
            let text =
                concat!(include_str!("sql/queue_heads.sql"), include_str!("sql/queue_choose.sql"));
            let query = sqlx::query(text).bind(behind).bind(except_jobs).bind(except_projects);
            query.bind(runs).bind(projects)
        }
    };
    let rows = query.fetch_all(connection).await?;
    let mut found = Found { runs: Vec::with_capacity(rows.len()), projects: 0, last: None };
    for row in &rows {
        found.projects = usize::try_from(row.try_get::<i64, _>("visited")?).unwrap_or_default();
        if row.try_get::<Option<&str>, _>("reached")?.is_some() {
            found.last = Some(row::uuid(row, "reached")?);
        }
        // A walk that has found nothing still says how far it has come.
        if row.try_get::<Option<&str>, _>("id")?.is_some() {
            let (id, project_id) = (row::uuid(row, "id")?, row::uuid(row, "project_id")?);
            found.runs.push(WaitingRun { id, job_type: row.try_get("job_type")?, project_id });
        }
    }
    Ok(found)
}

/// As [`Tx::lease_runs`](crate::Tx::lease_runs).
pub(super) async fn lease_runs(
    connection: &mut SqliteConnection,
    kind: RunKind,
    runs: &[Uuid],
    holder: &Holder<'_>,
) -> Result<Vec<ClaimedRun>> {
    let query = sqlx::query(of_kind!(kind, "sql/lease_runs.sql")).bind(holder.owner);
    let query = query.bind(seconds(holder.lease)).bind(ids(runs));
    let rows = query.fetch_all(&mut *connection).await?;
    let leased = rows.iter().map(|row| row::claimed(row, kind));
    let mut leased = leased.collect::<Result<Vec<_>>>()?;
    if kind == RunKind::Queue {
        requests::fill(connection, &mut leased).await?;
    }
    Ok(leased)
}

/// As [`Tx::begin_runs`](crate::Tx::begin_runs).
pub(super) async fn begin_runs(
    connection: &mut SqliteConnection,
    runs: &[NewRun],
    holder: &Holder<'_>,
) -> Result<Vec<ClaimedRun>> {
    let query = sqlx::query(include_str!("sql/begin_runs.sql")).bind(holder.owner);
    let query = query.bind(seconds(holder.lease)).bind(new_rows(runs));
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| row::claimed(row, RunKind::Schedule)).collect()
}

/// As [`Tx::limits`](crate::Tx::limits).
pub(super) async fn limits(connection: &mut SqliteConnection) -> Result<Limits> {
    let rows = sqlx::query_as(crate::LIMITS).fetch_all(&mut *connection).await?;
    let (limits, is_shared) = limits_of(rows);
    if !is_shared {
        return Ok(limits);
    }
    let rows: Vec<UseRow> =
        sqlx::query_as(crate::SHARED_LIMITS).fetch_all(&mut *connection).await?;
    let mut begun: Vec<BegunRow> = Vec::new();
    if shared_limits::has_rate(&rows) {
        let begins = sqlx::query_as(include_str!("sql/shared_limit_begins.sql"));
        begun = begins.fetch_all(connection).await?;
    }
    Ok(Limits { shared: shared_limits::gathered(rows, begun), ..limits })
}

/// As [`Tx::count_begun`](crate::Tx::count_begun).
pub(super) async fn count_begun(
    connection: &mut SqliteConnection,
    beginnings: &[Beginning<'_>],
) -> Result<()> {
    let rows = beginnings.iter().map(|Beginning { limit, runs, period }| {
        json!([limit, runs, shared_limits::millis(*period)])
    });
    let rows = Value::from_iter(rows).to_string();
    for text in [include_str!("sql/forget_begun.sql"), include_str!("sql/count_begun.sql")] {
        sqlx::query(text).bind(&rows).execute(&mut *connection).await?;
    }
    Ok(())
}

/// As [`Store::look`](crate::Store::look).
pub(super) async fn look(pool: &SqlitePool, owner: &str, lease: Duration) -> Result<Look> {
    let query = sqlx::query(include_str!("sql/look.sql")).bind(owner).bind(seconds(lease + SLACK));
    let look = query.fetch_one(pool).await?;
    let project = |column| row::uuid(&look, column).ok();
    Ok(Look {
        unresponsive: look.try_get("unresponsive")?,
        due: look.try_get("due")?,
        queued: look.try_get("queued")?,
        schedule_key_free: look.try_get("schedule_key_free")?,
        // The one writer claims in a transaction, where limits cost little more.
        projects: project("first_project").zip(project("last_project")),
    })
}

/// As [`Store::soonest`](crate::Store::soonest).
pub(super) async fn soonest(
    read: &SqlitePool,
    owner: &str,
    except_jobs: &[LeftJob],
    except_projects: &[Uuid],
) -> Result<Soonest> {
    let found = sqlx::query(include_str!("sql/soonest.sql"))
        .bind(owner)
        .bind(left_out(except_jobs))
        .bind(ids(except_projects))
        .fetch_one(read)
        .await?;
    Ok(Soonest::new(found.try_get("limited")?, found.try_get("seconds")?))
}

/// As [`Store::next_queued`](crate::Store::next_queued).
pub(super) async fn next_queued(
    read: &SqlitePool,
    except_jobs: &[LeftJob],
    except_projects: &[Uuid],
) -> Result<Option<f64>> {
    let text = concat!(include_str!("sql/queue_heads.sql"), include_str!("sql/queue_soonest.sql"));
    let query = sqlx::query(text).bind("").bind(left_out(except_jobs));
    Ok(query.bind(ids(except_projects)).fetch_one(read).await?.try_get("seconds")?)
}

/// Each job type to leave out, with the seconds after which it is not.
fn left_out(jobs: &[LeftJob]) -> String {
    let seconds = |left: &LeftJob| (left.job.clone(), left.seconds().into());
    Value::Object(jobs.iter().map(seconds).collect()).to_string()
}

pub(super) fn ids(ids: &[Uuid]) -> String {
    ids.iter().map(ToString::to_string).collect::<Value>().to_string()
}

/// A modifier of SQLite's date functions.
pub(super) fn seconds(duration: Duration) -> String {
    format!("+{:.3} seconds", duration.as_secs_f64())
}
