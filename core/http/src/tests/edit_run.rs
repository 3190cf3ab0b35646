//! Runs that wait are changed.

use serde_json::{Value, json};

use super::Bench;

#[tokio::test]
async fn a_run_that_waits_is_changed_and_the_audit_log_names_what_without_a_value() {
    let bench = Bench::new(1).await;
    let token = bench.admin().await;
    let ask = async |method: &str, path: &str, body: Option<Value>| {
        let (status, text) = bench.ask(method, path, Some(token.reveal()), body).await;
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    let run = json!({
        "project_id": bench.projects[0], "args": {"level": 1, "token": "s3cret-token"},
        "run_at": "2999-01-01T00:00:00Z",
    });
    let (_, made) = ask("POST", "/api/jobs/work/runs", Some(run)).await;
    let path = format!("/api/jobs/runs/{}", made["run_id"].as_str().unwrap());

    for (body, said) in [
        (json!({}), "nothing is to be changed"),
        (json!({"priority": 10}), "`priority` has to be 0 to 9"),
        (json!({"args": {"level": "x"}}), "body: args.level: "),
        (json!({"args": {"level": 2, "token": "***"}}), "args.token: `***` is shown in the place"),
        (json!({"args": {"level": 2}}), "args.token: the run has a secret here"),
        (json!({"start_now": true, "run_at": "2999-01-01T00:00:00Z"}), "exclude each other"),
        (json!({"tags": [" a"]}), "`tags`: a tag has no space at either end"),
        (json!({"key": "k"}), "unknown field `key`"),
    ] {
        let (status, refused) = ask("PATCH", &path, Some(body)).await;
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(status == 400 && message.contains(said), "{refused}");
    }

    let changes = json!({
        "args": {"level": 2, "token": "other-s3cret"}, "start_now": true, "priority": 4,
        "tags": ["eu", "billing"],
    });
    let (status, changed) = ask("PATCH", &path, Some(changes)).await;
    assert_eq!((status, &changed["state"]), (200, &json!("available")), "{changed}");
    assert_eq!(changed["args"], json!({"level": 2, "token": "***"}));
    assert_eq!((&changed["priority"], &changed["run_at"]), (&json!(4), &Value::Null));
    assert_eq!(
        changed["tags"],
        json!(["a, b", "billing", "eu", "nightly"]),
        "with those of its job"
    );

    let (_, log) = ask("GET", "/api/audit?text=run.edit", None).await;
    assert_eq!(log["total"], 1, "what was refused is not there: {log}");
    let detail = log["items"][0]["detail"].as_str().unwrap();
    let detail: Value = serde_json::from_str(detail).unwrap();
    let wanted = json!({
        "job_type": "work", "args": ["level", "token"], "run_at": "now", "priority": 4,
        "tags": ["billing", "eu"],
    });
    assert_eq!(detail, wanted);

    bench.engine.claim("w", 1, std::time::Duration::from_secs(60), &[]).await.unwrap();
    let (status, refused) = ask("PATCH", &path, Some(json!({"start_now": true}))).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("wrong_state")), "{refused}");
}
