//! `kag_v2_recommendations_refresh`: merges and ranks recommendations, and keeps what people decided.
//!
//! What was dismissed never comes back as open; what was accepted stays accepted. An open one whose
//! evidence is gone goes too.

mod rank;
mod view;

use std::collections::HashMap;

use cascade_sdk::{Context, Job, JobError, Outcome, rfc3339, sql};
use schemars::JsonSchema;
use serde::Deserialize;

use rank::Candidate;

/// `[jobs.kag_v2_recommendations_refresh.params]`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// How much of the ranking is relevance; the rest is being unlike what ranks above.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub relevance: f64,
    /// How many recommendations stay open at most.
    #[schemars(range(min = 1, max = 500))]
    pub most: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { relevance: 0.75, most: 20 }
    }
}

#[derive(Deserialize)]
struct Decided {
    id: String,
    status: String,
}

struct KagV2RecommendationsRefresh;

impl Job for KagV2RecommendationsRefresh {
    const NAME: &'static str = "kag_v2_recommendations_refresh";
    const DESCRIPTION: &'static str =
        "Merges and ranks recommendations and keeps what people decided.";
    type Params = Params;

    async fn run(ctx: Context, params: Params) -> Result<Outcome, JobError> {
        let candidates: Vec<Candidate> = ctx
            .db()
            .fetch_all(
                sql("SELECT id, kind, subject, title, detail, score, evidence
                     FROM kag_recommendations WHERE project_id = $1 ORDER BY score DESC, id")
                .bind(ctx.project_id()),
            )
            .await?;
        let known: Vec<Decided> = ctx
            .db()
            .fetch_all(
                sql("SELECT id, status FROM recommendations WHERE project_id = $1")
                    .bind(ctx.project_id()),
            )
            .await?;
        let status: HashMap<_, _> = known.iter().map(|k| (k.id.as_str(), k.status.as_str())).collect();
        let merged = rank::merge(candidates);
        // A merged one counts as decided if any part of it was.
        let decided = |c: &Candidate| {
            c.merged_ids().any(|id| status.get(id).is_some_and(|status| *status != "open"))
        };
        let open: Vec<_> = merged.into_iter().filter(|candidate| !decided(candidate)).collect();
        let ranked = rank::rank(open, params.relevance, params.most);
        let now = rfc3339(ctx.now());
        let tx = ctx.transaction();
        tx.execute(
            sql("DELETE FROM recommendations
                 WHERE project_id = $1 AND status = 'open' AND updated_at < $2")
            .bind(ctx.project_id())
            .bind(&now),
        )?;
        let count = ranked.len();
        for (nth, item) in ranked.into_iter().enumerate() {
            // A decision taken while this ran wins: only open rows are touched.
            tx.execute(
                sql("INSERT INTO recommendations (project_id, id, kind, subject, title, detail, score,
                         rank, status, evidence, created_at, updated_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $10)
                     ON CONFLICT (project_id, id) DO UPDATE SET
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
        let kept = status.values().filter(|status| **status != "open").count();
        Ok(Outcome::summary(format!("{count} open, {kept} decided by people")))
    }
}

cascade_sdk::submit_job!(KagV2RecommendationsRefresh);
cascade_sdk::submit_view!(view::Recommendations);
cascade_sdk::submit_migrations!("0001_init.sql");
