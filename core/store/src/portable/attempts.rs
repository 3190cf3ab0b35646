//! Attempts that failed.

use cascade_model::{FailedAttempt, Lease, RunKind};
use cascade_sdk::{Statement, host::Database, rfc3339, sql};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::rows;
use crate::Result;

/// Keeps a failed attempt, in the transaction that ends it; when it began is in the row of its run.
pub fn attempt_failed(lease: &Lease, at: DateTime<Utc>, error: &str) -> Statement {
    let keep = match lease.kind {
        RunKind::Schedule => concat!(
            "INSERT INTO run_attempts (run_id, attempt, started_at, ended_at, error, worker) ",
            "SELECT r.id, $2, r.started_at, $3, $4, $5 FROM worker_runs r WHERE r.id = $1 ",
            "ON CONFLICT DO NOTHING"
        ),
        RunKind::Queue => concat!(
            "INSERT INTO run_attempts (run_id, attempt, started_at, ended_at, error, worker) ",
            "SELECT r.id, $2, r.started_at, $3, $4, $5 FROM queue_runs r WHERE r.id = $1 ",
            "ON CONFLICT DO NOTHING"
        ),
    };
    let keep = sql(keep).bind(lease.run_id).bind(lease.attempt).bind(rfc3339(at));
    keep.bind(error).bind(&lease.owner)
}

pub(super) async fn of(database: &dyn Database, run: Uuid) -> Result<Vec<FailedAttempt>> {
    let query = sql("SELECT attempt, started_at, ended_at, error, worker FROM run_attempts
         WHERE run_id = $1 ORDER BY attempt");
    rows(database, query.bind(run)).await
}
