//! The job on messages as the connectors leave them.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use cascade_sdk::{Row, chrono::TimeDelta, rfc3339, sql};
use cascade_testkit::TestBench;
use serde_json::{Value, json};
use signals_extraction::SignalsExtraction;

const MESSAGES: &str = include_str!("../../../connectors_sync_cycle/migrations/0001_init.sql");

const RULES: &str = r#"
    version = "1"
    [[rule]]
    name = "late"
    kind = "deadline_risk"
    lang = "en"
    weight = 0.5
    confidence = 0.5
    any = ['too late']
"#;

async fn bench() -> TestBench {
    let bench = TestBench::new().await;
    bench.schema(MESSAGES).await;
    bench
}

/// A mail sent some hours before the bench's time.
async fn mail(bench: &TestBench, id: &str, thread: &str, author: &str, body: &str, hours_ago: i64) {
    message(bench, id, thread, author, body, hours_ago, "mail").await;
}

async fn message(
    bench: &TestBench,
    id: &str,
    thread: &str,
    author: &str,
    body: &str,
    hours_ago: i64,
    source_kind: &str,
) {
    let row = json!({
        "id": id, "project_id": bench.project().id, "source": "inbox", "source_kind": source_kind,
        "native_id": id, "thread_id": thread, "author": author, "author_key": author,
        "subject": "s", "body": body, "url": null, "lang": "en",
        "sent_at": rfc3339(bench.now() - TimeDelta::hours(hours_ago)),
        "ingested_at": rfc3339(bench.now()),
    });
    bench.insert("messages", row).await;
}

async fn run(bench: &TestBench, params: Value) -> String {
    bench.run::<SignalsExtraction>(params).await.summary().to_owned()
}

async fn signals(bench: &TestBench) -> Vec<Row> {
    bench.rows(sql("SELECT * FROM signals ORDER BY message_id, span_start, kind")).await
}

async fn kinds(bench: &TestBench) -> Vec<String> {
    let signals = signals(bench).await;
    signals.iter().map(|signal| signal["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn both_languages_give_signals_and_a_message_is_read_once() {
    let bench = bench().await;
    mail(&bench, "m1", "t1", "ann", "Hi. We are blocked by the missing key.", 1).await;
    mail(&bench, "m2", "t2", "олег", "Привет. Бюджет почти исчерпан.", 1).await;
    assert_eq!(run(&bench, json!({})).await, "2 signals in 2 messages, 0 open questions");
    let first = signals(&bench).await;
    assert_eq!(first[0]["kind"], "blocker");
    assert_eq!(first[0]["evidence"], "We are blocked by the missing key.");
    assert_eq!((&first[0]["span_start"], &first[0]["span_end"]), (&json!(4), &json!(38)));
    assert_eq!((&first[1]["kind"], &first[1]["span_start"]), (&json!("budget"), &json!(8)));

    assert_eq!(run(&bench, json!({})).await, "0 signals in 0 messages, 0 open questions");
    mail(&bench, "m3", "t3", "ann", "It was agreed yesterday.", 0).await;
    assert_eq!(run(&bench, json!({})).await, "1 signals in 1 messages, 0 open questions");
    assert_eq!(signals(&bench).await[..2], first);
}

#[tokio::test]
async fn changed_rules_read_everything_anew_and_drop_what_they_no_longer_find() {
    let bench = bench().await;
    let rules = bench.folder().join("rules.toml");
    std::fs::write(&rules, RULES).unwrap();
    let params = json!({"rules_path": rules});
    mail(&bench, "m1", "t1", "ann", "It is too late. We are too slow.", 1).await;
    run(&bench, params.clone()).await;
    let before = signals(&bench).await;
    assert_eq!(before[0]["evidence"], "It is too late.");

    bench.advance(TimeDelta::minutes(5));
    std::fs::write(&rules, RULES.replace("weight = 0.5", "weight = 0.7")).unwrap();
    run(&bench, params.clone()).await;
    let heavier = signals(&bench).await;
    assert_eq!((heavier.len(), &heavier[0]["weight"]), (1, &json!(0.7)));
    assert_eq!(heavier[0]["detected_at"], before[0]["detected_at"], "it was known before");

    std::fs::write(&rules, RULES.replace("too late", "too slow")).unwrap();
    run(&bench, params).await;
    let other = signals(&bench).await;
    assert_eq!((other.len(), &other[0]["evidence"]), (1, &json!("We are too slow.")));
}

#[tokio::test]
async fn a_bad_rules_file_fails_the_run_and_names_file_and_rule() {
    let bench = bench().await;
    let rules = bench.folder().join("mine.toml");
    std::fs::write(&rules, RULES.replace("too late", "too (late")).unwrap();
    let failure = bench.run::<SignalsExtraction>(json!({"rules_path": rules})).await.failure();
    assert!(failure.contains("mine.toml") && failure.contains("rule `late`"), "{failure}");
    let missing = bench.run::<SignalsExtraction>(json!({"rules_path": "nowhere.toml"})).await;
    assert!(missing.failure().contains("nowhere.toml"));
}

#[tokio::test]
async fn a_question_becomes_a_signal_when_its_time_is_over_and_an_answer_resolves_it() {
    let bench = bench().await;
    mail(&bench, "q", "t1", "ann", "Hello. Who owns the billing service?", 0).await;
    assert_eq!(run(&bench, json!({})).await, "0 signals in 1 messages, 0 open questions");

    bench.advance(TimeDelta::hours(49));
    mail(&bench, "q2", "t1", "ann", "I ask again.", 0).await;
    assert_eq!(run(&bench, json!({})).await, "0 signals in 1 messages, 1 open questions");
    assert_eq!(kinds(&bench).await, ["unanswered_question"], "one's own words are no answer");
    assert_eq!(signals(&bench).await[0]["resolved_at"], Value::Null);

    bench.advance(TimeDelta::hours(1));
    let answered = rfc3339(bench.now());
    mail(&bench, "a", "t1", "tom", "I do.", 0).await;
    assert_eq!(run(&bench, json!({})).await, "0 signals in 1 messages, 0 open questions");
    assert_eq!(signals(&bench).await[0]["resolved_at"], answered);
}

#[tokio::test]
async fn an_answer_in_time_leaves_no_signal_even_if_it_is_imported_late() {
    let bench = bench().await;
    mail(&bench, "q", "t1", "ann", "Who owns the billing service?", 100).await;
    run(&bench, json!({})).await;
    assert_eq!(kinds(&bench).await, ["unanswered_question"]);
    mail(&bench, "a", "t1", "tom", "I do.", 90).await;
    run(&bench, json!({})).await;
    assert_eq!(kinds(&bench).await, Vec::<String>::new());
}

#[tokio::test]
async fn another_thread_is_no_answer_and_the_time_is_the_operators_choice() {
    let bench = bench().await;
    mail(&bench, "q", "t1", "ann", "Who owns the billing service?", 3).await;
    mail(&bench, "other", "t2", "tom", "I do.", 1).await;
    run(&bench, json!({"unanswered_after_hours": 4})).await;
    assert_eq!(kinds(&bench).await, Vec::<String>::new());
    run(&bench, json!({"unanswered_after_hours": 2})).await;
    assert_eq!(kinds(&bench).await, ["unanswered_question"]);
}

#[tokio::test]
async fn a_feed_asks_nobody() {
    let bench = bench().await;
    message(&bench, "f", "f", "press", "Who owns the cloud?", 100, "feed").await;
    run(&bench, json!({})).await;
    assert_eq!(kinds(&bench).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_is_asked_to_stop_stops_and_leaves_nothing_half_done() {
    let bench = bench().await;
    mail(&bench, "m1", "t1", "ann", "We are blocked.", 1).await;
    bench.cancel();
    let run = bench.run::<SignalsExtraction>(json!({})).await;
    assert_eq!(run.failure(), "cancelled");
    assert_eq!(kinds(&bench).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_message_with_very_many_findings_and_one_that_changed_are_stored_right() {
    let bench = bench().await;
    // The line has no end; then each of many lines is a finding.
    mail(&bench, "long", "t1", "ann", &"x ".repeat(500_000), 2).await;
    mail(&bench, "many", "t2", "ann", &"We are blocked by the key. ".repeat(2_000), 1).await;
    assert_eq!(run(&bench, json!({})).await, "100 signals in 2 messages, 0 open questions");
    let rows = bench.rows(sql("SELECT DISTINCT span_start FROM signals")).await;
    assert_eq!(rows.len(), 100);
    // An edit is looked at again, and what it no longer says is gone.
    bench.advance(TimeDelta::hours(1));
    let edit = sql("UPDATE messages SET body = 'All is well.', ingested_at = $1 WHERE id = 'many'");
    bench.execute(edit.bind(rfc3339(bench.now()))).await;
    bench.advance(TimeDelta::hours(1));
    assert_eq!(run(&bench, json!({})).await, "0 signals in 1 messages, 0 open questions");
    assert_eq!(signals(&bench).await.len(), 0);
    assert_eq!(run(&bench, json!({})).await, "0 signals in 0 messages, 0 open questions");
}

#[tokio::test]
async fn a_message_that_fails_is_marked_and_costs_the_others_nothing() {
    let bench = bench().await;
    for id in ["m1", "m2", "m3"] {
        mail(&bench, id, id, "ann", "We are blocked by the key.", 1).await;
    }
    // A database that refuses what one message has to say.
    bench
        .schema(
            "CREATE TRIGGER refused BEFORE INSERT ON signals WHEN NEW.message_id = 'm2'
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .await;
    let summary = run(&bench, json!({})).await;
    assert_eq!(summary, "2 signals in 3 messages, 0 open questions, 1 passed over");
    let marked = bench
        .rows(sql("SELECT message_id, error FROM signals_processed WHERE error IS NOT NULL"))
        .await;
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0]["message_id"], "m2");
    assert!(marked[0]["error"].as_str().unwrap().contains("refused"), "{marked:?}");
    assert_eq!(run(&bench, json!({})).await, "0 signals in 0 messages, 0 open questions");
}

#[tokio::test]
async fn a_question_with_a_bad_time_does_not_stop_the_others() {
    let bench = bench().await;
    for id in ["m1", "m2"] {
        mail(&bench, id, id, "ann", "Who signs the contract?", 100).await;
    }
    bench.execute(sql("UPDATE messages SET sent_at = '2026-99' WHERE id = 'm1'")).await;
    assert_eq!(run(&bench, json!({})).await, "0 signals in 2 messages, 1 open questions");
}
