//! Programs end with their host, whatever they started and however the host ends.

use std::{path::Path, process::Command, time::Instant};

use serde_json::json;

use crate::host::{Host, PATIENCE, command};

/// Starts a child in its group, one in a session of its own whose parent is gone, says all process
/// ids, and waits for longer than any test.
const FAMILY: &str = "
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(['sleep', '3600'])
quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
script = 'import subprocess; print(subprocess.Popen([\"sleep\", \"3600\"], start_new_session=True, \
stdin=-3, stdout=-3, stderr=-3).pid)'
away = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True).stdout.strip()
print(os.getpid(), child.pid, away, flush=True)
if not os.path.exists('end at once'):
    time.sleep(3600)
child.kill()
";

struct Family {
    host: Host,
    processes: Vec<String>,
    run: String,
}

fn exists(process: &str) -> bool {
    // A process that has ended but is not yet reaped has no command line.
    let line = std::fs::read(Path::new("/proc").join(process).join("cmdline"));
    line.is_ok_and(|line| !line.is_empty())
}

async fn start(prepare: impl Fn(&Path)) -> Family {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.py"), FAMILY).unwrap();
    let config = "[projects]\none = {}\n[jobs.program]\nmax_attempts = 1\n\
                  [jobs.program.executable]\ncommand = [\"python3\", \"job.py\"]\n";
    std::fs::write(folder.path().join("jobs.toml"), config).unwrap();
    prepare(folder.path());
    let host = Host::start_in(folder, &["--grace", "1s"]);
    let body = json!({"project_id": host.project("one").await});
    let (status, answer) = host.post("/api/jobs/program/run", body).await;
    assert_eq!(status, 202, "{answer}");
    let run = format!("/api/jobs/runs/{}", answer["run_id"].as_str().unwrap());
    let log = host.wait_for(&format!("{run}/logs"), |log| !log["items"][0].is_null()).await;
    let said = log["items"][0]["message"].as_str().unwrap();
    let processes: Vec<_> = said.split(' ').map(ToOwned::to_owned).collect();
    assert_eq!(processes.len(), 3, "{said}");
    Family { host, processes, run }
}

impl Family {
    async fn all_end(&self) {
        let began = Instant::now();
        while self.processes.iter().any(|process| exists(process)) {
            assert!(began.elapsed() < PATIENCE, "still there: {:?}", self.processes);
            tokio::task::yield_now().await;
        }
    }

    fn signal(&self, name: &str) {
        let id = self.host.process.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    async fn stops(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.host.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it does not stop:\n{}", self.host.log());
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_host_that_is_killed_takes_all_their_descendants_along() {
    let mut family = start(|_| {}).await;
    assert!(family.processes.iter().all(|process| exists(process)));
    family.host.kill();
    family.all_end().await;
}

#[tokio::test]
async fn a_second_sigterm_ends_host_and_programs_at_once() {
    let mut family = start(|_| {}).await;
    family.signal("-TERM");
    let log = |family: &Family| family.host.log().contains("once more to stop at once");
    let began = Instant::now();
    while !log(&family) {
        assert!(began.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    family.signal("-TERM");
    family.stops().await;
    family.all_end().await;
}

#[tokio::test]
async fn sighup_stops_the_host_in_good_order() {
    let mut family = start(|_| {}).await;
    family.signal("-HUP");
    assert_eq!(family.stops().await, Some(0), "{}", family.host.log());
    family.all_end().await;
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_soon_after_it() {
    let family = start(|folder| std::fs::write(folder.join("end at once"), "").unwrap()).await;
    let ended = family.host.wait_for(&family.run, |run| !run["finished_at"].is_null()).await;
    assert_eq!(ended["state"], "completed", "{ended:#}");
    family.all_end().await;
}

#[tokio::test]
async fn the_first_sigterm_ends_a_host_that_is_still_starting() {
    // A database that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://x@{}/x?sslmode=disable", silent.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), "[projects]\none = {}\n").unwrap();
    let mut process = command();
    process.args(["run", "--listen", "127.0.0.1:0"]).env("DATABASE_URL", url);
    let mut process = process.current_dir(folder.path()).spawn().unwrap();
    let met = tokio::task::spawn_blocking(move || silent.accept().unwrap()).await.unwrap();
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let status = tokio::task::spawn_blocking(move || process.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    drop(met);
}
