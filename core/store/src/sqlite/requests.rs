//! The verbs of runs that callers ask for. The one writer is alone: what one transaction finds stays so.

use std::collections::HashMap;

use cascade_model::{ClaimedRun, RunKind, RunRequest};
use cascade_sdk::rfc3339;
use serde_json::{Value, json};
use sqlx::{Row, Sqlite, SqliteConnection, Transaction, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    claim::{ids, seconds},
    row,
    tx::run_row,
};
use crate::{NewRequest, Result, RunRow, Waiting, args::args_of};

/// As [`Tx::go_before_later`](crate::Tx::go_before_later).
pub(super) async fn go_before_later(
    tx: &mut Transaction<'static, Sqlite>,
    requests: &[NewRequest],
) -> Result<()> {
    let keyed = requests.iter().filter_map(|one| {
        let (key, at) = (one.request.key.as_ref()?, one.request.run_at.map(rfc3339));
        let after = one.after.map(seconds);
        Some(json!([one.run.job_type, one.run.project_id.to_string(), key, at, after]))
    });
    let keyed: Vec<_> = keyed.collect();
    if !keyed.is_empty() {
        let later = sqlx::query(include_str!("sql/queue_go_before_later.sql"));
        later.bind(Value::from(keyed).to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// As [`Tx::waiting_of_key`](crate::Tx::waiting_of_key).
pub(super) async fn waiting_of_key(
    tx: &mut Transaction<'static, Sqlite>,
    of: &NewRequest,
    limit: u32,
) -> Result<Vec<Waiting>> {
    let rows = sqlx::query(include_str!("sql/queue_waiting.sql"))
        .bind(&of.run.job_type)
        .bind(of.run.project_id.to_string())
        .bind(of.request.key.as_deref())
        .bind(limit)
        .bind(of.request.run_at.map(rfc3339))
        .fetch_all(&mut **tx)
        .await?;
    let waiting = |row| {
        let (run, later) = (run_row(row, RunKind::Queue)?, row.try_get("later")?);
        Ok(Waiting { run, args: args(row)?, later })
    };
    rows.iter().map(waiting).collect()
}

/// As [`Tx::insert_requests`](crate::Tx::insert_requests).
pub(super) async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    requests: &[NewRequest],
) -> Result<Vec<bool>> {
    let runs = requests.iter().map(|NewRequest { run, request, after }| {
        let (trace, payload) = (run.payload.trace_of(run.id).to_string(), run.payload.to_text());
        let (id, project) = (run.id.to_string(), run.project_id.to_string());
        let (at, after) = (request.run_at.map(rfc3339), after.map(seconds));
        let (key, priority) = (&request.key, request.priority);
        json!([
            id,
            run.job_type,
            project,
            run.max_attempts,
            payload,
            trace,
            key,
            priority,
            at,
            after
        ])
    });
    let runs =
        sqlx::query(include_str!("sql/queue_insert.sql")).bind(Value::from_iter(runs).to_string());
    runs.execute(&mut **tx).await?;
    let asked = requests.iter().map(|NewRequest { run, request, .. }| {
        let RunRequest { key, args, priority, run_at, asked_by, tags: _ } = request;
        let (id, project, at) =
            (run.id.to_string(), run.project_id.to_string(), run_at.map(rfc3339));
        json!([id, run.job_type, project, key, args.to_string(), priority, at, asked_by])
    });
    let asked = sqlx::query(include_str!("sql/queue_insert_requests.sql"))
        .bind(Value::from_iter(asked).to_string());
    asked.execute(&mut **tx).await?;
    let keyed = requests.iter().filter(|one| one.request.key.is_some()).map(|one| one.run.id);
    fill_places(tx, &keyed.collect::<Vec<_>>()).await?;
    Ok(vec![true; requests.len()])
}

/// Gives free places to the next runs of the keys of these runs.
pub(super) async fn fill_places(
    tx: &mut Transaction<'static, Sqlite>,
    runs: &[Uuid],
) -> Result<()> {
    if runs.is_empty() {
        return Ok(());
    }
    let runs = ids(runs);
    loop {
        let fill = sqlx::query(include_str!("sql/queue_fill_places.sql")).bind(&runs);
        if fill.execute(&mut **tx).await?.rows_affected() == 0 {
            return Ok(());
        }
    }
}

/// Whether a run of the other kind is unfinished where this one, which has ended, is to wait again: a run of a schedule, and
/// the first run that was asked for with the schedule's key, follow one another.
pub(super) async fn other_kind_goes(
    tx: &mut Transaction<'static, Sqlite>,
    run: Uuid,
) -> Result<bool> {
    let goes = sqlx::query_scalar(include_str!("sql/other_kind.sql")).bind(run.to_string());
    Ok(goes.fetch_one(&mut **tx).await?)
}

/// Lets a run that has ended wait again, behind the first run of its key.
pub(super) async fn retry_behind(
    tx: &mut Transaction<'static, Sqlite>,
    run: &RunRow,
) -> Result<bool> {
    let retry = sqlx::query(include_str!("sql/queue_retry_behind.sql")).bind(run.id.to_string());
    let done = retry.bind(run.max_attempts).execute(&mut **tx).await?;
    Ok(done.rows_affected() > 0)
}

/// Fills in what claimed runs were asked for.
pub(super) async fn fill(connection: &mut SqliteConnection, runs: &mut [ClaimedRun]) -> Result<()> {
    let wanted: Vec<_> = runs.iter().map(|run| run.lease.run_id).collect();
    let query = sqlx::query(include_str!("sql/queue_requests.sql")).bind(ids(&wanted));
    let mut asked = HashMap::new();
    for row in &query.fetch_all(connection).await? {
        asked.insert(row::uuid(row, "run_id")?, request(row)?);
    }
    for run in runs {
        run.request = asked.remove(&run.lease.run_id).map(Box::new);
    }
    Ok(())
}

fn args(row: &SqliteRow) -> Result<Value> {
    Ok(args_of(row.try_get("args")?))
}

fn request(row: &SqliteRow) -> Result<RunRequest> {
    Ok(RunRequest {
        key: row.try_get("key")?,
        args: args(row)?,
        priority: row.try_get("priority")?,
        run_at: row.try_get("run_at")?,
        asked_by: row.try_get("asked_by")?,
        tags: Vec::new(),
    })
}
