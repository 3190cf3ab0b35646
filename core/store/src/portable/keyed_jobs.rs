//! What jobs.toml says of the keys of jobs, and the keys that have room.

use cascade_sdk::{Dialect, Statement, host::Database, sql};
use serde::Deserialize;
use uuid::Uuid;

use super::{Text, rows};
use crate::{Result, StoreError};

/// The states of runs that have not ended.
const OPEN: &str = "state IN ('available', 'running', 'retryable')";

/// A job of whose keys jobs.toml says something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct KeyedJob {
    /// Its name.
    pub job_type: String,
    /// The dotted path of the arg that gives runs their key which are asked for without one.
    pub key_from: Option<String>,
    /// Runs of one key that have begun and not ended, at most.
    pub runs_per_key: u32,
}

/// Makes them what `wanted` says; `false` if they were that before, and then nothing is written.
pub(super) async fn save(database: &dyn Database, wanted: &[KeyedJob]) -> Result<bool> {
    let kept = sql("SELECT job_type, key_from, runs_per_key FROM keyed_jobs");
    let mut kept: Vec<KeyedJob> = rows(database, kept).await?;
    let mut wanted = wanted.to_vec();
    kept.sort();
    wanted.sort();
    if kept == wanted {
        return Ok(false);
    }
    // Row by row: a table that is empty for a moment would say that no key has more than one run.
    let gone = kept.iter().filter(|one| wanted.iter().all(|it| it.job_type != one.job_type));
    let gone = gone
        .map(|one| sql("DELETE FROM keyed_jobs WHERE job_type = $1").bind(one.job_type.as_str()));
    let new = wanted.iter().filter(|one| !kept.contains(one)).map(upsert);
    database.batch(gone.chain(new).collect()).await.map_err(StoreError::Query)?;
    Ok(true)
}

fn upsert(KeyedJob { job_type, key_from, runs_per_key }: &KeyedJob) -> Statement {
    sql("INSERT INTO keyed_jobs (job_type, key_from, runs_per_key) VALUES ($1, $2, $3)
         ON CONFLICT (job_type) DO UPDATE
         SET key_from = excluded.key_from, runs_per_key = excluded.runs_per_key")
    .bind(job_type.as_str())
    .bind(key_from.as_deref())
    .bind(*runs_per_key)
}

/// A run that waits behind others of its key, of keys that have a free place: up to `limit` where several runs of them go
/// at a time, and as many of which one does.
pub(super) async fn with_room(database: &dyn Database, limit: u32) -> Result<Vec<Uuid>> {
    #[derive(Deserialize)]
    struct Behind {
        id: Uuid,
    }
    let dialect = database.dialect();
    let behind = |alias: &str, is| match (dialect, is) {
        (Dialect::Postgres, true) => format!("{alias}.behind"),
        (Dialect::Postgres, false) => format!("NOT {alias}.behind"),
        (Dialect::Sqlite, is) => format!("{alias}.behind = {}", u8::from(is)),
    };
    let query = Text::of(dialect, "SELECT min(CAST(b.id AS TEXT)) AS id FROM keyed_jobs j")
        .push(" JOIN queue_runs b ON b.job_type = j.job_type WHERE j.runs_per_key > 1 AND b.key <> ''")
        .push(&format!(" AND b.state = 'available' AND {}", behind("b", true)))
        .push(" GROUP BY b.job_type, b.project_id, b.key, j.runs_per_key HAVING (")
        .push("SELECT count(*) FROM queue_runs f WHERE f.job_type = b.job_type AND f.project_id = b.project_id")
        .push(&format!(" AND f.key = b.key AND f.key IS NOT NULL AND {} AND f.{OPEN}", behind("f", false)))
        .push(") + (SELECT count(*) FROM queue_runs t WHERE t.job_type = b.job_type")
        .push(" AND t.project_id = b.project_id AND t.beside = b.key AND t.beside IS NOT NULL")
        .push(&format!(" AND t.place < j.runs_per_key AND t.{OPEN}) < j.runs_per_key LIMIT "))
        .bind(limit);
    let mut found: Vec<Behind> = rows(database, query.statement()).await?;
    if dialect == Dialect::Postgres {
        // A version before migration 430 puts a run behind one that may end meanwhile. SQLite has one writer.
        let without_first = sql(include_str!("../postgres/sql/queue_keys_without_first.sql"));
        found.extend(rows::<Behind>(database, without_first.bind(limit)).await?);
    }
    Ok(found.into_iter().map(|one| one.id).collect())
}
