//! What a run gives to the jobs behind it.

use cascade_sdk::rfc3339;
use cascade_testkit::TestBench;
use kag_recommendations_refresh::KagRecommendationsRefresh;
use serde_json::{Value, json};

const MESSAGES: &str = include_str!("../../../connectors_sync_cycle/migrations/0001_init.sql");
const SIGNALS: &str = include_str!("../../../signals_extraction/migrations/0001_init.sql");

#[tokio::test]
async fn the_output_counts_what_the_graph_is_made_of() {
    let bench = TestBench::new().await;
    bench.schema(MESSAGES).await;
    bench.schema(SIGNALS).await;
    let run =
        async || -> Value { bench.run::<KagRecommendationsRefresh>(json!({})).await.output() };
    let nothing = run().await;
    assert_eq!((&nothing["signals"], &nothing["recommendations"]), (&json!(0), &json!(0)));
    let (project, at) = (bench.project().id, rfc3339(bench.now()));
    for id in ["m1", "m2", "m3"] {
        let body = "The partner API is stuck.";
        let message = json!({
            "id": id, "project_id": project, "source": "inbox", "source_kind": "mail",
            "native_id": id, "thread_id": id, "author": "Ann", "author_key": "ann",
            "subject": "Partner API", "body": body, "url": null, "lang": "en", "sent_at": at,
            "ingested_at": at,
        });
        bench.insert("messages", message).await;
        let signal = json!({
            "id": format!("s-{id}"), "project_id": project, "message_id": id, "kind": "blocker",
            "evidence": body, "span_start": 0, "span_end": body.len(), "weight": 0.9,
            "confidence": 0.9, "sent_at": at, "detected_at": at, "resolved_at": null,
        });
        bench.insert("signals", signal).await;
    }
    let output = run().await;
    assert_eq!(output["signals"], 3);
    for part in ["nodes", "edges", "recommendations"] {
        assert!(output[part].as_u64().is_some_and(|count| count > 0), "{part}: {output}");
    }
}
