//! Lists of runs: pages, traces and trends.

use sqlx::{QueryBuilder, Row, Sqlite, SqlitePool, sqlite::SqliteRow};
use uuid::Uuid;

use super::{row, row::run_columns, scope};
use crate::{Result, RunColumn, RunFilter, RunSort, TriggerKind, run_filter::literal};
use cascade_model::Visible;
use cascade_model::{EndedRun, Run, RunPage, RunState, Trend};

/// When the latest upstream was done, and when a person asked: numbers, since the payload's times
/// are of no fixed width.
macro_rules! cascaded_at {
    () => {
        "julianday(r.payload ->> '$.cascade_triggered_by.at')"
    };
}
macro_rules! requested_at {
    () => {
        "julianday(r.payload ->> '$.requested_at')"
    };
}

/// As [`Payload::trigger`](cascade_model::Payload::trigger) decides it. Most payloads need no more
/// than a look for a key's name, which is much less work than to parse them.
fn caused_by(trigger: TriggerKind) -> &'static str {
    match trigger {
        TriggerKind::Timer => {
            concat!(" AND ", cascaded_at!(), " IS NULL AND ", requested_at!(), " IS NULL")
        }
        TriggerKind::Manual => concat!(
            " AND instr(r.payload, '\"requested_at\"') > 0 AND ",
            requested_at!(),
            " IS NOT NULL AND (",
            cascaded_at!(),
            " IS NULL OR ",
            cascaded_at!(),
            " < ",
            requested_at!(),
            ")"
        ),
        TriggerKind::Cascade => concat!(
            " AND instr(r.payload, '\"cascade_triggered_by\"') > 0 AND ",
            cascaded_at!(),
            " IS NOT NULL AND (",
            requested_at!(),
            " IS NULL OR ",
            cascaded_at!(),
            " >= ",
            requested_at!(),
            ")"
        ),
    }
}

fn order(sort: RunSort) -> &'static str {
    match (sort.column, sort.descending) {
        (RunColumn::QueuedAt, false) => " ORDER BY r.queued_at, r.id",
        (RunColumn::QueuedAt, true) => " ORDER BY r.queued_at DESC, r.id DESC",
        (RunColumn::StartedAt, false) => " ORDER BY r.started_at NULLS LAST, r.id",
        (RunColumn::StartedAt, true) => " ORDER BY r.started_at DESC NULLS LAST, r.id DESC",
        (RunColumn::FinishedAt, false) => " ORDER BY r.finished_at NULLS LAST, r.id",
        (RunColumn::FinishedAt, true) => " ORDER BY r.finished_at DESC NULLS LAST, r.id DESC",
        (RunColumn::Took, false) => {
            " ORDER BY julianday(r.finished_at) - julianday(r.started_at) NULLS LAST, r.id"
        }
        (RunColumn::Took, true) => {
            " ORDER BY julianday(r.finished_at) - julianday(r.started_at) DESC NULLS LAST, r.id DESC"
        }
        (RunColumn::JobType, false) => " ORDER BY r.job_type, r.id",
        (RunColumn::JobType, true) => " ORDER BY r.job_type DESC, r.id DESC",
        (RunColumn::State, false) => " ORDER BY r.state, r.id",
        (RunColumn::State, true) => " ORDER BY r.state DESC, r.id DESC",
    }
}

fn filter_by(query: &mut QueryBuilder<Sqlite>, filter: &RunFilter) {
    if let Some(projects) = filter.visible.list() {
        match projects.is_empty() {
            true => drop(query.push(" AND FALSE")),
            false => one_of(query, "r.project_id", projects.iter().map(ToString::to_string)),
        }
    }
    if let Some(trace) = filter.trace_id {
        query.push(" AND r.trace_id = ").push_bind(trace.to_string());
    }
    one_of(query, "r.job_type", filter.job_types.iter().cloned());
    one_of(query, "r.state", filter.states.iter().map(ToString::to_string));
    // So that the index of those that did not simply succeed is known to hold them all.
    if !filter.states.is_empty() && !filter.states.contains(&RunState::Completed) {
        query.push(" AND r.state <> 'completed'");
    }
    if let Some(trigger) = filter.trigger {
        query.push(caused_by(trigger));
    }
    if let Some(from) = filter.from {
        query.push(" AND r.queued_at >= ").push_bind(cascade_sdk::rfc3339(from));
    }
    if let Some(to) = filter.to {
        query.push(" AND r.queued_at < ").push_bind(cascade_sdk::rfc3339(to));
    }
    if let Some(text) = &filter.text {
        let text = literal(text);
        query.push(" AND (");
        for column in ["r.error", "r.summary", "r.job_type"] {
            query.push(column).push(" LIKE ").push_bind(format!("%{text}%"));
            query.push(r" ESCAPE '\' OR ");
        }
        query.push("r.id LIKE ").push_bind(format!("{text}%")).push(r" ESCAPE '\')");
    }
}

fn one_of(
    query: &mut QueryBuilder<Sqlite>,
    column: &'static str,
    values: impl ExactSizeIterator<Item = String>,
) {
    if values.len() == 0 {
        return;
    }
    query.push(" AND ").push(column).push(" IN (");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}

/// The page's ids come of an index alone; only its rows are then read whole.
pub(super) fn page_query(start: &'static str, filter: &RunFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(start);
    query.push(concat!(
        "SELECT ",
        run_columns!(),
        " FROM worker_runs r JOIN projects p ON p.id = r.project_id
         WHERE r.id IN (SELECT r.id FROM worker_runs r WHERE TRUE",
    ));
    filter_by(&mut query, filter);
    query.push(order(filter.sort)).push(" LIMIT ").push_bind(filter.per_page);
    query.push(" OFFSET ").push_bind(filter.offset()).push(")").push(order(filter.sort));
    query
}

pub(super) async fn page(pool: &SqlitePool, filter: &RunFilter) -> Result<RunPage> {
    let mut tx = pool.begin().await?;
    let rows = page_query("", filter).build().fetch_all(&mut *tx).await?;
    let mut count = QueryBuilder::new("SELECT count(*) FROM worker_runs r WHERE TRUE");
    filter_by(&mut count, filter);
    let total: i64 = count.build_query_scalar().fetch_one(&mut *tx).await?;
    Ok(RunPage {
        items: rows.iter().map(row::run).collect::<Result<_>>()?,
        total: total.unsigned_abs(),
        page: filter.page,
        per_page: filter.per_page,
    })
}

pub(super) async fn trace(
    pool: &SqlitePool,
    trace: Uuid,
    project: Uuid,
    limit: u32,
) -> Result<Vec<Run>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        run_columns!(),
        " FROM worker_runs r JOIN projects p ON p.id = r.project_id
         WHERE r.trace_id = $1 AND r.project_id = $2 ORDER BY r.queued_at, r.id LIMIT $3",
    ))
    .bind(trace.to_string())
    .bind(project.to_string())
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(row::run).collect()
}

pub(super) async fn trends(pool: &SqlitePool, visible: &Visible, most: u32) -> Result<Vec<Trend>> {
    let rows = sqlx::query(
        "SELECT r.job_type, r.project_id, r.id, r.state, r.started_at, r.finished_at
         FROM scheduled_jobs s
         JOIN worker_runs r ON r.id IN (
             SELECT l.id FROM worker_runs l
             WHERE l.job_type = s.job_type AND l.project_id = s.project_id
               AND l.state IN ('completed', 'failed', 'cancelled')
             ORDER BY l.finished_at DESC, l.id DESC LIMIT $2
         )
         WHERE ($1 IS NULL OR s.project_id IN (SELECT value FROM json_each($1)))
         ORDER BY r.job_type, r.project_id, r.finished_at, r.id",
    )
    .bind(scope(visible))
    .bind(most)
    .fetch_all(pool)
    .await?;
    let ended = |found: &SqliteRow| {
        let run = EndedRun::new(
            row::uuid(found, "id")?,
            row::parsed(found, "state")?,
            found.try_get("started_at")?,
            found.try_get("finished_at")?,
        );
        Result::Ok((found.try_get("job_type")?, row::uuid(found, "project_id")?, run))
    };
    Ok(cascade_model::grouped(rows.iter().map(ended).collect::<Result<Vec<_>>>()?))
}
