//! `cascade why` and its addresses, on the real binary.

use serde_json::{Value, json};

use crate::host::{Host, command};

const JOBS: &str = r#"
[projects]
one = {}

[CASCADE_CHAINS]
counts = [{ job = "many", when = "output.new > 5" }]

[jobs.counts.executable]
command = ["sh", "-c", """cat > /dev/null; echo '{"type":"output","value":{"new":3}}'"""]
[jobs.many.executable]
command = ["sh", "-c", "cat > /dev/null"]
"#;

fn why(host: &Host, what: &str) -> String {
    let mut process = command();
    let output = process.args(["why", what]).env("CASCADE_SERVER", &host.url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_job_that_does_not_run_and_a_run_that_waits_say_why() {
    let host = Host::start_with(JOBS, &[]);
    let project = host.project("one").await;
    let body = json!({ "project_id": project });
    assert!(why(&host, "many").contains("`counts` has never ended here"));
    let (_, asked) = host.post("/api/jobs/counts/run", body.clone()).await;
    let counts = asked["run_id"].as_str().unwrap().to_owned();
    let run = format!("/api/jobs/runs/{counts}");
    host.wait_for(&run, |run| !run["finished_at"].is_null()).await;
    let said = why(&host, "many");
    assert!(said.contains("did not trigger it: `output.new > 5` was false"), "{said}");
    assert!(said.contains(&counts) && said.contains("to change that:"), "{said}");
    assert!(why(&host, &counts).contains("local asked for it"));

    host.post("/api/jobs/many/pause", body.clone()).await;
    let (_, waits) = host.post("/api/jobs/many/runs", body).await;
    let waits = waits["run_id"].as_str().unwrap();
    let told = host.get(&format!("/api/jobs/runs/{waits}/why")).await;
    let codes = |reasons: &Value| -> Vec<String> {
        let all = reasons.as_array().unwrap().iter();
        all.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(&told["waits"]), ["paused"], "{told}");
    assert_eq!(codes(&told["because"]), ["asked_for"], "{told}");
    let job = host.get(&format!("/api/jobs/many/why?project_id={project}")).await;
    assert_eq!(codes(&job["reasons"]), ["paused", "edge_not_taken"], "{job}");
}
