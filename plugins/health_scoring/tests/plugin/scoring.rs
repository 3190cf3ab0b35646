//! The job on signals as the extraction leaves them.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use cascade_sdk::{Row, chrono::TimeDelta, rfc3339, sql};
use cascade_testkit::TestBench;
use health_scoring::HealthScoring;
use serde_json::{Value, json};

const SIGNALS: &str = include_str!("../../../signals_extraction/migrations/0001_init.sql");

async fn bench() -> TestBench {
    let bench = TestBench::new().await;
    bench.schema(SIGNALS).await;
    bench
}

async fn signal(bench: &TestBench, id: &str, kind: &str, days_ago: i64, resolved: bool) {
    let sent = rfc3339(bench.now() - TimeDelta::days(days_ago));
    let row = json!({
        "id": id, "project_id": bench.project().id, "message_id": format!("of {id}"), "kind": kind,
        "evidence": "We are blocked.", "span_start": 0, "span_end": 15, "weight": 1.0,
        "confidence": 0.8, "sent_at": sent, "detected_at": sent,
        "resolved_at": resolved.then_some(&sent),
    });
    bench.insert("signals", row).await;
}

async fn scores(bench: &TestBench) -> Vec<Row> {
    bench.rows(sql("SELECT * FROM health_scores ORDER BY scored_at")).await
}

#[tokio::test]
async fn the_score_is_kept_with_what_explains_it() {
    let bench = bench().await;
    signal(&bench, "s1", "blocker", 0, false).await;
    signal(&bench, "s2", "budget", 200, false).await;
    signal(&bench, "s3", "blocker", 0, true).await;
    let summary = bench.run::<HealthScoring>(json!({})).await;
    // 24 · (1 − e^(−0.8/2)) = 7.9: the resolved one and the one beyond the horizon do not count.
    assert_eq!(summary.summary(), "score 92.1 from 1 open signals");
    let rows = scores(&bench).await;
    assert_eq!((rows.len(), &rows[0]["score"]), (1, &json!(92.1)));
    let factors: Value = serde_json::from_str(rows[0]["factors"].as_str().unwrap()).unwrap();
    let expected = json!([{
        "key": "blocker", "impact": -7.9, "count": 1, "weight": 0.8,
        "examples": [{
            "message_id": "of s1", "evidence": "We are blocked.", "sent_at": "2026-01-15T12:00:00.000Z",
        }],
    }]);
    assert_eq!(factors, expected);
}

#[tokio::test]
async fn without_a_message_there_is_nothing_to_score() {
    let bench = bench().await;
    let outcome = bench.run::<HealthScoring>(json!({})).await;
    assert_eq!(outcome.summary(), "nothing to score: no message was read yet");
    assert!(scores(&bench).await.is_empty());
    // Read, and nothing found in it: that is a hundred.
    let read = json!({
        "message_id": "m1", "project_id": bench.project().id, "rules_version": "1",
        "awaiting_answer": false, "processed_at": rfc3339(bench.now()),
    });
    bench.insert("signals_processed", read).await;
    let outcome = bench.run::<HealthScoring>(json!({})).await;
    assert_eq!(outcome.summary(), "score 100.0 from 0 open signals");
    assert_eq!(scores(&bench).await.len(), 1);
}

#[tokio::test]
async fn time_heals() {
    let bench = bench().await;
    signal(&bench, "s1", "blocker", 0, false).await;
    bench.run::<HealthScoring>(json!({})).await.summary();
    bench.advance(TimeDelta::days(14));
    bench.run::<HealthScoring>(json!({})).await.summary();
    let scores: Vec<f64> =
        scores(&bench).await.iter().map(|r| r["score"].as_f64().unwrap()).collect();
    assert!(scores[1] > scores[0], "{scores:?}");
}

#[tokio::test]
async fn a_retried_run_has_one_score() {
    let bench = bench().await;
    let mut info = bench.info::<HealthScoring>();
    bench.run_with::<HealthScoring>(info.clone(), json!({})).await.summary();
    signal(&bench, "s1", "blocker", 0, false).await;
    info.attempt = 2;
    bench.run_with::<HealthScoring>(info, json!({})).await.summary();
    let rows = scores(&bench).await;
    assert_eq!((rows.len(), &rows[0]["score"]), (1, &json!(92.1)));
}

#[tokio::test]
async fn an_operator_may_weigh_otherwise() {
    let bench = bench().await;
    signal(&bench, "s1", "blocker", 0, false).await;
    let params = json!({"blocker": {"max": 0.0, "scale": 1.0}});
    assert_eq!(
        bench.run::<HealthScoring>(params).await.summary(),
        "score 100.0 from 1 open signals"
    );
    let typo = bench.run::<HealthScoring>(json!({"blockers": {"max": 1.0}})).await;
    assert!(typo.failure().contains("blockers"));
}
