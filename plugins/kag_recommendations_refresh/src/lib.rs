//! `kag_recommendations_refresh`: a small knowledge graph of the project, and what follows from it.
//!
//! Nodes are the project, its people, topics (words of subjects and messages that recur) and
//! signals. A signal hangs on the topic and the person of its message; a recommendation is derived
//! wherever signals of one kind meet in one topic.

mod derive;
mod graph;
mod topics;

use cascade_sdk::{Context, JobError, NoArgs, Outcome, TypedJob, rfc3339, sql};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use topics::Topics;

/// `[jobs.kag_recommendations_refresh.params]`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// After this many days a signal counts half.
    #[schemars(range(min = 0.1, max = 3650.0))]
    pub half_life_days: f64,
    /// How many recommendations to derive at most.
    #[schemars(range(min = 1, max = 500))]
    pub most: usize,
}

impl Default for Params {
    fn default() -> Self {
        Self { half_life_days: 14.0, most: 60 }
    }
}

/// After so many half-lives a signal has less than half a percent of its mass, and is left out.
const HORIZON_HALF_LIVES: f64 = 8.0;

/// The newest signals that the graph takes: it is rewritten in the transaction that ends the run,
/// which must stay short.
const MOST_SIGNALS: u32 = 1000;

#[derive(Deserialize)]
struct Text {
    subject: String,
    body: String,
}

/// What one run made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// Open signals that the graph is made of.
    pub signals: u64,
    /// Nodes of the graph.
    pub nodes: u64,
    /// Its edges.
    pub edges: u64,
    /// Recommendations that follow from it.
    pub recommendations: u64,
}

/// The job.
pub struct KagRecommendationsRefresh;

impl TypedJob for KagRecommendationsRefresh {
    const NAME: &'static str = "kag_recommendations_refresh";
    const DESCRIPTION: &'static str =
        "Builds the project's knowledge graph and derives recommendations from it.";
    type Params = Params;
    type Args = NoArgs;
    type Output = Output;

    async fn run(ctx: Context, params: Params, _: NoArgs) -> Result<Outcome<Output>, JobError> {
        let horizon = TimeDelta::hours((params.half_life_days * HORIZON_HALF_LIVES * 24.0) as i64);
        let found: Vec<graph::Found> = ctx
            .db()
            .fetch_all(
                sql("SELECT s.id, s.message_id, s.kind, s.evidence, s.weight, s.confidence, s.sent_at,
                        m.author, m.author_key, m.subject, substr(m.body, 1, 8000) AS body
                     FROM signals s JOIN messages m ON m.id = s.message_id
                     WHERE s.project_id = $1 AND s.resolved_at IS NULL AND s.sent_at >= $2
                     ORDER BY s.sent_at DESC, s.id LIMIT $3")
                .bind(ctx.project_id())
                .bind(rfc3339(ctx.now() - horizon))
                .bind(MOST_SIGNALS),
            )
            .await?;
        let texts: Vec<Text> = ctx
            .db()
            .fetch_all(
                // What a text is about is said near its start; the rest is left where it is, as
                // thousands of long texts would fill the memory.
                sql("SELECT subject, substr(body, 1, 8000) AS body FROM messages WHERE project_id = $1
                     ORDER BY sent_at DESC LIMIT 5000")
                .bind(ctx.project_id()),
            )
            .await?;
        ctx.progress(0.3, "building the graph");
        let topics = Topics::learn(texts.iter().map(|t| (t.subject.as_str(), t.body.as_str())));
        let graph = graph::build(ctx.project(), &found, &topics, ctx.now(), params.half_life_days);
        ctx.checkpoint()?;
        ctx.progress(0.7, "deriving recommendations");
        let mut derived = derive::derive(&graph);
        derived.truncate(params.most);
        // The old graph gives way to the new one in the transaction that ends the run: readers
        // never see half of either.
        let tx = ctx.transaction();
        for clear in [
            "DELETE FROM kag_nodes WHERE project_id = $1",
            "DELETE FROM kag_edges WHERE project_id = $1",
            "DELETE FROM kag_recommendations WHERE project_id = $1",
        ] {
            tx.execute(sql(clear).bind(ctx.project_id()))?;
        }
        for node in &graph.nodes {
            tx.execute(
                sql("INSERT INTO kag_nodes (project_id, id, kind, label, weight) VALUES ($1, $2, $3, $4, $5)")
                    .bind(ctx.project_id())
                    .bind(&node.id)
                    .bind(node.kind)
                    .bind(&node.label)
                    .bind(node.weight),
            )?;
        }
        for edge in &graph.edges {
            tx.execute(
                sql("INSERT INTO kag_edges (project_id, source, target, kind, weight) VALUES ($1, $2, $3, $4, $5)")
                    .bind(ctx.project_id())
                    .bind(&edge.source)
                    .bind(&edge.target)
                    .bind(edge.kind)
                    .bind(edge.weight),
            )?;
        }
        for item in &derived {
            tx.execute(
                sql("INSERT INTO kag_recommendations
                         (project_id, id, kind, subject, title, detail, score, evidence, updated_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
                .bind(ctx.project_id())
                .bind(item.id)
                .bind(item.kind)
                .bind(&item.subject)
                .bind(&item.title)
                .bind(&item.detail)
                .bind(item.score)
                .bind(serde_json::to_string(&item.evidence)?)
                .bind(rfc3339(ctx.now())),
            )?;
        }
        ctx.log().info(format!("{} signals, {} recommendations", found.len(), derived.len()));
        ctx.progress(1.0, "derived");
        let output = Output {
            signals: found.len() as u64,
            nodes: graph.nodes.len() as u64,
            edges: graph.edges.len() as u64,
            recommendations: derived.len() as u64,
        };
        let Output { nodes, edges, recommendations, .. } = output;
        let summary =
            format!("{recommendations} recommendations from {nodes} nodes and {edges} edges");
        Ok(Outcome::output(output).with_summary(summary))
    }
}

cascade_sdk::submit_job!(KagRecommendationsRefresh);
cascade_sdk::submit_migrations!("0001_init.sql");
