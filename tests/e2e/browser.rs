//! The UI in real Chromium, by playwright-core.

use std::process::Command;

use crate::host::{Host, repository_config, root};

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
