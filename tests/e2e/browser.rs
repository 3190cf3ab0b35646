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

#[tokio::test]
async fn a_card_changes_after_a_run_without_reload_and_without_polling() {
    // The mailbox is a copy that the test may append to.
    let folder = tempfile::tempdir().unwrap();
    let sample = root().join("plugins/connectors_sync_cycle/sample/atlas/inbox.mbox");
    let inbox = folder.path().join("inbox.mbox");
    std::fs::copy(&sample, &inbox).unwrap();
    let config =
        repository_config().replace(&sample.display().to_string(), &inbox.display().to_string());
    std::fs::write(folder.path().join("jobs.toml"), config).unwrap();
    let host = Host::start_in(folder, &[]);
    host.settled(21).await;

    let artefacts = root().join("tests/artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    let output = Command::new("node")
        .arg(root().join("tests/browser/live-card.mjs"))
        .env("CASCADE_URL", &host.url)
        .env("INBOX", &inbox)
        .env("ARTEFACTS", &artefacts)
        .output()
        .expect("node is needed for browser tests");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", host.log());
    println!("{said}");
}

#[tokio::test]
async fn a_plugin_that_the_host_has_never_seen_gets_its_screens_while_the_page_is_open() {
    let library = rust_library("uptime_check");
    let host = Host::start_with("[projects]\none = { name = \"One\" }\n", &[]);
    let artefacts = root().join("tests/artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    // One that answers, and one that nobody listens on.
    let params = json!({"urls": [format!("{}/health", host.url), "http://127.0.0.1:1/"]});
    let mut page = Command::new("node")
        .arg(root().join("tests/browser/generic-screens.mjs"))
        .env("CASCADE_URL", &host.url)
        .env("ARTEFACTS", &artefacts)
        .env("JOB", "uptime_check")
        .env("VIEW", "uptime")
        .env("PARAMS", params.to_string())
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
                 [jobs.uptime_check]\nparams = {{ urls = [\"http://127.0.0.1:1/\"] }}\n",
                library.display().to_string()
            ));
        }
    }
    assert!(page.wait().unwrap().success(), "{}", host.log());
}
