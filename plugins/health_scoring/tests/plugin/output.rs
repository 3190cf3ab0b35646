//! What a run gives to the jobs behind it.

use cascade_sdk::{chrono::TimeDelta, rfc3339};
use cascade_testkit::TestBench;
use health_scoring::HealthScoring;
use serde_json::{Value, json};

const SIGNALS: &str = include_str!("../../../signals_extraction/migrations/0001_init.sql");

#[tokio::test]
async fn the_output_tells_the_score_and_the_one_before() {
    let bench = TestBench::new().await;
    bench.schema(SIGNALS).await;
    let run = async || -> Value { bench.run::<HealthScoring>(json!({})).await.output() };
    let nothing = json!({ "score": null, "previous": null, "open_signals": 0, "factors": {} });
    assert_eq!(run().await, nothing);
    let at = rfc3339(bench.now());
    let signal = |id: &str| {
        json!({
            "id": id, "project_id": bench.project().id, "message_id": id, "kind": "blocker",
            "evidence": "We are blocked.", "span_start": 0, "span_end": 15, "weight": 1.0,
            "confidence": 0.8, "sent_at": at, "detected_at": at, "resolved_at": null,
        })
    };
    bench.insert("signals", signal("s1")).await;
    let first = json!({
        "score": 92.1, "previous": null, "open_signals": 1, "factors": { "blocker": -7.9 },
    });
    assert_eq!(run().await, first);
    bench.advance(TimeDelta::seconds(1));
    bench.insert("signals", signal("s2")).await;
    let second = run().await;
    assert_eq!((&second["previous"], &second["open_signals"]), (&json!(92.1), &json!(2)));
}
