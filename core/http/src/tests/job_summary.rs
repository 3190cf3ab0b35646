//! Jobs over all projects, and what is done to many of them.

use std::time::Duration;

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::Bench;
use cascade_access::Secret;
use cascade_model::{Fault, Success};

async fn ask(
    bench: &Bench,
    token: &Secret,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let (status, text) = bench.ask(method, path, Some(token.reveal()), body).await;
    (status, serde_json::from_str(&text).unwrap())
}

/// Status, tag and body; `known` is sent as `If-None-Match`.
async fn tagged(bench: &Bench, token: &Secret, known: &str) -> (u16, String, usize) {
    let request = Request::get("/api/jobs/summary").header("host", "test");
    let request = request.header("authorization", format!("Bearer {}", token.reveal()));
    let request = request.header("if-none-match", known).body(Body::empty()).unwrap();
    let answer = bench.router.clone().oneshot(request).await.unwrap();
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(answer.headers()["cache-control"], "private, no-cache");
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, tag, body.len())
}

#[tokio::test]
async fn a_job_is_one_row_however_many_projects_it_has() {
    let bench = Bench::new(3).await;
    let token = bench.admin().await;
    for project in &bench.projects {
        bench.engine.run_now("work", *project).await.unwrap();
    }
    let runs = bench.engine.claim("w", 2, Duration::from_secs(60), &[]).await.unwrap();
    let error = "a text that no list of jobs repeats".to_owned();
    bench.engine.fail(&runs[0].lease, Fault { error, retry_in: None }).await.unwrap();
    bench.engine.complete(&runs[1].lease, Success::default()).await.unwrap();
    let (status, answer) = ask(&bench, &token, "GET", "/api/jobs/summary", None).await;
    assert_eq!(status, 200, "{answer}");
    assert!(!answer.to_string().contains("no list of jobs"), "{answer}");
    let row = &answer["items"][0];
    assert_eq!((&row["job_type"], &row["plugin"]), (&json!("work"), &json!("test")));
    assert_eq!((&row["state"], &row["schedules"]), (&json!("failing"), &json!(3)));
    assert_eq!(
        (&row["failing"], &row["waiting"], &row["running"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert_eq!(row["last"]["run_id"], json!(runs[1].lease.run_id));
    assert_eq!(row["trend"], json!(["failed", "completed"]));
    assert_eq!((&answer["total"], &answer["schedules"]), (&json!(1), &json!(3)));
    assert_eq!((&answer["states"]["failing"], &answer["states"]["idle"]), (&json!(1), &json!(0)));

    for (query, total) in
        [("q=WORK", 1), ("q=nothing", 0), ("state=waiting,running", 1), ("state=paused", 0)]
    {
        let (_, answer) =
            ask(&bench, &token, "GET", &format!("/api/jobs/summary?{query}"), None).await;
        assert_eq!(answer["total"], total, "{query}");
    }
    for wrong in ["state=lost", "sort=color", "per_page=201", "page=0"] {
        let (status, _) =
            ask(&bench, &token, "GET", &format!("/api/jobs/summary?{wrong}"), None).await;
        assert_eq!(status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn who_asks_again_is_told_that_nothing_has_changed() {
    let bench = Bench::new(2).await;
    let token = bench.admin().await;
    let (status, tag, bytes) = tagged(&bench, &token, "W/\"another\"").await;
    assert!(status == 200 && bytes > 0, "{status} {bytes}");
    assert_eq!(tagged(&bench, &token, &format!("W/\"other\", {tag}")).await, (304, tag.clone(), 0));
    bench.engine.run_now("work", bench.projects[0]).await.unwrap();
    let (status, changed, _) = tagged(&bench, &token, &tag).await;
    assert!(status == 200 && changed != tag);
}

#[tokio::test]
async fn many_jobs_are_changed_over_projects_with_a_reason() {
    let bench = Bench::new(3).await;
    let token = bench.admin().await;
    let stranger = uuid::Uuid::now_v7();
    let body = json!({
        "jobs": ["work", "unknown"], "reason": "the source is down",
        "project_ids": [bench.projects[0], bench.projects[1], stranger],
    });
    let (status, answer) = ask(&bench, &token, "POST", "/api/schedules/pause", Some(body)).await;
    assert_eq!((status, &answer["done"], &answer["projects"]), (200, &json!(2), &json!(2)));
    let refused = answer["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 2, "{answer}");
    assert_eq!(refused[0]["project_id"], json!(stranger));
    assert_eq!(refused[1]["job_type"], "unknown");
    let (_, audit) = ask(&bench, &token, "GET", "/api/audit", None).await;
    let entries = audit["items"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "an entry a project: {audit}");
    assert!(entries.iter().all(|entry| entry["action"] == "jobs.pause"
        && entry["detail"].to_string().contains("the source is down")));

    let all = || Some(json!({"jobs": ["work"]}));
    assert_eq!(ask(&bench, &token, "POST", "/api/schedules/resume", all()).await.1["done"], 3);
    assert_eq!(ask(&bench, &token, "POST", "/api/schedules/run", all()).await.1["done"], 3);
    let (_, summary) = ask(&bench, &token, "GET", "/api/jobs/summary", None).await;
    assert_eq!(
        (&summary["items"][0]["waiting"], &summary["items"][0]["paused"]),
        (&json!(3), &json!(0))
    );
    for wrong in [json!({"jobs": []}), json!({"jobs": ["a"], "until": "later"})] {
        assert_eq!(ask(&bench, &token, "POST", "/api/schedules/run", Some(wrong)).await.0, 400);
    }
}

#[tokio::test]
async fn schedules_are_listed_in_pages_and_counted() {
    let bench = Bench::new(3).await;
    let token = bench.admin().await;
    let list = async |query: &str| {
        let (status, answer) =
            ask(&bench, &token, "GET", &format!("/api/jobs/scheduler{query}"), None).await;
        assert_eq!(status, 200, "{answer}");
        (answer["items"].as_array().unwrap().len(), answer["total"].as_u64().unwrap())
    };
    assert_eq!(list("").await, (3, 3));
    assert_eq!(list("?page=2&per_page=2").await, (1, 3));
    assert_eq!(list("?job_type=work&per_page=2").await, (2, 3));
    assert_eq!(list("?job_type=unknown").await, (0, 0));
}
