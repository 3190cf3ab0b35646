//! What becomes of figures with time: those of two days ago are added up by hour, and leave later.

use std::time::Duration;

use cascade_sdk::{Db, DbError, Dialect, host::Database};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Text;

/// Rows that are older become one an hour.
const FINE: Duration = Duration::from_secs(48 * 3600);

/// Makes rows of two days ago one an hour, and removes those that are older than `keep`; returns how many it
/// removed, at most about `batch` of the latter.
pub(in super::super) async fn prune(
    database: &dyn Database,
    keep: Duration,
    batch: u32,
) -> Result<u64, DbError> {
    let mut removed = 0;
    for (table, keys) in [
        ("run_stats", "minute, job_type, project_id, kind, bucket, source"),
        ("run_figures", "minute, job_type, source, part"),
    ] {
        let left = u64::from(batch).saturating_sub(removed);
        let old = format!(
            "DELETE FROM {table} WHERE ({keys}) IN (SELECT {keys} FROM {table} WHERE minute < "
        );
        let old = Text::of(database.dialect(), &old)
            .ago(keep)
            .push(&format!(" ORDER BY {keys} LIMIT "))
            .bind(left)
            .push(")");
        removed += Db::over(database).execute(old.statement()).await?;
    }
    // All that they have written has no source any more.
    let sources = Text::of(database.dialect(), "DELETE FROM run_stat_sources WHERE written_at < ");
    Db::over(database).execute(sources.ago(FINE).statement()).await?;
    // What the next step removes is not added up.
    let is_all = removed < u64::from(batch);
    Ok(removed + if is_all { by_hour(database, batch).await? } else { 0 })
}

/// Each job's rows of an hour in a transaction, from both tables. Their sums are added to the rows of the hour that are
/// there: an older version may have made some of its own rows.
async fn by_hour(database: &dyn Database, batch: u32) -> Result<u64, DbError> {
    let mut removed = 0;
    while removed < u64::from(batch) {
        let Some(hour) = oldest(database).await? else { break };
        let changed = match database.dialect() {
            Dialect::Postgres => add_up_postgres(database, &hour).await?,
            Dialect::Sqlite => add_up_sqlite(database, &hour).await?,
        };
        removed += changed.max(1);
    }
    Ok(removed)
}

/// An hour of a job.
#[derive(Deserialize)]
struct Hour {
    hour: DateTime<Utc>,
    job_type: String,
}

impl Hour {
    /// That a row by minute is of this.
    fn within(&self, text: Text) -> Text {
        text.push(" WHERE source <> '' AND minute >= ")
            .bind_time(self.hour)
            .push(" AND minute < ")
            .bind_time(self.hour + Duration::from_secs(3600))
            .push(" AND job_type = ")
            .bind(self.job_type.as_str())
    }
}

/// The first of which there are rows by minute that are old enough.
async fn oldest(database: &dyn Database) -> Result<Option<Hour>, DbError> {
    let hour = match database.dialect() {
        Dialect::Postgres => "date_trunc('hour', minute, 'UTC')",
        Dialect::Sqlite => "strftime('%Y-%m-%dT%H:00:00.000Z', minute)",
    };
    let first = |text: Text, table: &str| {
        let first = format!(
            "SELECT * FROM (SELECT minute, job_type FROM {table} WHERE source <> '' AND minute < "
        );
        text.push(&first)
            .ago(FINE)
            .push(&format!(" ORDER BY minute, job_type LIMIT 1) AS of_{table}"))
    };
    let text = Text::of(database.dialect(), &format!("SELECT {hour} AS hour, job_type FROM ("));
    let text = first(text, "run_stats").push(" UNION ALL ");
    let text = first(text, "run_figures").push(") AS oldest ORDER BY minute, job_type LIMIT 1");
    Db::over(database).fetch_optional(text.statement()).await
}

/// The values of a row by hour after its hour and job.
const SUMS: &str =
    "project_id, kind, bucket, '', CAST(sum(runs) AS bigint), CAST(sum(micros) AS bigint)";
const INTO: &str =
    "INSERT INTO run_stats (minute, job_type, project_id, kind, bucket, source, runs, micros)";
const ADDED: &str = " GROUP BY project_id, kind, bucket
    ON CONFLICT (minute, job_type, project_id, kind, bucket, source) DO UPDATE
    SET runs = run_stats.runs + excluded.runs, micros = run_stats.micros + excluded.micros";

/// What is added up is what the same statement has removed: a second process waits for the rows, finds them gone, and
/// adds nothing.
async fn add_up_postgres(database: &dyn Database, hour: &Hour) -> Result<u64, DbError> {
    #[derive(Deserialize)]
    struct Removed {
        removed: u64,
    }
    let text = Text::of(database.dialect(), "WITH fine AS (DELETE FROM run_stats");
    let text = hour.within(text).push(
        " RETURNING project_id, kind, bucket, runs, micros), packed AS (DELETE FROM run_figures",
    );
    let text = hour
        .within(text)
        .push(" RETURNING projects, kinds, buckets, runs, micros), added AS (")
        .push(INTO)
        .push(" SELECT CAST(")
        .bind_time(hour.hour)
        .push(" AS timestamptz), CAST(")
        .bind(hour.job_type.as_str())
        .push(" AS text), ")
        .push(SUMS)
        .push(
            " FROM (SELECT * FROM fine
                    UNION ALL
                    SELECT c.* FROM packed p
                    CROSS JOIN LATERAL unnest(p.projects, p.kinds, p.buckets, p.runs, p.micros)
                        AS c(project_id, kind, bucket, runs, micros)) AS removed",
        )
        .push(ADDED)
        .push(") SELECT (SELECT count(*) FROM fine) + (SELECT count(*) FROM packed) AS removed");
    let removed: Removed = Db::over(database).fetch_one(text.statement()).await?;
    Ok(removed.removed)
}

/// There is one writer: nobody removes what a transaction has added up.
async fn add_up_sqlite(database: &dyn Database, hour: &Hour) -> Result<u64, DbError> {
    let text = Text::of(database.dialect(), INTO).push(" SELECT ").bind_time(hour.hour);
    let text = text.push(", ").bind(hour.job_type.as_str()).push(", ").push(SUMS);
    let insert = hour.within(text.push(" FROM all_run_stats")).push(ADDED);
    let [fine, packed] = ["run_stats", "run_figures"].map(|table| {
        hour.within(Text::of(database.dialect(), &format!("DELETE FROM {table}"))).statement()
    });
    let changed = database.batch(vec![insert.statement(), fine, packed]).await?;
    Ok(changed.into_iter().skip(1).sum())
}
