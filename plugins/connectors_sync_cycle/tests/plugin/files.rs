//! What sources may read, and what a hostile file costs.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
};

use cascade_sdk::{Level, sql};
use cascade_testkit::TestBench;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

const MAIL: &str = "From a@x Mon Jan  5 10:00:00 2026\nFrom: Ann <a@x.org>\nDate: Mon, 5 Jan 2026 10:00:00 +0100\nMessage-ID: <1@x>\nSubject: Plan\n\nGood.\n\n";

fn source(name: &str, kind: &str, path: &str) -> Value {
    json!({"project": "demo", "name": name, "kind": kind, "path": path})
}

/// The most memory this process ever had, in MiB. Each test is a process under `cargo nextest`.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

async fn failing(bench: &TestBench) -> Vec<String> {
    let query = "SELECT source FROM connector_sources WHERE failing_since IS NOT NULL ORDER BY 1";
    let rows = bench.rows(sql(query)).await;
    rows.iter().map(|row| row["source"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_path_outside_the_allowed_folders_costs_its_source_alone() {
    let bench = TestBench::new().await;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("mbox"), MAIL).unwrap();
    fs::write(bench.folder().join("mbox"), MAIL).unwrap();
    std::os::unix::fs::symlink(outside.path(), bench.folder().join("link")).unwrap();
    let absolute = outside.path().join("mbox");
    let params = json!({"sources": [
        source("absolute", "mbox", absolute.to_str().unwrap()),
        source("linked", "mbox", "link/mbox"),
        source("environment", "feed", "/proc/self/environ"),
        source("own", "mbox", "mbox"),
    ]});
    let run = bench.run::<ConnectorsSyncCycle>(params.clone()).await;
    assert_eq!(failing(&bench).await, ["absolute", "environment", "linked"], "{}", run.summary());
    let said = run.logged(Level::Error).join("\n");
    assert!(said.contains("name its folder in `allow` of `[files]`"), "{said}");
    let rows = bench.rows(sql("SELECT source FROM messages")).await;
    assert_eq!(json!(rows), json!([{"source": "own"}]));

    let bench = bench.with_allowed_folder(".").with_allowed_folder(outside.path());
    let run = bench.run::<ConnectorsSyncCycle>(params).await;
    assert_eq!(failing(&bench).await, ["environment", "linked"], "{}", run.summary());
}

#[tokio::test]
async fn devices_are_not_read_and_an_endless_line_costs_little_memory() {
    let bench = TestBench::new().await.with_allowed_folder(".").with_allowed_folder("/dev");
    // Sparse: three gigabytes of zeros that take no space.
    let mut endless = File::create(bench.folder().join("endless")).unwrap();
    endless.write_all(MAIL.as_bytes()).unwrap();
    endless.write_all(MAIL.replace("Good", "Begun").as_bytes()).unwrap();
    endless.seek(SeekFrom::Current(-2)).unwrap();
    endless.set_len(3 << 30).unwrap();
    fs::create_dir(bench.folder().join("slack")).unwrap();
    for name in ["slack/users.json", "slack/channels.json"] {
        File::create(bench.folder().join(name)).unwrap().set_len(3 << 30).unwrap();
    }
    let kinds = ["mbox", "feed", "slack", "maildir"];
    let mut sources: Vec<_> = kinds.iter().map(|kind| source(kind, kind, "/dev/zero")).collect();
    sources.push(source("endless_feed", "feed", "endless"));
    sources.push(source("endless_slack", "slack", "slack"));
    sources.push(source("endless_mail", "mbox", "endless"));
    let run = bench.run::<ConnectorsSyncCycle>(json!({"sources": sources})).await;
    let failed = ["endless_feed", "endless_slack", "feed", "maildir", "mbox", "slack"];
    assert_eq!(failing(&bench).await, failed, "{}", run.log_text());
    let rows = bench.rows(sql("SELECT source FROM messages")).await;
    assert_eq!(json!(rows), json!([{"source": "endless_mail"}]), "{}", run.log_text());
    assert!(most_memory() < 400, "{} MiB", most_memory());
}
