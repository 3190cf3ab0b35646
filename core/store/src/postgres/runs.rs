//! Lists of runs: pages, traces and trends.

use cascade_portable_sql::POSTGRES_SNAPSHOT;
use sqlx::{PgPool, Postgres, QueryBuilder, Row, postgres::PgRow};
use uuid::Uuid;

use super::{row, row::run_columns, scope};
use crate::{Result, RunColumn, RunFilter, RunSort, StoreError, TriggerKind, run_filter::literal};
use cascade_model::Visible;
use cascade_model::{EndedRun, Run, RunPage, RunState, Trend};

/// When the latest upstream was done, and when a person asked.
macro_rules! cascaded_at {
    () => {
        "(r.payload -> 'cascade_triggered_by' ->> 'at')::timestamptz"
    };
}
macro_rules! requested_at {
    () => {
        "(r.payload ->> 'requested_at')::timestamptz"
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
            " AND strpos(r.payload::text, '\"requested_at\"') > 0 AND ",
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
            " AND strpos(r.payload::text, '\"cascade_triggered_by\"') > 0 AND ",
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
        (RunColumn::Took, false) => " ORDER BY r.finished_at - r.started_at NULLS LAST, r.id",
        (RunColumn::Took, true) => {
            " ORDER BY r.finished_at - r.started_at DESC NULLS LAST, r.id DESC"
        }
        (RunColumn::JobType, false) => " ORDER BY r.job_type, r.id",
        (RunColumn::JobType, true) => " ORDER BY r.job_type DESC, r.id DESC",
        (RunColumn::State, false) => " ORDER BY r.state, r.id",
        (RunColumn::State, true) => " ORDER BY r.state DESC, r.id DESC",
    }
}

fn filter_by(query: &mut QueryBuilder<Postgres>, filter: &RunFilter) {
    if let Some(projects) = filter.visible.list() {
        query.push(" AND r.project_id = ANY(").push_bind(projects.to_vec()).push(")");
    }
    if let Some(trace) = filter.trace_id {
        // The index of traces leaves out the runs that began theirs.
        query.push(" AND r.trace_id = ").push_bind(trace);
        query.push(" AND (r.trace_id <> r.id OR r.id = ").push_bind(trace).push(")");
    }
    if !filter.job_types.is_empty() {
        query.push(" AND r.job_type = ANY(").push_bind(filter.job_types.clone()).push(")");
    }
    if !filter.states.is_empty() {
        let states: Vec<_> = filter.states.iter().map(ToString::to_string).collect();
        query.push(" AND r.state = ANY(").push_bind(states).push(")");
    }
    // So that the index of those that did not simply succeed is known to hold them all.
    if !filter.states.is_empty() && !filter.states.contains(&RunState::Completed) {
        query.push(" AND r.state <> 'completed'");
    }
    if let Some(trigger) = filter.trigger {
        query.push(caused_by(trigger));
    }
    if let Some(from) = filter.from {
        query.push(" AND r.queued_at >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        query.push(" AND r.queued_at < ").push_bind(to);
    }
    if let Some(text) = &filter.text {
        let text = literal(text);
        query.push(" AND (");
        for column in ["r.error", "r.summary", "r.job_type"] {
            query.push(column).push(" ILIKE ").push_bind(format!("%{text}%")).push(" OR ");
        }
        query.push("r.id::text ILIKE ").push_bind(format!("{text}%")).push(")");
    }
}

/// The page's ids come of an index alone; only its rows are then read whole.
pub(super) fn page_query(start: &'static str, filter: &RunFilter) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(start);
    query.push(concat!(
        "SELECT ",
        run_columns!(),
        " FROM worker_runs r JOIN projects p ON p.id = r.project_id
         WHERE r.id IN (SELECT r.id FROM worker_runs r WHERE TRUE",
    ));
    filter_by(&mut query, filter);
    query.push(order(filter.sort)).push(" LIMIT ").push_bind(i64::from(filter.per_page));
    query.push(" OFFSET ").push_bind(filter.offset()).push(")").push(order(filter.sort));
    query
}

pub(super) async fn page(pool: &PgPool, filter: &RunFilter) -> Result<RunPage> {
    let mut tx = pool.begin_with(POSTGRES_SNAPSHOT).await?;
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
    pool: &PgPool,
    trace: Uuid,
    project: Uuid,
    limit: u32,
) -> Result<Vec<Run>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        run_columns!(),
        " FROM worker_runs r JOIN projects p ON p.id = r.project_id
         WHERE r.trace_id = $1 AND (r.trace_id <> r.id OR r.id = $1) AND r.project_id = $2
         ORDER BY r.queued_at, r.id LIMIT $3",
    ))
    .bind(trace)
    .bind(project)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    rows.iter().map(row::run).collect()
}

pub(super) async fn trends(pool: &PgPool, visible: &Visible, most: u32) -> Result<Vec<Trend>> {
    let rows = sqlx::query(
        "SELECT s.job_type, s.project_id, r.id, r.state, r.started_at, r.finished_at
         FROM scheduled_jobs s
         CROSS JOIN LATERAL last_runs(s.job_type, s.project_id, $2) r
         WHERE ($1::uuid[] IS NULL OR s.project_id = ANY($1))
         ORDER BY s.job_type, s.project_id, r.finished_at, r.id",
    )
    .bind(scope(visible))
    .bind(i64::from(most))
    .fetch_all(pool)
    .await?;
    let ended = |found: &PgRow| {
        let state: &str = found.try_get("state")?;
        let run = EndedRun::new(
            found.try_get("id")?,
            state.parse().map_err(StoreError::corrupt("state"))?,
            found.try_get("started_at")?,
            found.try_get("finished_at")?,
        );
        Result::Ok((found.try_get("job_type")?, found.try_get("project_id")?, run))
    };
    Ok(cascade_model::grouped(rows.iter().map(ended).collect::<Result<Vec<_>>>()?))
}
