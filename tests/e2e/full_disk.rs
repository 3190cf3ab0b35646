//! No space left for SQLite.

use std::process::Command;

use serde_json::json;

use crate::host::{Host, binary, command, repository_config};

/// Limits how long a file the process may write: the error is that of a full disk, to SQLite.
fn limit_files(host: &Host, bytes: &str) {
    let pid = host.process.id().to_string();
    let limit = format!("--fsize={bytes}:");
    let set = Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap();
    assert!(set.success());
}

#[tokio::test]
async fn a_full_disk_refuses_requests_and_loses_nothing_that_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), repository_config()).unwrap();
    // The signal of the limit would end the process; a full disk sends none.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(binary());
    shell.args(["--listen", "127.0.0.1:0", "--interval", "3600", "--lease", "2s"]);
    let without = command();
    without.get_envs().filter(|(_, value)| value.is_none()).for_each(|(name, _)| {
        shell.env_remove(name);
    });
    let host = Host::start_by(shell, folder);
    host.settled(21).await;
    let project = json!({"project_id": host.project("atlas").await});

    let (status, accepted) = host.post("/api/jobs/signals_extraction/run", project.clone()).await;
    assert_eq!(status, 202);
    limit_files(&host, "4096");
    // Whatever was in flight ends one way or the other; then nothing can be written any more.
    let began = std::time::Instant::now();
    loop {
        let (status, answer) = host.post("/api/jobs/embeddings_run/run", project.clone()).await;
        if status == 500 {
            assert_eq!(answer["error"]["code"], "internal", "{answer}");
            break;
        }
        assert!(began.elapsed() < crate::host::PATIENCE, "it still writes");
    }
    // Reading goes on.
    assert_eq!(host.get("/health").await["status"], "ok");

    limit_files(&host, "unlimited");
    let path = format!("/api/jobs/runs/{}", accepted["run_id"].as_str().unwrap());
    host.wait_for(&path, |run| run["state"] == "completed").await;
    // Its cascade: health, analytics, both recommendations.
    let runs = host.settled(26).await;
    assert!(runs.iter().all(|run| run["state"] == "completed"), "{runs:#?}");
    let (status, _) = host.post("/api/jobs/embeddings_run/run", project).await;
    assert_eq!(status, 202, "as if nothing had been");
}
