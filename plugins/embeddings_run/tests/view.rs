//! The `messages` view: paging, filters, signals, search.

mod support;

use cascade_testkit::TestBench;
use embeddings_run::{EmbeddingsRun, MessageRow, Messages};
use serde_json::{Value, json};
use support::{bench, say};

const MAIL: &[&str] = &[
    "Costs exceed the plan by a fifth, finance wants an explanation.",
    "Lunch is at one today, who is coming along?",
    "The release slips by a week because the tests are red.",
    "Перерасход бюджета по серверам, нужно согласование.",
    "Созвон переносим на четверг, в 15:00.",
    "We hired two developers, they start on Monday.",
    "Anna fixed the printer on the third floor.",
];

async fn found(bench: &TestBench, filter: Value) -> Vec<MessageRow> {
    bench.view::<Messages>(filter).await.expect("a page").items
}

fn ids(rows: &[MessageRow]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

async fn embedded() -> TestBench {
    let bench = bench().await;
    say(&bench, bench.project(), "m", MAIL).await;
    bench.run::<EmbeddingsRun>(json!({})).await.summary();
    bench
}

#[tokio::test]
async fn newest_first_page_by_page() {
    let bench = embedded().await;
    let page = |n| bench.view_page::<Messages>(Some(bench.project().id), n, 3, json!({}));
    let (first, last) = (page(1).await.unwrap(), page(3).await.unwrap());
    assert_eq!((ids(&first.items), first.total), (vec!["m7", "m6", "m5"], 7));
    assert_eq!(ids(&last.items), ["m1"]);
    assert_eq!(first.items[0].similarity, None);
}

#[tokio::test]
async fn a_search_finds_other_words_for_the_same_thing() {
    let bench = embedded().await;
    // By the thesaurus, in either language: both messages, and nothing before them.
    for search in ["budget overrun", "перерасход"] {
        let rows = found(&bench, json!({"search": search})).await;
        let mut best = ids(&rows)[..2].to_vec();
        best.sort_unstable();
        assert_eq!(best, ["m1", "m4"], "{search}");
        assert!(rows.iter().all(|row| (0.2..=1.0).contains(&row.similarity.unwrap())));
    }
    // By the words themselves, in other forms, and by a beginning.
    for (search, best) in [("hiring developer", "m6"), ("releases slipped", "m3"), ("printe", "m7")]
    {
        assert_eq!(found(&bench, json!({"search": search})).await[0].id, best, "{search}");
    }
}

#[tokio::test]
async fn nonsense_finds_nothing() {
    let bench = embedded().await;
    for search in ["xylophone zebra quux", "щщщ ыыы", "!!!"] {
        let rows = found(&bench, json!({"search": search})).await;
        assert!(rows.is_empty(), "{search}: {rows:?}");
    }
}

#[tokio::test]
async fn a_search_is_paged_and_stays_in_its_project() {
    let bench = embedded().await;
    let other = bench.add_project("other", "Other").await;
    say(&bench, &other, "x", &["Yes: costs exceed the plan."]).await;
    let page = |project, n| {
        bench.view_page::<Messages>(project, n, 1, json!({"search": "costs exceed the plan"}))
    };
    let mine = page(Some(bench.project().id), 1).await.unwrap();
    assert_eq!((ids(&mine.items), mine.total), (vec!["m1"], 2));
    // Not embedded yet, yet found by its words.
    let all = page(None, 2).await.unwrap();
    assert_eq!((ids(&all.items), all.total), (vec!["x1"], 3));
    assert!(page(None, 9).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn filters_and_open_signals() {
    let bench = embedded().await;
    for (id, kind, resolved) in [
        ("m1", "budget", Value::Null),
        ("m4", "budget", Value::Null),
        ("m3", "deadline_risk", Value::Null),
        ("m6", "budget", json!("2026-01-06T00:00:00.000Z")),
    ] {
        let signal = json!({"id": format!("s-{id}"), "project_id": bench.project().id, "message_id": id,
            "kind": kind, "evidence": "Costs", "span_start": 0, "span_end": 5, "weight": 2.0,
            "confidence": 0.8, "sent_at": "", "detected_at": "", "resolved_at": resolved});
        bench.insert("signals", signal).await;
    }
    let budget = found(&bench, json!({"signal": "budget"})).await;
    assert_eq!(ids(&budget), ["m4", "m1"]);
    assert_eq!((budget[0].signals[0].kind.as_str(), budget[0].signals[0].span_end), ("budget", 5));
    assert_eq!(ids(&found(&bench, json!({"signal": "budget", "lang": "en"})).await), ["m1"]);
    let searched =
        found(&bench, json!({"search": "costs", "signal": "budget", "lang": "ru"})).await;
    assert_eq!(ids(&searched), ["m4"]);
    assert!(found(&bench, json!({"source_kind": "slack"})).await.is_empty());
    assert!(found(&bench, json!({})).await[1].signals.is_empty());
}
