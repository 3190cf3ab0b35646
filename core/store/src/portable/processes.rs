//! What runs use, as their workers measured it last.

use std::time::Duration;

use cascade_model::{NewRunProcess, RunProcess};
use cascade_sdk::{Db, host::Database};
use uuid::Uuid;

use super::{Text, first};
use crate::{Result, StoreError};

/// What was measured so long ago says nothing of now.
const OLD: Duration = Duration::from_secs(60);

/// Keeps what runs of a worker use, and forgets what it measured of others before.
pub(super) async fn save(
    database: &dyn Database,
    worker: &str,
    all: &[NewRunProcess],
) -> Result<()> {
    let dialect = database.dialect();
    let old = Text::of(dialect, "DELETE FROM run_processes WHERE worker = ")
        .bind(worker)
        .push(" AND at < ")
        .ago(OLD);
    let mut statements = vec![old.statement()];
    if !all.is_empty() {
        let mut text = Text::of(
            dialect,
            "INSERT INTO run_processes
                 (run_id, attempt, worker, pid, processes, thread, memory, cpu_ms, state, at) VALUES ",
        );
        for (at, NewRunProcess { run_id, attempt, uses }) in all.iter().enumerate() {
            text = text.push(if at == 0 { "(" } else { ", (" }).bind_id(*run_id);
            text = text.push(", ").bind(*attempt).push(", ").bind(worker);
            for number in [uses.pid, uses.processes, uses.thread] {
                text = text.push(", ").bind(number);
            }
            text = text.push(", ").bind(uses.memory).push(", ").bind(uses.cpu_ms);
            text = text.push(", ").bind(uses.state.as_str()).push(", ").now().push(")");
        }
        let text = text.push(
            " ON CONFLICT (run_id) DO UPDATE
             SET attempt = excluded.attempt, worker = excluded.worker, pid = excluded.pid,
                 processes = excluded.processes, thread = excluded.thread, memory = excluded.memory,
                 cpu_ms = excluded.cpu_ms, state = excluded.state, at = excluded.at",
        );
        statements.push(text.statement());
    }
    Db::over(database).batch(statements).await.map(drop).map_err(StoreError::Query)
}

/// What a run uses in this attempt; `None` where nothing was measured in the last minute.
pub(super) async fn of(
    database: &dyn Database,
    run: Uuid,
    attempt: u32,
) -> Result<Option<RunProcess>> {
    let query = Text::of(
        database.dialect(),
        "SELECT worker, pid, processes, thread, memory, cpu_ms, state, at FROM run_processes
         WHERE run_id = ",
    )
    .bind_id(run)
    .push(" AND attempt = ")
    .bind(attempt)
    .push(" AND at > ")
    .ago(OLD);
    first(database, query.statement()).await
}
