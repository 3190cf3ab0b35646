//! SIGTERM and a second start.

use std::{process::Command, time::Instant};

use crate::host::{Host, PATIENCE};

#[tokio::test]
async fn a_stopped_host_leaves_nothing_running_and_a_second_start_goes_on() {
    let mut host = Host::start();
    host.wait_for("/api/jobs/runs", |page| page["total"].as_u64() > Some(2)).await;
    let pid = host.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let began = Instant::now();
    let status = loop {
        if let Some(status) = host.process.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < PATIENCE, "the host does not stop:\n{}", host.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert!(status.success(), "{}", host.log());
    let folder = std::mem::replace(&mut host.folder, tempfile::tempdir().unwrap());
    // A lease that was not given back would hold its run for half a minute; the runs that were not
    // begun or were given back go on at once.
    let host = Host::start_in(folder, &["--lease", "1h"]);
    let runs = host.settled(21).await;
    assert!(runs.iter().all(|run| run["state"] == "completed" && run["attempt"] == 1), "{runs:#?}");
}
