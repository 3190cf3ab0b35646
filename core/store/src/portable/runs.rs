//! Lists of runs: pages and traces.

use cascade_model::{Run, RunKind, RunPage, RunState, border};
use cascade_sdk::{Dialect, Statement, host::Database};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Text,
    row::{RUN_COLUMNS, RUN_TABLES, RunRow},
    rows,
    tags::and_tagged,
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

/// What runs are sorted by, and where those are that have none.
fn order(text: &Text, sort: RunSort) -> (&'static str, &'static str) {
    match sort.column {
        RunColumn::QueuedAt => ("r.queued_at", ""),
        RunColumn::StartedAt => ("r.started_at", " NULLS LAST"),
        RunColumn::FinishedAt => ("r.finished_at", " NULLS LAST"),
        RunColumn::Took => (text.took(), " NULLS LAST"),
        RunColumn::JobType => ("r.job_type", ""),
        RunColumn::State => ("r.state", ""),
    }
}

fn in_order(text: Text, sort: RunSort) -> Text {
    let (by, nulls) = order(&text, sort);
    let direction = if sort.descending { " DESC" } else { "" };
    text.push(&format!(" ORDER BY {by}{direction}{nulls}, r.id{direction}"))
}

/// Appends the condition of a trace. PostgreSQL's index of traces leaves out the runs that began theirs,
/// which bear its id.
pub(super) fn of_trace(text: Text, trace: Uuid) -> Text {
    text.push("r.trace_id = ")
        .bind_id(trace)
        .push(" AND (r.trace_id <> r.id OR r.id = ")
        .bind_id(trace)
        .push(")")
}

/// Where runs of a kind are.
pub(super) fn table(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Schedule => "worker_runs r",
        RunKind::Queue => "queue_runs r",
    }
}

/// A run of a queue that waits for its time is kept as available.
fn and_states(text: Text, kind: RunKind, wanted: &[RunState]) -> Text {
    let later = "r.state = 'available' AND r.available_at > ";
    let kept: Vec<_> = wanted.iter().filter(|state| **state != RunState::Scheduled).collect();
    let names = kept.iter().map(ToString::to_string).collect();
    let (scheduled, available) =
        (wanted.contains(&RunState::Scheduled), wanted.contains(&RunState::Available));
    let text = match (kind, scheduled, available) {
        (RunKind::Queue, true, false) => text
            .push(" AND ((TRUE")
            .and_among("r.state", names)
            .push(") OR ")
            .push(later)
            .now()
            .push(")"),
        (RunKind::Queue, false, true) => {
            text.and_among("r.state", names).push(" AND NOT (").push(later).now().push(")")
        }
        _ => text.and_among("r.state", names),
    };
    // So that the index of those that did not simply succeed is known to hold them all.
    if wanted.contains(&RunState::Completed) {
        text
    } else {
        text.push(" AND r.state <> 'completed'")
    }
}

pub(super) fn and_fits(mut text: Text, kind: RunKind, filter: &RunFilter) -> Text {
    text = text.and_visible("r.project_id", &filter.visible);
    if let Some(trace) = filter.trace_id {
        text = of_trace(text.push(" AND "), trace);
    }
    if let Some(parent) = filter.parent_id {
        let caused_by = format!(" AND {} = ", text.parent());
        text = text.push(&caused_by).bind_id(parent);
    }
    if !filter.job_types.is_empty() {
        text = text.and_among("r.job_type", filter.job_types.clone());
    }
    if !filter.states.is_empty() {
        text = and_states(text, kind, &filter.states);
    }
    if let Some(key) = &filter.key {
        let key = border::clean(key.clone());
        text = text.push(" AND r.id IN (SELECT run_id FROM run_requests WHERE key = ").bind(key);
        text = text.push(")");
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
    for tag in &filter.tags {
        text = and_tagged(text, kind, tag);
    }
    filter.conditions.iter().fold(text, Text::and_condition)
}

/// The page's ids come of an index of each kind of runs alone; only its rows are then read whole.
pub(crate) fn page_query(dialect: Dialect, filter: &RunFilter) -> Statement {
    let text = Text::of(dialect, "SELECT ").push(RUN_COLUMNS).push(" FROM ").push(RUN_TABLES);
    let mut text = text.push(" WHERE r.id IN (SELECT r.id FROM (");
    let (by, nulls) = order(&text, filter.sort);
    for kind in RunKind::ALL {
        let union = if kind == RunKind::Queue { " UNION ALL " } else { "" };
        let from = table(kind);
        let text_of = text.push(&format!(
            "{union}SELECT * FROM (SELECT r.id, {by} AS sorted FROM {from} WHERE TRUE"
        ));
        text = in_order(and_fits(text_of, kind, filter), filter.sort)
            .push(" LIMIT ")
            .bind(filter.offset() + i64::from(filter.per_page))
            .push(") AS one_kind");
    }
    let direction = if filter.sort.descending { " DESC" } else { "" };
    let text = text
        .push(&format!(") AS r ORDER BY r.sorted{direction}{nulls}, r.id{direction} LIMIT "))
        .bind(filter.per_page)
        .push(" OFFSET ")
        .bind(filter.offset())
        .push(")");
    in_order(text, filter.sort).statement()
}

fn count_query(dialect: Dialect, filter: &RunFilter) -> Statement {
    let mut text = Text::of(dialect, "SELECT ");
    for kind in RunKind::ALL {
        let plus = if kind == RunKind::Queue { " + " } else { "" };
        text = text.push(&format!("{plus}(SELECT count(*) FROM {} WHERE TRUE", table(kind)));
        text = and_fits(text, kind, filter).push(")");
    }
    text.push(" AS runs").statement()
}

pub(super) async fn page(database: &dyn Database, filter: &RunFilter) -> Result<RunPage> {
    let dialect = database.dialect();
    let (page, count) = (page_query(dialect, filter), count_query(dialect, filter));
    let found = super::page::<RunRow>(database, page, count).await?;
    Ok(RunPage {
        items: found.items.into_iter().map(Run::from).collect(),
        total: found.total,
        page: filter.page,
        per_page: filter.per_page,
    })
}

/// The ids of the runs that fit, the first queued first.
pub(super) async fn ids(
    database: &dyn Database,
    filter: &RunFilter,
    most: u32,
) -> Result<Vec<Uuid>> {
    #[derive(Deserialize)]
    struct Found {
        id: Uuid,
    }
    let mut text = Text::of(database.dialect(), "SELECT id FROM (");
    for kind in RunKind::ALL {
        let union = if kind == RunKind::Queue { " UNION ALL " } else { "" };
        let from = table(kind);
        text = text.push(&format!("{union}SELECT r.id, r.queued_at FROM {from} WHERE TRUE"));
        text = and_fits(text, kind, filter);
    }
    let text = text.push(") AS found ORDER BY queued_at, id LIMIT ").bind(most);
    let found: Vec<Found> = rows(database, text.statement()).await?;
    Ok(found.into_iter().map(|run| run.id).collect())
}

/// How many runs fit, up to `most`.
pub(super) async fn count_up_to(
    database: &dyn Database,
    filter: &RunFilter,
    most: u32,
) -> Result<u32> {
    #[derive(Deserialize)]
    struct Count {
        runs: u32,
    }
    let mut text = Text::of(database.dialect(), "SELECT count(*) AS runs FROM (");
    for kind in RunKind::ALL {
        let union = if kind == RunKind::Queue { " UNION ALL " } else { "" };
        text = text.push(&format!("{union}SELECT 1 AS one FROM {} WHERE TRUE", table(kind)));
        text = and_fits(text, kind, filter);
    }
    let query = text.push(" LIMIT ").bind(most).push(") AS found");
    Ok(super::one::<Count>(database, query.statement()).await?.runs)
}

pub(super) async fn trace(
    database: &dyn Database,
    trace: Uuid,
    project: Uuid,
    limit: u32,
) -> Result<Vec<Run>> {
    let text = Text::of(database.dialect(), "SELECT ")
        .push(RUN_COLUMNS)
        .push(" FROM ")
        .push(RUN_TABLES)
        .push(" WHERE ");
    let query = of_trace(text, trace)
        .push(" AND r.project_id = ")
        .bind_id(project)
        .push(" ORDER BY r.queued_at, r.id LIMIT ")
        .bind(limit);
    let found: Vec<RunRow> = rows(database, query.statement()).await?;
    let mut found: Vec<_> = found.into_iter().map(Run::from).collect();
    found.extend(super::trace::merged(database, trace, project, limit).await?);
    found.sort_by_key(|run| (run.queued_at, run.id));
    Ok(found)
}
