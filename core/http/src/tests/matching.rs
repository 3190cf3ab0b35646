//! One action on all runs that match a filter.

use std::time::Duration;

use serde_json::{Value, json};

use super::Bench;
use cascade_model::Fault;

#[tokio::test]
async fn all_runs_that_match_are_retried_if_they_are_as_many_as_were_counted() {
    let bench = Bench::new(5).await;
    let token = bench.admin().await;
    let ask = async |method: &str, path: &str, body: Option<Value>| {
        let (status, text) = bench.ask(method, path, Some(token.reveal()), body).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    for project in &bench.projects {
        bench.engine.run_now("work", *project).await.unwrap();
    }
    for run in bench.engine.claim("w", 4, Duration::from_secs(60), &[]).await.unwrap() {
        let fault = Fault { error: "no route to host".into(), retry_in: None };
        bench.engine.fail(&run.lease, fault).await.unwrap();
    }
    let failed = json!({ "text": "NO ROUTE", "states": ["failed", "completed"] });
    let count = async |action: &str, filter: &Value| {
        let body = json!({ "action": action, "filter": filter });
        ask("POST", "/api/jobs/runs/matching/count", Some(body)).await.1["count"].clone()
    };
    assert_eq!(count("retry", &failed).await, 4);
    assert_eq!(count("cancel", &failed).await, 0, "what has failed is not cancelled");
    assert_eq!(count("cancel", &json!({})).await, 1);

    let act = async |expect: u32| {
        let body = json!({
            "action": "retry", "filter": failed, "expect": expect, "reason": "the route is back",
        });
        ask("POST", "/api/jobs/runs/matching", Some(body)).await
    };
    let (status, refused) = act(3).await;
    assert_eq!((status, &refused["count"]), (409, &json!(4)), "{refused}");
    assert_eq!(count("retry", &failed).await, 4, "nothing was done");
    let (status, answer) = act(4).await;
    assert_eq!((status, &answer["total"]), (202, &json!(4)), "{answer}");
    let address = format!("/api/jobs/runs/matching/{}", answer["id"].as_str().unwrap());
    let over = loop {
        let (_, progress) = ask("GET", &address, None).await;
        if progress["finished"] == true {
            break progress;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&over["done"], &over["refused"]), (&json!(4), &json!(0)), "{over}");
    assert_eq!(ask("GET", "/api/jobs/runs?state=available", None).await.1["total"], 5);
    let (_, audit) = ask("GET", "/api/audit?text=runs.retry", None).await;
    let entries = audit["items"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["target"]), (1, &json!("4 runs")), "{audit}");
    let detail = entries[0]["detail"].to_string();
    assert!(detail.contains("NO ROUTE") && detail.contains("the route is back"), "{detail}");

    let unknown = format!("/api/jobs/runs/matching/{}", uuid::Uuid::nil());
    assert_eq!(ask("GET", &unknown, None).await.0, 404);
    let body = json!({ "action": "retry", "filter": { "color": "red" } });
    assert_eq!(ask("POST", "/api/jobs/runs/matching/count", Some(body)).await.0, 400);
}
