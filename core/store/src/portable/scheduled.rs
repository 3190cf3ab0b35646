//! Projects and their scheduled jobs, with how these went.

use std::collections::HashMap;

use cascade_model::{
    EndedRun, Pause, Payload, ProjectRow, Run, RunKind, RunState, ScheduledJob, ScheduledStatus,
    Trend, Visible,
};
use cascade_sdk::host::Database;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Text, decoded, one,
    row::{self, RUN_COLUMNS, RunRow},
    rows,
};
use crate::{Result, ScheduleFilter, StoreError};

pub(super) async fn projects(
    database: &dyn Database,
    visible: &Visible,
) -> Result<Vec<ProjectRow>> {
    let all = "SELECT id, slug, name, created_at FROM projects WHERE TRUE";
    let query = Text::of(database.dialect(), all).and_visible("id", visible).push(" ORDER BY slug");
    rows(database, query.statement()).await
}

#[derive(Deserialize)]
struct Scheduled {
    job_type: String,
    project_id: Uuid,
    slug: String,
    status: ScheduledStatus,
    #[serde(deserialize_with = "row::flag")]
    enabled: bool,
    next_run_at: Option<DateTime<Utc>>,
    schedule: Option<String>,
    #[serde(deserialize_with = "row::payload")]
    payload: Payload,
    updated_at: DateTime<Utc>,
    paused_until: Option<DateTime<Utc>>,
    pause_reason: Option<String>,
    paused_by: Option<String>,
    paused_at: Option<DateTime<Utc>>,
}

fn and_fits(text: Text, filter: &ScheduleFilter) -> Text {
    let text = text.and_visible("s.project_id", &filter.visible);
    match filter.job_types.is_empty() {
        true => text,
        false => text.and_among("s.job_type", filter.job_types.clone()),
    }
}

/// Appends the schedules that fit, or a page of them, as `s`.
fn fitting(text: Text, filter: &ScheduleFilter) -> Text {
    let text = text.push(
        "(SELECT s.* FROM scheduled_jobs s JOIN projects p ON p.id = s.project_id WHERE TRUE",
    );
    let text = and_fits(text, filter);
    match filter.page {
        None => text,
        Some((page, per_page)) => text
            .push(" ORDER BY p.slug, s.job_type LIMIT ")
            .bind(per_page)
            .push(" OFFSET ")
            .bind(u64::from(page - 1) * u64::from(per_page)),
    }
    .push(") s")
}

pub(super) async fn count(database: &dyn Database, filter: &ScheduleFilter) -> Result<u64> {
    #[derive(Deserialize)]
    struct Count {
        schedules: u64,
    }
    let text = Text::of(
        database.dialect(),
        "SELECT count(*) AS schedules FROM scheduled_jobs s WHERE TRUE",
    );
    Ok(one::<Count>(database, and_fits(text, filter).statement()).await?.schedules)
}

pub(super) async fn scheduled(
    database: &dyn Database,
    filter: &ScheduleFilter,
) -> Result<Vec<ScheduledJob>> {
    let begin = |sql| Text::of(database.dialect(), sql);
    let jobs = begin(
        "SELECT s.job_type, s.project_id, p.slug, s.status, s.enabled, s.next_run_at, s.schedule,
                CAST(s.payload AS text) AS payload, s.updated_at,
                s.paused_until, s.pause_reason, s.paused_by, s.paused_at
         FROM ",
    );
    let jobs = fitting(jobs, filter)
        .push(" JOIN projects p ON p.id = s.project_id ORDER BY p.slug, s.job_type");
    let runs = || fitting(begin("SELECT ").push(RUN_COLUMNS).push(" FROM "), filter);
    let current = runs().push(
        " JOIN worker_runs r ON r.job_type = s.job_type AND r.project_id = s.project_id
              AND r.state IN ('available', 'running', 'retryable')
          JOIN projects p ON p.id = r.project_id
          LEFT JOIN run_requests q ON q.run_id = r.id",
    );
    let last = |kind| {
        runs()
            .join_last_runs(kind, 1)
            .push(
                " JOIN projects p ON p.id = r.project_id
                  LEFT JOIN run_requests q ON q.run_id = r.id",
            )
            .statement()
    };
    let [of_schedules, of_queues] = RunKind::ALL.map(last);
    let queries = vec![jobs.statement(), current.statement(), of_schedules, of_queues];
    let mut found = database.snapshot(queries).await.map_err(StoreError::Query)?.into_iter();
    let mut next = || found.next().unwrap_or_default();
    let jobs: Vec<Scheduled> = decoded(next())?;
    let mut current = by_job(decoded(next())?);
    let mut last = by_job(decoded(next())?);
    for (key, run) in by_job(decoded(next())?) {
        let other = last.remove(&key);
        let later = other.into_iter().chain([run]).max_by_key(|run| (run.finished_at, run.id));
        last.extend(later.map(|run| (key, run)));
    }
    let job = |job: Scheduled| {
        let pause = job.paused_at.filter(|_| job.status == ScheduledStatus::Paused);
        let pause = pause.map(|at| Pause {
            until: job.paused_until,
            reason: job.pause_reason,
            by: job.paused_by,
            at: Some(at),
        });
        let key = (job.job_type, job.project_id);
        ScheduledJob {
            project_slug: job.slug,
            status: job.status,
            pause,
            enabled: job.enabled,
            next_run_at: job.next_run_at,
            schedule: job.schedule,
            payload: job.payload,
            updated_at: job.updated_at,
            current_run: current.remove(&key),
            last_run: last.remove(&key),
            job_type: key.0,
            project_id: key.1,
        }
    };
    Ok(jobs.into_iter().map(job).collect())
}

fn by_job(runs: Vec<RunRow>) -> HashMap<(String, Uuid), Run> {
    let keyed = |run: RunRow| {
        let run = Run::from(run);
        ((run.job_type.clone(), run.project_id), run)
    };
    runs.into_iter().map(keyed).collect()
}

pub(super) async fn trends(
    database: &dyn Database,
    visible: &Visible,
    most: u32,
) -> Result<Vec<Trend>> {
    #[derive(Clone, Deserialize)]
    struct Ended {
        job_type: String,
        project_id: Uuid,
        id: Uuid,
        state: RunState,
        started_at: Option<DateTime<Utc>>,
        finished_at: DateTime<Utc>,
    }
    let mut found: Vec<Ended> = Vec::new();
    for kind in RunKind::ALL {
        let query = Text::of(
            database.dialect(),
            "SELECT s.job_type, s.project_id, r.id, r.state, r.started_at, r.finished_at
             FROM scheduled_jobs s",
        )
        .join_last_runs(kind, most)
        .push(" WHERE TRUE")
        .and_visible("s.project_id", visible);
        found.extend(rows::<Ended>(database, query.statement()).await?);
    }
    let place = |run: &Ended| (run.job_type.clone(), run.project_id);
    found.sort_by_cached_key(|run| (place(run), run.finished_at, run.id));
    let of_one = found.chunk_by(|a, b| place(a) == place(b));
    let latest = of_one.flat_map(|runs| &runs[runs.len().saturating_sub(most as usize)..]);
    let found: Vec<Ended> = latest.cloned().collect();
    let ended = |row: Ended| {
        let run = EndedRun::new(row.id, row.state, row.started_at, row.finished_at);
        (row.job_type, row.project_id, run)
    };
    Ok(cascade_model::grouped(found.into_iter().map(ended)))
}
