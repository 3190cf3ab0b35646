//! One source works compiled in and loaded, and does the same.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Command,
};

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use super::build::rust_library;
use crate::{host::Host, topology::Topology};

const CONFIG: &str = "
[http]
allow = [\"127.0.0.1\"]
[projects]
one = {}
[jobs.probe_panics]
max_attempts = 1
[jobs.probe_waits]
[jobs.probe_retries]
[jobs.probe_fails]
[jobs.probe_services]
params = { echo_url = \"http://127.0.0.1:1/\" }
[CASCADE_CHAINS]
probe_gives = [\"probe_takes\"]
";

fn config(echo_url: &str) -> String {
    CONFIG.replace("http://127.0.0.1:1/", echo_url)
}

fn loaded_config(echo_url: &str) -> String {
    let library = rust_library("cascade-probe").display().to_string();
    format!("plugin_files = [{library:?}]\n{}", config(echo_url))
}

/// A server that answers each request with its body.
fn echo_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = Vec::new();
            let mut part = [0; 4096];
            // The probe's request is small and known: it ends with its body's brace.
            while !request.ends_with(b"}") {
                let read = connection.read(&mut part).unwrap();
                request.extend_from_slice(&part[..read]);
            }
            let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            let body = &request[end..];
            let head = format!(
                "HTTP/1.1 201 Created\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            connection.write_all(&[head.as_bytes(), body].concat()).unwrap();
        }
    });
    url
}

async fn end_of(host: &Host, job: &str) -> Value {
    let project_id = host.project("one").await;
    let body = json!({"project_id": project_id});
    let (status, answer) = host.post(&format!("/api/jobs/{job}/run"), body).await;
    assert_eq!(status, 202, "{answer}");
    ended(host, job).await
}

async fn ended(host: &Host, job: &str) -> Value {
    let runs = host
        .wait_for(&format!("/api/jobs/runs?job_type={job}"), |page| {
            let runs = page["items"].as_array().unwrap();
            let over = ["completed", "failed", "cancelled"];
            runs.first().is_some_and(|run| over.contains(&run["state"].as_str().unwrap()))
        })
        .await;
    runs["items"][0].clone()
}

async fn log(host: &Host, run: &Value) -> Vec<Value> {
    let log = host.get(&format!("/api/jobs/runs/{}/logs", run["id"].as_str().unwrap())).await;
    let line = |line: &Value| json!([line["level"], line["message"], line["fields"]]);
    log["items"].as_array().unwrap().iter().map(line).collect()
}

/// Everything the probe does, as far as it may not differ from run to run.
async fn transcript(host: &Host) -> Value {
    let services = end_of(host, "probe_services").await;
    assert_eq!(services["state"], "completed", "{services:#}");
    let facts: Value = serde_json::from_str(services["summary"].as_str().unwrap()).unwrap();
    let panics = end_of(host, "probe_panics").await;
    let fails = end_of(host, "probe_fails").await;
    let retries = end_of(host, "probe_retries").await;

    let gives = end_of(host, "probe_gives").await;
    let given = host.get(&format!("/api/jobs/runs/{}", gives["id"].as_str().unwrap())).await;
    let takes = ended(host, "probe_takes").await;
    let types = host.get("/api/jobs/types").await;
    let types = types["items"].as_array().unwrap();
    let defaults = &types.iter().find(|job| job["name"] == "probe_gives").unwrap()["defaults"];

    let project_id = host.project("one").await;
    host.post("/api/jobs/probe_waits/run", json!({"project_id": project_id})).await;
    let running = host
        .wait_for("/api/jobs/runs?job_type=probe_waits", |page| {
            page["items"][0]["state"] == "running"
        })
        .await;
    let waits = format!("/api/jobs/runs/{}", running["items"][0]["id"].as_str().unwrap());
    host.wait_for(&format!("{waits}/logs"), |log| log["items"][0]["message"] == "waiting").await;
    host.post(&format!("{waits}/cancel"), json!({})).await;
    let cancelled = host.wait_for(&waits, |run| run["state"] == "cancelled").await;

    let descending = host.get("/api/data/probe_notes?sort=-number&per_page=2").await;
    let one = host.get("/api/data/probe_notes?number=1").await;
    let crashed = host.client.get(format!("{}/api/data/probe_notes?number=-1", host.url));
    let crashed = crashed.send().await.unwrap().status().as_u16();
    let bad = host.client.get(format!("{}/api/data/probe_notes?number=x", host.url));
    let bad = bad.send().await.unwrap().status().as_u16();
    let actions = "/api/data/probe_notes/actions/rename";
    let (renamed, _) = host.post(actions, json!({"number": 1, "note": "renamed"})).await;
    let (missing, _) = host.post(actions, json!({"number": 99, "note": "renamed"})).await;
    let (wrong, said) = host.post(actions, json!({"number": "one"})).await;
    json!({
        "facts": facts,
        "log": log(host, &services).await,
        "progress": services["progress"],
        "panics": [panics["state"], panics["error"], log(host, &panics).await],
        "fails": [fails["state"], fails["error"], fails["attempt"]],
        "retries": [retries["state"], retries["summary"]],
        "cancelled": cancelled["state"],
        "gives": [given["state"], given["summary"], given["output"], log(host, &given).await],
        "takes": [takes["state"], takes["summary"]],
        "defaults": [defaults["timeout"], defaults["max_attempts"]],
        "view": [descending["items"], one["items"], crashed, bad],
        "actions": [renamed, missing, wrong, said["error"]["code"]],
    })
}

fn compiled_in(folder: &Path) -> Command {
    let mut host = Command::new(env!("CARGO_BIN_EXE_cascade-with-plugins"));
    host.args(["--listen", "127.0.0.1:0", "--interval", "3600"]);
    host.env("CASCADE_CONFIG", folder.join("jobs.toml"));
    host
}

#[tokio::test]
async fn one_source_does_the_same_compiled_in_and_loaded_on_both_databases() {
    let echo = echo_server();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), config(&echo)).unwrap();
    let host = Host::start_by(compiled_in(folder.path()), folder);
    let compiled_in = transcript(&host).await;
    // What a plugin sees of the host, once in full.
    assert_eq!(
        compiled_in["facts"]["database"]["notes"],
        json!(["1 batch", "2 ünïcode", "4 committed"])
    );
    assert_eq!(compiled_in["facts"]["database"]["in_transaction"], json!([1, 1, "dropped"]));
    assert_eq!(compiled_in["facts"]["http"], json!([201, "{\"asked\":\"by the probe\"}", true]));
    let connection = &compiled_in["facts"]["connection"];
    assert_eq!(connection[0], true, "{connection}");
    assert!(connection[1].as_str().unwrap().contains("is a private address"), "{connection}");
    assert_eq!(compiled_in["facts"]["slept"], true);
    assert_eq!(compiled_in["panics"][0], "failed");
    assert!(compiled_in["panics"][1].as_str().unwrap().contains("the probe's own panic"));
    assert_eq!(compiled_in["fails"], json!(["failed", "for good", 1]));
    assert_eq!(compiled_in["retries"], json!(["completed", "attempt 2"]));
    let output = json!({"text": "attempt 1 of 1"});
    let snoozed = json!([["info", "snoozed for 1s", null]]);
    assert_eq!(compiled_in["gives"], json!(["completed", "given", output, snoozed]));
    assert_eq!(compiled_in["takes"], json!(["completed", "probe_gives: attempt 1 of 1"]));
    assert_eq!(compiled_in["defaults"], json!(["1m 17s", 1]));
    assert_eq!(compiled_in["view"][0][0], json!({"number": 6, "note": "staged"}));
    assert_eq!((&compiled_in["view"][2], &compiled_in["view"][3]), (&json!(500), &json!(400)));
    assert_eq!(compiled_in["actions"], json!([200, 404, 400, "bad_request"]));
    drop(host);

    let loaded = transcript(&Host::start_with(&loaded_config(&echo), &[])).await;
    assert_eq!(loaded, compiled_in, "loaded on SQLite (left) differs");

    let mut topology = Topology::new(Redis::start(), &loaded_config(&echo));
    topology.add_server();
    topology.add_worker(&[]);
    let on_postgres = transcript(&topology.servers[0]).await;
    assert_eq!(on_postgres, compiled_in, "loaded on PostgreSQL (left) differs");
}

#[test]
fn plugin_list_tells_where_each_comes_from_and_what_triggers_it() {
    let library = rust_library("uptime_check");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("jobs.toml");
    let text = format!(
        "plugin_files = [{:?}]\n[CASCADE_CHAINS]\nhealth_scoring = [\"uptime_check\"]\n\
         [JOB_TO_DATA_MAP]\nuptime_check = [\"uptime\"]\n\
         [jobs.uptime_check]\nevery = \"5m\"\nparams = {{ urls = [\"http://127.0.0.1/\"] }}\n",
        library.display().to_string()
    );
    std::fs::write(&config, text).unwrap();
    let list = |args: &[&str]| {
        let mut command = crate::host::command();
        let output =
            command.args(["plugin", "list"]).args(args).env("CASCADE_CONFIG", &config).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let said = list(&[]);
    for part in [
        &format!("uptime_check 0.1.0 (library: {})", library.display()),
        "health_scoring 0.1.0 (compiled in: plugins/health_scoring/src/lib.rs",
        "params: urls: array, keep_days?: integer",
        "triggered by: every 5m, success of health_scoring, a person",
        "view  uptime ",
        "refreshed by: uptime_check",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    let schema: Value = serde_json::from_str(&list(&["--schema", "uptime_check"])).unwrap();
    assert_eq!(schema["properties"]["keep_days"]["default"], 30);
    let all: Value = serde_json::from_str(&list(&["--json"])).unwrap();
    let uptime = all["views"].as_array().unwrap().iter().find(|view| view["key"] == "uptime");
    assert_eq!(uptime.unwrap()["row_schema"]["x-chart"]["series"], "url");
}

#[tokio::test]
async fn a_worker_of_an_older_build_leaves_a_new_job_to_those_that_have_it() {
    let projects = "[projects]\none = {}\ntwo = {}\nthree = {}\nfour = {}\n";
    let mut topology = Topology::new(Redis::start(), projects);
    topology.add_worker(&["--concurrency", "8"]);
    let new = format!("{projects}[jobs.probe_retries]\nmax_attempts = 2\n");
    let newer = || Command::new(env!("CARGO_BIN_EXE_cascade-with-plugins"));
    let server = topology.other(newer(), "server", &new);
    let worker = topology.other(newer(), "worker", &new);
    // The old worker is first to hear of some of these; each has two attempts and needs both.
    for slug in ["one", "two", "three", "four"] {
        let body = json!({"project_id": server.project(slug).await});
        let (status, answer) = server.post("/api/jobs/probe_retries/run", body).await;
        assert_eq!(status, 202, "{answer}\n{}", worker.log());
    }
    for run in server.settled(4).await {
        assert_eq!((&run["state"], &run["attempt"]), (&json!("completed"), &json!(2)), "{run:#}");
    }
}
