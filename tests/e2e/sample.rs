//! The product's reads, on the sample.

use serde_json::{Value, json};

use crate::host::Host;

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap()
}

#[tokio::test]
async fn the_sample_gives_scores_signals_and_recommendations() {
    let host = Host::start();
    host.settled(21).await;
    let portfolio = host.get("/api/data/portfolio").await;
    let cards = items(&portfolio);
    let slugs: Vec<_> = cards.iter().map(|card| card["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["atlas", "borealis", "cedar"], "in most trouble first");
    let total: u64 = cards.iter().map(|card| card["messages_total"].as_u64().unwrap()).sum();
    assert!(total >= 300, "{total} messages");
    for card in cards {
        let health = &card["health"];
        let factors = health["factors"].as_array().unwrap();
        let impacts: Vec<_> = factors.iter().map(|f| f["impact"].as_f64().unwrap()).collect();
        // Each of them is rounded to a tenth, and so is the score.
        let rounded = 0.05 * (impacts.len() + 1) as f64 + 1e-9;
        let explained = 100.0 + impacts.iter().sum::<f64>();
        assert!((health["score"].as_f64().unwrap() - explained).abs() <= rounded, "{health:#}");
        assert_eq!(card["trend"].as_array().unwrap().len(), 30);
        assert!(card["messages_7d"].as_u64() > Some(4), "the sample is recent: {card:#}");
    }
    for (key, filter) in
        [("recommendations", ""), ("messages", "&source_kind=feed"), ("messages", "&lang=ru")]
    {
        let page = host.get(&format!("/api/data/{key}?per_page=5{filter}")).await;
        assert_eq!(items(&page).len(), 5, "{key}{filter}");
    }
    // Evidence spans count code points of the body.
    let found = host.get("/api/data/messages?signal=blocker&lang=ru&per_page=50").await;
    assert!(!items(&found).is_empty());
    for message in items(&found) {
        let body: Vec<char> = message["body"].as_str().unwrap().chars().collect();
        for signal in message["signals"].as_array().unwrap() {
            let at = |key: &str| usize::try_from(signal[key].as_u64().unwrap()).unwrap();
            let text: String = body[at("span_start")..at("span_end")].iter().collect();
            assert_eq!(signal["evidence"], text);
        }
    }
}

#[tokio::test]
async fn search_finds_by_meaning_within_a_project() {
    let host = Host::start();
    host.settled(21).await;
    let project = host.project("atlas").await;
    let path =
        format!("/api/data/messages?project_id={project}&search=out%20of%20budget&per_page=5");
    let found = host.get(&path).await;
    assert!(items(&found)[0]["body"].as_str().unwrap().contains("budget"), "{found:#}");
    assert!(items(&found).iter().all(|message| message["project_id"] == project.as_str()));
    let similarity: Vec<_> =
        items(&found).iter().map(|m| m["similarity"].as_f64().unwrap()).collect();
    assert!(similarity.is_sorted_by(|a, b| a >= b), "{similarity:?}");
}

#[tokio::test]
async fn a_dismissed_recommendation_does_not_come_back() {
    let host = Host::start();
    host.settled(21).await;
    let project_id = host.project("atlas").await;
    let path = format!("/api/data/recommendations?project_id={project_id}");
    let first = items(&host.get(&path).await)[0].clone();
    let body = json!({"project_id": project_id, "id": first["id"]});
    let (status, _) = host.post("/api/data/recommendations/actions/dismiss", body.clone()).await;
    assert_eq!(status, 200);
    host.post("/api/jobs/kag_recommendations_refresh/run", json!({"project_id": project_id})).await;
    host.settled(23).await;
    let open = host.get(&path).await;
    assert!(items(&open).iter().all(|item| item["id"] != first["id"]));
    let dismissed = host.get(&format!("{path}&status=dismissed")).await;
    assert_eq!(items(&dismissed)[0]["id"], first["id"]);
    let (status, _) = host.post("/api/data/recommendations/actions/reopen", body).await;
    assert_eq!(status, 200);
    let nothing = json!({"project_id": project_id, "id": "no-such"});
    let (status, _) = host.post("/api/data/recommendations/actions/dismiss", nothing).await;
    assert_eq!(status, 404);
    let (status, _) = host.post("/api/data/recommendations/actions/burn", json!({})).await;
    assert_eq!(status, 404);
}
