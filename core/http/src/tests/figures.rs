//! Figures of runs, and workers: who sees what, and who may drain.

use cascade_access::{May, NewToken, NewUser, Role, Secret, TokenEnd};
use cascade_engine::FigureWriter;
use cascade_model::{Load, Presence, StatWorker, Visible};
use cascade_store::Queries;
use serde_json::{Value, json};

use super::Bench;

async fn ask(bench: &Bench, token: &Secret, method: &str, path: &str) -> (u16, Value) {
    let body = (method == "POST").then(|| json!({}));
    let (status, text) = bench.ask(method, path, Some(token.reveal()), body).await;
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}")))
}

/// The token of somebody who has a role in the first project alone.
async fn member(bench: &Bench, role: Role) -> Secret {
    let accounts = &bench.server.accounts;
    let new = NewUser { name: format!("{role}"), ..NewUser::default() };
    let user = accounts.add_user(new).await.unwrap();
    accounts.set_role(user, bench.projects[0], Some(role)).await.unwrap();
    let new =
        NewToken { user, name: "t".into(), may: May::All, project: None, ends: TokenEnd::Usual };
    accounts.add_token(new).await.unwrap().token
}

async fn cancel_a_run_of_each_project(bench: &Bench) {
    for project in &bench.projects {
        bench.engine.run_now("work", *project).await.unwrap();
    }
    let runs = bench.store.runs(&cascade_store::RunFilter::default()).await.unwrap();
    for run in runs.items {
        bench.engine.request_cancel(&Visible::All, run.id).await.unwrap();
    }
    let worker =
        StatWorker { worker: "worker-1".into(), host: Some("machine".into()), pid: Some(7) };
    let counts = bench.engine.counts().clone();
    FigureWriter::new(counts, bench.store.clone(), Some(worker)).write().await.unwrap();
}

#[tokio::test]
async fn figures_tell_each_step_and_each_row_of_what_one_may_see() {
    let bench = Bench::new(3).await;
    cancel_a_run_of_each_project(&bench).await;
    let admin = bench.admin().await;
    let (status, all) = ask(&bench, &admin, "GET", "/api/stats?range=1h&by=project").await;
    assert_eq!((status, &all["step_seconds"]), (200, &json!(60)), "{all}");
    let points = all["points"].as_array().unwrap();
    assert!((60..=62).contains(&points.len()), "{} steps", points.len());
    let sum: u64 = points.iter().map(|point| point["cancelled"].as_u64().unwrap()).sum();
    assert_eq!((sum, &all["total"]["cancelled"]), (3, &json!(3)));
    assert_eq!((&all["total"]["duration"], &all["total"]["waiting"]), (&Value::Null, &Value::Null));
    let names: Vec<_> = all["rows"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["p0", "p1", "p2"]);

    let viewer = member(&bench, Role::Viewer).await;
    let (_, mine) = ask(&bench, &viewer, "GET", "/api/stats?range=1h&by=project").await;
    assert_eq!(
        (&mine["total"]["cancelled"], mine["rows"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    let other = format!("/api/stats?project_id={}", bench.projects[1]);
    assert_eq!(ask(&bench, &viewer, "GET", &other).await.0, 404);
    let of_worker = "/api/stats?range=1h&by=worker&worker=worker-1";
    let (_, of_worker) = ask(&bench, &viewer, "GET", of_worker).await;
    let row = &of_worker["rows"][0];
    assert_eq!((&row["name"], &row["cancelled"]), (&json!("worker-1"), &json!(1)), "{of_worker}");
    let known = json!([{"name": "worker-1", "host": null, "pid": null}]);
    assert_eq!(of_worker["workers"], known, "where it runs is for administrators");
    assert_eq!(all["workers"], json!([{"name": "worker-1", "host": "machine", "pid": 7}]));
    let wrong = ["range=x", "range=1y", "step=2m", "by=moon", "range=3d&by=worker"];
    for wrong in wrong.into_iter().chain(["range=7d&worker=worker-1"]) {
        let (status, refused) = ask(&bench, &admin, "GET", &format!("/api/stats?{wrong}")).await;
        assert_eq!(status, 400, "{refused}");
    }
    let (_, none) = ask(&bench, &admin, "GET", "/api/stats?job_type=other").await;
    assert_eq!(none["total"]["cancelled"], 0);
}

#[tokio::test]
async fn only_an_administrator_drains_a_worker_and_the_log_says_who() {
    let bench = Bench::new(1).await;
    let presence = Presence {
        name: "worker-1".into(),
        version: "0.2.0".into(),
        host: Some("machine".into()),
        pid: 7,
        concurrency: 8,
        plugins: vec!["test 1.0.0".into()],
        labels: vec!["gpu".into()],
        load: Load { memory_bytes: Some(1_000_000), cpu_share: Some(0.5), ..Load::default() },
    };
    bench.store.tell_presence(&presence).await.unwrap();
    let owner = member(&bench, Role::Owner).await;
    let (_, seen) = ask(&bench, &owner, "GET", "/api/workers").await;
    let worker = &seen["items"][0];
    assert_eq!((&worker["state"], &worker["version"]), (&json!("active"), &json!("0.2.0")));
    assert_eq!(worker["labels"], json!(["gpu"]));
    let load = json!({
        "memory_bytes": 1_000_000, "cpu_share": 0.5,
        "programs_memory_bytes": null, "programs_cpu_share": null,
    });
    assert_eq!(worker["load"], load);
    assert_eq!((&worker["host"], &worker["pid"]), (&Value::Null, &Value::Null), "{seen}");
    assert_eq!(ask(&bench, &owner, "POST", "/api/workers/worker-1/drain").await.0, 403);

    let admin = bench.admin().await;
    assert_eq!(ask(&bench, &admin, "POST", "/api/workers/nobody/drain").await.0, 404);
    for _ in 0..2 {
        let (status, answer) = ask(&bench, &admin, "POST", "/api/workers/worker-1/drain").await;
        assert_eq!((status, &answer["draining"]), (200, &json!(true)));
    }
    let (_, seen) = ask(&bench, &admin, "GET", "/api/workers").await;
    let worker = &seen["items"][0];
    assert_eq!((&worker["state"], &worker["drain_by"]), (&json!("draining"), &json!("ann")));
    bench.store.tell_presence(&presence).await.unwrap();
    let (_, seen) = ask(&bench, &admin, "GET", "/api/workers").await;
    assert_eq!(seen["items"][0]["state"], "drained");
    let (_, answer) = ask(&bench, &admin, "POST", "/api/workers/worker-1/undrain").await;
    assert_eq!(answer["draining"], false);
    let (_, log) = ask(&bench, &admin, "GET", "/api/audit?text=worker.").await;
    let actions: Vec<_> =
        log["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["worker.undrain", "worker.drain"], "{log}");
}

#[tokio::test]
async fn a_worker_of_an_older_version_cannot_be_asked() {
    let bench = Bench::new(1).await;
    bench.engine.run_now("work", bench.projects[0]).await.unwrap();
    let lease = std::time::Duration::from_secs(60);
    assert_eq!(bench.engine.claim("old", 1, lease, &[]).await.unwrap().len(), 1);
    let admin = bench.admin().await;
    let (_, seen) = ask(&bench, &admin, "GET", "/api/workers").await;
    assert_eq!(
        (&seen["items"][0]["state"], &seen["items"][0]["running"]),
        (&json!("unknown"), &json!(1))
    );
    let (status, refused) = ask(&bench, &admin, "POST", "/api/workers/old/drain").await;
    assert_eq!((status, refused["error"]["code"].as_str()), (409, Some("conflict")), "{refused}");
}
