//! Figures of runs by minute: how they are read, and what waits is counted.

#[cfg(test)]
mod plans;
mod prune;
mod write;

use std::{collections::BTreeMap, time::Duration};

use cascade_model::{Figures, StatFilter, StatGroup, StatKind, StatWorker, Tally, Visible};
use cascade_sdk::{Dialect, host::Database, sql};
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Text, rows};
use crate::{Connections, Result, Store, StoreError};
pub(super) use prune::prune;
pub(super) use write::{replace, save};

/// Queues that are counted at a time, the longest of them.
const MOST_QUEUES: u32 = 10_000;
/// Jobs or projects that one answer lists, those with the most runs.
const MOST_GROUPS: u32 = 100;

/// Counts what waits and runs, unless another process has done so in this minute.
pub(super) async fn sample(store: &(impl Store + ?Sized)) -> Result<bool> {
    let minute = match store.database().dialect() {
        Dialect::Postgres => "date_trunc('minute', now())",
        Dialect::Sqlite => "strftime('%Y-%m-%dT%H:%M:00.000Z', 'now')",
    };
    let insert = "INSERT INTO run_stats
        (minute, job_type, project_id, kind, bucket, source, runs, micros)";
    let first = sql(format!(
        "{insert} VALUES ({minute}, '', '00000000-0000-0000-0000-000000000000', 'samples', 0, 'queue', 1, 0)
         ON CONFLICT DO NOTHING"
    ));
    let mut tx = store.begin(Connections::Shared).await?;
    if tx.execute(&first).await.map_err(StoreError::Query)? == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    let count = sql(format!(
        "{insert}
         SELECT {minute}, job_type, project_id, kind, 0, 'queue', count(*), 0
         FROM (
             SELECT job_type, project_id,
                 CASE state WHEN 'running' THEN 'running' ELSE 'waiting' END AS kind
             FROM all_runs WHERE state IN ('available', 'running', 'retryable')
         ) open
         GROUP BY job_type, project_id, kind ORDER BY count(*) DESC LIMIT {MOST_QUEUES}"
    ));
    tx.execute(&count).await.map_err(StoreError::Query)?;
    tx.commit().await?;
    Ok(true)
}

#[derive(Deserialize)]
struct Counted<G> {
    of: G,
    kind: String,
    bucket: u16,
    runs: u64,
    micros: u64,
}

/// The view of figures that answers a question. A row of `run_figures` has figures of each project and, beside them,
/// their sums over the projects, which are as many times fewer: who may see all projects and does not ask by project
/// reads the sums alone, with the same result. The sums leave nobody out, and have no project to tell.
fn view(filter: &StatFilter, group: Option<StatGroup>) -> &'static str {
    match (&filter.visible, group) {
        (Visible::All, None | Some(StatGroup::Job | StatGroup::Worker)) => "job_run_stats",
        (Visible::All, Some(StatGroup::Project)) | (Visible::Only(_), _) => "all_run_stats",
    }
}

/// The rows of a time that may be seen, as `s`, for one row each of a `group`, or for all together; then also how often
/// was counted what waits.
fn fitting(text: Text, filter: &StatFilter, group: Option<StatGroup>) -> Text {
    let text = text
        .push(&format!(" FROM {} s WHERE s.minute >= ", view(filter, group)))
        .bind_time(filter.from)
        .push(" AND s.minute < ")
        .bind_time(filter.to)
        .push(" AND (");
    // What waits is nobody's: it is not counted by worker.
    let samples = group.is_none() && filter.worker.is_none();
    let text = if samples { text.push("s.job_type = '' OR ") } else { text };
    let text = text.push("(s.job_type <> ''");
    let text = match &filter.job_type {
        Some(job) => text.push(" AND s.job_type = ").bind(job.as_str()),
        None => text,
    };
    let text = match &filter.worker {
        Some(worker) => text
            .push(" AND s.source = (SELECT o.source FROM run_stat_sources o WHERE o.worker = ")
            .bind(worker.as_str())
            .push(")"),
        None => text,
    };
    text.and_visible("s.project_id", &filter.visible).push("))")
}

const SUMS: &str = ", CAST(sum(s.runs) AS bigint) AS runs, CAST(sum(s.micros) AS bigint) AS micros";

async fn grouped<G: DeserializeOwned + Ord>(
    database: &dyn Database,
    query: Text,
) -> Result<BTreeMap<G, Figures>> {
    let counted: Vec<Counted<G>> = rows(database, query.statement()).await?;
    let mut figures = BTreeMap::<G, Figures>::new();
    for Counted { of, kind, bucket, runs, micros } in counted {
        // A later version may count more.
        if let Ok(kind) = kind.parse::<StatKind>() {
            figures.entry(of).or_default().add(kind, bucket, Tally { runs, micros });
        }
    }
    Ok(figures)
}

/// Figures by step of time; steps in which nothing was counted are not there.
pub(super) async fn by_time(
    database: &dyn Database,
    filter: &StatFilter,
    step: Duration,
) -> Result<BTreeMap<DateTime<Utc>, Figures>> {
    let query = query_by_time(database.dialect(), filter, step);
    let found: BTreeMap<i64, Figures> = grouped(database, query).await?;
    let at = |(seconds, figures)| Some((DateTime::from_timestamp(seconds, 0)?, figures));
    Ok(found.into_iter().filter_map(at).collect())
}

fn query_by_time(dialect: Dialect, filter: &StatFilter, step: Duration) -> Text {
    let seconds = step.as_secs().max(60);
    let place = match dialect {
        Dialect::Postgres => {
            format!("CAST(extract(epoch FROM s.minute) AS bigint) / {seconds} * {seconds}")
        }
        Dialect::Sqlite => {
            format!("CAST(strftime('%s', s.minute) AS INTEGER) / {seconds} * {seconds}")
        }
    };
    let text =
        Text::of(dialect, "SELECT ").push(&place).push(" AS of, s.kind, s.bucket").push(SUMS);
    fitting(text, filter, None).push(" GROUP BY 1, s.kind, s.bucket")
}

/// Figures of each job, project or worker, of the 100 with the most ended runs.
pub(super) async fn by_group(
    database: &dyn Database,
    filter: &StatFilter,
    group: StatGroup,
) -> Result<BTreeMap<String, Figures>> {
    grouped(database, query_by_group(database.dialect(), filter, group)).await
}

/// All that fits is read once: a day of many projects has millions of figures, and their sums are a few thousand.
fn query_by_group(dialect: Dialect, filter: &StatFilter, group: StatGroup) -> Text {
    let (column, of) = match group {
        StatGroup::Job => ("s.job_type", "g.member"),
        StatGroup::Project => {
            ("s.project_id", "(SELECT p.slug FROM projects p WHERE p.id = g.member)")
        }
        StatGroup::Worker => {
            ("s.source", "(SELECT o.worker FROM run_stat_sources o WHERE o.source = g.member)")
        }
    };
    let of_workers = match group {
        StatGroup::Worker => " AND s.source IN (SELECT o.source FROM run_stat_sources o)",
        StatGroup::Job | StatGroup::Project => "",
    };
    let text = Text::of(dialect, "WITH g AS MATERIALIZED (SELECT ")
        .push(column)
        .push(" AS member, s.kind, s.bucket")
        .push(SUMS);
    fitting(text, filter, Some(group))
        .push(of_workers)
        .push(" GROUP BY 1, s.kind, s.bucket) SELECT ")
        .push(of)
        .push(
            " AS of, g.kind, g.bucket, g.runs, g.micros FROM g WHERE g.member IN (
                 SELECT member FROM g WHERE kind IN ('completed', 'failed', 'cancelled')
                 GROUP BY member ORDER BY sum(runs) DESC, member LIMIT ",
        )
        .bind(MOST_GROUPS)
        .push(")")
}

/// The workers that have written figures of the last two days.
pub(super) async fn workers(database: &dyn Database) -> Result<Vec<StatWorker>> {
    let text = Text::of(
        database.dialect(),
        "SELECT worker, host, pid FROM run_stat_sources ORDER BY written_at DESC, worker",
    );
    rows(database, text.statement()).await
}
