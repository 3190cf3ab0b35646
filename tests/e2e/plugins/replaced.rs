//! A new build of a loaded plugin is picked up while runs are in the old one.

use serde_json::{Value, json};

use super::build::fixture;
use crate::host::Host;

const CONFIG: &str = "
plugins_dir = \"plugins\"
[projects]
one = {}
two = {}
three = {}
";

/// Starts with version 1 in `plugins/p.so`.
fn start() -> Host {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), format!("{CONFIG}[jobs.fixture]\n")).unwrap();
    std::fs::create_dir(folder.path().join("plugins")).unwrap();
    fixture(&folder.path().join("plugins/p.so"), &["VERSION=\"1\""]);
    Host::start_in(folder, &[])
}

/// Puts a build in the place of the old one, as `mv` does.
fn install(host: &Host, defines: &[&str]) {
    let new = host.folder.path().join("new.so");
    fixture(&new, defines);
    std::fs::rename(new, host.folder.path().join("plugins/p.so")).unwrap();
}

async fn in_force(host: &Host, version: &str) {
    host.wait_for("/api/jobs/types", |types| {
        let all = types["items"].as_array().unwrap();
        all.iter().any(|job| job["name"] == "fixture" && job["version"] == version)
    })
    .await;
}

/// Runs the job in a project; returns the id of the run.
async fn run(host: &Host, project: &str) -> String {
    let project_id = host.project(project).await;
    let body = json!({"project_id": project_id});
    let (status, answer) = host.post("/api/jobs/fixture/run", body).await;
    assert_eq!(status, 202, "{answer}");
    let path = format!("/api/jobs/runs?project_id={project_id}");
    let runs = host.wait_for(&path, |page| page["total"].as_u64() > Some(0)).await;
    runs["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn summary(host: &Host, id: &str) -> String {
    let path = format!("/api/jobs/runs/{id}");
    let run = host.wait_for(&path, |run| run["state"] == "completed").await;
    run["summary"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_run_ends_in_the_code_it_began_in_and_the_next_one_runs_the_new() {
    let host = start();
    in_force(&host, "1").await;
    let gate = host.folder.path().join("gate");
    host.set_params("fixture", json!({"gate": gate})).await;
    let old = run(&host, "one").await;
    let log = format!("/api/jobs/runs/{old}/logs");
    host.wait_for(&log, |log| log["items"][0]["message"] == "version 1 runs").await;

    install(&host, &["VERSION=\"2\""]);
    in_force(&host, "2").await;
    host.set_params("fixture", json!({})).await;
    let new = run(&host, "two").await;
    assert_eq!(summary(&host, &new).await, "version 2");

    let state = host.get(&format!("/api/jobs/runs/{old}")).await;
    assert_eq!(state["state"], "running");
    std::fs::write(&gate, "").unwrap();
    assert_eq!(summary(&host, &old).await, "version 1");
}

#[tokio::test]
async fn a_broken_build_leaves_the_old_one_in_force_and_is_told() {
    let host = start();
    in_force(&host, "1").await;
    let library = host.folder.path().join("plugins/p.so");
    // Written over in place, as a careless `cp` does: the code that is mapped must not change.
    std::fs::write(&library, "not a library").unwrap();
    let config = host.wait_for("/api/jobs/config", |config| !config["rejected"].is_null()).await;
    let problem = &config["rejected"]["diagnostics"][0];
    assert_eq!(problem["key"], "plugins_dir", "{problem:#}");
    assert!(problem["message"].as_str().unwrap().contains("p.so"), "{problem:#}");
    let id = run(&host, "one").await;
    assert_eq!(summary(&host, &id).await, "version 1");

    // Gone for good: the job that jobs.toml names would have no plugin.
    std::fs::remove_file(&library).unwrap();
    host.wait_for("/api/jobs/config", |config| {
        config["rejected"]["rendered"].as_str().is_some_and(|text| text.contains("`fixture`"))
    })
    .await;
    let id = run(&host, "two").await;
    assert_eq!(summary(&host, &id).await, "version 1");

    install(&host, &["VERSION=\"3\""]);
    in_force(&host, "3").await;
    host.wait_for("/api/jobs/config", |config| config["rejected"].is_null()).await;
    let id = run(&host, "three").await;
    assert_eq!(summary(&host, &id).await, "version 3");
}

#[tokio::test]
async fn a_library_that_is_not_built_yet_holds_up_only_its_own_jobs_and_is_taken_up_when_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = "plugin_files = [\"later.so\"]\n[projects]\none = {}\n[jobs.fixture]\nevery = \"1h\"\n\
                [jobs.other]\nevery = \"1h\"\n[jobs.other.executable]\ncommand = [\"true\"]\n";
    std::fs::write(folder.path().join("jobs.toml"), text).unwrap();
    let host = Host::start_in(folder, &[]);
    assert!(host.log().contains("there is no such file"), "{}", host.log());
    host.wait_for("/api/jobs/scheduler", |all| {
        let job =
            |name| all["items"].as_array().unwrap().iter().find(|job| job["job_type"] == name);
        let (ours, other) = (job("fixture"), job("other"));
        ours.is_some_and(|job| job["plugin_loaded"] == false && job["last_run"].is_null())
            && other.is_some_and(|job| job["last_run"]["state"] == "completed")
    })
    .await;
    let body = json!({"project_id": host.project("one").await});
    let (status, answer) = host.post("/api/jobs/fixture/run", body).await;
    assert_eq!(status, 409, "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("is not loaded"), "{answer}");

    // Its timer was due while there was no plugin: that run goes first.
    fixture(&host.folder.path().join("later.so"), &[]);
    in_force(&host, "1").await;
    host.wait_for("/api/jobs/scheduler", |all| {
        let done = |job: &Value| job["last_run"]["summary"] == "version 1";
        all["items"].as_array().unwrap().iter().any(done)
    })
    .await;

    // From now on it is known what goes missing with it.
    let without = text.replacen("later.so", "elsewhere.so", 1);
    host.save_config(&without);
    let config = host.wait_for("/api/jobs/config", |config| !config["rejected"].is_null()).await;
    let said = config["rejected"]["rendered"].as_str().unwrap();
    assert!(said.contains("unknown job type `fixture`"), "{said}");
    let id = run(&host, "one").await;
    assert_eq!(summary(&host, &id).await, "version 1");
}

#[tokio::test]
async fn a_plugin_that_gives_no_answer_fails_its_run() {
    let host = start();
    install(&host, &["VERSION=\"4\"", "SILENT"]);
    in_force(&host, "4").await;
    let id = run(&host, "one").await;
    let failed =
        host.wait_for(&format!("/api/jobs/runs/{id}"), |run| run["state"] == "failed").await;
    assert!(failed["error"].as_str().unwrap().contains("without an answer"), "{failed:#}");
}
