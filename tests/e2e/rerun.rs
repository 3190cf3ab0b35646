//! A run is run once more from here, on the real binary.

use serde_json::{Value, json};

use crate::host::Host;

const JOBS: &str = r#"
[projects]
one = {}

[CASCADE_CHAINS]
up = ["down"]

[jobs.up.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.up.executable.args_schema]
type = "object"
properties.n = { type = "integer" }
[jobs.down.executable]
command = ["sh", "-c", "cat > /dev/null"]
"#;

async fn over(host: &Host, asked: &Value) -> Value {
    let run = format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap());
    host.wait_for(&run, |run| run["state"] == "completed").await
}

#[tokio::test]
async fn a_rerun_is_a_run_of_a_new_trace_that_both_pages_name() {
    let host = Host::start_with(JOBS, &[]);
    let project = host.project("one").await;
    let body = json!({ "project_id": project });
    let with_args = json!({ "project_id": project, "args": { "n": 7 }, "key": "k" });
    for (path, body) in [("/api/jobs/up/run", body), ("/api/jobs/up/runs", with_args)] {
        let (_, asked) = host.post(path, body).await;
        let first = over(&host, &asked).await;
        let address = format!("/api/jobs/runs/{}", first["id"].as_str().unwrap());
        let preview = host.get(&format!("{address}/rerun/preview")).await;
        assert_eq!((&preview["jobs"], &preview["unfinished"]), (&json!(["down"]), &json!(0)));
        let (status, answer) = host.post(&format!("{address}/rerun"), json!({})).await;
        assert_eq!((status, &answer["queued"]), (202, &json!("now")), "{answer}");
        let again = over(&host, &answer).await;
        assert_eq!((&again["args"], &again["key"]), (&first["args"], &first["key"]));
        assert_eq!((&again["trace_id"], &again["rerun_of"]), (&again["id"], &first["id"]));
        assert_ne!(again["trace_id"], first["trace_id"]);
        assert_eq!(host.get(&address).await["reruns"], json!([again["id"]]));
        let trace = again["trace_id"].as_str().unwrap();
        let down = format!("/api/jobs/runs?job_type=down&trace_id={trace}&state=completed");
        host.wait_for(&down, |page| page["total"] == 1).await;
    }
    let audit = host.get("/api/audit?text=run.rerun").await;
    assert_eq!(audit["items"].as_array().unwrap().len(), 2, "{audit}");
}
