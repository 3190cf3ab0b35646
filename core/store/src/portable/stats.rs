//! Figures of runs by minute: how they are kept, and read.

use std::{collections::BTreeMap, time::Duration};

use cascade_model::{Figures, StatFilter, StatGroup, StatKind, StatRow, StatWorker, Tally};
use cascade_sdk::{Db, DbError, Dialect, Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{Text, rows};
use crate::{Connections, Result, Store, StoreError};

/// Rows of one statement.
const AT_ONCE: usize = 500;
/// Rows that are older become one an hour.
const FINE: Duration = Duration::from_secs(48 * 3600);
/// Queues that are counted at a time, the longest of them.
const MOST_QUEUES: u32 = 10_000;
/// Jobs or projects that one answer lists, those with the most runs.
const MOST_GROUPS: u32 = 100;

/// Writes rows of a process: what it has counted so far, in place of what it wrote before; and whose they are, if it
/// has a worker.
pub(super) async fn save(
    database: &dyn Database,
    source: &str,
    worker: Option<&StatWorker>,
    rows: &[StatRow],
) -> Result<()> {
    let mut statements = Vec::new();
    if let (Some(worker), Some(last)) = (worker, rows.iter().map(|row| row.minute).max()) {
        statements.push(save_source(source, worker, last));
    }
    statements.extend(rows.chunks(AT_ONCE).map(|page| save_page(database.dialect(), source, page)));
    database.batch(statements).await.map(drop).map_err(StoreError::Query)
}

fn save_source(source: &str, worker: &StatWorker, written_at: DateTime<Utc>) -> Statement {
    sql("INSERT INTO run_stat_sources (source, worker, host, pid, written_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (source) DO UPDATE SET written_at = excluded.written_at")
    .bind(source)
    .bind(worker.worker.as_str())
    .bind(worker.host.clone())
    .bind(worker.pid)
    .bind(rfc3339(written_at))
}

fn save_page(dialect: Dialect, source: &str, page: &[StatRow]) -> Statement {
    let values = page.iter().map(|StatRow { minute, key, tally }| {
        json!({
            "minute": rfc3339(*minute), "job_type": key.job_type, "project_id": key.project_id,
            "kind": key.kind.as_str(), "bucket": key.bucket,
            "runs": tally.runs, "micros": tally.micros,
        })
    });
    let (from, names) = match dialect {
        Dialect::Postgres => (
            "FROM json_to_recordset($1::json) AS v(
                 minute timestamptz, job_type text, project_id uuid, kind text, bucket integer,
                 runs bigint, micros bigint)",
            ["v.minute", "v.job_type", "v.project_id", "v.kind", "v.bucket", "v.runs", "v.micros"],
        ),
        Dialect::Sqlite => (
            "FROM json_each($1) v WHERE TRUE",
            [
                "v.value ->> 'minute'",
                "v.value ->> 'job_type'",
                "v.value ->> 'project_id'",
                "v.value ->> 'kind'",
                "v.value ->> 'bucket'",
                "v.value ->> 'runs'",
                "v.value ->> 'micros'",
            ],
        ),
    };
    let names = names.join(", ");
    sql(format!(
        "INSERT INTO run_stats (minute, job_type, project_id, kind, bucket, runs, micros, source)
         SELECT {names}, CAST($2 AS text) {from}
         ON CONFLICT (minute, job_type, project_id, kind, bucket, source) DO UPDATE
         SET runs = excluded.runs, micros = excluded.micros"
    ))
    .bind(values.collect::<Vec<_>>())
    .bind(source)
}

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

/// The rows of a time that may be seen, as `s`; with `samples` also how often was counted what waits.
fn fitting(text: Text, filter: &StatFilter, samples: bool) -> Text {
    let text = text
        .push(" FROM run_stats s WHERE s.minute >= ")
        .bind_time(filter.from)
        .push(" AND s.minute < ")
        .bind_time(filter.to)
        .push(" AND (");
    // What waits is nobody's: it is not counted by worker.
    let samples = samples && filter.worker.is_none();
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

const SUMS: &str = " AS of, s.kind, s.bucket, CAST(sum(s.runs) AS bigint) AS runs, \
    CAST(sum(s.micros) AS bigint) AS micros";

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
    let seconds = step.as_secs().max(60);
    let place = match database.dialect() {
        Dialect::Postgres => {
            format!("CAST(floor(extract(epoch FROM s.minute) / {seconds}) * {seconds} AS bigint)")
        }
        Dialect::Sqlite => {
            format!("CAST(strftime('%s', s.minute) AS INTEGER) / {seconds} * {seconds}")
        }
    };
    let text = Text::of(database.dialect(), "SELECT ").push(&place).push(SUMS);
    let text = fitting(text, filter, true).push(" GROUP BY 1, s.kind, s.bucket");
    let found: BTreeMap<i64, Figures> = grouped(database, text).await?;
    let at = |(seconds, figures)| Some((DateTime::from_timestamp(seconds, 0)?, figures));
    Ok(found.into_iter().filter_map(at).collect())
}

/// Figures of each job, project or worker, of the 100 with the most ended runs.
pub(super) async fn by_group(
    database: &dyn Database,
    filter: &StatFilter,
    group: StatGroup,
) -> Result<BTreeMap<String, Figures>> {
    let (of, column) = match group {
        StatGroup::Job => ("s.job_type", "s.job_type"),
        StatGroup::Project => {
            ("(SELECT p.slug FROM projects p WHERE p.id = s.project_id)", "s.project_id")
        }
        StatGroup::Worker => {
            ("(SELECT o.worker FROM run_stat_sources o WHERE o.source = s.source)", "s.source")
        }
    };
    let of_workers = match group {
        StatGroup::Worker => " AND s.source IN (SELECT o.source FROM run_stat_sources o)",
        StatGroup::Job | StatGroup::Project => "",
    };
    let text = Text::of(database.dialect(), "SELECT ").push(of).push(SUMS);
    let text = fitting(text, filter, false).push(&format!(" AND {column} IN (SELECT {column}"));
    let text = fitting(text, filter, false)
        .push(of_workers)
        .push(&format!(
            " AND s.kind IN ('completed', 'failed', 'cancelled')
             GROUP BY {column} ORDER BY sum(s.runs) DESC, {column} LIMIT "
        ))
        .bind(MOST_GROUPS)
        .push(&format!(") GROUP BY {column}, s.kind, s.bucket"));
    grouped(database, text).await
}

/// The workers that have written figures of the last two days.
pub(super) async fn workers(database: &dyn Database) -> Result<Vec<StatWorker>> {
    let text = Text::of(
        database.dialect(),
        "SELECT worker, host, pid FROM run_stat_sources ORDER BY written_at DESC, worker",
    );
    rows(database, text.statement()).await
}

/// Makes rows of two days ago one an hour, and removes those that are older than `keep`; returns how many it
/// removed, at most about `batch` of the latter.
pub(super) async fn prune(
    database: &dyn Database,
    keep: Duration,
    batch: u32,
) -> std::result::Result<u64, DbError> {
    let keys = "minute, job_type, project_id, kind, bucket, source";
    let old = format!(
        "DELETE FROM run_stats WHERE ({keys}) IN (SELECT {keys} FROM run_stats WHERE minute < "
    );
    let old = Text::of(database.dialect(), &old)
        .ago(keep)
        .push(&format!(" ORDER BY {keys} LIMIT "))
        .bind(batch)
        .push(")");
    let removed = Db::over(database).execute(old.statement()).await?;
    // All that they have written has no source any more.
    let sources = Text::of(database.dialect(), "DELETE FROM run_stat_sources WHERE written_at < ");
    Db::over(database).execute(sources.ago(FINE).statement()).await?;
    Ok(removed + by_hour(database, batch).await?)
}

/// Each job's rows of an hour in a transaction. Of two processes that do so at once, the second inserts nothing,
/// as the rows are there, and finds nothing to remove.
async fn by_hour(database: &dyn Database, batch: u32) -> std::result::Result<u64, DbError> {
    #[derive(Deserialize)]
    struct Oldest {
        hour: DateTime<Utc>,
        job_type: String,
    }
    let hour = match database.dialect() {
        Dialect::Postgres => "date_trunc('hour', minute, 'UTC')",
        Dialect::Sqlite => "strftime('%Y-%m-%dT%H:00:00.000Z', minute)",
    };
    let mut removed = 0;
    while removed < u64::from(batch) {
        let oldest = Text::of(
            database.dialect(),
            &format!(
                "SELECT {hour} AS hour, job_type FROM run_stats WHERE source <> '' AND minute < "
            ),
        )
        .ago(FINE)
        .push(" ORDER BY minute, job_type LIMIT 1");
        let oldest: Option<Oldest> = Db::over(database).fetch_optional(oldest.statement()).await?;
        let Some(Oldest { hour, job_type }) = oldest else { break };
        let within = |text: Text| {
            text.push(" FROM run_stats WHERE source <> '' AND minute >= ")
                .bind_time(hour)
                .push(" AND minute < ")
                .bind_time(hour + Duration::from_secs(3600))
                .push(" AND job_type = ")
                .bind(job_type.as_str())
        };
        let insert = Text::of(
            database.dialect(),
            "INSERT INTO run_stats (minute, job_type, project_id, kind, bucket, source, runs, micros)
             SELECT ",
        );
        let insert = match database.dialect() {
            Dialect::Postgres => insert.push("CAST(").bind_time(hour).push(" AS timestamptz)"),
            Dialect::Sqlite => insert.bind_time(hour),
        };
        let insert = within(insert.push(
            ", job_type, project_id, kind, bucket, '',
             CAST(sum(runs) AS bigint), CAST(sum(micros) AS bigint)",
        ))
        .push(" GROUP BY job_type, project_id, kind, bucket ON CONFLICT DO NOTHING");
        let delete = within(Text::of(database.dialect(), "DELETE"));
        let changed = database.batch(vec![insert.statement(), delete.statement()]).await?;
        removed += changed.get(1).copied().unwrap_or(0).max(1);
    }
    Ok(removed)
}
