//! What a run gives to the jobs behind it.

use cascade_testkit::TestBench;
use kag_v2_recommendations_refresh::KagV2RecommendationsRefresh;
use serde_json::{Value, json};

const UPSTREAM: &str =
    include_str!("../../../kag_recommendations_refresh/migrations/0001_init.sql");

#[tokio::test]
async fn the_output_names_what_is_open_and_what_is_new() {
    let bench = TestBench::new().await;
    bench.schema(UPSTREAM).await;
    let candidate = async |id: &str, subject: &str, score: f64| {
        let row = json!({
            "project_id": bench.project().id, "id": id, "kind": "remove_blocker",
            "subject": subject, "title": subject, "detail": "d", "score": score,
            "evidence": "[]", "updated_at": "2026-01-15T00:00:00.000Z",
        });
        bench.insert("kag_recommendations", row).await;
    };
    let run =
        async || -> Value { bench.run::<KagV2RecommendationsRefresh>(json!({})).await.output() };
    candidate("a", "search index", 0.9).await;
    assert_eq!(
        run().await,
        json!({
            "candidates": 1, "merged": 0, "decided": 0, "open_ids": ["a"], "new_ids": ["a"],
        })
    );
    candidate("b", "billing", 0.5).await;
    let output = run().await;
    assert_eq!((&output["open_ids"], &output["new_ids"]), (&json!(["a", "b"]), &json!(["b"])));
}
