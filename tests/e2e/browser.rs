//! The UI in real Chromium, by playwright-core.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use cascade_test_servers::Redis;

use crate::{
    host::{Host, repository_config, root},
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
