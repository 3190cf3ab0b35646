//! Edges that make runs of their own, and programs that ask for runs, on the real binary.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{host::Host, plugins::build::fixture};

const JOBS: &str = r#"
[projects]
one = {}

[CASCADE_CHAINS]
invoice_sync = [
  { job = "reminder", each = "output.new_ids", key = "'invoice ' + string(item)", args = { invoice = "item", level = 2 } },
  { job = "report", debounce = "1h" },
  { job = "later", after = "1h" },
]

[jobs.invoice_sync.executable]
command = ["sh", "-c", """cat > /dev/null; echo '{"type":"output","value":{"new_ids":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}}'"""]
[jobs.invoice_sync.executable.output_schema]
type = "object"
properties.new_ids = { type = "array", items = { type = "integer" } }

[jobs.reminder.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.reminder.executable.args_schema]
type = "object"
properties.invoice = { type = "integer" }
properties.level = { type = "integer" }
required = ["invoice"]
additionalProperties = false

[jobs.report.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.later.executable]
command = ["sh", "-c", "cat > /dev/null"]

[jobs.asks.executable]
command = ["sh", "-c", """cat > /dev/null
echo '{"type":"enqueue","job":"reminder","args":{"invoice":7},"key":"from a program"}'
echo '{"type":"enqueue","job":"reminder","args":{"invoice":8}}'"""]
[jobs.asks_wrongly]
max_attempts = 1
[jobs.asks_wrongly.executable]
command = ["sh", "-c", """cat > /dev/null
echo '{"type":"enqueue","job":"reminder","args":{"level":7}}'"""]
"#;

/// Runs a job and waits for its end; returns the run.
async fn run(host: &Host, job: &str) -> Value {
    let project = host.project("one").await;
    let body = json!({ "project_id": project });
    let (_, asked) = host.post(&format!("/api/jobs/{job}/run"), body).await;
    let run = format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap());
    host.wait_for(&run, |run| !run["finished_at"].is_null()).await
}

async fn runs_of(host: &Host, job: &str, state: &str, count: u64) -> Vec<Value> {
    let list = format!("/api/jobs/runs?job_type={job}&state={state}&per_page=100");
    let page = host.wait_for(&list, |page| page["total"] == count).await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_run_is_made_of_each_element_and_others_wait_as_their_edges_say() {
    let host = Host::start_with(JOBS, &[]);
    let sync = run(&host, "invoice_sync").await;
    let made: Vec<_> = sync["decisions"].as_array().unwrap().iter().map(|it| &it["runs"]).collect();
    assert_eq!(made, [&json!(20), &Value::Null, &json!(1)]);
    let reminders = runs_of(&host, "reminder", "completed", 20).await;
    let asked: BTreeSet<_> = reminders.iter().map(|run| run["args"]["invoice"].as_u64()).collect();
    assert_eq!(asked, (1..=20).map(Some).collect());
    for run in &reminders {
        let key = format!("invoice {}", run["args"]["invoice"]);
        assert_eq!((&run["key"], &run["args"]["level"]), (&json!(key), &json!(2)));
        assert_eq!(run["trace_id"], sync["trace_id"]);
        assert_eq!(run["asked_by"], "invoice_sync");
    }
    assert_eq!(runs_of(&host, "later", "scheduled", 1).await.len(), 1);
    assert_eq!(host.get("/api/jobs/runs?job_type=report").await["total"], 0);
    // A person starts what waits for its triggers to pause, which then names them.
    let report = run(&host, "report").await;
    assert_eq!(report["payload"]["triggers"][0]["job_type"], "invoice_sync");
}

#[tokio::test]
async fn an_edge_is_tried_out_on_the_latest_real_output() {
    let host = Host::start_with(JOBS, &[]);
    let ask = |edge: Value| {
        host.post("/api/edges/preview", json!({ "job": "invoice_sync", "edge": edge }))
    };
    let each = json!({
        "job": "reminder", "each": "output.new_ids.filter(id, id > 18)", "args": { "invoice": "item" },
    });
    let (status, nothing) = ask(each.clone()).await;
    assert_eq!((status, &nothing["run_id"], &nothing["count"]), (200, &Value::Null, &json!(0)));
    let sync = run(&host, "invoice_sync").await;
    let (_, shown) = ask(each).await;
    assert_eq!(shown["run_id"], sync["id"]);
    assert_eq!((&shown["taken"], &shown["count"]), (&json!(true), &json!(2)));
    let runs = json!([
        { "key": null, "args": { "invoice": 19 } }, { "key": null, "args": { "invoice": 20 } },
    ]);
    assert_eq!(shown["runs"], runs);
    let (_, not) = ask(json!({ "job": "report", "when": "size(output.new_ids) > 20" })).await;
    assert_eq!(not["reason"], "`size(output.new_ids) > 20` was false");
    let (status, refused) = ask(json!({ "job": "report", "when": "output.nwe > 1" })).await;
    assert_eq!(status, 400);
    let said = refused["error"]["message"].as_str().unwrap();
    assert!(said.contains("when: ") && said.contains("has no field `nwe`"), "{said}");
}

#[tokio::test]
async fn a_program_asks_for_runs_that_come_with_its_end() {
    let host = Host::start_with(JOBS, &[]);
    let asks = run(&host, "asks").await;
    assert_eq!(asks["state"], "completed", "{asks}");
    let mut reminders = runs_of(&host, "reminder", "completed", 2).await;
    reminders.sort_by_key(|run| run["args"]["invoice"].as_u64());
    assert_eq!(reminders[0]["key"], "from a program");
    assert_eq!(
        (&reminders[1]["key"], &reminders[1]["args"]),
        (&Value::Null, &json!({"invoice": 8}))
    );
    assert_eq!(reminders[0]["asked_by"], "asks");
    assert_eq!(reminders[0]["trace_id"], asks["trace_id"]);
    let wrong = run(&host, "asks_wrongly").await;
    let error = wrong["error"].as_str().unwrap();
    assert!(error.contains("`reminder`") && error.contains("\"invoice\" is a required"), "{error}");
    assert_eq!(host.get("/api/jobs/runs?job_type=reminder").await["total"], 2);
}

#[tokio::test]
async fn a_library_in_c_asks_for_runs_that_come_with_its_end() {
    let folder = tempfile::tempdir().unwrap();
    fixture(&folder.path().join("p.so"), &["ENQUEUE=\"counts\""]);
    let text = "plugin_files = [\"p.so\"]\n[projects]\none = {}\n[jobs.fixture]\n\
                [jobs.counts.executable]\ncommand = [\"sh\", \"-c\", \"cat > /dev/null\"]\n";
    std::fs::write(folder.path().join("jobs.toml"), text).unwrap();
    let host = Host::start_in(folder, &[]);
    let asks = run(&host, "fixture").await;
    assert_eq!(asks["state"], "completed", "{asks}");
    let counts = runs_of(&host, "counts", "completed", 1).await.remove(0);
    assert_eq!((&counts["key"], &counts["args"]), (&json!("from C"), &json!({ "n": 7 })));
    assert_eq!((&counts["asked_by"], &counts["trace_id"]), (&json!("fixture"), &asks["trace_id"]));
}
