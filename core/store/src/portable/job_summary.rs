//! How jobs stand, over all projects.

use std::collections::HashMap;

use cascade_model::{JobCounts, LastEnd, Visible};
use cascade_sdk::host::Database;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{Text, decoded, rows};
use crate::{Result, StoreError};

#[derive(Deserialize)]
struct Schedules {
    job_type: String,
    schedules: u64,
    disabled: u64,
    paused: u64,
    resumes_at: Option<DateTime<Utc>>,
    next_run_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Unfinished {
    job_type: String,
    runs: u64,
    running: u64,
}

#[derive(Deserialize)]
struct Ends {
    job_type: String,
    failing: u64,
    last_end: DateTime<Utc>,
}

/// Each of the three tables is read by itself, and each gives a row a job: to join hundreds of thousands of
/// schedules would take longer.
pub(super) async fn counts(database: &dyn Database, visible: &Visible) -> Result<Vec<JobCounts>> {
    let begin = |sql| Text::of(database.dialect(), sql);
    let schedules = begin(
        "SELECT s.job_type, count(*) AS schedules, count(CASE WHEN NOT s.enabled THEN 1 END) AS disabled,
             count(CASE WHEN s.enabled AND s.status = 'paused' THEN 1 END) AS paused,
             min(CASE WHEN s.enabled AND s.status = 'paused' THEN s.paused_until END) AS resumes_at,
             min(CASE WHEN s.enabled AND s.status = 'active' THEN s.next_run_at END) AS next_run_at
         FROM scheduled_jobs s WHERE TRUE",
    )
    .and_visible("s.project_id", visible)
    .push(" GROUP BY s.job_type ORDER BY s.job_type");
    let unfinished = begin(
        "SELECT r.job_type, count(*) AS runs, count(CASE WHEN r.state = 'running' THEN 1 END) AS running
         FROM all_runs r WHERE r.state IN ('available', 'running', 'retryable')",
    )
    .and_visible("r.project_id", visible)
    .push(" GROUP BY r.job_type");
    let ends = begin(
        "SELECT l.job_type, count(CASE WHEN l.state = 'failed' THEN 1 END) AS failing,
             max(l.finished_at) AS last_end
         FROM job_last l WHERE TRUE",
    )
    .and_visible("l.project_id", visible)
    .push(" GROUP BY l.job_type");
    let queries = vec![schedules.statement(), unfinished.statement(), ends.statement()];
    let mut found = database.snapshot(queries).await.map_err(StoreError::Query)?.into_iter();
    let mut next = || found.next().unwrap_or_default();
    let schedules: Vec<Schedules> = decoded(next())?;
    let by_job = |run: Unfinished| (run.job_type, (run.runs, run.running));
    let unfinished: HashMap<_, _> =
        decoded::<Unfinished>(next())?.into_iter().map(by_job).collect();
    let by_job = |end: Ends| (end.job_type, (end.failing, end.last_end));
    let ends: HashMap<_, _> = decoded::<Ends>(next())?.into_iter().map(by_job).collect();
    let counts = |job: Schedules| {
        let (runs, running) = unfinished.get(&job.job_type).copied().unwrap_or_default();
        let end = ends.get(&job.job_type).copied();
        JobCounts {
            schedules: job.schedules,
            disabled: job.disabled,
            paused: job.paused,
            resumes_at: job.resumes_at,
            waiting: runs - running,
            running,
            failing: end.map_or(0, |(failing, _)| failing),
            next_run_at: job.next_run_at,
            last_end: end.map(|(_, at)| at),
            job_type: job.job_type,
        }
    };
    Ok(schedules.into_iter().map(counts).collect())
}

pub(super) async fn last_ends(
    database: &dyn Database,
    visible: &Visible,
    jobs: Vec<String>,
) -> Result<Vec<LastEnd>> {
    let text = Text::of(
        database.dialect(),
        "SELECT l.job_type, l.project_id, l.run_id, l.state, l.finished_at, l.recent
         FROM job_last l WHERE TRUE",
    );
    let text = text
        .and_among("l.job_type", jobs)
        .and_visible("l.project_id", visible)
        .push(" ORDER BY l.finished_at DESC, l.run_id DESC");
    rows(database, text.statement()).await
}
