//! The verbs of runs that callers ask for.

use std::collections::HashMap;

use cascade_model::{ClaimedRun, RunKind, RunRequest};
use serde_json::Value;
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{SIGNALS, row, tx::run_row};
use crate::{NewRequest, Result, RunRow, Waiting, args::args_of};

/// As [`Tx::lock_keys`](crate::Tx::lock_keys), or with `before_later` as
/// [`Tx::go_before_later`](crate::Tx::go_before_later).
pub(super) async fn lock_keys(
    connection: &mut PgConnection,
    requests: &[NewRequest],
    own: Option<Uuid>,
    before_later: bool,
) -> Result<()> {
    let keyed: Vec<_> = requests.iter().filter(|one| one.request.key.is_some()).collect();
    if keyed.is_empty() {
        return Ok(());
    }
    let bound = |text: &'static str| {
        sqlx::query(text)
            .bind(keyed.iter().map(|one| one.run.job_type.as_str()).collect::<Vec<_>>())
            .bind(keyed.iter().map(|one| one.run.project_id).collect::<Vec<_>>())
            .bind(keyed.iter().map(|one| one.request.key.as_deref()).collect::<Vec<_>>())
            .bind(keyed.iter().map(|one| one.request.run_at).collect::<Vec<_>>())
            .bind(keyed.iter().map(|one| one.after.map(|it| it.as_secs_f64())).collect::<Vec<_>>())
            .bind(own)
            .bind(before_later)
    };
    let locked = bound(include_str!("sql/queue_lock_keys.sql")).fetch_one(&mut *connection).await?;
    if locked.try_get("shared")? {
        bound(include_str!("sql/queue_lock_places.sql")).execute(connection).await?;
    }
    Ok(())
}

/// Takes the turn of the key of a run, where several runs of it go at a time.
pub(super) async fn turn_of(connection: &mut PgConnection, run: Uuid) -> Result<()> {
    sqlx::query(include_str!("sql/queue_turn_of.sql")).bind(run).execute(connection).await?;
    Ok(())
}

/// As [`Tx::lock_key_of`](crate::Tx::lock_key_of).
pub(super) async fn lock_key_of(connection: &mut PgConnection, run: Uuid) -> Result<()> {
    let text = include_str!("sql/queue_lock_key_of.sql");
    while !sqlx::query_scalar(text).bind(run).fetch_one(&mut *connection).await? {}
    Ok(())
}

/// Lets a run that has ended wait again; `false` where its job has another unfinished run.
pub(super) async fn retry(connection: &mut PgConnection, run: &RunRow) -> Result<bool> {
    let text = include_str!("sql/queue_retry.sql");
    loop {
        let retry = sqlx::query(text).bind(run.id).bind(row::int(run.max_attempts));
        let done = retry.fetch_one(&mut *connection).await?;
        if done.try_get("locked")? {
            return Ok(done.try_get("made")?);
        }
        lock_key_of(connection, run.id).await?;
    }
}

/// As [`Tx::waiting_of_key`](crate::Tx::waiting_of_key).
pub(super) async fn waiting_of_key(
    connection: &mut PgConnection,
    of: &NewRequest,
    limit: u32,
) -> Result<Vec<Waiting>> {
    let rows = sqlx::query(include_str!("sql/queue_waiting.sql"))
        .bind(&of.run.job_type)
        .bind(of.run.project_id)
        .bind(of.request.key.as_deref())
        .bind(i64::from(limit))
        .bind(of.request.run_at)
        .fetch_all(connection)
        .await?;
    let waiting = |row| {
        let (run, later) = (run_row(row, RunKind::Queue)?, row.try_get("later")?);
        Ok(Waiting { run, args: args(row)?, later })
    };
    rows.iter().map(waiting).collect()
}

/// As [`Tx::insert_requests`](crate::Tx::insert_requests).
pub(super) async fn insert(
    connection: &mut PgConnection,
    requests: &[NewRequest],
    wake: bool,
) -> Result<Vec<bool>> {
    let runs = || requests.iter().map(|one| &one.run);
    let asked = || requests.iter().map(|one| &one.request);
    let made = sqlx::query(include_str!("sql/queue_insert.sql"))
        .bind(runs().map(|run| run.id).collect::<Vec<_>>())
        .bind(runs().map(|run| run.job_type.as_str()).collect::<Vec<_>>())
        .bind(runs().map(|run| run.project_id).collect::<Vec<_>>())
        .bind(runs().map(|run| row::int(run.max_attempts)).collect::<Vec<_>>())
        .bind(runs().map(|run| run.payload.to_text()).collect::<Vec<_>>())
        .bind(runs().map(|run| run.payload.trace_of(run.id)).collect::<Vec<_>>())
        .bind(asked().map(|asked| asked.key.as_deref()).collect::<Vec<_>>())
        .bind(asked().map(|asked| i32::from(asked.priority)).collect::<Vec<_>>())
        .bind(asked().map(|asked| asked.run_at).collect::<Vec<_>>())
        .bind(requests.iter().map(|one| one.after.map(|t| t.as_secs_f64())).collect::<Vec<_>>())
        .bind(asked().map(|asked| asked.args.to_string()).collect::<Vec<_>>())
        .bind(asked().map(|asked| asked.asked_by.as_deref()).collect::<Vec<_>>())
        .bind(wake.then_some(SIGNALS))
        .fetch_all(&mut *connection)
        .await?;
    let row =
        |row: &PgRow| -> Result<(Uuid, bool)> { Ok((row.try_get("id")?, row.try_get("shares")?)) };
    let made = made.iter().map(row).collect::<Result<HashMap<_, _>>>()?;
    let sharing: Vec<_> = made.iter().filter(|(_, shares)| **shares).map(|(id, _)| *id).collect();
    if !sharing.is_empty() {
        fill_places(connection, &sharing).await?;
    }
    Ok(requests.iter().map(|one| made.contains_key(&one.run.id)).collect())
}

/// Gives free places to the next runs of the keys of these runs, which were added in this transaction.
pub(super) async fn fill_places(connection: &mut PgConnection, added: &[Uuid]) -> Result<()> {
    sqlx::query(include_str!("sql/queue_fill_places.sql")).bind(added).execute(connection).await?;
    Ok(())
}

/// Fills in what claimed runs were asked for.
pub(super) async fn fill(connection: &mut PgConnection, runs: &mut [ClaimedRun]) -> Result<()> {
    let rows = sqlx::query(include_str!("sql/queue_requests.sql"))
        .bind(runs.iter().map(|run| run.lease.run_id).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let mut asked = HashMap::new();
    for row in &rows {
        asked.insert(row.try_get::<Uuid, _>("run_id")?, request(row)?);
    }
    for run in runs {
        run.request = asked.remove(&run.lease.run_id).map(Box::new);
    }
    Ok(())
}

fn args(row: &PgRow) -> Result<Value> {
    Ok(args_of(row.try_get("args")?))
}

pub(super) fn request(row: &PgRow) -> Result<RunRequest> {
    let priority: i32 = row.try_get("priority")?;
    Ok(RunRequest {
        key: row.try_get("key")?,
        args: args(row)?,
        priority: u8::try_from(priority).unwrap_or_default(),
        run_at: row.try_get("run_at")?,
        asked_by: row.try_get("asked_by")?,
        tags: Vec::new(),
    })
}
