//! The verbs of claims. Any number of workers claim at once.

use std::time::Instant;

use cascade_sdk::Project;
use chrono::{DateTime, Utc};
use sqlx::{
    PgConnection, Postgres, Row,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use uuid::Uuid;

use super::{
    floor::{Floor, Head, Start, Walked},
    requests, row, tx,
};
use crate::{
    Beginning, Choice, Found, Holder, LeftJob, Limits, Look, NewRun, Result, Soonest, StoreError,
    Taken, WaitingRun,
    claims::limits_of,
    of_kind::of_kind,
    shared_limits::{self, BegunRow, UseRow},
};
use cascade_model::{ClaimedRun, Lease, Payload, RunKind};

/// As [`Store::take`](crate::Store::take), without the names of projects.
pub(super) async fn take(
    connection: &mut PgConnection,
    choice: &Choice<'_>,
    holder: &Holder<'_>,
    floor: &Floor,
) -> Result<Taken> {
    let began = Instant::now();
    let start = floor.start(choice.behind, began);
    let query = match choice.kind {
        RunKind::Schedule => {
            let text =
                concat!(include_str!("sql/choose_runs.sql"), include_str!("sql/take_runs.sql"));
            bind_choice(sqlx::query(text), choice, false, Some(holder.owner))
        }
        RunKind::Queue => {
            let text = concat!(
                include_str!("sql/queue_heads.sql"),
                include_str!("sql/queue_choose.sql"),
                include_str!("sql/queue_take.sql")
            );
            bind_queue_choice(sqlx::query(text), choice, &start).bind(holder.owner)
        }
    };
    let query = query.bind(holder.lease.as_secs_f64());
    let rows = query.fetch_all(&mut *connection).await?;
    if rows.first().map_or(Ok(true), |row| row.try_get("limited"))? {
        return Ok(Taken::LimitNear);
    }
    if choice.kind == RunKind::Queue
        && rows.first().map_or(Ok(false), |row| row.try_get("rated"))?
    {
        return Ok(Taken::KeyRates);
    }
    let read = |row: &PgRow| {
        let mut run = claimed(row, choice.kind, holder.owner)?;
        if choice.kind == RunKind::Queue && row.try_get::<Option<Uuid>, _>("run_id")?.is_some() {
            run.request = Some(Box::new(requests::request(row)?));
        }
        Ok(run)
    };
    let found = found(&rows, read)?;
    if choice.kind == RunKind::Queue {
        let slow_at = note(floor, choice, &start, &rows, found.runs.len(), began)?;
        // A failure here takes away nothing that was taken: the next claim, if it is slow, asks again.
        if let Some(at) = slow_at
            && let Err(error) = know_heads(connection, floor, at).await
        {
            tracing::warn!(%error, "claims stay slow: where runs wait could not be read");
        }
    }
    Ok(Taken::Runs(found))
}

/// Tells the next claims of a queue what this one has come past; when it began if they need [`know_heads`].
fn note(
    floor: &Floor,
    choice: &Choice<'_>,
    start: &Start,
    rows: &[PgRow],
    taken: usize,
    began: Instant,
) -> Result<Option<DateTime<Utc>>> {
    let Some(row) = rows.first() else { return Ok(None) };
    let walked = Walked {
        dead: row.try_get("dead")?,
        oldest: row.try_get("oldest")?,
        at: row.try_get("began_at")?,
        to_the_end: row.try_get("to_the_end")?,
        taken,
        took: began.elapsed(),
    };
    let known: Option<Vec<i64>> = row.try_get("known")?;
    let since: Option<Vec<DateTime<Utc>>> = row.try_get("known_since")?;
    // Behind a project it has not looked at the heads before that.
    if walked.to_the_end && choice.behind.is_nil() {
        let waits = known.unwrap_or_default().into_iter().zip(since.unwrap_or_default());
        floor.passed(start, &waits.collect::<Vec<_>>(), walked.at);
    }
    let is_slow = floor.walked(choice.behind, start.since, &walked, Instant::now());
    Ok(is_slow.then_some(walked.at))
}

/// Tells the next claims of which projects, jobs and ranks something waits, after a claim that began `at`.
async fn know_heads(connection: &mut PgConnection, floor: &Floor, at: DateTime<Utc>) -> Result<()> {
    let start = Start { since: floor.start(Uuid::max(), Instant::now()).since, ..Start::default() };
    let text = concat!(include_str!("sql/queue_heads.sql"), include_str!("sql/queue_known.sql"));
    let query = bind_heads(sqlx::query(text), Uuid::nil(), &[], &[], &start);
    let rows = query.fetch_all(connection).await?;
    let head = |row: &PgRow| -> Result<(Head, DateTime<Utc>)> {
        let head = (row.try_get("project_id")?, row.try_get("job_type")?, row.try_get("rank")?);
        Ok((head, row.try_get("available_at")?))
    };
    floor.found(rows.iter().map(head).collect::<Result<_>>()?, at);
    Ok(())
}

/// As [`Tx::waiting_runs`](crate::Tx::waiting_runs).
pub(super) async fn waiting_runs(
    connection: &mut PgConnection,
    choice: &Choice<'_>,
    floor: &Floor,
) -> Result<Found<WaitingRun>> {
    let began = Instant::now();
    let start = floor.start(choice.behind, began);
    let rows = match choice.kind {
        RunKind::Schedule => {
            let text =
                concat!(include_str!("sql/choose_runs.sql"), include_str!("sql/waiting_runs.sql"));
            let query = bind_choice(sqlx::query(text), choice, true, None);
            query.fetch_all(connection).await?
        }
        RunKind::Queue => {
            let text = concat!(
                include_str!("sql/queue_heads.sql"),
                include_str!("sql/queue_choose.sql"),
                include_str!("sql/queue_found.sql")
            );
            let query = bind_queue_choice(sqlx::query(text), choice, &start);
            let rows = query.fetch_all(&mut *connection).await?;
            if let Some(at) = note(floor, choice, &start, &rows, 0, began)? {
                know_heads(connection, floor, at).await?;
            }
            rows
        }
    };
    found(&rows, |row| {
        let (id, job_type) = (row.try_get("id")?, row.try_get("job_type")?);
        Ok(WaitingRun { id, job_type, project_id: row.try_get("project_id")? })
    })
}

/// As [`Tx::lease_runs`](crate::Tx::lease_runs).
pub(super) async fn lease_runs(
    connection: &mut PgConnection,
    kind: RunKind,
    runs: &[Uuid],
    holder: &Holder<'_>,
) -> Result<Vec<ClaimedRun>> {
    let query = sqlx::query(of_kind!(kind, "sql/lease_runs.sql")).bind(runs).bind(holder.owner);
    let rows = query.bind(holder.lease.as_secs_f64()).fetch_all(&mut *connection).await?;
    let leased = rows.iter().map(|row| claimed(row, kind, holder.owner));
    let mut leased = leased.collect::<Result<Vec<_>>>()?;
    if kind == RunKind::Queue {
        requests::fill(connection, &mut leased).await?;
    }
    Ok(leased)
}

/// As [`Tx::begin_runs`](crate::Tx::begin_runs).
pub(super) async fn begin_runs(
    connection: &mut PgConnection,
    runs: &[NewRun],
    holder: &Holder<'_>,
) -> Result<Vec<ClaimedRun>> {
    let query = tx::bind_new(sqlx::query(include_str!("sql/begin_runs.sql")), runs);
    let query = query.bind(holder.owner).bind(holder.lease.as_secs_f64());
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| claimed(row, RunKind::Schedule, holder.owner)).collect()
}

/// As [`Tx::limits`](crate::Tx::limits).
pub(super) async fn limits(connection: &mut PgConnection) -> Result<Limits> {
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
    connection: &mut PgConnection,
    beginnings: &[Beginning<'_>],
) -> Result<()> {
    let periods = beginnings.iter().map(|beginning| shared_limits::millis(beginning.period));
    sqlx::query(include_str!("sql/count_begun.sql"))
        .bind(beginnings.iter().map(|beginning| beginning.limit).collect::<Vec<_>>())
        .bind(beginnings.iter().map(|beginning| i64::from(beginning.runs)).collect::<Vec<_>>())
        .bind(periods.collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// As [`Store::look`](crate::Store::look).
pub(super) async fn look(
    connection: &mut PgConnection,
    owner: &str,
    floor: &Floor,
) -> Result<Look> {
    let began = Instant::now();
    let start = floor.start(Uuid::nil(), began);
    let text = concat!(include_str!("sql/queue_heads.sql"), include_str!("sql/look.sql"));
    let look = bind_heads(sqlx::query(text), Uuid::nil(), &[], &[], &start).bind(owner);
    let look = look.fetch_one(connection).await?;
    let queued: bool = look.try_get("queued")?;
    if !queued {
        floor.nothing_waits(start.since, began.elapsed(), Instant::now());
    }
    let first: Option<Uuid> = look.try_get("first_project")?;
    Ok(Look {
        unresponsive: look.try_get("unresponsive")?,
        due: look.try_get("due")?,
        queued,
        schedule_key_free: look.try_get("schedule_key_free")?,
        projects: first.zip(look.try_get("last_project")?),
    })
}

/// As [`Store::soonest`](crate::Store::soonest).
pub(super) async fn soonest(
    connection: &mut PgConnection,
    owner: &str,
    except_jobs: &[LeftJob],
    except_projects: &[Uuid],
) -> Result<Soonest> {
    let query = sqlx::query(include_str!("sql/soonest.sql")).bind(owner).bind(names(except_jobs));
    let query = query.bind(except_projects).bind(stays(except_jobs));
    let found = query.fetch_one(connection).await?;
    Ok(Soonest::new(found.try_get("limited")?, found.try_get("seconds")?))
}

type Sql<'q> = Query<'q, Postgres, PgArguments>;

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The job types to leave out, and after how many seconds each is not.
fn names(jobs: &[LeftJob]) -> Vec<&str> {
    jobs.iter().map(|left| left.job.as_str()).collect()
}

fn stays(jobs: &[LeftJob]) -> Vec<Option<f64>> {
    jobs.iter().map(LeftJob::seconds).collect()
}

/// What queue_heads.sql asks for.
fn bind_heads<'q>(
    query: Sql<'q>,
    behind: Uuid,
    except_jobs: &[LeftJob],
    except_projects: &'q [Uuid],
    start: &'q Start,
) -> Sql<'q> {
    query
        .bind(behind)
        .bind(names(except_jobs))
        .bind(except_projects)
        .bind(start.since)
        .bind(&start.heads.projects)
        .bind(&start.heads.jobs)
        .bind(&start.heads.ranks)
        .bind(stays(except_jobs))
        .bind(&start.head_since)
}

fn bind_queue_choice<'q>(query: Sql<'q>, choice: &Choice<'q>, start: &'q Start) -> Sql<'q> {
    bind_heads(query, choice.behind, choice.except_jobs, choice.except_projects, start)
        .bind(count(choice.runs))
        .bind(count(choice.projects))
}

fn bind_choice<'q>(
    query: Sql<'q>,
    choice: &Choice<'q>,
    within_limits: bool,
    owner: Option<&'q str>,
) -> Sql<'q> {
    query
        .bind(choice.behind)
        .bind(count(choice.runs))
        .bind(names(choice.except_jobs))
        .bind(choice.except_projects)
        .bind(count(choice.projects))
        .bind(within_limits)
        .bind(owner)
        .bind(stays(choice.except_jobs))
}

/// Each row says how far the choice has come, and those that have an id say a run.
fn found<R>(rows: &[PgRow], read: impl Fn(&PgRow) -> Result<R>) -> Result<Found<R>> {
    let mut found = Found { runs: Vec::with_capacity(rows.len()), projects: 0, last: None };
    for row in rows {
        found.projects = usize::try_from(row.try_get::<i64, _>("visited")?).unwrap_or_default();
        found.last = row.try_get("reached")?;
        if row.try_get::<Option<Uuid>, _>("id")?.is_some() {
            found.runs.push(read(row)?);
        }
    }
    Ok(found)
}

/// As [`Store::next_queued`](crate::Store::next_queued).
pub(super) async fn next_queued(
    connection: &mut PgConnection,
    except_jobs: &[LeftJob],
    except_projects: &[Uuid],
    floor: &Floor,
) -> Result<Option<f64>> {
    let now = Instant::now();
    let text = concat!(include_str!("sql/queue_heads.sql"), include_str!("sql/queue_soonest.sql"));
    // What this passes over is found by the next claim that reads everything.
    let start = floor.start(Uuid::max(), now);
    let query = bind_heads(sqlx::query(text), Uuid::nil(), except_jobs, except_projects, &start);
    let found: Option<f64> = query.fetch_one(connection).await?.try_get("seconds")?;
    let whole = floor.pause(now).map(|pause| pause.as_secs_f64());
    Ok(found.into_iter().chain(whole).reduce(f64::min))
}

fn claimed(row: &PgRow, kind: RunKind, owner: &str) -> Result<ClaimedRun> {
    let payload: &str = row.try_get("payload")?;
    let (id, slug) = (row.try_get("project_id")?, row.try_get("slug")?);
    Ok(ClaimedRun {
        lease: Lease {
            run_id: row.try_get("id")?,
            kind,
            owner: owner.into(),
            attempt: row::count(row, "attempt")?,
        },
        job_type: row.try_get("job_type")?,
        project: Project { id, slug, name: row.try_get("name")? },
        max_attempts: row::count(row, "max_attempts")?,
        payload: Payload::parse(payload).map_err(StoreError::corrupt("payload"))?,
        trace_id: row.try_get("trace_id")?,
        queued_at: row.try_get("queued_at")?,
        started_at: row.try_get("started_at")?,
        request: None,
        alone: row.try_get("alone")?,
    })
}
