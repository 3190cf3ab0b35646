//! What a rehearsal reads of the past, in pages: many runs, and when schedules are due.

use std::collections::HashMap;

use cascade_model::{Decisions, Run, RunKind, ScheduledStatus};
use cascade_sdk::host::Database;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Text,
    row::{RUN_COLUMNS, RUN_TABLES, RunRow},
    rows,
};
use crate::{Result, StoreError};

/// When attempts began and ended, by run.
pub type AttemptTimes = HashMap<Uuid, Vec<(Option<DateTime<Utc>>, DateTime<Utc>)>>;

/// When a schedule is due.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DueSchedule {
    /// The job type.
    pub job_type: String,
    /// The short name of the project.
    pub slug: String,
    /// What a person chose.
    pub status: ScheduledStatus,
    /// When it is due; `None` while it waits for a trigger.
    pub next_run_at: Option<DateTime<Utc>>,
}

/// Ids of the runs that were queued before `at` and had not ended then; at most `most` of those that have ended
/// since, and of those that have not.
pub(super) async fn under_way(
    database: &dyn Database,
    at: DateTime<Utc>,
    most: u32,
) -> Result<Vec<Uuid>> {
    #[derive(Deserialize)]
    struct Found {
        id: Uuid,
    }
    let mut found: Vec<Found> = Vec::new();
    for kind in RunKind::ALL {
        let (table, ended, open) = match kind {
            RunKind::Schedule => ("worker_runs", "worker_runs_ended", "worker_runs_unfinished"),
            RunKind::Queue => ("queue_runs", "queue_runs_ended", "queue_runs_open"),
        };
        let text = |index| {
            let text = Text::of(database.dialect(), "SELECT r.id FROM ").push(table).push(" r");
            text.through(index)
        };
        let ended = text(ended)
            .push(" WHERE r.state IN ('completed', 'failed', 'cancelled') AND r.finished_at >= ")
            .bind_time(at);
        let open = text(open).push(" WHERE r.state IN ('available', 'running', 'retryable')");
        for query in [ended, open] {
            let query = query.push(" AND r.queued_at < ").bind_time(at);
            let query = query.push(" LIMIT ").bind(most).statement();
            found.extend(rows::<Found>(database, query).await?);
        }
    }
    Ok(found.into_iter().map(|run| run.id).collect())
}

/// These runs, in no order.
pub(super) async fn runs(database: &dyn Database, ids: &[Uuid]) -> Result<Vec<Run>> {
    let ids = ids.iter().map(Uuid::to_string).collect();
    let query = Text::of(database.dialect(), "SELECT ")
        .push(RUN_COLUMNS)
        .push(" FROM ")
        .push(RUN_TABLES)
        .push(" WHERE ")
        .among("r.id", ids);
    let found: Vec<RunRow> = rows(database, query.statement()).await?;
    Ok(found.into_iter().map(Run::from).collect())
}

/// When the failed attempts of these runs began and ended, the first of them first.
pub(super) async fn attempt_times(database: &dyn Database, ids: &[Uuid]) -> Result<AttemptTimes> {
    #[derive(Deserialize)]
    struct Row {
        run_id: Uuid,
        started_at: Option<DateTime<Utc>>,
        ended_at: DateTime<Utc>,
    }
    let ids = ids.iter().map(Uuid::to_string).collect();
    let query = Text::of(
        database.dialect(),
        "SELECT run_id, started_at, ended_at FROM run_attempts WHERE ",
    )
    .among("run_id", ids)
    .push(" ORDER BY run_id, attempt");
    let mut found = AttemptTimes::new();
    for Row { run_id, started_at, ended_at } in rows(database, query.statement()).await? {
        found.entry(run_id).or_default().push((started_at, ended_at));
    }
    Ok(found)
}

/// What is kept of the decisions at the ends of these runs.
pub(super) async fn decisions(
    database: &dyn Database,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Decisions>> {
    #[derive(Deserialize)]
    struct Row {
        run_id: Uuid,
        failed: bool,
        edges: String,
    }
    let ids = ids.iter().map(Uuid::to_string).collect();
    let query =
        Text::of(database.dialect(), "SELECT run_id, failed, edges FROM run_decisions WHERE ")
            .among("run_id", ids);
    let found: Vec<Row> = rows(database, query.statement()).await?;
    let decided = found.into_iter().map(|Row { run_id, failed, edges }| {
        let edges = serde_json::from_str(&edges).map_err(|error| StoreError::Corrupt {
            what: "run_decisions.edges",
            why: error.to_string(),
        })?;
        Ok((run_id, Decisions { failed, edges }))
    });
    decided.collect()
}

/// When all schedules are due.
pub(super) async fn due(database: &dyn Database) -> Result<Vec<DueSchedule>> {
    let all = "SELECT s.job_type, p.slug, s.status, s.next_run_at FROM scheduled_jobs s
        JOIN projects p ON p.id = s.project_id";
    rows(database, Text::of(database.dialect(), all).statement()).await
}
