//! A saved jobs.toml takes effect; a bad one is refused and the last good one stays.

use std::time::Instant;

use cascade_test_servers::Redis;
use serde_json::json;

use crate::{
    host::{Host, PATIENCE, command, repository_config},
    topology::Topology,
};

const ONE_JOB: &str = "[projects.one]\n[jobs.analytics_aggregates]\nevery = \"15m\"\n";

/// Waits until the log says so.
async fn logged(host: &Host, what: &str) {
    let began = Instant::now();
    while !host.log().contains(what) {
        assert!(began.elapsed() < PATIENCE, "never logged: {what}\n{}", host.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Waits until the job of [`ONE_JOB`] has this schedule.
async fn scheduled(host: &Host, schedule: &str) {
    host.wait_for("/api/jobs/scheduler", |all| {
        let items = all["items"].as_array().unwrap();
        items.iter().any(|job| job["schedule"] == schedule && job["enabled"] == true)
    })
    .await;
}

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

#[tokio::test]
async fn a_file_that_is_emptied_or_deleted_disables_nothing() {
    let host = Host::start_with(ONE_JOB, &[]);
    for text in ["", "# [jobs.analytics_aggregates]\n\n"] {
        host.save_config(text);
        let config =
            host.wait_for("/api/jobs/config", |config| !config["rejected"].is_null()).await;
        let said = config["rejected"]["rendered"].as_str().unwrap();
        assert!(said.contains("is empty") && said.contains("write `[jobs]`"), "{said}");
        scheduled(&host, "every 15m").await;
        host.save_config(ONE_JOB);
        host.wait_for("/api/jobs/config", |config| config["rejected"].is_null()).await;
    }
    std::fs::remove_file(host.folder.path().join("jobs.toml")).unwrap();
    let config = host.wait_for("/api/jobs/config", |config| !config["rejected"].is_null()).await;
    assert!(config["rejected"]["rendered"].as_str().unwrap().contains("cannot read"), "{config}");
    scheduled(&host, "every 15m").await;
    host.save_config(ONE_JOB);
    host.wait_for("/api/jobs/config", |config| config["rejected"].is_null()).await;
    // On purpose.
    host.save_config("[jobs]\n");
    host.wait_for("/api/jobs/scheduler", |all| {
        all["items"].as_array().unwrap().iter().all(|job| job["enabled"] == false)
    })
    .await;
}

#[tokio::test]
async fn a_cron_line_whose_year_is_over_is_a_warning() {
    let text = ONE_JOB.replace("every = \"15m\"", "cron = \"0 0 6 1 1 * 2020\"");
    let host = Host::start_with(&text, &[]);
    let said = "the last time of this cron line has passed";
    assert!(host.log().contains(said), "{}", host.log());
    let checked = command().arg("check").current_dir(host.folder.path()).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    let said_by_check = [checked.stdout, checked.stderr].concat();
    assert!(String::from_utf8_lossy(&said_by_check).contains(said));
    host.save_config(ONE_JOB);
    scheduled(&host, "every 15m").await;
}

#[tokio::test]
async fn without_inotify_the_file_is_polled() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), ONE_JOB).unwrap();
    // In a user namespace of its own, which has no inotify instances; nobody else loses theirs.
    let cascade = command();
    let mut unshare = std::process::Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "sh", "-c"]);
    unshare.arg("echo 0 > /proc/sys/user/max_inotify_instances && exec \"$0\" \"$@\"");
    unshare.arg(cascade.get_program());
    unshare.args(["--listen", "127.0.0.1:0", "--interval", "3600"]);
    for (name, value) in cascade.get_envs() {
        assert!(value.is_none(), "only removals");
        unshare.env_remove(name);
    }
    let host = Host::start_by(unshare, folder);
    logged(&host, "the folder of jobs.toml cannot be watched").await;
    host.save_config(&ONE_JOB.replace("15m", "20m"));
    scheduled(&host, "every 20m").await;
}

#[tokio::test]
async fn a_save_while_the_database_is_down_comes_into_force_when_it_is_back() {
    let mut topology = Topology::new(Redis::stopped(), ONE_JOB);
    topology.add_server();
    scheduled(&topology.servers[0], "every 15m").await;
    topology.postgres.kill();
    topology.servers[0].save_config(&ONE_JOB.replace("15m", "20m"));
    logged(&topology.servers[0], "jobs.toml is good and comes into force later").await;
    topology.postgres.restart();
    scheduled(&topology.servers[0], "every 20m").await;
    topology.servers[0].wait_for("/api/jobs/config", |config| config["rejected"].is_null()).await;
}
