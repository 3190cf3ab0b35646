//! What one run may be asked for, and what it gives to the jobs behind it.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use crate::support::put_old;
use cascade_sdk::sql;
use cascade_testkit::{Run, TestBench};
use chrono::TimeDelta;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

fn feed(ids: &[&str]) -> String {
    let entry = |id: &&str| {
        format!(
            "<entry><id>{id}</id><title>{id}</title><updated>2026-01-05T10:00:00Z</updated></entry>"
        )
    };
    let entries: String = ids.iter().map(entry).collect();
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>f</id><title>News</title>{entries}</feed>"
    )
}

fn params() -> Value {
    let source = |name: &str| json!({ "project": "demo", "name": name, "kind": "feed", "path": format!("{name}.xml") });
    json!({ "sources": [source("a"), source("b"), source("gone")] })
}

async fn sync(bench: &TestBench, args: Value) -> Run {
    let mut info = bench.info::<ConnectorsSyncCycle>();
    info.args = args;
    bench.run_with::<ConnectorsSyncCycle>(info, params()).await
}

async fn ids(bench: &TestBench) -> Vec<Value> {
    let rows = bench.rows(sql("SELECT id FROM messages ORDER BY ingested_at, id")).await;
    rows.into_iter().map(|row| row["id"].clone()).collect()
}

#[tokio::test]
async fn the_output_counts_by_source_and_names_what_came() {
    let bench = TestBench::new().await;
    put_old(&bench, "a.xml", feed(&["1", "2"]));
    put_old(&bench, "b.xml", feed(&["3"]));
    let output: Value = sync(&bench, json!({})).await.output();
    let began = "2026-01-15T12:00:00.000Z";
    assert_eq!(
        output,
        json!({
            "new": 3, "changed": 0, "skipped": 0, "more": false, "message_ids": ids(&bench).await,
            "sources": [
                { "name": "a", "new": 2, "changed": 0, "skipped": 0, "failing_since": null },
                { "name": "b", "new": 1, "changed": 0, "skipped": 0, "failing_since": null },
                { "name": "gone", "new": 0, "changed": 0, "skipped": 0, "failing_since": began },
            ],
        })
    );
    bench.advance(TimeDelta::minutes(1));
    put_old(&bench, "a.xml", feed(&["1", "2", "4"]).replace("<title>1", "<title>other"));
    let output: Value = sync(&bench, json!({})).await.output();
    assert_eq!((&output["new"], &output["changed"]), (&json!(1), &json!(1)));
    assert_eq!(output["message_ids"].as_array().unwrap(), &ids(&bench).await[2..]);
}

#[tokio::test]
async fn only_the_sources_that_are_named_are_read() {
    let bench = TestBench::new().await;
    put_old(&bench, "a.xml", feed(&["1"]));
    put_old(&bench, "b.xml", feed(&["2"]));
    let run = sync(&bench, json!({ "sources": ["b"] })).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources");
    assert_eq!(run.output::<Value>()["sources"][0]["name"], "b");
    let rows = bench.rows(sql("SELECT source FROM messages")).await;
    assert_eq!(json!(rows), json!([{ "source": "b" }]));

    let run = sync(&bench, json!({ "sources": ["b", "c"] })).await;
    assert_eq!(run.failure(), "args: the project has no source `c`; its params name: a, b, gone");
    let run = sync(&bench, json!({ "source": "b" })).await;
    assert!(run.failure().contains("unknown field `source`"), "{}", run.failure());
}

#[tokio::test]
async fn a_full_cycle_reads_again_what_was_read() {
    let bench = TestBench::new().await;
    put_old(&bench, "a.xml", feed(&["1", "2"]));
    sync(&bench, json!({ "sources": ["a"] })).await.summary();
    // Something that reading on would not bring back.
    bench.execute(sql("DELETE FROM messages")).await;
    let run = sync(&bench, json!({ "sources": ["a"], "full": true })).await;
    assert_eq!(run.output::<Value>()["new"], 2);
    let run = sync(&bench, json!({ "sources": ["a"], "full": true })).await;
    assert_eq!(run.output::<Value>()["message_ids"], json!([]), "what is known is recognised");
}
