//! Runs that are asked for with args.

use std::time::Duration;

use axum::{body::Body, http::Request};
use futures::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::Bench;
use crate::middleware::auth::SignIn;

const RUNS: &str = "/api/jobs/work/runs";

async fn send(bench: &Bench, path: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
    let request = Request::builder().method("POST").uri(path).header("host", "localhost");
    let request = request.header("content-type", "application/json");
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    answer(bench, request.body(Body::from(body.to_string())).unwrap()).await
}

async fn answer(bench: &Bench, request: Request<Body>) -> (u16, Value) {
    let answer = bench.router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    let mut stream = answer.into_body().into_data_stream();
    while let Some(part) = stream.next().await {
        bytes.extend_from_slice(&part.unwrap());
    }
    (status, serde_json::from_slice(&bytes).unwrap())
}

async fn get(bench: &Bench, path: &str) -> Value {
    let request = Request::builder().uri(path).header("host", "localhost");
    let (status, found) = answer(bench, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, 200, "{path}: {found}");
    found
}

#[tokio::test]
async fn a_run_has_the_args_that_were_asked_for_and_shows_no_secret() {
    let bench = Bench::with(1, SignIn::Off).await;
    let args = json!({"level": 2, "token": "s3cret-token"});
    let body = json!({
        "project_id": bench.projects[0], "args": args, "key": "7", "priority": 3,
        "run_at": "2000-01-01T00:00:00Z",
    });
    let (status, made) = send(&bench, RUNS, None, &body).await;
    assert_eq!(
        (status, &made["state"], &made["duplicate"]),
        (201, &json!("available"), &json!(false))
    );
    let one = format!("/api/jobs/runs/{}", made["run_id"].as_str().unwrap());
    for shown in
        [get(&bench, &one).await, get(&bench, "/api/jobs/runs?key=7").await["items"][0].clone()]
    {
        assert_eq!(shown["args"], json!({"level": 2, "token": "***"}), "{shown}");
        assert_eq!((&shown["key"], &shown["priority"]), (&json!("7"), &json!(3)));
        assert_eq!((&shown["asked_by"], &shown["id"]), (&json!("local"), &made["run_id"]));
    }
    let claimed = bench.engine.claim("w", 1, Duration::from_secs(60), &[]).await.unwrap().remove(0);
    assert_eq!(claimed.request.unwrap().args, args);
    let later = json!({"project_id": bench.projects[0], "run_at": "2999-01-01T00:00:00Z"});
    let (_, later) = send(&bench, RUNS, None, &later).await;
    assert_eq!(later["state"], "scheduled");
    assert_eq!(get(&bench, "/api/jobs/runs?state=scheduled").await["total"], 1);
}

#[tokio::test]
async fn a_run_of_the_form_has_tags_and_one_of_a_schedule_says_who_asked() {
    let bench = Bench::with(1, SignIn::Off).await;
    let now = "/api/jobs/work/run";
    let (_, plain) = send(&bench, now, None, &json!({"project_id": bench.projects[0]})).await;
    let plain = get(&bench, &format!("/api/jobs/runs/{}", plain["run_id"].as_str().unwrap())).await;
    assert_eq!((&plain["asked_by"], &plain["args"]), (&json!("local"), &Value::Null));
    let why = format!("/api/jobs/runs/{}/why", plain["id"].as_str().unwrap());
    let because = &get(&bench, &why).await["because"][0];
    assert_eq!(because["told"]["code"], "asked_for", "{because}");
    assert_eq!(because["told"]["values"], json!({"by": "local"}), "{because}");
    let tagged = json!({"project_id": bench.projects[0], "tags": ["eu"]});
    let (status, tagged) = send(&bench, now, None, &tagged).await;
    assert_eq!((status, &tagged["queued"]), (202, &json!("after_current")), "{tagged}");
    let found = get(&bench, "/api/jobs/runs?tag=eu").await;
    assert_eq!(
        (&found["total"], &found["items"][0]["tags"]),
        (&json!(1), &json!(["a, b", "eu", "nightly"]))
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_and_makes_nothing() {
    let bench = Bench::with(1, SignIn::Off).await;
    let project = bench.projects[0];
    for (path, more, status, said) in [
        (RUNS, json!({"args": {"level": "x"}}), 400, "body: args.level: "),
        (RUNS, json!({"args": {"more": 1}}), 400, "'more' was unexpected"),
        (RUNS, json!({"args": 7}), 400, "invalid type"),
        (RUNS, json!({"key": ""}), 400, "`key` has to have 1 to 256 bytes"),
        (RUNS, json!({"priority": 10}), 400, "`priority` has to be 0 to 9"),
        (RUNS, json!({"on_duplicate": "drop"}), 400, "unknown variant `drop`"),
        (RUNS, json!({"params": {}}), 400, "stand in jobs.toml"),
        (RUNS, json!({"kye": "a"}), 400, "unknown field `kye`"),
        (RUNS, json!({"args": {"token": "x".repeat(300_000)}}), 413, "more than 262144"),
        ("/jobs/ghost/runs", json!({}), 404, "no job type `ghost`"),
        ("/jobs/work/run", json!({"args": {"level": "x"}}), 400, "args.level"),
    ] {
        let mut body = json!({ "project_id": project });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (found, answer) = send(&bench, path, None, &body).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(found == status && message.contains(said), "{more}: {found} {answer}");
    }
    let long = format!("/api/jobs/runs?key={}", "k".repeat(257));
    let request = Request::builder().uri(long).header("host", "localhost");
    let (status, refused) = answer(&bench, request.body(Body::empty()).unwrap()).await;
    assert!(status == 400 && refused.to_string().contains("longer than 256"), "{refused}");
    let elsewhere = json!({ "project_id": uuid::Uuid::nil() });
    assert_eq!(send(&bench, RUNS, None, &elsewhere).await.0, 404);
    assert_eq!(get(&bench, "/api/jobs/runs").await["total"], 0);
}

#[tokio::test]
async fn a_request_with_a_key_is_answered_alike_when_it_is_sent_again() {
    let bench = Bench::with(1, SignIn::Off).await;
    let body = |level: u32| json!({"project_id": bench.projects[0], "args": {"level": level}});
    let (status, first) = send(&bench, RUNS, Some("a"), &body(1)).await;
    assert_eq!(status, 201);
    let (status, again) = send(&bench, RUNS, Some("a"), &body(1)).await;
    assert_eq!(
        (status, &again["run_id"], &again["duplicate"]),
        (200, &first["run_id"], &json!(true))
    );
    let (status, other) = send(&bench, RUNS, Some("a"), &body(2)).await;
    assert_eq!((status, &other["error"]["code"]), (422, &json!("idempotency_key_used")), "{other}");
    assert_eq!(send(&bench, RUNS, Some("b"), &body(2)).await.0, 201);
    assert_eq!(send(&bench, RUNS, Some(&"k".repeat(257)), &body(2)).await.0, 400);
    assert_eq!(get(&bench, "/api/jobs/runs").await["total"], 2);
    // With a key of the run: one that waits serves a request without args, or refuses it.
    let merge = json!({"project_id": bench.projects[0], "key": "k"});
    assert_eq!(send(&bench, RUNS, None, &merge).await.0, 201);
    assert_eq!(send(&bench, RUNS, None, &merge).await.0, 200);
    let reject = json!({"project_id": bench.projects[0], "key": "k", "on_duplicate": "reject"});
    let (status, refused) = send(&bench, RUNS, None, &reject).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("duplicate")));
    assert!(refused["run_id"].is_string(), "{refused}");
}

#[tokio::test]
async fn ten_thousand_runs_are_made_by_one_request_or_none() {
    let bench = Bench::with(1, SignIn::Off).await;
    let project = bench.projects[0];
    let path = "/api/jobs/work/runs/bulk";
    let mut runs: Vec<_> =
        (0..10_000).map(|n| json!({"project_id": project, "args": {"level": n}})).collect();
    runs[4321]["args"]["level"] = json!("x");
    let (status, refused) = send(&bench, path, None, &json!({ "runs": runs })).await;
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(status == 400 && said.contains("`runs[4321]`: args.level"), "{refused}");
    assert_eq!(get(&bench, "/api/jobs/runs").await["total"], 0);
    runs[4321]["args"]["level"] = json!(4321);
    let (status, made) = send(&bench, path, None, &json!({ "runs": runs })).await;
    assert_eq!((status, made["run_ids"].as_array().unwrap().len()), (201, 10_000));
    assert_eq!(get(&bench, "/api/jobs/runs").await["total"], 10_000);
    let none = send(&bench, path, None, &json!({ "runs": [] })).await;
    assert_eq!(none.0, 400, "{}", none.1);
}

#[tokio::test]
async fn a_run_of_the_schedule_with_args_waits_for_the_current_one() {
    let bench = Bench::with(1, SignIn::Off).await;
    let body = json!({"project_id": bench.projects[0]});
    let with_args = json!({"project_id": bench.projects[0], "args": {"level": 1}});
    assert_eq!(send(&bench, "/api/jobs/work/run", None, &body).await.0, 202);
    let (status, second) = send(&bench, "/api/jobs/work/run", None, &with_args).await;
    assert_eq!((status, &second["queued"]), (202, &json!("after_current")), "{second}");
    let lease = Duration::from_secs(60);
    let first = bench.engine.claim("w", 9, lease, &[]).await.unwrap();
    assert_eq!(first.len(), 1);
    bench.engine.complete(&first[0].lease, Default::default()).await.unwrap();
    let next = bench.engine.claim("w", 9, lease, &[]).await.unwrap();
    assert_eq!(next[0].lease.run_id.to_string(), second["run_id"].as_str().unwrap());
}

#[tokio::test]
async fn runs_are_found_by_tags_of_their_own_and_of_their_job() {
    let bench = Bench::with(1, SignIn::Off).await;
    let project = bench.projects[0];
    for (tags, said) in [
        (json!([""]), "1 to 64 bytes"),
        (json!(["x\ny"]), "no control characters"),
        (json!((0..17).map(|n| n.to_string()).collect::<Vec<_>>()), "17 tags are too many"),
    ] {
        let (status, refused) =
            send(&bench, RUNS, None, &json!({"project_id": project, "tags": tags})).await;
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(status == 400 && message.contains("body: `tags`: ") && message.contains(said));
    }
    let body = json!({"project_id": project, "tags": ["red", "a, b"], "args": {"level": 1}});
    let (_, made) = send(&bench, RUNS, Some("once"), &body).await;
    let one = get(&bench, &format!("/api/jobs/runs/{}", made["run_id"].as_str().unwrap())).await;
    assert_eq!(one["tags"], json!(["a, b", "nightly", "red"]));
    assert_eq!(one["process"], Value::Null);
    for (query, total) in [
        ("tag=red", 1),
        ("tag=red&tag=nightly", 1),
        ("tag=nightly", 1),
        ("tag=a%2C%20b", 1),
        ("tag=red&tag=blue", 0),
    ] {
        let found = get(&bench, &format!("/api/jobs/runs?{query}")).await;
        assert_eq!(found["total"], total, "{query}");
    }
    let suggested = get(&bench, "/api/jobs/runs/tags").await;
    assert_eq!(suggested["tags"], json!(["a, b", "nightly", "red"]));
    assert_eq!(get(&bench, "/api/jobs/runs/tags?prefix=re").await["tags"], json!(["red"]));
    let filter = json!({"action": "cancel", "filter": {"tags": ["red"]}});
    let (_, count) = send(&bench, "/api/jobs/runs/matching/count", None, &filter).await;
    assert_eq!(count["count"], 1);
}

#[tokio::test]
async fn an_arg_gives_the_key_and_the_queue_says_how_many_of_a_key_run() {
    let bench = Bench::with(1, SignIn::Off).await;
    let mut config = (*bench.server.config.current()).clone();
    let settings = config.jobs.get_mut("work").unwrap();
    (settings.key_from, settings.runs_per_key) = (Some("level".into()), 2);
    bench.engine.reconcile(&config).await.unwrap();
    let project = bench.projects[0];
    let mut runs = Vec::new();
    for level in [7, 7, 7, 8] {
        let body = json!({"project_id": project, "args": {"level": level}});
        let (status, made) = send(&bench, RUNS, None, &body).await;
        assert_eq!(status, 201, "{made}");
        runs.push(format!("/api/jobs/runs/{}", made["run_id"].as_str().unwrap()));
    }
    let claimed = bench.engine.claim("w", 10, Duration::from_secs(60), &[]).await.unwrap();
    assert_eq!(claimed.len(), 3);
    assert_eq!(get(&bench, &runs[2]).await["key"], "7");
    assert_eq!(get(&bench, "/api/jobs/runs?key=7").await["total"], 3);
    let text = "key `7`: 2 of 2 run or may begin";
    let why = get(&bench, &format!("{}/why", runs[2])).await;
    assert_eq!(
        (&why["waits"][0]["code"], &why["waits"][0]["text"]),
        (&json!("behind_key"), &json!(text))
    );
    let queue = get(&bench, &format!("/api/jobs/work/queue?project_id={project}")).await;
    assert_eq!(queue["full_keys"][0]["text"], text, "{queue}");
    assert_eq!(queue["full_keys"].as_array().map(Vec::len), Some(1));
}
