//! A whole cascade is cancelled, on the real binary.

use serde_json::{Value, json};

use crate::host::Host;

/// Of nothing.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

const JOBS: &str = r#"
[projects]
one = {}

[CASCADE_CHAINS]
root = [{ job = "slow", each = "[1, 2, 3, 4, 5, 6]" }, "busy"]
slow = [{ job = "after", on = "always" }]

[jobs.root.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.slow]
concurrency = 2
[jobs.slow.executable]
command = ["sh", "-c", "cat > /dev/null; exec sleep 600"]
[jobs.busy.executable]
command = ["sh", "-c", "cat > /dev/null; exec sleep 600"]
[jobs.after.executable]
command = ["sh", "-c", "cat > /dev/null"]
"#;

async fn run(host: &Host, job: &str) -> String {
    let body = json!({ "project_id": host.project("one").await });
    let (_, asked) = host.post(&format!("/api/jobs/{job}/run"), body).await;
    asked["run_id"].as_str().unwrap().to_owned()
}

fn total(host: &Value) -> u64 {
    host["total"].as_u64().unwrap()
}

#[tokio::test]
async fn all_that_is_unfinished_of_a_cascade_is_cancelled_and_nothing_follows() {
    let host = Host::start_with(JOBS, &[]);
    let other = run(&host, "busy").await;
    host.wait_for(&format!("/api/jobs/runs/{other}"), |run| run["state"] == "running").await;
    let root = run(&host, "root").await;
    let preview = format!("/api/jobs/traces/{root}/cancel/preview");
    let two_run = |found: &Value| found["running"] == 2 && found["waiting"] == 4;
    let found = host.wait_for(&preview, two_run).await;
    assert_eq!(found["pending"], json!(["busy"]), "{found}");

    let cancel = format!("/api/jobs/traces/{root}/cancel");
    let (status, work) = host.post(&cancel, json!({ "reason": "a mistake" })).await;
    assert_eq!((status, &work["total"]), (202, &json!(6)), "{work}");
    let progress = format!("/api/jobs/runs/matching/{}", work["id"].as_str().unwrap());
    let over = host.wait_for(&progress, |progress| progress["finished"] == true).await;
    assert_eq!((&over["done"], &over["refused"]), (&json!(6), &json!(0)), "{over}");
    let list = |state: &str| format!("/api/jobs/runs?trace_id={root}&state={state}");
    assert_eq!(total(&host.get(&list("cancelled")).await), 6);
    assert_eq!(total(&host.get(&list("scheduled,available,running,retryable")).await), 0);
    assert_eq!(
        total(&host.get("/api/jobs/runs?job_type=after").await),
        0,
        "a cancelled run leads to nothing"
    );
    let busy = host.get(&format!("/api/jobs/runs/{other}")).await;
    assert_eq!(busy["state"], "running", "it is of another trace");
    host.post(&format!("/api/jobs/runs/{other}/cancel"), json!({})).await;
    host.wait_for(&format!("/api/jobs/runs/{other}"), |run| run["state"] == "cancelled").await;
    assert_eq!(total(&host.get("/api/jobs/runs?job_type=busy").await), 1, "no run of it followed");

    let (status, refused) = host.post(&cancel, json!({})).await;
    assert_eq!(status, 409, "{refused}");
    let audit = host.get("/api/audit?text=trace.cancel").await;
    assert_eq!(audit["items"][0]["target"], json!(root));
    let detail = audit["items"][0]["detail"].to_string();
    assert!(detail.contains("a mistake") && detail.contains("busy"), "{detail}");
    let (status, _) = host.post(&format!("/api/jobs/traces/{}/cancel", NIL), json!({})).await;
    assert_eq!(status, 404);
}
