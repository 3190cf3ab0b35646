//! What runs were asked for, and answers to requests that are sent again.

use std::{collections::HashMap, time::Duration};

use cascade_model::{HIGHEST_PRIORITY, RunKind};
use cascade_sdk::{Dialect, Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Text, first, row, rows};
use crate::{Result, RunRow};

/// For how long a request with an idempotency key is answered alike.
pub const IDEMPOTENCY_KEYS_ARE_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What enqueueing asks of a schedule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ScheduleFacts {
    /// The job type.
    pub job_type: String,
    /// The project.
    pub project_id: Uuid,
    /// What jobs.toml says.
    #[serde(deserialize_with = "row::flag")]
    pub enabled: bool,
    /// The last attempt of its runs.
    pub max_attempts: u32,
    /// The dotted path of the arg that gives runs their key which are asked for without one.
    pub key_from: Option<String>,
    /// The database's clock.
    pub now: DateTime<Utc>,
}

/// Schedules by job type and project.
pub type SchedulesByJob = HashMap<(String, Uuid), ScheduleFacts>;

/// An idempotency key, and what was asked for with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Who asks, of which job in which project.
    pub scope: String,
    /// The key.
    pub key: String,
    /// [`cascade_model::revision`] of the request.
    pub digest: String,
}

/// What a request with an idempotency key made before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EarlierRequest {
    /// [`cascade_model::revision`] of that request.
    pub digest: String,
    /// The run that serves it.
    pub run_id: Uuid,
}

pub(super) async fn schedule_facts(
    database: &dyn Database,
    jobs: Vec<String>,
    projects: &[Uuid],
) -> Result<SchedulesByJob> {
    let query = Text::of(
        database.dialect(),
        "SELECT job_type, project_id, enabled, max_attempts,
             (SELECT k.key_from FROM keyed_jobs k WHERE k.job_type = scheduled_jobs.job_type) AS key_from, ",
    );
    let query = query.now().push(" AS now FROM scheduled_jobs WHERE TRUE");
    let projects = projects.iter().map(Uuid::to_string).collect();
    let query = query.and_among("job_type", jobs).and_among("project_id", projects);
    let found: Vec<ScheduleFacts> = rows(database, query.statement()).await?;
    let by_job = |facts: ScheduleFacts| ((facts.job_type.clone(), facts.project_id), facts);
    Ok(found.into_iter().map(by_job).collect())
}

/// Keeps that `run` serves the request with this key; changes no row where one was kept that is still in force.
/// On PostgreSQL it waits for a transaction that keeps the same key.
pub fn keep_key(dialect: Dialect, key: &IdempotencyKey, run: Uuid) -> Statement {
    Text::of(dialect, "INSERT INTO idempotency_keys (scope, key, digest, run_id, at) VALUES (")
        .bind(key.scope.clone())
        .push(", ")
        .bind(key.key.clone())
        .push(", ")
        .bind(key.digest.clone())
        .push(", ")
        .bind_id(run)
        .push(", ")
        .now()
        .push(
            ") ON CONFLICT (scope, key) DO UPDATE
             SET digest = excluded.digest, run_id = excluded.run_id, at = excluded.at
             WHERE idempotency_keys.at < ",
        )
        .ago(IDEMPOTENCY_KEYS_ARE_KEPT)
        .statement()
}

/// The run that serves the request with this key is another one.
pub fn change_key(key: &IdempotencyKey, run: Uuid) -> Statement {
    sql("UPDATE idempotency_keys SET run_id = $1 WHERE scope = $2 AND key = $3")
        .bind(run)
        .bind(key.scope.clone())
        .bind(key.key.clone())
}

/// What a run that waits is asked for from now on, and when it begins.
pub fn change_request(run: Uuid, args: &Value, at: DateTime<Utc>) -> [Statement; 2] {
    [
        sql("UPDATE queue_runs SET available_at = $1 WHERE id = $2").bind(rfc3339(at)).bind(run),
        sql("UPDATE run_requests SET args = $1, run_at = $2 WHERE run_id = $3")
            .bind(args.to_string())
            .bind(rfc3339(at))
            .bind(run),
    ]
}

/// A run that waits begins at another time or with another priority; `None` keeps what there is. With `at_once` one
/// that may begin already, or that the rate of its key holds, keeps its place.
pub fn move_waiting(
    run: &RunRow,
    at: Option<DateTime<Utc>>,
    at_once: bool,
    priority: Option<u8>,
) -> Statement {
    let text = match run.kind {
        RunKind::Schedule => {
            "UPDATE worker_runs SET available_at = CASE
                 WHEN $2 AND available_at < coalesce($1, available_at) THEN available_at
                 ELSE coalesce($1, available_at) END
             WHERE id = $3"
        }
        RunKind::Queue => {
            "UPDATE queue_runs SET available_at = CASE
                     WHEN $2 AND held_until = available_at THEN held_from
                     WHEN $2 AND available_at < coalesce($1, available_at) THEN available_at
                     ELSE coalesce($1, available_at) END,
                 rank = coalesce($4, rank)
             WHERE id = $3"
        }
    };
    let moved = sql(text).bind(at.map(rfc3339)).bind(at_once).bind(run.id);
    let rank = priority.map(|priority| HIGHEST_PRIORITY.saturating_sub(priority));
    if run.kind == RunKind::Queue { moved.bind(rank) } else { moved }
}

/// The first runs of a key go behind it unless they have begun, so that
/// [`Tx::advance_keys`](crate::Tx::advance_keys) chooses which are first: those that the rate of the key holds, by when
/// they would have begun without it.
pub fn step_back(dialect: Dialect, of: &RunRow, key: &str) -> Statement {
    let text = match dialect {
        Dialect::Sqlite => {
            "UPDATE queue_runs SET behind = 1, key = $3, beside = NULL, place = NULL,
                 available_at = CASE WHEN held_until = available_at THEN held_from ELSE available_at END
             WHERE id IN (
                 SELECT id FROM queue_runs
                 WHERE job_type = $1 AND project_id = $2 AND key = $3 AND key IS NOT NULL AND behind = 0
                   AND state IN ('available', 'running', 'retryable')
                 UNION ALL
                 SELECT id FROM queue_runs
                 WHERE job_type = $1 AND project_id = $2 AND beside = $3 AND beside IS NOT NULL
             ) AND state = 'available' AND attempt = 0"
        }
        Dialect::Postgres => {
            "WITH first AS (
                 UPDATE open_queue_runs SET behind = true,
                     available_at = CASE WHEN held_until = available_at THEN held_from ELSE available_at END
                 WHERE job_type = $1 AND project_id = $2 AND key = $3 AND key IS NOT NULL AND NOT behind
                   AND state = 'available' AND attempt = 0 AND NOT EXISTS (
                       SELECT FROM keyed_jobs WHERE job_type = $1 AND runs_of_key($1, $3) > 1
                   )
             )
             SELECT give_up_places(job_type, $2, $3, NULL) FROM keyed_jobs
             WHERE job_type = $1 AND runs_of_key($1, $3) > 1"
        }
    };
    sql(text).bind(of.job_type.clone()).bind(of.project_id).bind(key)
}

/// What a run that waits is asked for from now on; `None` keeps what there is. `run_at` is when it is to begin from
/// now on, if that changes: `Some(None)` for at once.
pub fn edit_request(
    run: Uuid,
    args: Option<&Value>,
    priority: Option<u8>,
    run_at: Option<Option<DateTime<Utc>>>,
) -> Statement {
    sql("UPDATE run_requests SET args = coalesce($1, args), priority = coalesce($2, priority),
             run_at = CASE WHEN $3 THEN $4 ELSE run_at END
         WHERE run_id = $5")
    .bind(args.map(Value::to_string))
    .bind(priority)
    .bind(run_at.is_some())
    .bind(run_at.flatten().map(rfc3339))
    .bind(run)
}

pub(super) async fn earlier_request(
    database: &dyn Database,
    key: &IdempotencyKey,
) -> Result<Option<EarlierRequest>> {
    let query = sql("SELECT digest, run_id FROM idempotency_keys WHERE scope = $1 AND key = $2")
        .bind(key.scope.clone())
        .bind(key.key.clone());
    first(database, query).await
}
