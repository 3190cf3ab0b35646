//! The example in C, on both databases: the ABI is not Rust's own.

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use super::build::c_library;
use crate::{
    host::{Host, root},
    topology::Topology,
};

const CONFIG: &str = "
[JOB_TO_DATA_MAP]
host_load = [\"host_load\"]
[jobs.host_load]
params = { samples = 3, pause_ms = 1100 }
[projects]
one = {}
two = {}
";

const EXAMPLE: &str = "plugins/other_languages/host_load.c";
/// The example and the header beside it, as they were before jobs had args and outputs. A copy of both, never
/// to be changed.
const BEFORE: &str = "tests/e2e/plugins/c/first/host_load.c";

fn config(folder: &std::path::Path, source: &str) -> String {
    let library = folder.join("libhost_load.so");
    c_library(&root().join(source), &library, &[]);
    format!("plugin_files = [{:?}]\n{CONFIG}", library.display().to_string())
}

/// Returns the run.
async fn samples_and_shows(host: &Host) -> Value {
    let project_id = host.project("one").await;
    let (status, answer) =
        host.post("/api/jobs/host_load/run", json!({"project_id": project_id})).await;
    assert_eq!(status, 202, "{answer}");
    let run = &host.settled(1).await[0];
    assert_eq!(run["state"], "completed", "{run:#}");
    assert!(run["summary"].as_str().unwrap().starts_with("load "), "{run:#}");
    assert_eq!(run["progress"]["fraction"], 1.0);
    let whole = host.get(&format!("/api/jobs/runs/{}", run["id"].as_str().unwrap())).await;
    let log = host.get(&format!("/api/jobs/runs/{}/logs", run["id"].as_str().unwrap())).await;
    assert!(log["items"][0]["message"].as_str().unwrap().starts_with("the load is"), "{log:#}");

    let page = host.get(&format!("/api/data/host_load?project_id={project_id}&sort=at")).await;
    assert_eq!(page["total"], 3, "{page:#}");
    let at: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|row| &row["at"]).collect();
    assert!(at[0].as_str() < at[1].as_str() && at[1].as_str() < at[2].as_str(), "{at:?}");
    let second = host.get("/api/data/host_load?per_page=1&page=2").await;
    assert_eq!((second["total"].as_u64(), &second["items"][0]["at"]), (Some(3), at[1]));
    let other = host.project("two").await;
    assert_eq!(host.get(&format!("/api/data/host_load?project_id={other}")).await["total"], 0);
    whole
}

async fn default_timeout(host: &Host) -> Value {
    let types = host.get("/api/jobs/types").await;
    let load = types["items"].as_array().unwrap().iter().find(|job| job["name"] == "host_load");
    load.unwrap()["defaults"]["timeout"].clone()
}

#[tokio::test]
async fn the_c_example_compiles_against_the_committed_header_and_runs_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start_with(&config(folder.path(), EXAMPLE), &[]);
    let run = samples_and_shows(&host).await;
    assert!(run["output"]["load_1m"].is_number(), "{run:#}");
    assert_eq!(default_timeout(&host).await, "15m");
}

#[tokio::test]
async fn a_library_that_was_built_against_the_first_header_does_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::start_with(&config(folder.path(), BEFORE), &[]);
    let run = samples_and_shows(&host).await;
    assert_eq!(run["output"], Value::Null);
    assert_eq!(default_timeout(&host).await, "10m");
}

#[tokio::test]
async fn the_c_example_runs_on_postgres_with_server_and_worker_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut topology = Topology::new(Redis::start(), &config(folder.path(), EXAMPLE));
    topology.add_server();
    topology.add_worker(&[]);
    samples_and_shows(&topology.servers[0]).await;
}
