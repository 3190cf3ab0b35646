//! What a run waits for, as far as its rows say.

use cascade_config::Rate;
use cascade_sdk::host::Database;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::{Text, row};
use crate::key_rates::rate_of;

/// A run that waits.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RunWaits {
    /// When it may begin.
    pub available_at: DateTime<Utc>,
    /// Whether another run of its key goes before it.
    #[serde(deserialize_with = "row::flag")]
    pub behind: bool,
    /// The first of those, if it is one that was asked for.
    pub first: Option<Uuid>,
    /// How many runs of its key go before it.
    pub ahead: u32,
    /// How many runs of its key go at a time.
    pub runs_per_key: u32,
    /// The rate of its key that holds it, if one does.
    #[serde(deserialize_with = "held_by")]
    pub held_by: Option<Rate>,
    /// Whether that rate is of the key alone, and not its job's.
    #[serde(deserialize_with = "row::flag")]
    pub has_own_rate: bool,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

/// A rate as the column `held_by` has it.
fn held_by<'de, D: Deserializer<'de>>(column: D) -> Result<Option<Rate>, D::Error> {
    let text = Option::<String>::deserialize(column)?;
    let parts = text.as_deref().and_then(|text| text.split_once('/'));
    let rate = parts.and_then(|(count, ms)| Some((count.parse().ok()?, ms.parse().ok()?)));
    Ok(rate.map(|(count, ms)| rate_of(count, ms)))
}

pub(super) async fn run_waits(
    database: &dyn Database,
    run: Uuid,
) -> crate::Result<Option<RunWaits>> {
    let dialect = database.dialect();
    let first = "FROM queue_runs f WHERE f.job_type = q.job_type AND f.project_id = q.project_id
         AND f.key = q.key AND NOT f.behind AND f.state IN ('available', 'running', 'retryable')";
    let queued = Text::of(dialect, "SELECT q.available_at, q.behind, ")
        .push(&format!("(SELECT f.id {first}) AS first, (SELECT count(*) {first})"))
        .push(
            " + (SELECT count(*) FROM queue_runs b WHERE b.job_type = q.job_type
                 AND b.project_id = q.project_id AND b.beside = q.key AND b.beside IS NOT NULL
                 AND b.state IN ('available', 'running', 'retryable')) AS ahead,
             coalesce(
                 (SELECT v.runs_per_key FROM key_values v WHERE v.job_type = q.job_type AND v.key = q.key),
                 (SELECT j.runs_per_key FROM keyed_jobs j WHERE j.job_type = q.job_type), 1
             ) AS runs_per_key,
             CASE WHEN q.held_until = q.available_at THEN q.held_by END AS held_by,
             EXISTS (
                 SELECT 1 FROM key_values v WHERE v.job_type = q.job_type
                     AND v.key = coalesce(q.key, q.beside) AND v.rate IS NOT NULL
             ) AS has_own_rate, ",
        )
        .now()
        .push(" AS now FROM queue_runs q WHERE q.id = ")
        .bind_id(run);
    if let Some(found) = super::first(database, queued.statement()).await? {
        return Ok(Some(found));
    }
    let scheduled = Text::of(
        dialect,
        "SELECT available_at, (1 = 0) AS behind, NULL AS first, 0 AS ahead, 1 AS runs_per_key,
             NULL AS held_by, (1 = 0) AS has_own_rate, ",
    )
    .now()
    .push(" AS now FROM worker_runs WHERE id = ")
    .bind_id(run);
    super::first(database, scheduled.statement()).await
}
