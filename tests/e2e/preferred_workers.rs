//! Weights of labels, over processes on PostgreSQL.

use std::time::Duration;

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use crate::{
    host::{Host, time},
    topology::Topology,
};

/// All prefer a worker with a graphics card. `holds` runs until the file `go` is there.
fn jobs(folder: &std::path::Path) -> String {
    let go = folder.join("go");
    format!(
        r#"
[projects]
one = {{}}

[jobs.holds]
needs_labels = ["gpu"]
[jobs.holds.executable]
command = ["sh", "-c", "cat > /dev/null; until test -e {}; do sleep 0.05; done"]

[jobs.patient]
prefers_labels = {{ gpu = 10, eu = 5 }}
prefers_for = "1h"
[jobs.patient.executable]
command = ["sh", "-c", "cat > /dev/null"]

[jobs.hasty]
prefers_labels = {{ gpu = 10 }}
prefers_for = "2s"
[jobs.hasty.executable]
command = ["sh", "-c", "cat > /dev/null"]
"#,
        go.display()
    )
}

async fn ask(server: &Host, job: &str) -> String {
    let body = json!({ "project_id": server.project("one").await });
    let (status, asked) = server.post(&format!("/api/jobs/{job}/runs"), body).await;
    assert_eq!(status, 201, "{asked}");
    format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap())
}

async fn completed(server: &Host, run: &str) -> Value {
    server.wait_for(run, |run| run["state"] == "completed").await
}

#[tokio::test]
async fn a_run_goes_to_the_worker_that_its_job_prefers_while_that_takes_it_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut topology = Topology::new(Redis::stopped(), &jobs(folder.path()));
    topology.add_server();
    // The other is to find it there.
    topology.add_worker(&["--labels", "gpu", "--concurrency", "1"]);
    let there = |all: usize| {
        move |told: &Value| told["items"].as_array().is_some_and(|items| items.len() == all)
    };
    topology.servers[0].wait_for("/api/workers", there(1)).await;
    topology.add_worker(&["--labels", "eu"]);
    let server = &topology.servers[0];
    let told = server.wait_for("/api/workers", there(2)).await;
    let items = told["items"].as_array().unwrap();
    let best = items.iter().find(|worker| worker["labels"] == json!(["gpu"])).unwrap();
    let best = best["name"].as_str().unwrap();

    for _ in 0..6 {
        let run = ask(server, "patient").await;
        completed(server, &run).await;
    }
    let all = |stats: &Value| {
        let rows = stats["rows"].as_array();
        rows.is_some_and(|rows| rows.iter().any(|row| row["completed"] == json!(6)))
    };
    let stats = server.wait_for("/api/stats?range=1h&by=worker", all).await;
    assert_eq!(stats["rows"].as_array().unwrap().len(), 1, "one has run them all: {stats}");

    let holds = ask(server, "holds").await;
    server.wait_for(&holds, |run| run["state"] == "running").await;
    let (patient, hasty) = (ask(server, "patient").await, ask(server, "hasty").await);
    let why = server.get(&format!("{patient}/why")).await;
    assert_eq!(why["waits"][0]["code"], "preferred_workers", "{why}");
    let run = completed(server, &hasty).await;
    let waited = time(&run["started_at"]) - time(&run["queued_at"]);
    assert!(waited >= chrono::TimeDelta::milliseconds(1990), "{run}");
    let limit = Duration::from_secs(2) + Duration::from_secs(60);
    assert!(waited.to_std().unwrap() < limit, "it is not left for longer: {run}");

    let waits = server.get(&patient).await;
    assert_eq!(waits["state"], "available", "the other is busy, but may still take it: {waits}");
    let (status, _) = server.post(&format!("/api/workers/{best}/drain"), json!({})).await;
    assert_eq!(status, 200);
    completed(server, &patient).await;
    assert_eq!(server.get(&holds).await["state"], "running");
    std::fs::write(folder.path().join("go"), "").unwrap();
    completed(server, &holds).await;
}
