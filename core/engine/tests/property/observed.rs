//! What there is.

use std::collections::BTreeMap;

use cascade_engine::Engine;
use cascade_model::{Payload, RunState};
use cascade_sdk::sql;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::model::{Causes, Due, Key, Open, Seen};

#[derive(Deserialize)]
struct Row {
    job_type: String,
    slug: String,
    status: String,
    enabled: i64,
    next_run_at: Option<DateTime<Utc>>,
    waits: String,
    id: Option<Uuid>,
    state: Option<RunState>,
    attempt: Option<u32>,
    max_attempts: Option<u32>,
    causes: Option<String>,
    lease_owner: Option<String>,
    cancel: i64,
}

#[derive(Deserialize)]
struct Ended {
    id: Uuid,
    state: RunState,
    attempt: u32,
}

async fn rows<T: for<'de> Deserialize<'de>>(engine: &Engine, text: &'static str) -> Vec<T> {
    let rows = engine.store().database().query(sql(text)).await.unwrap();
    rows.into_iter().map(|row| serde_json::from_value(Value::from(row)).unwrap()).collect()
}

pub(crate) async fn jobs(engine: &Engine) -> BTreeMap<Key, Seen> {
    let text =
        "SELECT s.job_type, p.slug, s.status, CASE WHEN s.enabled THEN 1 ELSE 0 END AS enabled,
             s.next_run_at, CAST(s.payload AS text) AS waits, r.id, r.state, r.attempt,
             r.max_attempts, CAST(r.payload AS text) AS causes, r.lease_owner,
             CASE WHEN r.cancel_requested_at IS NULL THEN 0 ELSE 1 END AS cancel
         FROM scheduled_jobs s JOIN projects p ON p.id = s.project_id
         LEFT JOIN worker_runs r ON r.job_type = s.job_type AND r.project_id = s.project_id
             AND r.state IN ('available', 'running', 'retryable')";
    let found = rows(engine, text).await;
    let now = Utc::now();
    let mut jobs = BTreeMap::new();
    for row in found {
        let (key, seen) = seen(row, now);
        assert!(jobs.insert(key.clone(), seen).is_none(), "two unfinished runs of {key:?}");
    }
    jobs
}

fn seen(row: Row, now: DateTime<Utc>) -> (Key, Seen) {
    let due = match row.next_run_at {
        Some(at) if at <= now => Due::Now,
        Some(_) => Due::Later,
        None => Due::Never,
    };
    let open = row.id.map(|id| Open {
        id,
        state: row.state.unwrap(),
        attempt: row.attempt.unwrap(),
        max_attempts: row.max_attempts.unwrap(),
        causes: causes(&row.causes.unwrap()),
        owner: row.lease_owner,
        cancel_requested: row.cancel == 1,
    });
    let (enabled, paused) = (row.enabled == 1, row.status == "paused");
    let seen = Seen { enabled, paused, due, waits: causes(&row.waits), open };
    ((row.job_type, row.slug), seen)
}

fn causes(payload: &str) -> Causes {
    causes_of(&Payload::parse(payload).unwrap())
}

pub(crate) fn causes_of(payload: &Payload) -> Causes {
    let triggers = payload.triggers.iter().map(|trigger| trigger.job_type.clone()).collect();
    Causes { requests: payload.requests, triggers }
}

/// Runs that have ended: how, and at which attempt.
pub(crate) async fn ended(engine: &Engine) -> BTreeMap<Uuid, (RunState, u32)> {
    let text = "SELECT id, state, attempt FROM worker_runs
         WHERE state IN ('completed', 'failed', 'cancelled')";
    let found: Vec<Ended> = rows(engine, text).await;
    found.into_iter().map(|run| (run.id, (run.state, run.attempt))).collect()
}

/// How many ends were told.
pub(crate) async fn events(engine: &Engine) -> u64 {
    engine.store().number_events().await.unwrap();
    let found = sql("SELECT count(*) AS n FROM events");
    engine.store().database().query(found).await.unwrap()[0]["n"].as_u64().unwrap()
}

/// Removes all that a sequence left.
pub(crate) async fn clear(engine: &Engine) {
    let tables: &[&str] = if engine.store().kind() == "sqlite" {
        &["run_logs", "events", "worker_runs", "scheduled_jobs", "projects"]
    } else {
        &[
            "run_logs",
            "events",
            "pending_events",
            "workers",
            "open_runs",
            "ended_runs",
            "scheduled_jobs",
            "projects",
        ]
    };
    let all = tables.iter().map(|table| sql(format!("DELETE FROM {table}"))).collect();
    engine.store().database().batch(all).await.unwrap();
}
