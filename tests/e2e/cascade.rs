//! Seven jobs cascade on the sample, per project, at once, in one trace.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::host::{Host, time};

#[tokio::test]
async fn the_whole_cascade_runs_by_itself_for_each_project() {
    let host = Host::start();
    let runs = host.settled(21).await;
    assert_eq!(runs.len(), 21, "seven jobs for three projects, each once");
    for run in &runs {
        assert_eq!(run["state"], "completed", "{run:#}");
    }
    let upstream: BTreeMap<&str, &str> = BTreeMap::from([
        ("signals_extraction", "connectors_sync_cycle"),
        ("embeddings_run", "connectors_sync_cycle"),
        ("health_scoring", "signals_extraction"),
        ("kag_recommendations_refresh", "signals_extraction"),
        ("analytics_aggregates", "health_scoring"),
        ("kag_v2_recommendations_refresh", "kag_recommendations_refresh"),
    ]);
    let mut traces = BTreeMap::<&str, BTreeSet<&str>>::new();
    for run in &runs {
        let job = run["job_type"].as_str().unwrap();
        let by = &run["payload"]["cascade_triggered_by"];
        match upstream.get(job) {
            Some(up) => assert_eq!(by["job_type"], *up, "{run:#}"),
            None => assert!(by.is_null() && run["triggered_by"]["kind"] == "timer"),
        }
        if let Some(up) = upstream.get(job) {
            let same = |other: &&Value| {
                other["job_type"] == *up && other["project_id"] == run["project_id"]
            };
            assert_eq!(time(&by["at"]), time(&runs.iter().find(same).unwrap()["finished_at"]));
        }
        let slug = run["project_slug"].as_str().unwrap();
        traces.entry(slug).or_default().insert(run["trace_id"].as_str().unwrap());
    }
    assert!(traces.values().all(|ids| ids.len() == 1), "one trace per cascade: {traces:?}");
}

#[tokio::test]
async fn a_paused_downstream_is_skipped_and_the_upstream_says_so() {
    let host = Host::start();
    host.settled(21).await;
    let project_id = host.project("atlas").await;
    let body = json!({"project_id": project_id});
    let (status, _) = host.post("/api/jobs/health_scoring/pause", body.clone()).await;
    assert_eq!(status, 200);
    let (status, answer) = host.post("/api/jobs/signals_extraction/run", body).await;
    assert_eq!((status, &answer["queued"]), (202, &json!("now")));
    let runs = host.settled(24).await;
    assert_eq!(runs.len(), 24, "signals, recommendations, recommendations v2");
    let id = answer["run_id"].as_str().unwrap();
    let logs = host.get(&format!("/api/jobs/runs/{id}/logs")).await;
    let said = |line: &Value| line["message"] == "cascade to health_scoring skipped: it is paused";
    assert!(logs["items"].as_array().unwrap().iter().any(said), "{logs:#}");
}

#[tokio::test]
async fn bad_requests_say_what_is_wrong() {
    let host = Host::start_with("", &[]);
    let project_id = host.project("default").await;
    let nobody = json!({"project_id": project_id});
    let (status, answer) = host.post("/api/jobs/no_such_job/run", nobody.clone()).await;
    assert_eq!((status, &answer["error"]["code"]), (404, &json!("not_found")));
    let (status, answer) = host.post("/api/jobs/health_scoring/run", nobody).await;
    assert_eq!(status, 404, "it is no part of this jobs.toml");
    assert!(answer["error"]["help"].as_str().unwrap().contains("[jobs.health_scoring]"));
    for address in ["/api/jobs/health_scoring/run", "/jobs/health_scoring/run"] {
        for params in [json!({"half_life": 3}), json!({}), Value::Null] {
            let body = json!({"project_id": project_id, "params": params});
            let (status, answer) = host.post(address, body).await;
            let said = answer["error"]["message"].as_str().unwrap();
            assert_eq!(status, 400, "{answer}");
            assert!(said.contains("the operator's and stand in jobs.toml"), "{said}");
        }
    }
}
