//! What jobs.toml says of the keys of jobs, the keys that have room, and the runs that are held for no reason any more.

use std::collections::BTreeMap;

use cascade_config::Rate;
use cascade_sdk::{Dialect, Statement, host::Database, sql};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, row, rows};
use crate::{Result, StoreError, shared_limits::millis};

/// The states of runs that have not ended.
const OPEN: &str = "state IN ('available', 'running', 'retryable')";

#[derive(Deserialize)]
struct Id {
    id: Uuid,
}

/// Rows of one statement.
const AT_ONCE: usize = 500;

/// A job of whose keys jobs.toml says something.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyedJob {
    /// Its name.
    pub job_type: String,
    /// The dotted path of the arg that gives runs their key which are asked for without one.
    pub key_from: Option<String>,
    /// Runs of one key that have begun and not ended, at most.
    pub runs_per_key: u32,
    /// Runs of one key that may begin in a time, at most.
    pub rate: Option<Rate>,
    /// Whether claims look at rates of its keys.
    pub is_rated: bool,
    /// Numbers of single keys.
    pub values: Vec<KeyValue>,
}

/// The numbers of a key; `None` for those of its job.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// Runs that have begun and not ended, at most.
    pub runs_per_key: Option<u32>,
    /// Runs that may begin in a time, at most.
    pub rate: Option<Rate>,
}

/// A row of `keyed_jobs`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct JobRow {
    job_type: String,
    key_from: Option<String>,
    runs_per_key: u32,
    rate: Option<u32>,
    period_ms: Option<i64>,
    #[serde(deserialize_with = "row::flag")]
    rated: bool,
}

/// A row of `key_values`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct ValueRow {
    job_type: String,
    key: String,
    runs_per_key: Option<u32>,
    rate: Option<u32>,
    period_ms: Option<i64>,
}

fn columns(rate: Option<Rate>) -> (Option<u32>, Option<i64>) {
    (rate.map(|rate| rate.count), rate.map(|rate| millis(rate.period)))
}

impl From<&KeyedJob> for JobRow {
    fn from(from: &KeyedJob) -> Self {
        let (rate, period_ms) = columns(from.rate);
        Self {
            job_type: from.job_type.clone(),
            key_from: from.key_from.clone(),
            runs_per_key: from.runs_per_key,
            rate,
            period_ms,
            rated: from.is_rated,
        }
    }
}

impl ValueRow {
    fn of(job: &KeyedJob, value: &KeyValue) -> Self {
        let (rate, period_ms) = columns(value.rate);
        let (job_type, key) = (job.job_type.clone(), value.key.clone());
        Self { job_type, key, runs_per_key: value.runs_per_key, rate, period_ms }
    }
}

/// Makes them what `wanted` says; `false` if they were that before, and then nothing is written.
pub(super) async fn save(database: &dyn Database, wanted: &[KeyedJob]) -> Result<bool> {
    let jobs =
        sql("SELECT job_type, key_from, runs_per_key, rate, period_ms, rated FROM keyed_jobs");
    let mut jobs: Vec<JobRow> = rows(database, jobs).await?;
    let values = sql("SELECT job_type, key, runs_per_key, rate, period_ms FROM key_values");
    let mut values: Vec<ValueRow> = rows(database, values).await?;
    let mut new_jobs: Vec<_> = wanted.iter().map(JobRow::from).collect();
    let of = |job: &'_ KeyedJob| job.values.iter().map(|value| ValueRow::of(job, value)).collect();
    let mut new_values: Vec<_> = wanted.iter().flat_map(|job| -> Vec<_> { of(job) }).collect();
    jobs.sort();
    values.sort();
    new_jobs.sort();
    new_values.sort();
    if jobs == new_jobs && values == new_values {
        return Ok(false);
    }
    // Row by row: a table that is empty for a moment would say that no key has more than one run.
    let is_gone = |one: &&JobRow| new_jobs.iter().all(|it| it.job_type != one.job_type);
    let gone = jobs.iter().filter(is_gone);
    let gone = gone
        .map(|one| sql("DELETE FROM keyed_jobs WHERE job_type = $1").bind(one.job_type.as_str()));
    let new = new_jobs.iter().filter(|one| jobs.binary_search(one).is_err()).map(upsert);
    let mut statements: Vec<_> = gone.chain(new).collect();
    statements.extend(changed_values(database.dialect(), &values, &new_values));
    database.batch(statements).await.map_err(StoreError::Query)?;
    Ok(true)
}

fn upsert(row: &JobRow) -> Statement {
    sql("INSERT INTO keyed_jobs (job_type, key_from, runs_per_key, rate, period_ms, rated)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (job_type) DO UPDATE
         SET key_from = excluded.key_from, runs_per_key = excluded.runs_per_key, rate = excluded.rate,
             period_ms = excluded.period_ms, rated = excluded.rated")
    .bind(row.job_type.as_str())
    .bind(row.key_from.as_deref())
    .bind(row.runs_per_key)
    .bind(row.rate)
    .bind(row.period_ms)
    .bind(row.rated)
}

/// Replaces the rows that differ; both are sorted.
fn changed_values(dialect: Dialect, kept: &[ValueRow], wanted: &[ValueRow]) -> Vec<Statement> {
    let gone = kept.iter().filter(|row| wanted.binary_search(row).is_err());
    let new: Vec<_> = wanted.iter().filter(|row| kept.binary_search(row).is_err()).collect();
    let mut by_job: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in gone {
        by_job.entry(&row.job_type).or_default().push(row.key.clone());
    }
    let delete = |(job, keys): (&str, Vec<String>)| {
        let delete = Text::of(dialect, "DELETE FROM key_values WHERE job_type = ").bind(job);
        delete.and_among("key", keys).statement()
    };
    let insert = |page: &[&ValueRow]| {
        let text = "INSERT INTO key_values (job_type, key, runs_per_key, rate, period_ms) VALUES ";
        let mut insert = Text::of(dialect, text);
        for (nth, row) in page.iter().enumerate() {
            insert = insert.push(if nth == 0 { "(" } else { ", (" });
            insert = insert.bind(row.job_type.as_str()).push(", ").bind(row.key.as_str());
            insert = insert.push(", ").bind(row.runs_per_key).push(", ").bind(row.rate);
            insert = insert.push(", ").bind(row.period_ms).push(")");
        }
        insert.statement()
    };
    by_job.into_iter().map(delete).chain(new.chunks(AT_ONCE).map(insert)).collect()
}

/// A run that waits behind others of its key, of keys that have a free place: up to `limit` where several runs of them go
/// at a time, and as many of which one does.
pub(super) async fn with_room(database: &dyn Database, limit: u32) -> Result<Vec<Uuid>> {
    let dialect = database.dialect();
    let behind = |alias: &str, is| match (dialect, is) {
        (Dialect::Postgres, true) => format!("{alias}.behind"),
        (Dialect::Postgres, false) => format!("NOT {alias}.behind"),
        (Dialect::Sqlite, is) => format!("{alias}.behind = {}", u8::from(is)),
    };
    let query = Text::of(dialect, "SELECT min(CAST(b.id AS TEXT)) AS id FROM keyed_jobs j")
        .push(" JOIN queue_runs b ON b.job_type = j.job_type LEFT JOIN key_values v ON v.job_type = b.job_type")
        .push(" AND v.key = b.key WHERE coalesce(v.runs_per_key, j.runs_per_key) > 1 AND b.key <> ''")
        .push(&format!(" AND b.state = 'available' AND {}", behind("b", true)))
        .push(" GROUP BY b.job_type, b.project_id, b.key, v.runs_per_key, j.runs_per_key HAVING (")
        .push("SELECT count(*) FROM queue_runs f WHERE f.job_type = b.job_type AND f.project_id = b.project_id")
        .push(&format!(" AND f.key = b.key AND f.key IS NOT NULL AND {} AND f.{OPEN}", behind("f", false)))
        .push(") + (SELECT count(*) FROM queue_runs t WHERE t.job_type = b.job_type")
        .push(" AND t.project_id = b.project_id AND t.beside = b.key AND t.beside IS NOT NULL")
        .push(&format!(" AND t.place < coalesce(v.runs_per_key, j.runs_per_key) AND t.{OPEN})"))
        .push(" < coalesce(v.runs_per_key, j.runs_per_key) LIMIT ")
        .bind(limit);
    let mut found: Vec<Id> = rows(database, query.statement()).await?;
    if dialect == Dialect::Postgres {
        // A version before migration 430 puts a run behind one that may end meanwhile. SQLite has one writer.
        let without_first = sql(include_str!("../postgres/sql/queue_keys_without_first.sql"));
        found.extend(rows::<Id>(database, without_first.bind(limit)).await?);
    }
    Ok(found.into_iter().map(|one| one.id).collect())
}

/// Lets up to `limit` runs begin that another rate than that of their key holds, since when they have waited before;
/// how many there were.
pub(super) async fn release_held(database: &dyn Database, limit: u32) -> Result<u64> {
    let dialect = database.dialect();
    let held = Text::of(dialect, "SELECT r.id FROM queue_runs r")
        .push(" LEFT JOIN keyed_jobs j ON j.job_type = r.job_type LEFT JOIN key_values v ON v.job_type = r.job_type")
        .push(" AND v.key = coalesce(r.key, r.beside)")
        .push(" WHERE r.held_until IS NOT NULL AND r.state IN ('available', 'retryable')")
        .push(" AND r.held_until = r.available_at AND r.held_until > ")
        .now()
        .push(" AND (j.rated IS NULL OR NOT j.rated OR r.held_by <> coalesce(")
        .push("CASE WHEN v.rate IS NULL THEN CAST(j.rate AS TEXT) || '/' || CAST(j.period_ms AS TEXT)")
        .push(" ELSE CAST(v.rate AS TEXT) || '/' || CAST(v.period_ms AS TEXT) END, '')) LIMIT ")
        .bind(limit);
    let held: Vec<Id> = rows(database, held.statement()).await?;
    if held.is_empty() {
        return Ok(0);
    }
    let released = Text::of(
        dialect,
        "UPDATE queue_runs SET available_at = held_from, held_until = NULL",
    )
    .push(", held_from = NULL, held_by = NULL WHERE held_until = available_at")
    .push(" AND state IN ('available', 'retryable') AND id IN (SELECT id FROM queue_runs WHERE ")
    .among("id", held.iter().map(|one| one.id.to_string()).collect());
    // Who locks several runs does so in this order.
    let released = match dialect {
        Dialect::Postgres => released.push(" ORDER BY id FOR UPDATE)"),
        Dialect::Sqlite => released.push(")"),
    };
    database.batch(vec![released.statement()]).await.map_err(StoreError::Query)?;
    Ok(held.len() as u64)
}
