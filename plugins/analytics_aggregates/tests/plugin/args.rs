//! What one run may be asked for, and what it gives to the jobs behind it.

use analytics_aggregates::AnalyticsAggregates;
use cascade_sdk::{chrono::TimeDelta, rfc3339};
use cascade_testkit::TestBench;
use serde_json::{Value, json};
// Linked for their tables.
use connectors_sync_cycle as _;
use health_scoring as _;
use kag_v2_recommendations_refresh as _;
use signals_extraction as _;

#[tokio::test]
async fn the_output_names_the_days_and_full_computes_all_again() {
    let bench = TestBench::new().await;
    let at = rfc3339(bench.now() - TimeDelta::days(3));
    let row = json!({
        "id": "m1", "project_id": bench.project().id, "source": "inbox", "source_kind": "mail",
        "native_id": "m1", "thread_id": "m1", "author": "Ann", "author_key": "ann", "subject": "s",
        "body": "b", "url": null, "lang": "en", "sent_at": at, "ingested_at": at,
    });
    bench.insert("messages", row).await;
    let run = async |args: Value| -> Value {
        let mut info = bench.info::<AnalyticsAggregates>();
        info.args = args;
        bench.run_with::<AnalyticsAggregates>(info, json!({})).await.output()
    };
    let all = json!({ "days": ["2026-01-12", "2026-01-15"] });
    assert_eq!(run(json!({})).await, all);
    assert_eq!(run(json!({})).await, json!({ "days": ["2026-01-15"] }));
    assert_eq!(run(json!({ "full": true })).await, all);
}
