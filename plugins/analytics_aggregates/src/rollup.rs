//! What each changed day comes to.
//!
//! A day has changed when one of its messages came in or had its signals revised, or when it was
//! scored, since the last roll-up. A transaction that was open then may have committed rows with an
//! earlier time, so the search begins an hour before. Today is always among the days: so its row
//! exists, and the last roll-up has a time.

use std::collections::BTreeMap;

use cascade_sdk::{Context, JobError, Statement, rfc3339, sql};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

/// Longer than any transaction may stay open.
const OVERLAP: TimeDelta = TimeDelta::hours(1);

/// One day of one project.
#[derive(Debug, Default)]
pub struct Totals {
    pub messages: i64,
    pub by_kind: BTreeMap<String, i64>,
    pub health_score: Option<f64>,
}

#[derive(Deserialize)]
struct Last {
    at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Day {
    day: String,
}

#[derive(Deserialize)]
struct MessageCount {
    day: String,
    n: i64,
}

#[derive(Deserialize)]
struct SignalCount {
    day: String,
    kind: String,
    n: i64,
}

#[derive(Deserialize)]
struct Score {
    day: String,
    score: f64,
}

/// Days with anything new since the last roll-up, or all if `full`, with their totals.
pub async fn changed_days(ctx: &Context, full: bool) -> Result<BTreeMap<String, Totals>, JobError> {
    let project = ctx.project_id();
    let last: Last = ctx
        .db()
        .fetch_one(
            sql("SELECT max(updated_at) AS at FROM analytics_daily WHERE project_id = $1")
                .bind(project),
        )
        .await?;
    let since = last.at.filter(|_| !full).map(|at| rfc3339(at - OVERLAP)).unwrap_or_default();
    let bound = |text: &'static str| -> Statement { sql(text).bind(project).bind(&since) };
    let changed: Vec<Day> = ctx
        .db()
        .fetch_all(bound(
            "SELECT substr(sent_at, 1, 10) AS day FROM messages
             WHERE project_id = $1 AND ingested_at >= $2
             UNION
             SELECT substr(m.sent_at, 1, 10) AS day
             FROM signals_processed p JOIN messages m ON m.id = p.message_id
             WHERE p.project_id = $1 AND p.processed_at >= $2
             UNION
             SELECT substr(sent_at, 1, 10) AS day FROM signals
             WHERE project_id = $1 AND detected_at >= $2
             UNION
             SELECT substr(scored_at, 1, 10) AS day FROM health_scores
             WHERE project_id = $1 AND scored_at >= $2",
        ))
        .await?;
    let today = ctx.now().date_naive().to_string();
    let days = changed.into_iter().map(|row| row.day).chain([today]);
    let mut days: BTreeMap<String, Totals> = days.map(|day| (day, Totals::default())).collect();
    let first = days.keys().next().cloned().unwrap_or_default();
    let from = |text: &'static str| -> Statement { sql(text).bind(project).bind(&first) };
    let messages: Vec<MessageCount> = ctx
        .db()
        .fetch_all(from(
            "SELECT substr(sent_at, 1, 10) AS day, count(*) AS n FROM messages
             WHERE project_id = $1 AND sent_at >= $2 GROUP BY substr(sent_at, 1, 10)",
        ))
        .await?;
    for row in messages {
        if let Some(day) = days.get_mut(&row.day) {
            day.messages = row.n;
        }
    }
    let signals: Vec<SignalCount> = ctx
        .db()
        .fetch_all(from(
            "SELECT substr(sent_at, 1, 10) AS day, kind, count(*) AS n FROM signals
             WHERE project_id = $1 AND sent_at >= $2 GROUP BY substr(sent_at, 1, 10), kind",
        ))
        .await?;
    for row in signals {
        if let Some(day) = days.get_mut(&row.day) {
            day.by_kind.insert(row.kind, row.n);
        }
    }
    // Oldest first, so that the last score of a day is what stays.
    let scores: Vec<Score> = ctx
        .db()
        .fetch_all(from(
            "SELECT substr(scored_at, 1, 10) AS day, score FROM health_scores
             WHERE project_id = $1 AND scored_at >= $2 ORDER BY scored_at",
        ))
        .await?;
    for row in scores {
        if let Some(day) = days.get_mut(&row.day) {
            day.health_score = Some(row.score);
        }
    }
    Ok(days)
}
