//! Limits that jobs share, runs of a key at a time and labels of workers, over processes on PostgreSQL.

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use crate::topology::Topology;

/// `holds` runs until the file `go` is there. `waits` shares its limit, and another worker has its label.
fn jobs(folder: &std::path::Path) -> String {
    let go = folder.join("go");
    format!(
        r#"
[projects]
one = {{}}

[limits.gate]
concurrency = 1

[jobs.holds]
limits = ["gate"]
needs_labels = ["gpu"]
[jobs.holds.executable]
command = ["sh", "-c", "cat > /dev/null; until test -e {}; do sleep 0.05; done"]

[jobs.waits]
limits = ["gate"]
needs_labels = ["eu"]
[jobs.waits.executable]
command = ["sh", "-c", "cat > /dev/null"]

[jobs.nobodys]
needs_labels = ["eu", "gpu"]
[jobs.nobodys.executable]
command = ["sh", "-c", "cat > /dev/null"]
"#,
        go.display()
    )
}

#[tokio::test]
async fn a_shared_limit_and_labels_hold_over_workers_and_the_end_of_a_run_wakes_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut topology = Topology::new(Redis::stopped(), &jobs(folder.path()));
    topology.add_server();
    topology.add_worker(&["--labels", "gpu"]);
    topology.add_worker(&["--labels", "eu,ssd"]);
    let server = &topology.servers[0];
    let workers = |there: &Value| there["items"].as_array().is_some_and(|all| all.len() == 2);
    let told = server.wait_for("/api/workers", workers).await;
    let labels: Vec<_> = told["items"].as_array().unwrap().iter().map(|w| &w["labels"]).collect();
    for expected in [json!(["gpu"]), json!(["eu", "ssd"])] {
        assert!(labels.contains(&&expected), "{told}");
    }
    assert_eq!(
        told["without_worker"],
        json!([{"job_type": "nobodys", "labels": ["eu", "gpu"]}]),
        "each has one of both"
    );
    if cfg!(target_os = "linux") {
        let memory = told["items"][0]["load"]["memory_bytes"].as_u64();
        assert!(memory.is_some_and(|bytes| bytes > 1_000_000), "{told}");
    }

    let project = server.project("one").await;
    let ask = async |job: &str| {
        let body = json!({ "project_id": project });
        let (status, asked) = server.post(&format!("/api/jobs/{job}/runs"), body).await;
        assert_eq!(status, 201, "{asked}");
        format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap())
    };
    let holds = ask("holds").await;
    server.wait_for(&holds, |run| run["state"] == "running").await;
    let waits = ask("waits").await;
    let nobodys = ask("nobodys").await;
    let why = server.get(&format!("{waits}/why")).await;
    assert_eq!(why["waits"][0]["code"], "shared_limit", "{why}");
    let text = "limit `gate`: 1 of 1 run, of all jobs that share it";
    assert_eq!(why["waits"][0]["text"], text);
    let queue = server.get(&format!("/api/jobs/waits/queue?project_id={project}")).await;
    assert_eq!(queue["closed_by"][0]["text"], text, "{queue}");
    let why = server.get(&format!("{nobodys}/why")).await;
    assert_eq!(why["waits"][0]["text"], "no live worker has the labels `eu`, `gpu`", "{why}");

    std::fs::write(folder.path().join("go"), "").unwrap();
    server.wait_for(&waits, |run| run["state"] == "completed").await;
    assert_eq!(server.get(&holds).await["state"], "completed");
    assert_eq!(server.get(&nobodys).await["state"], "available");
    let by_worker = |stats: &Value| stats["rows"].as_array().is_some_and(|rows| rows.len() == 2);
    let stats = server.wait_for("/api/stats?range=1h&by=worker", by_worker).await;
    let completed: Vec<_> =
        stats["rows"].as_array().unwrap().iter().map(|r| &r["completed"]).collect();
    assert_eq!(completed, [&json!(1), &json!(1)], "{stats}");
}

/// Of each customer two runs of `greets` begin in an hour, of one of them three.
const GREETS: &str = r#"
[projects]
one = {}

[jobs.greets]
key_from = "customer"
runs_per_key = 5
rate_per_key = "2/1h"
[jobs.greets.keys."ann"]
rate_per_key = "3/1h"
[jobs.greets.executable]
command = ["sh", "-c", "cat > /dev/null"]
args_schema = { properties = { customer = { type = "string" } } }
"#;

#[tokio::test]
async fn so_many_runs_of_a_key_begin_in_its_time_over_all_workers_and_more_once_the_rate_is_raised()
{
    let mut topology = Topology::new(Redis::stopped(), GREETS);
    topology.add_server();
    topology.add_worker(&[]);
    topology.add_worker(&[]);
    let server = &topology.servers[0];
    let project = server.project("one").await;
    let mut runs = Vec::new();
    for customer in ["ann", "bob"].repeat(5) {
        let body = json!({ "project_id": project, "args": { "customer": customer } });
        let (status, asked) = server.post("/api/jobs/greets/runs", body).await;
        assert_eq!(status, 201, "{asked}");
        runs.push(format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap()));
    }
    let queue = format!("/api/jobs/greets/queue?project_id={project}");
    let held = |queue: &Value| {
        let parts = queue["parts"].as_array().into_iter().flatten();
        let mut scheduled = parts.filter(|part| part["part"] == "scheduled");
        scheduled.any(|part| part["count"] == 5)
    };
    let queue = server.wait_for(&queue, held).await;
    for begins in [0, 1, 2, 3, 4] {
        server.wait_for(&runs[begins], |run| run["state"] == "completed").await;
    }
    let why = server.get(&format!("{}/why", runs[5])).await;
    assert_eq!(why["waits"][0]["code"], "key_rate", "{why}");
    let text = |rate: &str| format!("rate of key `{rate}: next at ");
    let said = why["waits"][0]["text"].as_str().unwrap();
    assert!(said.starts_with(&text("bob` (2/1h)")), "{why}");
    assert_eq!(why["waits"][0]["fix"], "raise rate_per_key under [jobs.greets]");
    let told: Vec<_> = queue["full_keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["text"].as_str().unwrap())
        .collect();
    assert!(told.iter().any(|it| it.starts_with(&text("ann` (3/1h)"))), "{told:?}");

    for host in topology.servers.iter().chain(&topology.workers) {
        host.save_config(&GREETS.replace("2/1h", "4/1h"));
    }
    for begins in [5, 7] {
        server.wait_for(&runs[begins], |run| run["state"] == "completed").await;
    }
    for held in [6, 8, 9] {
        server.wait_for(&runs[held], |run| run["state"] == "scheduled").await;
    }
}

/// `reminds` runs until the file `go` is there; of each customer two go at a time.
fn of_customers(folder: &std::path::Path) -> String {
    let go = folder.join("go");
    format!(
        r#"
[projects]
one = {{}}

[jobs.reminds]
key_from = "customer.id"
runs_per_key = 2
[jobs.reminds.executable]
command = ["sh", "-c", "cat > /dev/null; until test -e {}; do sleep 0.05; done"]
args_schema = {{ properties = {{ customer = {{ properties = {{ id = {{ type = "integer" }} }} }} }} }}
"#,
        go.display()
    )
}

#[tokio::test]
async fn so_many_runs_of_each_value_of_an_arg_go_over_all_workers_and_the_rest_says_what_it_waits_for()
 {
    let folder = tempfile::tempdir().unwrap();
    let mut topology = Topology::new(Redis::stopped(), &of_customers(folder.path()));
    topology.add_server();
    topology.add_worker(&[]);
    topology.add_worker(&[]);
    let server = &topology.servers[0];
    let project = server.project("one").await;
    let mut runs = Vec::new();
    for customer in [7, 7, 7, 8] {
        let args = json!({ "customer": { "id": customer } });
        let body = json!({ "project_id": project, "args": args });
        let (status, asked) = server.post("/api/jobs/reminds/runs", body).await;
        assert_eq!(status, 201, "{asked}");
        runs.push(format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap()));
    }
    for begins in [0, 1, 3] {
        server.wait_for(&runs[begins], |run| run["state"] == "running").await;
    }
    let waits = server.get(&runs[2]).await;
    assert_eq!((&waits["state"], &waits["key"]), (&json!("available"), &json!("7")), "{waits}");
    let why = server.get(&format!("{}/why", runs[2])).await;
    let text = "key `7`: 2 of 2 run or may begin";
    assert_eq!(why["waits"][0]["text"], text, "{why}");
    let queue = server.get(&format!("/api/jobs/reminds/queue?project_id={project}")).await;
    let told: Vec<_> =
        queue["full_keys"].as_array().unwrap().iter().map(|it| &it["text"]).collect();
    assert_eq!(told, [text], "{queue}");
    std::fs::write(folder.path().join("go"), "").unwrap();
    for run in &runs {
        server.wait_for(run, |run| run["state"] == "completed").await;
    }
}
