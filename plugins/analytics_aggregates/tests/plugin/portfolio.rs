//! The roll-up and the view on rows whose counts are known.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use analytics_aggregates::{AnalyticsAggregates, Portfolio};
use cascade_sdk::{
    chrono::{DateTime, TimeDelta, Utc},
    rfc3339, sql,
};
use cascade_testkit::TestBench;
use serde_json::{Value, json};
// Linked for their tables.
use connectors_sync_cycle as _;
use health_scoring as _;
use kag_v2_recommendations_refresh as _;
use signals_extraction as _;

async fn message(bench: &TestBench, id: &str, sent: DateTime<Utc>, ingested: DateTime<Utc>) {
    let row = json!({
        "id": id, "project_id": bench.project().id, "source": "inbox", "source_kind": "mail",
        "native_id": id, "thread_id": id, "author": "Ann", "author_key": "ann", "subject": "s",
        "body": "b", "url": null, "lang": "en", "sent_at": rfc3339(sent),
        "ingested_at": rfc3339(ingested),
    });
    bench.insert("messages", row).await;
}

async fn signal(bench: &TestBench, id: &str, message: &str, kind: &str, sent: DateTime<Utc>) {
    let row = json!({
        "id": id, "project_id": bench.project().id, "message_id": message, "kind": kind,
        "evidence": "e", "span_start": 0, "span_end": 1, "weight": 0.5, "confidence": 0.5,
        "sent_at": rfc3339(sent), "detected_at": rfc3339(bench.now()), "resolved_at": null,
    });
    bench.insert("signals", row).await;
}

async fn score(bench: &TestBench, score: f64, at: DateTime<Utc>) {
    let factors =
        json!([{"key": "blocker", "impact": -10.0, "count": 1, "weight": 0.4, "examples": []}]);
    let row = json!({
        "project_id": bench.project().id, "run_id": rfc3339(at), "score": score,
        "factors": factors.to_string(), "scored_at": rfc3339(at),
    });
    bench.insert("health_scores", row).await;
}

async fn roll_up(bench: &TestBench) -> String {
    bench.run::<AnalyticsAggregates>(json!({})).await.summary().to_owned()
}

async fn day(bench: &TestBench, day: &str) -> Value {
    let rows = bench.rows(sql("SELECT * FROM analytics_daily WHERE day = $1").bind(day)).await;
    assert_eq!(rows.len(), 1, "{day}");
    Value::Object(rows[0].clone())
}

async fn cards(bench: &TestBench) -> Vec<Value> {
    let page = bench.view_page::<Portfolio>(None, 1, 50, json!({})).await.unwrap();
    page.items.into_iter().map(|card| serde_json::to_value(card).unwrap()).collect()
}

#[tokio::test]
async fn a_day_counts_its_messages_its_signals_and_its_last_score() {
    let bench = TestBench::new().await;
    let yesterday = bench.now() - TimeDelta::days(1);
    message(&bench, "m1", yesterday, bench.now()).await;
    message(&bench, "m2", yesterday, bench.now()).await;
    signal(&bench, "s1", "m1", "blocker", yesterday).await;
    signal(&bench, "s2", "m1", "budget", yesterday).await;
    score(&bench, 70.0, yesterday).await;
    score(&bench, 64.5, yesterday + TimeDelta::hours(1)).await;
    assert_eq!(roll_up(&bench).await, "2 days rolled up");
    let row = day(&bench, "2026-01-14").await;
    assert_eq!((&row["messages"], &row["signals"]), (&json!(2), &json!(2)));
    assert_eq!(row["signals_by_kind"], r#"{"blocker":1,"budget":1}"#);
    assert_eq!(row["health_score"], 64.5);
    assert_eq!(day(&bench, "2026-01-15").await["messages"], 0);
}

#[tokio::test]
async fn only_days_touched_since_the_last_run_and_today_are_computed_again() {
    let bench = TestBench::new().await;
    let now = bench.now();
    for days in 1..=20 {
        let ingested = now - TimeDelta::hours(2);
        message(&bench, &format!("m{days}"), now - TimeDelta::days(days), ingested).await;
    }
    assert_eq!(roll_up(&bench).await, "21 days rolled up");
    bench.advance(TimeDelta::hours(3));
    assert_eq!(roll_up(&bench).await, "1 days rolled up");
    message(&bench, "late", now - TimeDelta::days(5), bench.now()).await;
    assert_eq!(roll_up(&bench).await, "2 days rolled up");
    assert_eq!(day(&bench, "2026-01-10").await["messages"], 2);
}

#[tokio::test]
async fn a_signal_that_new_rules_took_away_leaves_its_day_too() {
    let bench = TestBench::new().await;
    let sent = bench.now() - TimeDelta::days(2);
    message(&bench, "m1", sent, bench.now()).await;
    signal(&bench, "s1", "m1", "blocker", sent).await;
    roll_up(&bench).await;
    bench.advance(TimeDelta::hours(3));
    bench.execute(sql("DELETE FROM signals")).await;
    let revised = json!({
        "message_id": "m1", "project_id": bench.project().id, "rules_version": "2",
        "awaiting_answer": false, "processed_at": rfc3339(bench.now()),
    });
    bench.insert("signals_processed", revised).await;
    roll_up(&bench).await;
    assert_eq!(day(&bench, "2026-01-13").await["signals"], 0);
}

#[tokio::test]
async fn a_card_tells_of_score_change_counts_and_thirty_days_without_gaps() {
    let bench = TestBench::new().await;
    let now = bench.now();
    message(&bench, "m1", now - TimeDelta::days(10), now).await;
    message(&bench, "m2", now - TimeDelta::days(2), now).await;
    signal(&bench, "s1", "m2", "blocker", now - TimeDelta::days(2)).await;
    score(&bench, 80.0, now - TimeDelta::days(8)).await;
    score(&bench, 72.5, now).await;
    roll_up(&bench).await;
    let card = &cards(&bench).await[0];
    assert_eq!(card["health"]["score"], 72.5);
    assert_eq!(card["health"]["delta_7d"], -7.5);
    assert_eq!(card["health"]["factors"][0]["key"], "blocker");
    assert_eq!((&card["messages_total"], &card["messages_7d"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&card["signals_open"], &card["signals_by_kind"]),
        (&json!(1), &json!({"blocker": 1}))
    );
    assert_eq!(card["last_message_at"], "2026-01-13T12:00:00.000Z");
    let trend = card["trend"].as_array().unwrap();
    assert_eq!(trend.len(), 30);
    assert_eq!((&trend[0]["day"], &trend[29]["day"]), (&json!("2025-12-17"), &json!("2026-01-15")));
    assert_eq!((&trend[27]["messages"], &trend[29]["score"]), (&json!(1), &json!(72.5)));
    assert_eq!(trend[28]["score"], Value::Null, "nothing is made up for a day without a score");
}

#[tokio::test]
async fn without_an_old_score_there_is_no_change_to_tell() {
    let bench = TestBench::new().await;
    message(&bench, "m1", bench.now(), bench.now()).await;
    score(&bench, 80.0, bench.now() - TimeDelta::days(30)).await;
    score(&bench, 70.0, bench.now()).await;
    assert_eq!(cards(&bench).await[0]["health"]["delta_7d"], Value::Null);
}

#[tokio::test]
async fn a_project_that_never_had_a_message_has_no_score_whatever_was_stored() {
    let bench = TestBench::new().await;
    score(&bench, 100.0, bench.now()).await;
    roll_up(&bench).await;
    let card = &cards(&bench).await[0];
    assert_eq!((&card["messages_total"], &card["health"]["score"]), (&json!(0), &Value::Null));
    assert!(card["trend"].as_array().unwrap().iter().all(|day| day["score"].is_null()));
    message(&bench, "m1", bench.now(), bench.now()).await;
    assert_eq!(cards(&bench).await[0]["health"]["score"], 100.0);
}

#[tokio::test]
async fn the_worst_comes_first_and_a_project_without_data_is_there_too() {
    let bench = TestBench::new().await;
    bench.add_project("another", "Another").await;
    message(&bench, "m1", bench.now(), bench.now()).await;
    score(&bench, 40.0, bench.now()).await;
    let cards = cards(&bench).await;
    let slugs: Vec<_> = cards.iter().map(|card| card["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["demo", "another"]);
    assert_eq!(cards[1]["health"]["score"], Value::Null);
    assert_eq!(
        (&cards[1]["messages_total"], &cards[1]["last_message_at"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(cards[1]["trend"].as_array().unwrap().len(), 30);
}

#[tokio::test]
async fn a_card_shows_the_sources_that_fail_and_since_when() {
    let bench = TestBench::new().await;
    for (source, since) in [("inbox", None), ("news", Some("2026-01-14T10:00:00.000Z"))] {
        let row = json!({
            "project_id": bench.project().id, "source": source, "kind": "feed", "address": "x",
            "new_count": 0, "changed_count": 0, "skipped_count": 0, "failures": 1,
            "failing_since": since, "reason": since.map(|_| "answered 404"),
        });
        bench.insert("connector_sources", row).await;
    }
    let cards = json!(bench.view::<Portfolio>(json!({})).await.unwrap().items);
    let expected =
        json!([{"source": "news", "since": "2026-01-14T10:00:00.000Z", "reason": "answered 404"}]);
    assert_eq!(cards[0]["sources_failing"], expected);
}
