//! What stands above the list of runs: the histogram, and the views that an account has saved.

use std::time::Duration;

use serde_json::{Value, json};

use super::Bench;
use cascade_model::Fault;

async fn ask(
    bench: &Bench,
    token: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    let (status, text) = bench.ask(method, path, Some(token), body).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_histogram_counts_the_runs_of_the_list() {
    let bench = Bench::new(4).await;
    let admin = bench.admin().await;
    let get = async |query: &str| {
        let path = format!("/api/jobs/runs/histogram{query}");
        ask(&bench, admin.reveal(), "GET", &path, None).await
    };
    let (status, nothing) = get("").await;
    assert_eq!((status, &nothing["points"]), (200, &json!([])), "{nothing}");
    for project in &bench.projects {
        bench.engine.run_now("work", *project).await.unwrap();
    }
    for run in bench.engine.claim("w", 3, Duration::from_secs(60), &[]).await.unwrap() {
        let fault = Fault { error: "no route".into(), retry_in: None };
        bench.engine.fail(&run.lease, fault).await.unwrap();
    }
    let sum = |answer: &Value, state: &str| -> u64 {
        let points = answer["points"].as_array().unwrap();
        points.iter().map(|point| point[state].as_u64().unwrap()).sum()
    };
    let (_, all) = get("").await;
    assert_eq!((sum(&all, "failed"), sum(&all, "available")), (3, 1), "{all}");
    assert_eq!((&all["counted"], &all["more"]), (&json!(4), &json!(false)));
    assert_eq!(all["step_seconds"], 60);
    let (_, failed) = get("?state=failed&text=ROUTE&from=2020-01-01T00:00:00Z").await;
    assert_eq!((sum(&failed, "failed"), &failed["counted"]), (3, &json!(3)), "{failed}");
    assert!(failed["points"].as_array().unwrap().len() <= 62, "{failed}");
    assert!(failed["step_seconds"].as_u64().unwrap() > 86_400, "it begins where it was asked to");
    let (_, before) = get("?to=2020-01-01T00:00:00Z").await;
    assert_eq!(before["points"], json!([]));
    let (status, refused) = get("?page=2").await;
    assert_eq!(status, 400, "{refused}");
}

#[tokio::test]
async fn views_are_saved_renamed_ordered_and_deleted_by_account() {
    let bench = Bench::new(1).await;
    let admin = bench.admin().await;
    let send = async |method: &str, path: &str, body: Option<Value>| {
        ask(&bench, admin.reveal(), method, &format!("/api/saved-views{path}"), body).await
    };
    let view = |name: &str| Some(json!({ "name": name, "search": "state=failed" }));
    let (status, first) = send("POST", "", view("Failed")).await;
    assert_eq!((status, &first["search"]), (201, &json!("state=failed")), "{first}");
    let (_, second) = send("POST", "", view("Late")).await;
    let (status, refused) = send("POST", "", view("Failed")).await;
    assert_eq!(status, 400, "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("`Failed` already"));
    let path = |view: &Value| format!("/{}", view["id"].as_str().unwrap());
    assert_eq!(send("PUT", &path(&first), view("Late")).await.0, 400, "the name of another");
    let (status, renamed) = send("PUT", &path(&first), view("Broken")).await;
    assert_eq!((status, &renamed["name"]), (200, &json!("Broken")));
    let (status, ordered) =
        send("POST", "/order", Some(json!({ "ids": [second["id"], first["id"]] }))).await;
    assert_eq!((status, &ordered["items"][0]["name"]), (200, &json!("Late")), "{ordered}");
    assert_eq!(send("POST", "/order", Some(json!({ "ids": [first["id"]] }))).await.0, 400);
    assert_eq!(send("DELETE", &path(&second), None).await.0, 204);
    assert_eq!(send("DELETE", &path(&second), None).await.0, 404);
    assert_eq!(send("GET", "", None).await.1["items"][0]["name"], "Broken");

    for number in 1..cascade_access::MOST_VIEWS {
        assert_eq!(send("POST", "", view(&format!("{number}"))).await.0, 201);
    }
    let (status, refused) = send("POST", "", view("one more")).await;
    assert_eq!(status, 400, "{refused}");
    let accounts = &bench.server.accounts;
    let other = accounts.save_view(uuid::Uuid::nil(), "Failed", "").await.unwrap();
    let (status, _) = send("DELETE", &format!("/{}", other.id), None).await;
    assert_eq!(status, 404, "that of another account");
}
