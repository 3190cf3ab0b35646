//! `analytics_aggregates`: daily roll-ups per project for the charts, and the `portfolio` view.
//!
//! Incremental: only days whose messages, signals or scores changed since the last run are computed
//! again, and today; the first run takes them all (see `rollup.rs`).

mod rollup;
mod view;

use cascade_sdk::{Context, JobError, Outcome, TypedJob, rfc3339, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use view::Portfolio;

/// `[jobs.analytics_aggregates.params]`: there are none.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Params {}

/// What one run is asked for.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// Computes all days again, not only those that changed.
    pub full: bool,
}

/// What one run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// The days that were computed, such as `2026-01-15`, the first one first.
    pub days: Vec<String>,
}

/// The job.
pub struct AnalyticsAggregates;

impl TypedJob for AnalyticsAggregates {
    const NAME: &'static str = "analytics_aggregates";
    const DESCRIPTION: &'static str =
        "Rolls up each day's messages, signals and health for charts.";
    type Params = Params;
    type Args = Args;
    type Output = Output;

    async fn run(ctx: Context, _: Params, args: Args) -> Result<Outcome<Output>, JobError> {
        let days = rollup::changed_days(&ctx, args.full).await?;
        ctx.progress(0.5, format!("{} days", days.len()));
        let now = rfc3339(ctx.now());
        ctx.checkpoint()?;
        // Staged: a few days on a usual run, and each depends on the run's own view of its upstreams.
        let tx = ctx.transaction();
        for (day, totals) in &days {
            tx.execute(
                sql("INSERT INTO analytics_daily
                         (project_id, day, messages, signals, signals_by_kind, health_score, updated_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (project_id, day) DO UPDATE SET
                         messages = excluded.messages, signals = excluded.signals,
                         signals_by_kind = excluded.signals_by_kind,
                         health_score = excluded.health_score, updated_at = excluded.updated_at")
                .bind(ctx.project_id())
                .bind(day)
                .bind(totals.messages)
                .bind(totals.by_kind.values().sum::<i64>())
                .bind(serde_json::to_string(&totals.by_kind)?)
                .bind(totals.health_score)
                .bind(&now),
            )?;
        }
        ctx.log().info(format!("{} days changed", days.len()));
        ctx.progress(1.0, "rolled up");
        let summary = format!("{} days rolled up", days.len());
        let output = Output { days: days.into_keys().collect() };
        Ok(Outcome::output(output).with_summary(summary))
    }
}

cascade_sdk::submit_job!(AnalyticsAggregates);
cascade_sdk::submit_view!(Portfolio);
cascade_sdk::submit_migrations!("0001_init.sql");
