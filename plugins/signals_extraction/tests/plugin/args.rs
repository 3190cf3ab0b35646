//! What one run may be asked for, and what it gives to the jobs behind it.

use cascade_sdk::{chrono::TimeDelta, rfc3339};
use cascade_testkit::TestBench;
use serde_json::{Value, json};
use signals_extraction::SignalsExtraction;

const MESSAGES: &str = include_str!("../../../connectors_sync_cycle/migrations/0001_init.sql");

#[tokio::test]
async fn the_output_counts_by_kind_and_full_looks_at_all_again() {
    let bench = TestBench::new().await;
    bench.schema(MESSAGES).await;
    for (id, body) in [
        ("m1", "We are blocked by the missing key."),
        ("m2", "The budget is almost exhausted."),
        ("m3", "Good morning."),
    ] {
        let at = rfc3339(bench.now() - TimeDelta::hours(1));
        let row = json!({
            "id": id, "project_id": bench.project().id, "source": "inbox", "source_kind": "mail",
            "native_id": id, "thread_id": id, "author": "ann", "author_key": "ann",
            "subject": "s", "body": body, "url": null, "lang": "en", "sent_at": at,
            "ingested_at": at,
        });
        bench.insert("messages", row).await;
    }
    let run = async |args: Value| -> Value {
        let mut info = bench.info::<SignalsExtraction>();
        info.args = args;
        bench.run_with::<SignalsExtraction>(info, json!({})).await.output()
    };
    let all = json!({
        "messages": 3, "signals": 3, "open_questions": 0,
        "by_kind": { "blocker": 1, "budget": 1, "negative_sentiment": 1 },
        "passed_over": 0, "message_ids": ["m1", "m2"], "more": false,
    });
    assert_eq!(run(json!({})).await, all);
    let nothing = run(json!({})).await;
    assert_eq!((&nothing["messages"], &nothing["by_kind"]), (&json!(0), &json!({})));
    assert_eq!(run(json!({ "full": true })).await, all);
}
