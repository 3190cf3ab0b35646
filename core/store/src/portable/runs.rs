//! Lists of runs: pages and traces.

use cascade_model::{Run, RunPage, RunState, border};
use cascade_sdk::{Dialect, Statement, host::Database};
use uuid::Uuid;

use super::{
    Text,
    row::{RUN_COLUMNS, RunRow},
    rows,
};
use crate::{Result, RunColumn, RunFilter, RunSort, TriggerKind, literal};

/// As [`Payload::trigger`](cascade_model::Payload::trigger) decides it. Most payloads need no more
/// than a look for a key's name, which is much less work than to parse them.
fn and_caused_by(text: Text, trigger: TriggerKind) -> Text {
    let [cascaded, requested] = text.trigger_times();
    let find = text.find();
    let named = |key: &str| format!(" AND {find}(CAST(r.payload AS text), '\"{key}\"') > 0");
    let condition = match trigger {
        TriggerKind::Timer => format!(" AND {cascaded} IS NULL AND {requested} IS NULL"),
        TriggerKind::Manual => format!(
            "{} AND {requested} IS NOT NULL AND ({cascaded} IS NULL OR {cascaded} < {requested})",
            named("requested_at")
        ),
        TriggerKind::Cascade => format!(
            "{} AND {cascaded} IS NOT NULL AND ({requested} IS NULL OR {cascaded} >= {requested})",
            named("cascade_triggered_by")
        ),
    };
    text.push(&condition)
}

fn in_order(text: Text, sort: RunSort) -> Text {
    let (by, nulls) = match sort.column {
        RunColumn::QueuedAt => ("r.queued_at", ""),
        RunColumn::StartedAt => ("r.started_at", " NULLS LAST"),
        RunColumn::FinishedAt => ("r.finished_at", " NULLS LAST"),
        RunColumn::Took => (text.took(), " NULLS LAST"),
        RunColumn::JobType => ("r.job_type", ""),
        RunColumn::State => ("r.state", ""),
    };
    let direction = if sort.descending { " DESC" } else { "" };
    text.push(&format!(" ORDER BY {by}{direction}{nulls}, r.id{direction}"))
}

/// Appends the condition of a trace. PostgreSQL's index of traces leaves out the runs that began theirs,
/// which bear its id.
fn of_trace(text: Text, trace: Uuid) -> Text {
    text.push("r.trace_id = ")
        .bind_id(trace)
        .push(" AND (r.trace_id <> r.id OR r.id = ")
        .bind_id(trace)
        .push(")")
}

fn and_fits(mut text: Text, filter: &RunFilter) -> Text {
    text = text.and_visible("r.project_id", &filter.visible);
    if let Some(trace) = filter.trace_id {
        text = of_trace(text.push(" AND "), trace);
    }
    if !filter.job_types.is_empty() {
        text = text.and_among("r.job_type", filter.job_types.clone());
    }
    if !filter.states.is_empty() {
        let states = filter.states.iter().map(ToString::to_string).collect();
        text = text.and_among("r.state", states);
        // So that the index of those that did not simply succeed is known to hold them all.
        if !filter.states.contains(&RunState::Completed) {
            text = text.push(" AND r.state <> 'completed'");
        }
    }
    if let Some(trigger) = filter.trigger {
        text = and_caused_by(text, trigger);
    }
    if let Some(from) = filter.from {
        text = text.push(" AND r.queued_at >= ").bind_time(from);
    }
    if let Some(to) = filter.to {
        text = text.push(" AND r.queued_at < ").bind_time(to);
    }
    if let Some(wanted) = &filter.text {
        // No text that is kept has a NUL.
        let wanted = literal(&border::clean(wanted.clone()));
        text = text.push(" AND (");
        for column in ["r.error", "r.summary", "r.job_type"] {
            text = text.like(column, format!("%{wanted}%")).push(" OR ");
        }
        text = text.like("CAST(r.id AS text)", format!("{wanted}%")).push(")");
    }
    text
}

/// The page's ids come of an index alone; only its rows are then read whole.
pub(crate) fn page_query(dialect: Dialect, filter: &RunFilter) -> Statement {
    let text = Text::of(dialect, "SELECT ").push(RUN_COLUMNS).push(
        " FROM worker_runs r JOIN projects p ON p.id = r.project_id
         WHERE r.id IN (SELECT r.id FROM worker_runs r WHERE TRUE",
    );
    let text = in_order(and_fits(text, filter), filter.sort)
        .push(" LIMIT ")
        .bind(filter.per_page)
        .push(" OFFSET ")
        .bind(filter.offset())
        .push(")");
    in_order(text, filter.sort).statement()
}

pub(super) async fn page(database: &dyn Database, filter: &RunFilter) -> Result<RunPage> {
    let dialect = database.dialect();
    let count = Text::of(dialect, "SELECT count(*) AS runs FROM worker_runs r WHERE TRUE");
    let count = and_fits(count, filter).statement();
    let found = super::page::<RunRow>(database, page_query(dialect, filter), count).await?;
    Ok(RunPage {
        items: found.items.into_iter().map(Run::from).collect(),
        total: found.total,
        page: filter.page,
        per_page: filter.per_page,
    })
}

pub(super) async fn trace(
    database: &dyn Database,
    trace: Uuid,
    project: Uuid,
    limit: u32,
) -> Result<Vec<Run>> {
    let text = Text::of(database.dialect(), "SELECT ")
        .push(RUN_COLUMNS)
        .push(" FROM worker_runs r JOIN projects p ON p.id = r.project_id WHERE ");
    let query = of_trace(text, trace)
        .push(" AND r.project_id = ")
        .bind_id(project)
        .push(" ORDER BY r.queued_at, r.id LIMIT ")
        .bind(limit);
    let found: Vec<RunRow> = rows(database, query.statement()).await?;
    Ok(found.into_iter().map(Run::from).collect())
}
