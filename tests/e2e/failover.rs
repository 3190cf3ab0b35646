//! What event streams say after the database has lost events: `reset`, and never nothing.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use cascade_test_servers::Redis;
use serde_json::json;

use crate::{
    host::{Host, PATIENCE},
    stream::Stream,
    topology::Topology,
};

const JOBS: &str = "[projects.one]\n[jobs.analytics_aggregates]\n";

/// Asks until the database answers again.
async fn run(host: &Host, project: &str) {
    let began = Instant::now();
    let body = json!({"project_id": project});
    while host.post("/api/jobs/analytics_aggregates/run", body.clone()).await.0 != 202 {
        assert!(began.elapsed() < PATIENCE, "{}", host.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs so often, and returns the ids of the events.
async fn events(host: &Host, project: &str, stream: &mut Stream, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        run(host, project).await;
        stream.next_event().await;
        ids.push(stream.last_id.clone());
    }
    ids
}

/// Whether a client that had this id last is told to reset.
async fn resets(host: &Host, last: &str) -> bool {
    let mut stream = Stream::open(host, "", Some(last)).await;
    let mut text = stream.next().await;
    if text.starts_with("retry: ") && !text.contains("event: reset") {
        // What follows at once is a reset or what was missed.
        let next = tokio::time::timeout(Duration::from_secs(2), stream.next()).await;
        text.push_str(&next.unwrap_or_default());
    }
    text.contains("event: reset")
}

#[tokio::test]
async fn streams_are_reset_after_a_failover_that_lost_events() {
    let mut topology = Topology::new(Redis::start(), JOBS);
    topology.add_server();
    topology.add_worker(&[]);
    let host = &topology.servers[0];
    let project = host.project("one").await;
    let mut stream = Stream::open(host, "", None).await;
    stream.next().await;
    let mut ids = events(host, &project, &mut stream, 2).await;
    let mut replica = topology.postgres.replica();
    replica.stop();
    ids.extend(events(host, &project, &mut stream, 3).await);
    replica.take_over(&mut topology.postgres);
    let began = Instant::now();
    while !stream.next().await.contains("event: reset") {}
    println!("an open stream was reset after {:?}", began.elapsed());
    for lost in [&ids[4], &ids[3], "5"] {
        assert!(resets(host, lost).await, "{lost}");
    }
    // What both have goes on, and so does the open stream, with numbers that it has had.
    assert!(!resets(host, &ids[1]).await);
    let news = events(host, &project, &mut stream, 4).await;
    for (id, lost) in ids[2..].iter().map(|id| (id, true)).chain(news.iter().map(|id| (id, false)))
    {
        assert_eq!(resets(host, id).await, lost, "{id} of {ids:?} and {news:?}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::remove_dir_all(to).ok();
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn streams_are_reset_after_an_old_copy_of_the_file_was_restored() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let start = || Host::start_with(JOBS, &["--data-dir", data.to_str().unwrap()]);
    let mut host = start();
    let project = host.project("one").await;
    let mut stream = Stream::open(&host, "", None).await;
    stream.next().await;
    let mut ids = events(&host, &project, &mut stream, 2).await;
    host.kill();
    copy(&data, &backup);

    let mut host = start();
    assert!(!resets(&host, &ids[1]).await, "nothing is lost by a crash");
    let mut stream = Stream::open(&host, "", None).await;
    stream.next().await;
    ids.extend(events(&host, &project, &mut stream, 2).await);
    host.kill();
    copy(&backup, &data);

    let host = start();
    assert!(resets(&host, &ids[3]).await && resets(&host, "4").await);
    assert!(!resets(&host, &ids[1]).await);
    let mut stream = Stream::open(&host, "", None).await;
    stream.next().await;
    let news = events(&host, &project, &mut stream, 3).await;
    assert!(news[1].starts_with("4.") && ids[3].starts_with("4."), "{news:?} {ids:?}");
    assert!(resets(&host, &ids[3]).await, "another event has its number");
    assert!(!resets(&host, &news[1]).await);
}
