//! The `portfolio` view: one card per project, the one in most trouble first.

use std::collections::{BTreeMap, HashMap};

use cascade_sdk::{Page, Query, Statement, View, ViewContext, ViewError, rfc3339, sql};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const TREND_DAYS: i64 = 30;

/// The view `portfolio`.
pub struct Portfolio;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {}

#[derive(Serialize, JsonSchema)]
pub struct Card {
    project_id: String,
    slug: String,
    name: String,
    health: Health,
    messages_total: i64,
    messages_7d: i64,
    signals_open: i64,
    signals_by_kind: BTreeMap<String, i64>,
    last_message_at: Option<String>,
    recommendations_open: i64,
    /// Sources of messages that cannot be read, the longest first.
    sources_failing: Vec<FailingSource>,
    /// The last 30 days, oldest first.
    trend: Vec<TrendDay>,
}

#[derive(Serialize, JsonSchema)]
struct FailingSource {
    source: String,
    since: String,
    reason: String,
}

#[derive(Default, Serialize, JsonSchema)]
struct Health {
    /// 0..100; absent until the first scoring, and without any message, when there is nothing to score.
    score: Option<f64>,
    scored_at: Option<String>,
    /// Against the last score that is at least seven days old and at most fourteen.
    delta_7d: Option<f64>,
    /// Why the score is what it is.
    factors: Vec<Value>,
}

#[derive(Serialize, JsonSchema)]
struct TrendDay {
    day: String,
    messages: i64,
    signals: i64,
    score: Option<f64>,
}

#[derive(Deserialize)]
struct ProjectRow {
    id: String,
    slug: String,
    name: String,
}

#[derive(Deserialize)]
struct MessageTotals {
    project_id: String,
    total: i64,
    recent: i64,
    last_at: String,
}

#[derive(Deserialize)]
struct KindCount {
    project_id: String,
    kind: String,
    n: i64,
}

#[derive(Deserialize)]
struct OpenCount {
    project_id: String,
    n: i64,
}

#[derive(Deserialize)]
struct FailingRow {
    project_id: String,
    source: String,
    failing_since: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct ScoreRow {
    project_id: String,
    score: f64,
    factors: String,
    scored_at: String,
}

#[derive(Deserialize)]
struct DayRow {
    project_id: String,
    day: String,
    messages: i64,
    signals: i64,
    health_score: Option<f64>,
}

impl View for Portfolio {
    const KEY: &'static str = "portfolio";
    const DESCRIPTION: &'static str = "Each project's health, with what explains it.";
    type Filter = Filter;
    type Row = Card;

    async fn read(ctx: ViewContext, query: Query<Filter>) -> Result<Page<Card>, ViewError> {
        let only = query.project_id.map_or_else(|| "%".to_owned(), |id| id.to_string());
        let week_ago = ctx.now() - TimeDelta::days(7);
        // What was long before says nothing of the last week.
        let too_old = rfc3339(ctx.now() - TimeDelta::days(14));
        let first_day = ctx.now().date_naive() - TimeDelta::days(TREND_DAYS - 1);
        let of = |text: &'static str| -> Statement { sql(text).bind(&only) };
        let db = ctx.db();
        let projects: Vec<ProjectRow> = db
            .fetch_all(of("SELECT CAST(id AS text) AS id, slug, name FROM projects
                 WHERE CAST(id AS text) LIKE $1"))
            .await?;
        let messages: Vec<MessageTotals> = db
            .fetch_all(
                of("SELECT project_id, count(*) AS total, max(sent_at) AS last_at,
                        sum(CASE WHEN sent_at >= $2 THEN 1 ELSE 0 END) AS recent
                    FROM messages WHERE project_id LIKE $1 GROUP BY project_id")
                .bind(rfc3339(week_ago)),
            )
            .await?;
        let kinds: Vec<KindCount> = db
            .fetch_all(of("SELECT project_id, kind, count(*) AS n FROM signals
                 WHERE project_id LIKE $1 AND resolved_at IS NULL GROUP BY project_id, kind"))
            .await?;
        let open: Vec<OpenCount> = db
            .fetch_all(of("SELECT project_id, count(*) AS n FROM recommendations
                 WHERE project_id LIKE $1 AND status = 'open' GROUP BY project_id"))
            .await?;
        let failing: Vec<FailingRow> = db
            .fetch_all(of("SELECT project_id, source, failing_since, reason FROM connector_sources
                 WHERE project_id LIKE $1 AND failing_since IS NOT NULL
                 ORDER BY failing_since, source"))
            .await?;
        let latest = "SELECT h.project_id, h.score, h.factors, h.scored_at FROM health_scores h
            JOIN (SELECT project_id, max(scored_at) AS at FROM health_scores
                  WHERE project_id LIKE $1 AND scored_at <= $2 GROUP BY project_id) l
              ON l.project_id = h.project_id AND l.at = h.scored_at";
        let scores: Vec<ScoreRow> = db.fetch_all(of(latest).bind(rfc3339(ctx.now()))).await?;
        let before: Vec<ScoreRow> = db.fetch_all(of(latest).bind(rfc3339(week_ago))).await?;
        let days: Vec<DayRow> = db
            .fetch_all(
                of("SELECT project_id, day, messages, signals, health_score FROM analytics_daily
                    WHERE project_id LIKE $1 AND day >= $2")
                .bind(first_day.to_string()),
            )
            .await?;

        let mut by_day: HashMap<(String, String), DayRow> =
            days.into_iter().map(|row| ((row.project_id.clone(), row.day.clone()), row)).collect();
        let mut cards = Vec::with_capacity(projects.len());
        for ProjectRow { id, slug, name } in projects {
            let total = messages.iter().find(|row| row.project_id == id);
            let score = scores.iter().find(|row| row.project_id == id);
            let old = before.iter().find(|row| row.project_id == id && row.scored_at >= too_old);
            // Older versions gave a project without messages 100 points.
            let health = match score.filter(|_| total.is_some()) {
                Some(row) => Health {
                    score: Some(row.score),
                    scored_at: Some(row.scored_at.clone()),
                    delta_7d: old.map(|old| row.score - old.score),
                    factors: serde_json::from_str(&row.factors)
                        .map_err(|e| ViewError::Internal(format!("factors: {e}")))?,
                },
                None => Health::default(),
            };
            let signals_by_kind: BTreeMap<_, _> = kinds
                .iter()
                .filter(|row| row.project_id == id)
                .map(|row| (row.kind.clone(), row.n))
                .collect();
            let trend = first_day.iter_days().take(TREND_DAYS.unsigned_abs() as usize).map(|day| {
                let day = day.to_string();
                let row = by_day.remove(&(id.clone(), day.clone()));
                TrendDay {
                    messages: row.as_ref().map_or(0, |row| row.messages),
                    signals: row.as_ref().map_or(0, |row| row.signals),
                    score: row.and_then(|row| row.health_score).filter(|_| total.is_some()),
                    day,
                }
            });
            cards.push(Card {
                health,
                messages_total: total.map_or(0, |row| row.total),
                messages_7d: total.map_or(0, |row| row.recent),
                signals_open: signals_by_kind.values().sum(),
                signals_by_kind,
                last_message_at: total.map(|row| row.last_at.clone()),
                recommendations_open: open
                    .iter()
                    .find(|row| row.project_id == id)
                    .map_or(0, |r| r.n),
                sources_failing: failing
                    .iter()
                    .filter(|row| row.project_id == id)
                    .map(|row| FailingSource {
                        source: row.source.clone(),
                        since: row.failing_since.clone(),
                        reason: row.reason.clone().unwrap_or_default(),
                    })
                    .collect(),
                trend: trend.collect(),
                project_id: id,
                slug,
                name,
            });
        }
        // No score yet sorts last.
        let worst_first = |card: &Card| card.health.score.unwrap_or(f64::MAX);
        cards.sort_by(|a, b| {
            worst_first(a).total_cmp(&worst_first(b)).then_with(|| a.slug.cmp(&b.slug))
        });
        let total = cards.len() as u64;
        let skip = usize::try_from(query.offset()).unwrap_or(usize::MAX);
        let items = cards.into_iter().skip(skip).take(query.limit() as usize).collect();
        Ok(Page { items, total })
    }
}
