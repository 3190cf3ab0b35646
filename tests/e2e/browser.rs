//! The UI in real Chromium, by playwright-core.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use cascade_test_servers::Redis;

use serde_json::json;

use crate::{
    host::{Host, repository_config, root},
    plugins::rust_library,
    topology::Topology,
};

#[tokio::test]
async fn the_page_says_which_bus_carries_while_redis_goes_and_comes_back() {
    let mut topology = Topology::new(Redis::start(), "");
    topology.add_server();
    let artefacts = root().join("tests/artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    let mut page = Command::new("node")
        .arg(root().join("tests/browser/bus-banner.mjs"))
        .env("CASCADE_URL", &topology.servers[0].url)
        .env("ARTEFACTS", &artefacts)
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is needed for browser tests");
    let mut seen = BufReader::new(page.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(seen.next().as_deref(), Some("over redis"));
    topology.redis.kill();
    assert_eq!(seen.next().as_deref(), Some("over postgres"));
    topology.redis.restart();
    assert_eq!(seen.next().as_deref(), Some("over redis"));
    assert!(page.wait().unwrap().success());
}

/// Runs a script of tests/browser; what it prints is shown, and it must succeed.
fn browse(script: &str, host: &Host, env: &[(&str, String)]) {
    let artefacts = root().join("tests/artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    let output = Command::new("node")
        .arg(root().join("tests/browser").join(script))
        .env("CASCADE_URL", &host.url)
        .env("ARTEFACTS", &artefacts)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("node is needed for browser tests");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", host.log());
    println!("{said}");
}

/// A host on the sample, with a mailbox that the test may append to.
async fn host_with_inbox() -> (Host, String) {
    let folder = tempfile::tempdir().unwrap();
    let sample = root().join("plugins/connectors_sync_cycle/sample/atlas/inbox.mbox");
    let inbox = folder.path().join("inbox.mbox").display().to_string();
    std::fs::copy(&sample, &inbox).unwrap();
    let config = repository_config().replace(&sample.display().to_string(), &inbox);
    std::fs::write(folder.path().join("jobs.toml"), config).unwrap();
    let host = Host::start_in(folder, &[]);
    host.settled(21).await;
    (host, inbox)
}

/// A host on the sample with two more jobs, that take as long as they are told to, and runs a script
/// with it.
async fn browse_slow_job(script: &str) {
    let plan = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&plan, "{}").unwrap();
    let plan = plan.path().display().to_string();
    let folder = root().join("tests/browser");
    let slow = std::fs::read_to_string(folder.join("slow_job.toml")).unwrap();
    let slow = slow
        .replace("PLAN", &plan)
        .replace("SLOW_JOB", &folder.join("slow_job.py").display().to_string());
    let chain = "[CASCADE_CHAINS]\nslow_job = [\"slow_after\"]";
    let config = repository_config().replacen("[CASCADE_CHAINS]", chain, 1);
    let host = Host::start_with(&format!("{config}\n{slow}"), &[]);
    host.settled(21).await;
    browse(script, &host, &[("PLAN", plan)]);
}

async fn settled_host() -> Host {
    let host = Host::start();
    host.settled(21).await;
    host
}

#[tokio::test]
async fn a_card_changes_after_a_run_without_reload_and_without_polling() {
    let (host, inbox) = host_with_inbox().await;
    browse("live-card.mjs", &host, &[("INBOX", inbox)]);
}

#[tokio::test]
async fn the_tower_changes_in_place_and_tells_what_changed_since_the_last_look() {
    let (host, inbox) = host_with_inbox().await;
    browse("tower.mjs", &host, &[("INBOX", inbox)]);
}

#[tokio::test]
async fn the_graph_shows_a_cascade_while_it_runs_and_what_it_caused() {
    browse_slow_job("graph.mjs").await;
}

#[tokio::test]
async fn runs_are_found_watched_cancelled_and_tried_again() {
    browse_slow_job("runs.mjs").await;
}

#[tokio::test]
async fn what_fails_is_seen_at_once_and_handled() {
    browse_slow_job("problems.mjs").await;
}

#[tokio::test]
async fn a_cascade_is_rewired_previewed_saved_and_taken_back() {
    let host = settled_host().await;
    let config = host.folder.path().join("jobs.toml").display().to_string();
    browse("rewire.mjs", &host, &[("CONFIG", config)]);
}

#[tokio::test]
async fn only_the_job_on_show_is_changed_and_a_page_recovers_when_the_server_is_back() {
    let mut host = settled_host().await;
    let artefacts = root().join("tests/artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    let mut page = Command::new("node")
        .arg(root().join("tests/browser/job-form.mjs"))
        .env("CASCADE_URL", &host.url)
        .env("CONFIG", host.folder.path().join("jobs.toml"))
        .env("ARTEFACTS", &artefacts)
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is needed for browser tests");
    for line in BufReader::new(page.stdout.take().unwrap()).lines().map(Result::unwrap) {
        println!("{line}");
        match line.as_str() {
            "stop" => host.kill(),
            "start" => host = host.start_again(),
            _ => {}
        }
    }
    assert!(page.wait().unwrap().success(), "{}", host.log());
}

/// The longest name of a job and of a project's slug.
const LONGEST_NAME: usize = 64;

#[tokio::test]
async fn the_longest_names_break_no_layout() {
    let plan = tempfile::NamedTempFile::new().unwrap();
    let error = "NoSpaceInThisError".repeat(18);
    let what = json!({"steps": 1, "pause_ms": 0, "fail": error});
    std::fs::write(&plan, what.to_string()).unwrap();
    let folder = root().join("tests/browser");
    let job = "a_very_long_name_".repeat(4)[..LONGEST_NAME].to_owned();
    let project = "b".repeat(LONGEST_NAME);
    let slow = std::fs::read_to_string(folder.join("slow_job.toml")).unwrap();
    let slow = slow
        .replace("slow_job", &job)
        .replace("PLAN", &plan.path().display().to_string())
        .replace("SLOW_JOB", &folder.join("slow_job.py").display().to_string());
    let name = "LongProjectName".repeat(20);
    let config = repository_config()
        .replacen("[CASCADE_CHAINS]", &format!("[CASCADE_CHAINS]\n{job} = [\"slow_after\"]"), 1)
        .replacen("[projects]", &format!("[projects]\n{project} = {{ name = \"{name}\" }}"), 1);
    let host = Host::start_with(&format!("{config}\n{slow}"), &[]);
    host.settled(21).await;
    let id = host.project(&project).await;
    let run = format!("/api/jobs/{job}/run");
    let (status, answer) = host.post(&run, json!({ "project_id": id })).await;
    assert_eq!(status, 202, "{answer}");
    host.settled(22).await;
    browse("long-names.mjs", &host, &[("JOB", job), ("PROJECT", project)]);
}

#[tokio::test]
async fn tabs_share_one_stream_and_are_fresh_when_looked_at() {
    browse("freshness.mjs", &settled_host().await, &[]);
}

#[tokio::test]
async fn react_warns_of_nothing_on_any_screen() {
    browse("warnings.mjs", &settled_host().await, &[]);
}

#[tokio::test]
async fn every_screen_is_accessible_in_both_themes_and_both_languages() {
    browse("axe.mjs", &settled_host().await, &[]);
}

#[tokio::test]
async fn a_plugin_that_the_host_has_never_seen_gets_its_screens_while_the_page_is_open() {
    let library = rust_library("uptime_check");
    let host = Host::start_with("[projects]\none = { name = \"One\" }\n", &[]);
    let artefacts = root().join("tests/artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    let mut page = Command::new("node")
        .arg(root().join("tests/browser/generic-screens.mjs"))
        .env("CASCADE_URL", &host.url)
        .env("ARTEFACTS", &artefacts)
        .env("JOB", "uptime_check")
        .env("VIEW", "uptime")
        .env("FILTER", json!({"name": "url", "value": "health"}).to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is needed for browser tests");
    for line in BufReader::new(page.stdout.take().unwrap()).lines().map(Result::unwrap) {
        println!("{line}");
        if line == "ready" {
            host.save_config(&format!(
                "plugin_files = [{:?}]\n[http]\nallow = [\"127.0.0.1\"]\n[JOB_TO_DATA_MAP]\nuptime_check = [\"uptime\"]\n\
                 [projects]\none = {{ name = \"One\" }}\n\
                 [jobs.uptime_check]\nparams = {{ urls = [\"{}/health\", \"http://127.0.0.1:1/\"] }}\n",
                library.display().to_string(),
                // One that answers, and one that nobody listens on.
                host.url
            ));
        }
    }
    assert!(page.wait().unwrap().success(), "{}", host.log());
}
