//! Traces of many runs: what they are in groups, and the runs of a group in pages.

use std::collections::HashMap;

use cascade_model::{
    LEAST_OF_GROUP, Run, RunKind, StateCounts, TraceGroup, TraceOverview, Visible,
};
use cascade_sdk::{Dialect, host::Database, sql};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Text,
    row::{RUN_COLUMNS, RUN_TABLES, RunRow},
    rows, runs,
};
use crate::{Result, RunFilter};

/// The most groups of a trace that are told.
const MOST_GROUPS: u32 = 200;
/// The most runs of several traces among which that of a job is looked for.
const MOST_MERGED: u32 = 500;

/// A group, or, without a parent, the whole trace.
#[derive(Deserialize)]
struct GroupRow {
    parent: Option<Uuid>,
    job_type: Option<String>,
    #[serde(flatten)]
    states: StateCounts,
    queued_at: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Id {
    id: Uuid,
}

/// What is written in each database's words.
fn texts(dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::Sqlite => (
            include_str!("../sqlite/sql/trace_groups.sql"),
            include_str!("../sqlite/sql/trace_singles.sql"),
        ),
        Dialect::Postgres => (
            include_str!("../postgres/sql/trace_groups.sql"),
            include_str!("../postgres/sql/trace_singles.sql"),
        ),
    }
}

pub(super) async fn overview(
    database: &dyn Database,
    trace: Uuid,
    project: Uuid,
    limit: u32,
) -> Result<TraceOverview> {
    let (groups, singles) = texts(database.dialect());
    let query =
        |text, most: u32| sql(text).bind(trace).bind(project).bind(LEAST_OF_GROUP).bind(most);
    let mut overview = TraceOverview::default();
    for row in rows::<GroupRow>(database, query(groups, MOST_GROUPS)).await? {
        match (row.parent, row.job_type, row.queued_at) {
            (Some(parent), Some(job_type), Some(queued_at)) => overview.groups.push(TraceGroup {
                parent,
                job_type,
                states: row.states,
                queued_at,
                started_at: row.started_at,
                finished_at: row.finished_at,
            }),
            _ => overview.states = row.states,
        }
    }
    let found = rows::<Id>(database, query(singles, limit)).await?;
    overview.singles = of_ids(database, found).await?;
    overview.singles.extend(merged(database, trace, project, limit).await?);
    overview.singles.sort_by_key(|run| (run.queued_at, run.id));
    Ok(overview)
}

/// Runs that belong to the trace beside their own, as triggers of several have become one run.
pub(super) async fn merged(
    database: &dyn Database,
    trace: Uuid,
    project: Uuid,
    limit: u32,
) -> Result<Vec<Run>> {
    let ids = Text::of(database.dialect(), "SELECT run_id AS id FROM run_traces WHERE trace_id = ");
    let ids = ids.bind_id(trace).push(" ORDER BY run_id LIMIT ").bind(limit);
    let mut found = of_ids(database, rows::<Id>(database, ids.statement()).await?).await?;
    // One whose own trace it has become meanwhile is there already.
    found.retain(|run| run.project_id == project && run.trace_id != trace);
    Ok(found)
}

/// The latest run of a job in a trace, which may belong to that beside its own.
pub(super) async fn latest_of_job(
    database: &dyn Database,
    trace: Uuid,
    project: Uuid,
    job: &str,
) -> Result<Option<Run>> {
    let filter = RunFilter {
        visible: Visible::Only(vec![project]),
        trace_id: Some(trace),
        job_types: vec![job.to_owned()],
        per_page: 1,
        ..RunFilter::default()
    };
    let own = runs::page(database, &filter).await?.items.pop();
    let mut found = merged(database, trace, project, MOST_MERGED).await?;
    found.retain(|run| run.job_type == job);
    Ok(found.into_iter().chain(own).max_by_key(|run| (run.queued_at, run.id)))
}

pub(super) async fn in_order(
    database: &dyn Database,
    filter: &RunFilter,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Run>> {
    let mut text = Text::of(database.dialect(), "SELECT id FROM (");
    for kind in RunKind::ALL {
        let union = if kind == RunKind::Queue { " UNION ALL " } else { "" };
        let from = runs::table(kind);
        text = text.push(&format!(
            "{union}SELECT * FROM (SELECT r.id, r.queued_at FROM {from} WHERE TRUE"
        ));
        text = runs::and_fits(text, kind, filter);
        if let Some(after) = after {
            text = text
                .push(" AND (r.queued_at, r.id) > (SELECT a.queued_at, a.id FROM all_runs a WHERE a.id = ")
                .bind_id(after)
                .push(")");
        }
        text = text.push(" ORDER BY r.queued_at, r.id LIMIT ").bind(limit).push(") AS one_kind");
    }
    let text = text.push(") AS found ORDER BY queued_at, id LIMIT ").bind(limit);
    let found = rows::<Id>(database, text.statement()).await?;
    of_ids(database, found).await
}

/// These runs, in the same order; those that were removed meanwhile are left out.
async fn of_ids(database: &dyn Database, found: Vec<Id>) -> Result<Vec<Run>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids = found.iter().map(|row| row.id.to_string()).collect();
    let text = Text::of(database.dialect(), "SELECT ").push(RUN_COLUMNS).push(" FROM ");
    let text = text.push(RUN_TABLES).push(" WHERE ").among("r.id", ids);
    let told: Vec<RunRow> = rows(database, text.statement()).await?;
    let mut told: HashMap<_, _> =
        told.into_iter().map(Run::from).map(|run| (run.id, run)).collect();
    Ok(found.into_iter().filter_map(|row| told.remove(&row.id)).collect())
}
