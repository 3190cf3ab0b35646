//! A saved jobs.toml takes effect; a bad one is refused and the last good one stays.

use serde_json::json;

use crate::host::{Host, repository_config};

#[tokio::test]
async fn a_saved_change_takes_effect_without_a_restart() {
    let host = Host::start();
    host.settled(21).await;
    let edge = "kag_recommendations_refresh = [\"kag_v2_recommendations_refresh\"]\n";
    host.save_config(&repository_config().replacen(edge, "", 1));
    host.wait_for("/api/jobs/config", |config| {
        config["CASCADE_CHAINS"]["kag_recommendations_refresh"].is_null()
    })
    .await;
    let body = json!({"project_id": host.project("cedar").await});
    host.post("/api/jobs/kag_recommendations_refresh/run", body).await;
    let runs = host.settled(22).await;
    assert_eq!(runs.len(), 22, "nothing follows any more");
}

#[tokio::test]
async fn a_bad_file_is_refused_and_a_mended_one_taken() {
    let host = Host::start();
    let good = repository_config();
    host.save_config(&good.replace("every = \"15m\"", "every = \"often\""));
    let config = host.wait_for("/api/jobs/config", |config| !config["rejected"].is_null()).await;
    let problem = &config["rejected"]["diagnostics"][0];
    assert_eq!(problem["key"], "jobs.connectors_sync_cycle.every");
    assert!(problem["line"].as_u64() > Some(1));
    assert_eq!(config["jobs"]["connectors_sync_cycle"]["schedule"], "every 15m");
    assert!(host.log().contains("bad duration"), "{}", host.log());
    host.save_config(&good.replace("every = \"15m\"", "every = \"20m\""));
    let config = host.wait_for("/api/jobs/config", |config| config["rejected"].is_null()).await;
    assert_eq!(config["jobs"]["connectors_sync_cycle"]["schedule"], "every 20m");
    host.wait_for("/api/jobs/scheduler", |all| {
        all["items"].as_array().unwrap().iter().any(|job| job["schedule"] == "every 20m")
    })
    .await;
}
