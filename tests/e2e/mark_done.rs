//! A failed run is marked as done, on the real binary.

use serde_json::{Value, json};

use crate::host::Host;

const JOBS: &str = r#"
[projects]
one = {}

[CASCADE_CHAINS]
pays = ["books", { job = "tells", when = "output.paid" }]

[jobs.pays]
max_attempts = 1
[jobs.pays.executable]
command = ["sh", "-c", "cat > /dev/null; echo the bank is closed >&2; exit 1"]
[jobs.books.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.tells.executable]
command = ["sh", "-c", "cat > /dev/null"]
"#;

#[tokio::test]
async fn what_a_success_leads_to_follows_a_run_that_is_marked_as_done() {
    let host = Host::start_with(JOBS, &[]);
    let body = json!({ "project_id": host.project("one").await });
    let (_, asked) = host.post("/api/jobs/pays/run", body).await;
    let run = format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap());
    host.wait_for(&run, |run| run["state"] == "failed").await;
    let problems = host.get("/api/problems").await;
    assert_eq!(problems["items"].as_array().unwrap().len(), 1, "{problems}");

    let preview = host.get(&format!("{run}/done/preview")).await;
    let told = |edges: &Value| -> Vec<(String, bool)> {
        let all = edges.as_array().unwrap().iter();
        all.map(|edge| (edge["job"].as_str().unwrap().to_owned(), edge["taken"] == true)).collect()
    };
    let expected = [("books".to_owned(), true), ("tells".to_owned(), false)];
    assert_eq!(told(&preview["decisions"]), expected, "{preview}");
    let done = format!("{run}/done");
    let (status, _) = host.post(&done, json!({ "reason": "  " })).await;
    assert_eq!(status, 400);
    let (status, answer) = host.post(&done, json!({ "reason": "paid by hand" })).await;
    assert_eq!((status, &answer["triggered"]), (200, &json!(["books"])), "{answer}");

    let page = host.get(&run).await;
    let summary = page["summary"].as_str().unwrap();
    assert!(page["state"] == "completed" && summary.ends_with(": paid by hand"), "{page}");
    assert_eq!(told(&page["decisions"]), expected, "{page}");
    let books = format!(
        "/api/jobs/runs?job_type=books&state=completed&trace_id={}",
        page["trace_id"].as_str().unwrap()
    );
    host.wait_for(&books, |page| page["total"] == 1).await;
    assert_eq!(host.get("/api/jobs/runs?job_type=tells").await["total"], 0);
    let problems = host.get("/api/problems").await;
    assert!(problems["items"].as_array().unwrap().is_empty(), "{problems}");
    let (status, _) = host.post(&done, json!({ "reason": "again" })).await;
    assert_eq!(status, 409);
    let audit = host.get("/api/audit?text=run.done").await;
    assert!(audit["items"][0]["detail"].to_string().contains("paid by hand"), "{audit}");
}
