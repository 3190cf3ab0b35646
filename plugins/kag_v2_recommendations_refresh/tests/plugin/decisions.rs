//! What people decide stays decided, whatever later runs find.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use cascade_sdk::{Page, View, ViewError, sql};
use cascade_testkit::TestBench;
use kag_v2_recommendations_refresh::{KagV2RecommendationsRefresh, Recommendations};
use serde_json::{Value, json};

const UPSTREAM: &str =
    include_str!("../../../kag_recommendations_refresh/migrations/0001_init.sql");

async fn bench() -> TestBench {
    let bench = TestBench::new().await;
    bench.schema(UPSTREAM).await;
    bench
}

async fn candidate(bench: &TestBench, id: &str, subject: &str, score: f64, messages: &[&str]) {
    let quote = |m: &&str| json!({"message_id": m, "quote": "q", "author": "Ann", "sent_at": "2026-01-10T00:00:00.000Z"});
    let evidence: Vec<Value> = messages.iter().map(quote).collect();
    let row = json!({
        "project_id": bench.project().id, "id": id, "kind": "remove_blocker", "subject": subject,
        "title": format!("Remove the blocker on {subject}"), "detail": "d", "score": score,
        "evidence": Value::from(evidence).to_string(), "updated_at": "2026-01-15T00:00:00.000Z",
    });
    bench.insert("kag_recommendations", row).await;
}

async fn forget(bench: &TestBench) {
    bench.execute(sql("DELETE FROM kag_recommendations")).await;
}

async fn refresh(bench: &TestBench) {
    bench.run::<KagV2RecommendationsRefresh>(json!({})).await.summary();
}

async fn list(bench: &TestBench, filter: Value) -> Vec<Value> {
    let page: Page<<Recommendations as View>::Row> =
        bench.view::<Recommendations>(filter).await.unwrap();
    page.items.into_iter().map(|row| serde_json::to_value(row).unwrap()).collect()
}

async fn open_ids(bench: &TestBench) -> Vec<String> {
    let rows = list(bench, json!({})).await;
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn which(bench: &TestBench, id: &str) -> Value {
    json!({"project_id": bench.project().id, "id": id})
}

#[tokio::test]
async fn candidates_are_merged_and_ranked() {
    let bench = bench().await;
    candidate(&bench, "a", "search index", 0.9, &["m1"]).await;
    candidate(&bench, "b", "search", 0.5, &["m2"]).await;
    candidate(&bench, "c", "billing", 0.6, &["m3"]).await;
    refresh(&bench).await;
    let rows = list(&bench, json!({})).await;
    assert_eq!(open_ids(&bench).await, ["a", "c"]);
    assert_eq!((&rows[0]["rank"], &rows[1]["rank"]), (&json!(1), &json!(2)));
    assert_eq!(rows[0]["evidence"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_dismissed_one_never_comes_back_even_under_another_name() {
    let bench = bench().await;
    candidate(&bench, "a", "search index", 0.9, &["m1", "m2"]).await;
    refresh(&bench).await;
    bench.act::<Recommendations>("dismiss", which(&bench, "a")).await.unwrap();
    refresh(&bench).await;
    assert_eq!(open_ids(&bench).await, Vec::<String>::new());

    forget(&bench).await;
    candidate(&bench, "new id", "lookup", 0.95, &["m2", "m1", "m9"]).await;
    refresh(&bench).await;
    assert_eq!(open_ids(&bench).await, Vec::<String>::new(), "the same messages show it");
    assert_eq!(list(&bench, json!({"status": "dismissed"})).await.len(), 1);
}

#[tokio::test]
async fn an_accepted_one_stays_when_its_evidence_is_gone_and_an_open_one_goes() {
    let bench = bench().await;
    candidate(&bench, "a", "search index", 0.9, &["m1"]).await;
    candidate(&bench, "b", "billing", 0.6, &["m2"]).await;
    refresh(&bench).await;
    bench.act::<Recommendations>("accept", which(&bench, "a")).await.unwrap();
    forget(&bench).await;
    refresh(&bench).await;
    assert_eq!(open_ids(&bench).await, Vec::<String>::new());
    assert_eq!(list(&bench, json!({"status": "accepted"})).await[0]["id"], "a");
}

#[tokio::test]
async fn an_open_one_keeps_its_id_and_age_when_the_graph_renames_it() {
    let bench = bench().await;
    candidate(&bench, "a", "search index", 0.9, &["m1"]).await;
    refresh(&bench).await;
    let before = list(&bench, json!({})).await;
    forget(&bench).await;
    candidate(&bench, "z", "index", 0.8, &["m1", "m2"]).await;
    bench.advance(cascade_sdk::chrono::TimeDelta::hours(1));
    refresh(&bench).await;
    let after = list(&bench, json!({})).await;
    assert_eq!(after.len(), 1);
    assert_eq!((&after[0]["id"], &after[0]["created_at"]), (&json!("a"), &before[0]["created_at"]));
    assert_eq!(after[0]["subject"], "index");
    assert_ne!(after[0]["updated_at"], before[0]["updated_at"]);
}

#[tokio::test]
async fn a_decision_is_idempotent_and_can_be_taken_back() {
    let bench = bench().await;
    candidate(&bench, "a", "search index", 0.9, &["m1"]).await;
    refresh(&bench).await;
    let first = bench.act::<Recommendations>("dismiss", which(&bench, "a")).await.unwrap();
    bench.advance(cascade_sdk::chrono::TimeDelta::hours(1));
    let second = bench.act::<Recommendations>("dismiss", which(&bench, "a")).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first["status"], "dismissed");
    let reopened = bench.act::<Recommendations>("reopen", which(&bench, "a")).await.unwrap();
    assert_eq!((&reopened["status"], &reopened["decided_at"]), (&json!("open"), &Value::Null));
    refresh(&bench).await;
    assert_eq!(open_ids(&bench).await, ["a"]);
}

#[tokio::test]
async fn an_unknown_id_or_action_is_refused() {
    let bench = bench().await;
    let unknown = bench.act::<Recommendations>("accept", which(&bench, "nope")).await;
    assert!(matches!(unknown, Err(ViewError::NotFound(text)) if text.contains("nope")));
    let action = bench.act::<Recommendations>("explode", which(&bench, "nope")).await;
    assert!(matches!(action, Err(ViewError::BadRequest(_))));
    let body = bench.act::<Recommendations>("accept", json!({"id": 7})).await;
    assert!(matches!(body, Err(ViewError::BadRequest(_))));
}

#[tokio::test]
async fn what_scores_too_little_is_left_out() {
    let bench = bench().await;
    candidate(&bench, "a", "search index", 0.9, &["m1"]).await;
    candidate(&bench, "b", "billing", 0.05, &["m2"]).await;
    refresh(&bench).await;
    assert_eq!(open_ids(&bench).await, ["a"]);
}
