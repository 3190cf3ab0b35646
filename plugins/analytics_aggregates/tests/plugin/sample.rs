//! The bundled sample through the whole cascade, as a newcomer sees it.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::collections::BTreeSet;

use analytics_aggregates::{AnalyticsAggregates, Portfolio};
use cascade_sdk::{Project, Row, sql};
use cascade_testkit::TestBench;
use connectors_sync_cycle::ConnectorsSyncCycle;
use health_scoring::HealthScoring;
use kag_recommendations_refresh::KagRecommendationsRefresh;
use kag_v2_recommendations_refresh::KagV2RecommendationsRefresh;
use serde_json::{Value, json};
use signals_extraction::SignalsExtraction;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What jobs.toml gives the connectors.
fn sources() -> Value {
    let text = std::fs::read_to_string(format!("{ROOT}/jobs.toml")).unwrap();
    let config: toml::Table = toml::from_str(&text).unwrap();
    serde_json::to_value(&config["jobs"]["connectors_sync_cycle"]["params"]).unwrap()
}

async fn cascade(bench: &TestBench, project: &Project) {
    let none = || json!({});
    let runs = [
        bench.run_for::<ConnectorsSyncCycle>(project, sources()).await,
        bench.run_for::<SignalsExtraction>(project, none()).await,
        bench.run_for::<HealthScoring>(project, none()).await,
        bench.run_for::<KagRecommendationsRefresh>(project, none()).await,
        bench.run_for::<KagV2RecommendationsRefresh>(project, none()).await,
        bench.run_for::<AnalyticsAggregates>(project, none()).await,
    ];
    for run in runs {
        println!("{}: {}", project.slug, run.summary());
    }
}

async fn sample() -> (TestBench, Vec<Project>) {
    let bench = TestBench::new().await.with_base_dir(ROOT);
    let mut projects = Vec::new();
    for slug in ["atlas", "borealis", "cedar"] {
        let project = bench.add_project(slug, slug).await;
        cascade(&bench, &project).await;
        projects.push(project);
    }
    (bench, projects)
}

async fn rows(bench: &TestBench, query: &'static str) -> Vec<Row> {
    let rows = bench.rows(sql(query)).await;
    for row in &rows {
        println!("{}", row.values().map(ToString::to_string).collect::<Vec<_>>().join(" | "));
    }
    rows
}

#[tokio::test]
async fn one_project_is_in_trouble_one_middling_and_one_healthy() {
    let (bench, projects) = sample().await;
    let page = bench.view_page::<Portfolio>(None, 1, 50, json!({})).await.unwrap();
    let cards: Vec<Value> =
        page.items.into_iter().map(|card| serde_json::to_value(card).unwrap()).collect();
    let score = |slug: &str| {
        let card = cards.iter().find(|card| card["slug"] == slug).unwrap();
        card["health"]["score"].as_f64().unwrap()
    };
    let scores = (score("atlas"), score("borealis"), score("cedar"));
    assert!((25.0..=45.0).contains(&scores.0), "{scores:?}");
    assert!((50.0..=70.0).contains(&scores.1), "{scores:?}");
    assert!((80.0..=95.0).contains(&scores.2), "{scores:?}");
    assert_eq!(cards[0]["slug"], "atlas", "the worst first");

    let found = rows(
        &bench,
        "SELECT DISTINCT s.kind, m.lang FROM signals s JOIN messages m ON m.id = s.message_id
         WHERE m.lang IN ('en', 'ru')",
    )
    .await;
    assert_eq!(found.len(), 12, "six kinds in two languages: {found:?}");

    // The sample's own good news must not be taken for trouble.
    let false_hits = rows(
        &bench,
        "SELECT kind, evidence FROM signals WHERE evidence LIKE '%no longer blocked%'
         OR evidence LIKE '%больше не заблокирован%' OR evidence LIKE '%в календаре%'
         OR evidence LIKE '%looks good%' OR evidence LIKE '%прошёл удачно%'",
    )
    .await;
    assert!(false_hits.is_empty(), "{false_hits:?}");

    let advice = rows(
        &bench,
        "SELECT p.slug, r.rank, r.score, r.title, r.detail, r.evidence
         FROM recommendations r JOIN projects p ON p.id = r.project_id ORDER BY p.slug, r.rank",
    )
    .await;
    let slugs: BTreeSet<&str> = advice.iter().filter_map(|row| row["slug"].as_str()).collect();
    assert_eq!(slugs.len(), 3);
    for row in &advice {
        let quotes: Vec<Value> = serde_json::from_str(row["evidence"].as_str().unwrap()).unwrap();
        assert!((1..=3).contains(&quotes.len()), "{row:?}");
    }

    // Nothing new: nothing changes, whatever runs again.
    let before = bench.rows(sql("SELECT * FROM signals ORDER BY id")).await;
    let advised = "SELECT id, rank, score, status, created_at FROM recommendations ORDER BY id";
    let advised_before = bench.rows(sql(advised)).await;
    for project in &projects {
        cascade(&bench, project).await;
    }
    assert_eq!(bench.rows(sql("SELECT * FROM signals ORDER BY id")).await, before);
    assert_eq!(bench.rows(sql(advised)).await, advised_before);
}
