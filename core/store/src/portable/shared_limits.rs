//! Limits that jobs share, as jobs.toml says.

use std::time::Duration;

use cascade_config::{Rate, SharedLimit};
use cascade_sdk::{Statement, host::Database, sql};
use serde::Deserialize;

use super::{Text, rows};
use crate::{Result, StoreError, shared_limits::millis};

/// Rows of one statement.
const AT_ONCE: usize = 500;

/// A limit with the jobs that name it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedLimit {
    /// Its name.
    pub name: String,
    /// What it says.
    pub limit: SharedLimit,
    /// The jobs, in order.
    pub jobs: Vec<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Kept {
    name: String,
    concurrency: Option<u32>,
    rate: Option<u32>,
    period_ms: Option<i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Named {
    job_type: String,
    name: String,
}

/// Makes the limits what `wanted` says; `false` if they were that before, and then nothing is written.
pub(super) async fn save(database: &dyn Database, wanted: &[NamedLimit]) -> Result<bool> {
    let text = |text| Text::of(database.dialect(), text);
    let limits = text("SELECT name, concurrency, rate, period_ms FROM shared_limits");
    let mut limits: Vec<Kept> = rows(database, limits.statement()).await?;
    let jobs = text("SELECT job_type, name FROM shared_limit_jobs");
    let mut jobs: Vec<Named> = rows(database, jobs.statement()).await?;
    limits.sort_by(|a, b| a.name.cmp(&b.name));
    jobs.sort_by(|a, b| (&a.name, &a.job_type).cmp(&(&b.name, &b.job_type)));
    let mut new_limits: Vec<_> = wanted.iter().map(kept).collect();
    new_limits.sort_by(|a, b| a.name.cmp(&b.name));
    let of = |one: &NamedLimit| {
        let name = one.name.clone();
        one.jobs.clone().into_iter().map(move |job_type| Named { job_type, name: name.clone() })
    };
    let mut new_jobs: Vec<_> = wanted.iter().flat_map(of).collect();
    new_jobs.sort_by(|a, b| (&a.name, &a.job_type).cmp(&(&b.name, &b.job_type)));
    if limits == new_limits && jobs == new_jobs {
        return Ok(false);
    }
    let mut statements =
        vec![sql("DELETE FROM shared_limit_jobs"), sql("DELETE FROM shared_limits")];
    statements.extend(new_limits.into_iter().map(insert));
    for page in new_jobs.chunks(AT_ONCE) {
        let mut insert = text("INSERT INTO shared_limit_jobs (job_type, name) VALUES ");
        for (nth, Named { job_type, name }) in page.iter().enumerate() {
            insert = insert.push(if nth == 0 { "(" } else { ", (" });
            insert = insert.bind(job_type.as_str()).push(", ").bind(name.as_str()).push(")");
        }
        statements.push(insert.statement());
    }
    statements.push(sql(
        "DELETE FROM shared_limit_begins WHERE name NOT IN (SELECT name FROM shared_limits)",
    ));
    database.batch(statements).await.map_err(StoreError::Query)?;
    Ok(true)
}

fn kept(NamedLimit { name, limit, .. }: &NamedLimit) -> Kept {
    let SharedLimit { concurrency, rate } = limit.clone();
    let count = rate.map(|Rate { count, .. }| count);
    let period: Option<Duration> = rate.map(|Rate { period, .. }| period);
    Kept { name: name.clone(), concurrency, rate: count, period_ms: period.map(millis) }
}

fn insert(Kept { name, concurrency, rate, period_ms }: Kept) -> Statement {
    sql("INSERT INTO shared_limits (name, concurrency, rate, period_ms) VALUES ($1, $2, $3, $4)")
        .bind(name)
        .bind(concurrency)
        .bind(rate)
        .bind(period_ms)
}
