//! `kag_v2_recommendations_refresh`: merges and ranks recommendations, and keeps what people decided.
//!
//! Each run merges the candidates that say the same, sets aside what people decided on, and ranks
//! the rest. What was dismissed never comes back as open; what was accepted stays accepted. An open
//! one whose evidence is gone goes too.

mod known;
mod rank;
mod view;

use std::collections::HashSet;

use cascade_sdk::{Context, JobError, NoArgs, Outcome, TypedJob, rfc3339, sql};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use serde_json::json;

use known::{Known, settle};
use rank::{Candidate, merge, rank};
pub use view::Recommendations;

/// `[jobs.kag_v2_recommendations_refresh.params]`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How much of the ranking is relevance; the rest is being unlike what ranks above.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub relevance: f64,
    /// What scores less is not worth a person's time.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub at_least: f64,
    /// How many recommendations stay open at most.
    #[schemars(range(min = 1, max = 500))]
    pub most: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { relevance: 0.75, at_least: 0.12, most: 20 }
    }
}

/// What one run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// Candidates that there were.
    pub candidates: u64,
    /// Those that said the same as another one.
    pub merged: u64,
    /// Recommendations that people decided on.
    pub decided: u64,
    /// Ids of those that are open, the best first.
    pub open_ids: Vec<String>,
    /// Ids of those among them that were not open before.
    pub new_ids: Vec<String>,
}

/// The job.
pub struct KagV2RecommendationsRefresh;

impl TypedJob for KagV2RecommendationsRefresh {
    const NAME: &'static str = "kag_v2_recommendations_refresh";
    const DESCRIPTION: &'static str =
        "Merges and ranks recommendations and keeps what people decided.";
    type Params = Params;
    type Args = NoArgs;
    type Output = Output;

    async fn run(ctx: Context, params: Params, _: NoArgs) -> Result<Outcome<Output>, JobError> {
        let candidates: Vec<Candidate> = ctx
            .db()
            .fetch_all(
                sql("SELECT id, kind, subject, title, detail, score, evidence
                     FROM kag_recommendations WHERE project_id = $1 ORDER BY score DESC, id")
                .bind(ctx.project_id()),
            )
            .await?;
        let known: Vec<Known> = ctx
            .db()
            .fetch_all(
                sql("SELECT id, kind, subject, title, detail, score, evidence, status
                     FROM recommendations WHERE project_id = $1 ORDER BY created_at, id")
                .bind(ctx.project_id()),
            )
            .await?;
        ctx.progress(0.3, format!("{} candidates", candidates.len()));
        let (found, decided) = (candidates.len(), known.iter().filter(|k| k.is_decided()).count());
        let merged = merge(candidates);
        let merges = found - merged.len();
        let mut open = settle(merged, &known);
        open.retain(|candidate| candidate.score >= params.at_least);
        ctx.checkpoint()?;
        let ranked = rank(open, params.relevance, params.most);
        let count = ranked.len();
        write(&ctx, &ranked)?;
        ctx.log()
            .with(json!({"candidates": found, "merged": merges, "open": count, "decided": decided}))
            .info(format!("{count} open recommendations from {found} candidates"));
        ctx.progress(1.0, "ranked");
        let open_ids: Vec<_> = ranked.into_iter().map(|candidate| candidate.id).collect();
        let before: HashSet<_> = known.iter().map(Known::id).collect();
        let is_new = |id: &&String| !before.contains(id.as_str());
        let output = Output {
            candidates: found as u64,
            merged: merges as u64,
            decided: decided as u64,
            new_ids: open_ids.iter().filter(is_new).cloned().collect(),
            open_ids,
        };
        let summary = format!("{count} open, {decided} decided by people");
        Ok(Outcome::output(output).with_summary(summary))
    }
}

/// Replaces the open ones. Staged, since they are few: readers see the new list when the run is
/// done, whole. What a person decides in the meantime wins: only open rows are touched.
fn write(ctx: &Context, ranked: &[Candidate]) -> Result<(), JobError> {
    let now = rfc3339(ctx.now());
    let tx = ctx.transaction();
    let mut gone =
        String::from("DELETE FROM recommendations WHERE project_id = $1 AND status = 'open'");
    if !ranked.is_empty() {
        let places: Vec<String> = (0..ranked.len()).map(|at| format!("${}", at + 2)).collect();
        gone.push_str(&format!(" AND id NOT IN ({})", places.join(", ")));
    }
    let gone = sql(gone).bind(ctx.project_id());
    tx.execute(ranked.iter().fold(gone, |gone, item| gone.bind(&item.id)))?;
    for (nth, item) in ranked.iter().enumerate() {
        tx.execute(
            sql("INSERT INTO recommendations (project_id, id, kind, subject, title, detail, score,
                     rank, status, evidence, created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $10)
                 ON CONFLICT (project_id, id) DO UPDATE SET
                     subject = excluded.subject, title = excluded.title,
                     detail = excluded.detail, score = excluded.score, rank = excluded.rank,
                     evidence = excluded.evidence, updated_at = excluded.updated_at
                 WHERE recommendations.status = 'open'")
            .bind(ctx.project_id())
            .bind(&item.id)
            .bind(&item.kind)
            .bind(&item.subject)
            .bind(&item.title)
            .bind(&item.detail)
            .bind(item.score)
            .bind(nth + 1)
            .bind(serde_json::to_string(&item.quotes)?)
            .bind(&now),
        )?;
    }
    Ok(())
}

cascade_sdk::submit_job!(KagV2RecommendationsRefresh);
cascade_sdk::submit_view!(Recommendations);
cascade_sdk::submit_migrations!("0001_init.sql");
