//! Attempts that failed.

use cascade_model::FailedAttempt;
use cascade_sdk::{host::Database, sql};
use uuid::Uuid;

use super::rows;
use crate::Result;

pub(super) async fn of(database: &dyn Database, run: Uuid) -> Result<Vec<FailedAttempt>> {
    let query = sql("SELECT attempt, started_at, ended_at, error, worker FROM run_attempts
         WHERE run_id = $1 ORDER BY attempt");
    rows(database, query.bind(run)).await
}
