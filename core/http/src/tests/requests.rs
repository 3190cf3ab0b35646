//! What a request to run a job is answered.

use std::time::Duration;

use serde_json::{Value, json};

use super::Bench;
use cascade_access::{May, NewToken, NewUser, TokenEnd};
use cascade_model::{Fault, Success};

#[tokio::test]
async fn a_request_is_told_which_run_serves_it_and_how_many_others_it_serves() {
    let bench = Bench::new(1).await;
    let project = bench.projects[0];
    let accounts = &bench.server.accounts;
    let new = NewUser { name: "ann".into(), admin: true, ..NewUser::default() };
    let user = accounts.add_user(new).await.unwrap();
    let new =
        NewToken { user, name: "t".into(), may: May::All, project: None, ends: TokenEnd::Usual };
    let token = accounts.add_token(new).await.unwrap().token;
    let ask = async |method: &str, path: &str, body: Option<Value>| {
        let (status, text) = bench.ask(method, path, Some(token.reveal()), body).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    let run = async || {
        let body = json!({ "project_id": project });
        let (status, answer) = ask("POST", "/api/jobs/work/run", Some(body)).await;
        assert_eq!(status, 202, "{answer}");
        answer
    };
    let first = run().await;
    assert_eq!(first["queued"], "now");
    let merged = json!({"run_id": first["run_id"], "queued": "merged"});
    assert_eq!(run().await, merged);
    let waits = format!("/api/jobs/runs/{}", first["run_id"].as_str().unwrap());
    assert_eq!(ask("GET", &waits, None).await.1["payload"]["requests"], 2);

    bench.engine.claim("w", 1, Duration::from_secs(60), &[]).await.unwrap();
    let after = json!({"run_id": null, "queued": "after_current"});
    for _ in 0..3 {
        assert_eq!(run().await, after);
    }
    let scheduler = ask("GET", "/api/jobs/scheduler", None).await.1;
    assert_eq!(scheduler["items"][0]["payload"]["requests"], 3);
}

#[tokio::test]
async fn lists_carry_shortened_texts_and_the_run_by_its_id_the_whole() {
    let bench = Bench::new(1).await;
    let accounts = &bench.server.accounts;
    let new = NewUser { name: "ann".into(), admin: true, ..NewUser::default() };
    let user = accounts.add_user(new).await.unwrap();
    let new =
        NewToken { user, name: "t".into(), may: May::All, project: None, ends: TokenEnd::Usual };
    let token = accounts.add_token(new).await.unwrap().token;
    bench.engine.run_now("work", bench.projects[0]).await.unwrap();
    let run = bench.engine.claim("w", 1, Duration::from_secs(60), &[]).await.unwrap().remove(0);
    let whole = "long ".repeat(10_000);
    let fault = Fault { error: whole.clone(), retry_in: None };
    bench.engine.fail(&run.lease, fault).await.unwrap();
    let id = run.lease.run_id;
    for list in ["/api/jobs/runs", "/api/jobs/scheduler", &format!("/api/jobs/runs/{id}/cascade")] {
        let (status, text) = bench.ask("GET", list, Some(token.reveal()), None).await;
        assert_eq!(status, 200, "{list}");
        assert!(text.contains("… [cut: 50000 bytes in all]"), "{list}: {text}");
        assert!(text.len() < 4096, "{list} has {} bytes", text.len());
    }
    let one = format!("/api/jobs/runs/{id}");
    let (_, text) = bench.ask("GET", &one, Some(token.reveal()), None).await;
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["error"], whole);
}

#[tokio::test]
async fn a_run_by_its_id_has_its_output_without_secrets() {
    let bench = Bench::new(1).await;
    let accounts = &bench.server.accounts;
    let new = NewUser { name: "ann".into(), admin: true, ..NewUser::default() };
    let user = accounts.add_user(new).await.unwrap();
    let new =
        NewToken { user, name: "t".into(), may: May::All, project: None, ends: TokenEnd::Usual };
    let token = accounts.add_token(new).await.unwrap().token;
    for (output, shown) in [
        (Some(r#"{"new":[7],"key":"s3cret-key"}"#), json!({"new": [7], "key": "***"})),
        (None, Value::Null),
    ] {
        bench.engine.run_now("work", bench.projects[0]).await.unwrap();
        let run = bench.engine.claim("w", 1, Duration::from_secs(60), &[]).await.unwrap().remove(0);
        let success = Success { output: output.map(Into::into), ..Success::default() };
        bench.engine.complete(&run.lease, success).await.unwrap();
        let one = format!("/api/jobs/runs/{}", run.lease.run_id);
        let (_, text) = bench.ask("GET", &one, Some(token.reveal()), None).await;
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&answer["output"], &answer["state"]), (&shown, &json!("completed")), "{text}");
        assert!(!text.contains("s3cret-key"), "{text}");
    }
    let (_, list) = bench.ask("GET", "/api/jobs/runs", Some(token.reveal()), None).await;
    assert!(!list.contains("s3cret-key") && !list.contains("output"), "{list}");
}
