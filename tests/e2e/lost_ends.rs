//! Ends of runs that are hard to store, attempts that nobody waits for any more, and runs that end their worker.

use std::{process::Command, time::Duration};

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use crate::{host::Host, topology::Topology};

fn config(script: &str, job: &str) -> String {
    format!(
        "[projects]\none = {{}}\n[jobs.program]\n{job}\n\
         [jobs.program.executable]\ncommand = [\"python3\", \"-c\", '''{script}''']\n"
    )
}

async fn ask(host: &Host) -> String {
    let body = json!({"project_id": host.project("one").await});
    let (status, answer) = host.post("/api/jobs/program/run", body).await;
    assert_eq!(status, 202, "{answer}");
    format!("/api/jobs/runs/{}", answer["run_id"].as_str().unwrap())
}

async fn end_of(host: &Host, run: &str) -> Value {
    host.wait_for(run, |run| !run["finished_at"].is_null()).await
}

/// PostgreSQL's text has no NUL: an end that has one was refused, and the run stayed `running`.
async fn nul_in_the_error_is_replaced(host: &Host) {
    for _ in 0..2 {
        let run = ask(host).await;
        let ended = end_of(host, &run).await;
        assert_eq!(ended["state"], "failed", "{ended:#}");
        assert_eq!(ended["error"], "a\u{fffd}b (exit status 1)");
    }
}

const SAYS_NUL: &str = r#"print('{"type":"error","message":"a\\u0000b"}'); raise SystemExit(1)"#;

#[tokio::test]
async fn an_error_with_nul_ends_the_run_on_sqlite() {
    let host = Host::start_with(&config(SAYS_NUL, "max_attempts = 1"), &[]);
    nul_in_the_error_is_replaced(&host).await;
}

#[tokio::test]
async fn an_error_with_nul_ends_the_run_on_postgres() {
    let mut topology = Topology::new(Redis::start(), &config(SAYS_NUL, "max_attempts = 1"));
    topology.add_server();
    topology.add_worker(&[]);
    nul_in_the_error_is_replaced(&topology.servers[0]).await;
}

/// As a laptop that sleeps, or a debugger: the process stands still for longer than its lease, and its
/// programs go on.
#[tokio::test]
async fn a_pause_longer_than_the_lease_begins_no_second_attempt_on_sqlite() {
    let script = "
import os, time
with open('begun', 'a') as begun:
    begun.write('x')
while not os.path.exists('go'):
    time.sleep(0.02)
";
    let host = Host::start_with(&config(script, ""), &["--lease", "1s"]);
    let run = ask(&host).await;
    let begun = host.folder.path().join("begun");
    host.wait_for(&run, |_| begun.exists()).await;
    let pid = host.process.id().to_string();
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    signal("-STOP");
    // What is awaited is that time passes: the lease must run out.
    tokio::time::sleep(Duration::from_secs(3)).await;
    signal("-CONT");
    // A claim looks for expired leases before it takes anything.
    let body = json!({"project_id": host.project("one").await});
    host.post("/api/jobs/program/run", body).await;
    std::fs::write(host.folder.path().join("go"), "").unwrap();
    let ended = end_of(&host, &run).await;
    assert_eq!((&ended["state"], &ended["attempt"]), (&json!("completed"), &json!(1)), "{ended:#}");
    // The request of meanwhile makes the second.
    let runs = host.settled(2).await;
    assert!(runs.iter().all(|run| run["attempt"] == 1), "{runs:#?}");
    assert_eq!(std::fs::read_to_string(&begun).unwrap(), "x".repeat(runs.len()));
}

/// Ends the host's process, as a plugin does that aborts: its program, the keeper of that, and then the host.
const ENDS_ITS_WORKER: &str = "
import os, signal
name = lambda pid: os.path.basename(os.readlink(f'/proc/{pid}/exe'))
parent = lambda pid: int(open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[1])
pid = parent(os.getpid())
while name(pid) == 'cascade':
    host, pid = pid, parent(pid)
os.kill(host, signal.SIGKILL)
";

/// Until the bad one has failed, the host is started again each time that it is gone. What it has held comes back when
/// its leases are over.
#[tokio::test]
async fn a_run_that_ends_its_worker_uses_up_no_attempt_of_those_beside_it() {
    let text = format!(
        "[projects]\none = {{}}\n[jobs.good.executable]\ncommand = [\"true\"]\n[jobs.bad]\nmax_attempts = 2\n\
         [jobs.bad.executable]\ncommand = [\"python3\", \"-c\", '''{ENDS_ITS_WORKER}''']\n"
    );
    let mut host = Host::start_with(&text, &["--lease", "3s", "--prefetch", "50"]);
    let project = host.project("one").await;
    for (job, runs) in [("good", 20), ("bad", 1), ("good", 20)] {
        let runs = json!({ "runs": vec![json!({ "project_id": project }); runs] });
        host = asked(host, &format!("/api/jobs/{job}/runs/bulk"), runs).await;
    }
    let runs = loop {
        host = running(host);
        let Some(page) = page(&host).await else { continue };
        if page.len() == 41 && page.iter().all(|run| !run["finished_at"].is_null()) {
            break page;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let (bad, good): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run["job_type"] == "bad");
    let first = |run: &Value| run["state"] == "completed" && run["attempt"] == 1;
    assert!(good.len() == 40 && good.iter().all(|run| first(run)), "{good:#?}");
    assert_eq!((&bad[0]["state"], &bad[0]["attempt"]), (&json!("failed"), &json!(2)), "{bad:#?}");
}

/// The host, started again if its process has ended.
fn running(mut host: Host) -> Host {
    match host.process.try_wait().unwrap() {
        Some(_) => host.start_again(),
        None => host,
    }
}

/// Asks a host that may end at any time, once: with the same `Idempotency-Key` again if no answer comes.
async fn asked(mut host: Host, path: &str, body: Value) -> Host {
    let key = format!("{path} {}", body.to_string().len());
    loop {
        let request = host.client.post(format!("{}{path}", host.url)).json(&body);
        if let Ok(answer) = request.header("Idempotency-Key", &key).send().await {
            assert!(answer.status().is_success(), "{answer:?}");
            return host;
        }
        host = running(host);
    }
}

/// All runs, unless the host ends meanwhile.
async fn page(host: &Host) -> Option<Vec<Value>> {
    let answer = host.client.get(format!("{}/api/jobs/runs?per_page=200", host.url)).send().await;
    let mut page = answer.ok()?.json::<Value>().await.ok()?;
    Some(std::mem::take(page["items"].as_array_mut()?))
}
