//! Edges with conditions, on the real binary with programs.

use serde_json::{Value, json};

use crate::host::Host;

const JOBS: &str = r#"
[projects]
one = {}

[CASCADE_CHAINS]
counts = [
  { job = "many", when = "output.new > 5" },
  { job = "few", when = "output.new <= 5 && run.project == 'one'" },
]
breaks = [{ job = "page", on = "failure", when = "run.error.contains('exit status 75')" }, "few"]

[jobs.counts.executable]
command = ["sh", "-c", """cat > told; echo '{"type":"output","value":{"new":3}}'"""]
[jobs.counts.executable.output_schema]
type = "object"
properties.new = { type = "integer" }
[jobs.counts.executable.args_schema]
properties.level = { type = "integer" }
[jobs.counts.args]
level = 2

[jobs.breaks]
max_attempts = 2
backoff = "1ms"
[jobs.breaks.executable]
command = ["sh", "-c", "cat > /dev/null; echo no luck >&2; exit 75"]

[jobs.many.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.few.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.page.executable]
command = ["sh", "-c", "cat > /dev/null"]
"#;

async fn run(host: &Host, job: &str) -> String {
    let project = host.project("one").await;
    let (_, asked) =
        host.post(&format!("/api/jobs/{job}/run"), json!({"project_id": project})).await;
    format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap())
}

async fn ended(host: &Host, run: &str) -> Value {
    host.wait_for(run, |run| !run["finished_at"].is_null()).await
}

async fn first_of(host: &Host, job: &str) -> Value {
    let list = format!("/api/jobs/runs?job_type={job}");
    let page = host.wait_for(&list, |page| !page["items"][0]["finished_at"].is_null()).await;
    page["items"][0].clone()
}

#[tokio::test]
async fn a_condition_decides_and_the_run_says_what_was_not_triggered() {
    let host = Host::start_with(JOBS, &[]);
    let run = ended(&host, &run(&host, "counts").await).await;
    let few = first_of(&host, "few").await;
    assert_eq!(few["triggered_by"]["job_type"], "counts");
    assert_eq!(few["trace_id"], run["trace_id"]);
    let decisions = json!([
        {
            "job": "many", "on": "success", "join": false, "when": "output.new > 5", "taken": false,
            "runs": null, "reason": "`output.new > 5` was false",
            "told": {
                "text": "`output.new > 5` was false", "code": "condition_false",
                "values": { "expression": "output.new > 5" }, "parts": [],
            },
        },
        {
            "job": "few", "on": "success", "join": false,
            "when": "output.new <= 5 && run.project == 'one'", "taken": true, "runs": null, "reason": null,
            "told": null,
        },
    ]);
    assert_eq!(run["decisions"], decisions);
    assert_eq!(host.get("/api/jobs/runs?job_type=many").await["total"], 0);
    let config = host.get("/api/jobs/config").await;
    assert_eq!(config["CASCADE_CHAINS"]["breaks"], json!(["page", "few"]));
    let edge = json!({"job": "many", "on": "success", "when": "output.new > 5"});
    assert_eq!(config["edges"]["counts"][0], edge);
    let told = std::fs::read_to_string(host.folder.path().join("told")).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["args"], json!({"level": 2}), "a request without args is asked for these");
}

#[tokio::test]
async fn what_follows_a_failure_begins_after_the_last_attempt() {
    let host = Host::start_with(JOBS, &[]);
    let run = ended(&host, &run(&host, "breaks").await).await;
    assert_eq!((&run["state"], &run["attempt"]), (&json!("failed"), &json!(2)));
    let page = first_of(&host, "page").await;
    assert_eq!(page["triggered_by"]["job_type"], "breaks");
    assert_eq!(run["decisions"][0]["taken"], true);
    assert_eq!(run["decisions"][1]["reason"], "the run failed");
    assert_eq!(host.get("/api/jobs/runs?job_type=page").await["total"], 1);
    assert_eq!(host.get("/api/jobs/runs?job_type=few").await["total"], 0);
}

#[tokio::test]
async fn a_file_with_a_wrong_condition_is_refused_and_the_one_before_stays() {
    let host = Host::start_with(JOBS, &[]);
    host.save_config(&JOBS.replace("output.new > 5", "output.nwe > 5"));
    let config = host.wait_for("/api/jobs/config", |config| !config["rejected"].is_null()).await;
    let said = config["rejected"]["rendered"].as_str().unwrap();
    assert!(said.contains("`output` has no field `nwe`"), "{said}");
    assert!(said.contains("did you mean `new`?"), "{said}");
    assert_eq!(config["edges"]["counts"][0]["when"], "output.new > 5");
}
