//! The job on tables as its upstreams leave them.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use cascade_sdk::{chrono::TimeDelta, rfc3339, sql};
use cascade_testkit::TestBench;
use kag_recommendations_refresh::KagRecommendationsRefresh;
use serde_json::{Value, json};

const MESSAGES: &str = include_str!("../../../connectors_sync_cycle/migrations/0001_init.sql");
const SIGNALS: &str = include_str!("../../../signals_extraction/migrations/0001_init.sql");

async fn bench() -> TestBench {
    let bench = TestBench::new().await;
    bench.schema(MESSAGES).await;
    bench.schema(SIGNALS).await;
    bench
}

async fn said(
    bench: &TestBench,
    id: &str,
    author: &str,
    subject: &str,
    body: &str,
    signal: Option<&str>,
) {
    let (project, sent) = (bench.project().id, rfc3339(bench.now() - TimeDelta::days(1)));
    let message = json!({
        "id": id, "project_id": project, "source": "inbox", "source_kind": "mail",
        "native_id": id, "thread_id": id, "author": author, "author_key": author, "subject": subject,
        "body": body, "url": null, "lang": "en", "sent_at": sent, "ingested_at": sent,
    });
    bench.insert("messages", message).await;
    if let Some(kind) = signal {
        let signal = json!({
            "id": format!("s-{id}"), "project_id": project, "message_id": id, "kind": kind,
            "evidence": body, "span_start": 0, "span_end": body.len(), "weight": 0.9,
            "confidence": 0.9, "sent_at": sent, "detected_at": sent, "resolved_at": null,
        });
        bench.insert("signals", signal).await;
    }
}

async fn recommendations(bench: &TestBench) -> Vec<(String, String, Value)> {
    let query = "SELECT kind, title, evidence FROM kag_recommendations ORDER BY score DESC";
    let rows = bench.rows(sql(query)).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| {
            let evidence = serde_json::from_str(row["evidence"].as_str().unwrap()).unwrap();
            (text(&row["kind"]), text(&row["title"]), evidence)
        })
        .collect()
}

#[tokio::test]
async fn signals_meet_in_the_topic_that_a_subject_names() {
    let bench = bench().await;
    said(&bench, "m1", "Ann", "Partner API", "The partner API is stuck.", Some("blocker")).await;
    said(&bench, "m2", "Tom", "", "Blocked by the Partner API again.", Some("blocker")).await;
    said(&bench, "m3", "Tom", "", "Nothing to say.", None).await;
    bench.run::<KagRecommendationsRefresh>(json!({})).await.summary();
    let found = recommendations(&bench).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let (kind, title, evidence) = &found[0];
    assert_eq!(kind, "remove_blocker");
    assert!(title.eq_ignore_ascii_case("Remove the blocker on “partner API”"), "{title}");
    assert_eq!(evidence.as_array().unwrap().len(), 2);
    assert_eq!(evidence[0]["quote"], "The partner API is stuck.");
}

#[tokio::test]
async fn a_signal_that_has_faded_away_advises_nothing() {
    let bench = bench().await;
    said(&bench, "m1", "Ann", "Partner API", "The partner API is stuck.", Some("blocker")).await;
    bench.advance(TimeDelta::days(14 * 9));
    bench.run::<KagRecommendationsRefresh>(json!({})).await.summary();
    assert!(recommendations(&bench).await.is_empty());
}

#[tokio::test]
async fn without_a_topic_the_advice_is_about_the_person() {
    let bench = bench().await;
    said(&bench, "m1", "Ann", "", "Enough!", Some("negative_sentiment")).await;
    bench.run::<KagRecommendationsRefresh>(json!({})).await.summary();
    assert_eq!(recommendations(&bench).await[0].1, "Talk to Ann");
}

#[tokio::test]
async fn a_resolved_signal_leaves_the_graph_and_a_second_run_changes_nothing() {
    let bench = bench().await;
    said(&bench, "m1", "Ann", "Partner API", "The partner API is stuck.", Some("blocker")).await;
    said(&bench, "m2", "Tom", "Re: Partner API", "Who pays for it?", Some("unanswered_question"))
        .await;
    bench.run::<KagRecommendationsRefresh>(json!({})).await.summary();
    let nodes = bench.rows(sql("SELECT * FROM kag_nodes ORDER BY id")).await;
    let kinds: Vec<&str> = nodes.iter().map(|node| node["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["person", "person", "project", "signal", "signal", "topic"]);
    bench.run::<KagRecommendationsRefresh>(json!({})).await.summary();
    assert_eq!(bench.rows(sql("SELECT * FROM kag_nodes ORDER BY id")).await, nodes);

    let resolve = sql("UPDATE signals SET resolved_at = sent_at WHERE id = 's-m2'");
    bench.execute(resolve).await;
    bench.run::<KagRecommendationsRefresh>(json!({})).await.summary();
    assert_eq!(recommendations(&bench).await.len(), 1);
}
