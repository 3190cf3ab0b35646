//! Jobs that run once several others have ended, on the real binary.

use serde_json::{Value, json};

use crate::host::{Host, repository_config, time};

const JOBS: &str = r#"
[projects]
one = {}

[CASCADE_CHAINS]
sync = [{ job = "reminder", each = "output.new_ids", args = { invoice = "item" } }]

[CASCADE_JOINS]
report = { all_of = ["sync", "reminder"], args = { reminders = "size(output.sync.new_ids)" } }

[jobs.sync.executable]
command = ["sh", "-c", """cat > /dev/null; echo '{"type":"output","value":{"new_ids":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}}'"""]
[jobs.sync.executable.output_schema]
type = "object"
properties.new_ids = { type = "array", items = { type = "integer" } }

[jobs.reminder]
max_attempts = 10
concurrency = 3
[jobs.reminder.executable]
command = ["sh", "-c", "cat > /dev/null; sleep 0.1"]
[jobs.reminder.executable.args_schema]
type = "object"
properties.invoice = { type = "integer" }
required = ["invoice"]

[jobs.report.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.report.executable.args_schema]
type = "object"
properties.reminders = { type = "integer" }
"#;

async fn start(host: &Host, job: &str, project: &str) -> String {
    let body = json!({ "project_id": host.project(project).await });
    let (_, asked) = host.post(&format!("/api/jobs/{job}/run"), body).await;
    asked["run_id"].as_str().unwrap().to_owned()
}

fn of(job: &str) -> String {
    format!("/api/jobs/runs?job_type={job}&state=completed&per_page=100")
}

#[tokio::test]
async fn one_report_follows_all_reminders_however_often_the_host_is_killed() {
    let mut host = Host::start_with(JOBS, &["--lease", "3s"]);
    let sync = start(&host, "sync", "one").await;
    for reminders in [1, 4, 8] {
        host.wait_for(&of("reminder"), |page| page["total"].as_u64() >= Some(reminders)).await;
        host.kill();
        host = host.start_again();
    }
    let reports = host.wait_for(&of("report"), |page| page["total"] == 1).await;
    let reminders = host.get(&of("reminder")).await;
    assert_eq!(reminders["total"], 20);
    let report = &reports["items"][0];
    assert_eq!(report["args"], json!({"reminders": 20}));
    assert_eq!(report["trace_id"].as_str(), Some(sync.as_str()));
    let last = reminders["items"].as_array().unwrap().iter().map(|run| &run["finished_at"]);
    let last = last.map(time).max().unwrap();
    assert!(time(&report["queued_at"]) >= last, "it waited for all of them");
    let cascade = host.get(&format!("/api/jobs/runs/{sync}/cascade")).await;
    let join = &cascade["joins"][0];
    assert_eq!((&join["job"], &join["state"]), (&json!("report"), &json!("fired")));
    let parts: Vec<_> = join["all_of"].as_array().unwrap().iter().map(counts).collect();
    assert_eq!(parts, [("sync", "succeeded", 1), ("reminder", "succeeded", 20)]);
    host.wait_for("/api/jobs/runs?state=available,running,retryable", |page| page["total"] == 0)
        .await;
    assert_eq!(host.get("/api/jobs/runs?job_type=report").await["total"], 1);
}

fn counts(job: &Value) -> (&str, &str, u64) {
    let text = |name: &str| job[name].as_str().unwrap();
    (text("job"), text("state"), job["succeeded"].as_u64().unwrap())
}

/// The seven jobs of the product, whose aggregates wait for all branches.
#[tokio::test]
async fn the_product_s_jobs_make_a_diamond() {
    let text = repository_config();
    let text = text.replace("health_scoring = [\"analytics_aggregates\"]\n", "");
    let join = "\n[CASCADE_JOINS]\nanalytics_aggregates = { all_of = [\"health_scoring\", \
                \"kag_v2_recommendations_refresh\", \"embeddings_run\"], within = \"1h\" }\n";
    let host = Host::start_with(&format!("{text}{join}"), &[]);
    for project in ["atlas", "borealis", "cedar"] {
        let id = host.project(project).await;
        let list = format!("{}&project_id={id}", of("analytics_aggregates"));
        let made = host.wait_for(&list, |page| page["total"].as_u64() >= Some(1)).await;
        let report = &made["items"][0];
        let causes = report["payload"]["triggers"].as_array().unwrap().iter();
        let mut causes: Vec<_> = causes.map(|it| it["job_type"].as_str().unwrap()).collect();
        causes.sort_unstable();
        let all = ["embeddings_run", "health_scoring", "kag_v2_recommendations_refresh"];
        assert_eq!(causes, all, "{project}");
    }
}
