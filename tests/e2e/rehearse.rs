//! `cascade rehearse` and its address, on the real binary.

use serde_json::{Value, json};

use crate::host::{Host, command};

const JOBS: &str = r#"
[projects]
one = {}

[CASCADE_CHAINS]
sync = ["mail"]

[jobs.sync.executable]
command = ["sh", "-c", """cat > /dev/null; echo '{"type":"output","value":{"new":0,"secret":"hush-hush"}}'"""]
output_schema = { type = "object", properties = { new = { type = "integer" }, secret = { type = "string", writeOnly = true } } }
[jobs.mail.executable]
command = ["sh", "-c", "cat > /dev/null"]
args_schema = { type = "object", properties = { to = { type = "string" } } }
"#;

/// A host on which `sync` has run twice, each time followed by `mail`.
async fn host() -> Host {
    let host = Host::start_with(JOBS, &[]);
    let project = host.project("one").await;
    for nth in 1..=2 {
        host.post("/api/jobs/sync/run", json!({ "project_id": project })).await;
        let done = "/api/jobs/runs?job_type=mail&state=completed";
        host.wait_for(done, |page| page["total"] == nth).await;
    }
    host
}

fn with(when: &str) -> String {
    JOBS.replace(r#"sync = ["mail"]"#, when)
}

async fn rehearse(host: &Host, text: &str) -> (u16, Value) {
    host.post("/api/jobs/config/rehearse", json!({ "text": text, "last_seconds": 3600 })).await
}

#[tokio::test]
async fn a_candidate_is_rehearsed_on_the_history_and_nothing_runs() {
    let host = host().await;
    let (status, same) = rehearse(&host, JOBS).await;
    assert_eq!(status, 200, "{same}");
    assert_eq!((&same["recorded"], &same["reproduced"]), (&json!(4), &json!(4)), "{same}");
    let total = json!({ "before": 4, "after": 4, "appeared": 0, "vanished": 0, "moved": 0 });
    assert_eq!(same["total"], total);
    let text = with(r#"sync = [{ job = "mail", when = "output.new > 0" }]"#);
    let (_, fewer) = rehearse(&host, &text).await;
    assert_eq!(fewer["total"]["vanished"], 2, "{fewer}");
    assert_eq!(fewer["jobs"][0]["job"], "mail");
    assert_eq!(fewer["examples"][0]["upstream"], "sync");

    let file = host.folder.path().join("candidate.toml");
    std::fs::write(&file, text).unwrap();
    let told = |flags: &[&str]| {
        let mut process = command();
        let process = process.arg("rehearse").arg(&file).args(["--last", "1h"]).args(flags);
        let output = process.env("CASCADE_SERVER", &host.url).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = told(&[]);
    for part in ["0 appear, 2 vanish, 0 move", "vanished  mail", "after sync", "4 of 4 recorded"] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let json: Value = serde_json::from_str(&told(&["--json"])).unwrap();
    assert_eq!(json["total"], fewer["total"]);
    let all = host.get("/api/jobs/runs").await;
    assert_eq!(all["total"], 4, "nothing has run");
}

#[tokio::test]
async fn no_expression_of_a_candidate_tells_a_secret() {
    let host = host().await;
    let text = with(
        r#"sync = ["mail", { job = "mail", key = "output.secret", args = { to = "output.secret" } }]"#,
    );
    let (status, told) = rehearse(&host, &text).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["examples"][0]["key"], "***", "{told}");
    assert!(!told.to_string().contains("hush"), "{told}");
}

#[tokio::test]
async fn a_wrong_candidate_or_span_is_refused_with_its_place() {
    let host = Host::start_with(JOBS, &[]);
    let (status, told) = rehearse(&host, &with(r#"sync = ["mial"]"#)).await;
    assert_eq!(status, 422, "{told}");
    assert_eq!(told["diagnostics"][0]["key"], "CASCADE_CHAINS.sync.mial", "{told}");
    let last = |seconds: u64| json!({ "text": JOBS, "last_seconds": seconds });
    for seconds in [0, 100 * 86_400] {
        let (status, told) = host.post("/api/jobs/config/rehearse", last(seconds)).await;
        assert_eq!(status, 400, "{told}");
        let said = told["error"]["message"].as_str().unwrap();
        assert!(said.contains("`last_seconds` is not from 1 to"), "{said}");
    }
    let missing = command().args(["rehearse", "/nowhere.toml"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
}
