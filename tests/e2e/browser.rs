//! The UI in real Chromium, by playwright-core. Scripts that can share a host share it and the browser.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use cascade_test_servers::Redis;

use serde_json::json;

use crate::{
    host::{Host, repository_config, root},
    plugins::rust_library,
    topology::Topology,
};

/// Runs scripts of tests/browser, one after the other, and hears each line that they print. Whether all succeeded.
pub fn browse(
    scripts: &[&str],
    url: &str,
    env: &[(&str, &str)],
    mut hear: impl FnMut(&str),
) -> bool {
    let artefacts = root().join("tests/artefacts");
    std::fs::create_dir_all(&artefacts).unwrap();
    let mut node = Command::new("node")
        .arg(root().join("tests/browser/run.mjs"))
        .args(scripts)
        .env("CASCADE_URL", url)
        .env("ARTEFACTS", &artefacts)
        .envs(env.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is needed for browser tests");
    for line in BufReader::new(node.stdout.take().unwrap()).lines().map(Result::unwrap) {
        println!("{line}");
        hear(&line);
    }
    node.wait().unwrap().success()
}

#[tokio::test]
async fn the_page_says_which_bus_carries_while_redis_goes_and_comes_back() {
    let mut topology = Topology::new(Redis::start(), "");
    topology.add_server();
    let url = topology.servers[0].url.clone();
    let mut seen = Vec::new();
    let passed = browse(&["bus-banner"], &url, &[], |line| {
        match seen.len() {
            0 => topology.redis.kill(),
            1 => topology.redis.restart(),
            _ => {}
        }
        seen.push(line.to_owned());
    });
    assert!(passed && seen[..3] == ["over redis", "over postgres", "over redis"], "{seen:?}");
}

/// Two jobs that take as long as the file `plan` tells them to, to be put after the rest of a jobs.toml.
fn slow_jobs(plan: &str) -> String {
    let folder = root().join("tests/browser");
    let slow = std::fs::read_to_string(folder.join("slow_job.toml")).unwrap();
    slow.replace("PLAN", plan)
        .replace("SLOW_JOB", &folder.join("slow_job.py").display().to_string())
}

#[tokio::test]
async fn screens_are_accessible_and_react_warns_of_nothing() {
    let host = Host::start();
    host.settled(21).await;
    assert!(browse(&["axe", "warnings"], &host.url, &[], |_| {}), "{}", host.log());
}

#[tokio::test]
async fn tabs_share_a_stream_and_are_fresh_in_time() {
    let host = Host::start();
    host.settled(21).await;
    assert!(browse(&["freshness"], &host.url, &[], |_| {}), "{}", host.log());
}

/// A host on the sample, with what scripts change of it, by its name in their environment: a mailbox, what the slow
/// jobs do, and jobs.toml.
async fn host_to_work_with() -> (Host, [(&'static str, String); 3]) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (inbox, plan, config) = (place("inbox.mbox"), place("plan.json"), place("jobs.toml"));
    let sample = root().join("plugins/connectors_sync_cycle/sample/atlas/inbox.mbox");
    std::fs::copy(&sample, &inbox).unwrap();
    std::fs::write(&plan, "{}").unwrap();
    let text = repository_config().replace(&sample.display().to_string(), &inbox).replacen(
        "[CASCADE_CHAINS]",
        "[CASCADE_CHAINS]\nslow_job = [\"slow_after\"]",
        1,
    );
    std::fs::write(&config, format!("{text}\n{}", slow_jobs(&plan))).unwrap();
    let host = Host::start_in(folder, &[]);
    host.settled(21).await;
    (host, [("INBOX", inbox), ("PLAN", plan), ("CONFIG", config)])
}

/// The last script has the host killed and started again.
#[tokio::test]
async fn screens_follow_and_steer_what_the_host_does() {
    let (host, env) = host_to_work_with().await;
    let (url, mut host) = (host.url.clone(), Some(host));
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let scripts = ["tower", "live-card", "graph", "runs", "rewire", "job-form"];
    let passed = browse(&scripts, &url, &env, |line| match line {
        "stop" => host.as_mut().unwrap().kill(),
        "start" => host = host.take().map(Host::start_again),
        _ => {}
    });
    assert!(passed, "{}", host.unwrap().log());
}

#[tokio::test]
async fn a_mapped_edge_and_a_join_are_drawn_saved_and_seen_live() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (plan, config) = (place("plan.json"), place("jobs.toml"));
    let scripts = root().join("tests/browser");
    let text = std::fs::read_to_string(scripts.join("joins.toml")).unwrap();
    let text = text
        .replace("PLAN", &plan)
        .replace("SLOW_JOB", &scripts.join("slow_job.py").display().to_string());
    std::fs::write(&plan, "{}").unwrap();
    std::fs::write(&config, text).unwrap();
    let host = Host::start_in(folder, &[]);
    let env = [("CONFIG", config.as_str()), ("PLAN", &plan)];
    assert!(browse(&["joins"], &host.url, &env, |_| {}), "{}", host.log());
}

#[tokio::test]
async fn what_fails_is_seen_at_once_and_handled() {
    let (host, env) = host_to_work_with().await;
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert!(browse(&["problems"], &host.url, &env, |_| {}), "{}", host.log());
}

#[tokio::test]
async fn figures_are_shown_and_a_worker_is_drained() {
    let (host, env) = host_to_work_with().await;
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert!(browse(&["figures"], &host.url, &env, |_| {}), "{}", host.log());
}

/// Sixty jobs in five projects, of which one fails and one says much.
fn many_jobs() -> String {
    let mut file = "[projects]\n".to_owned();
    for slug in ["ash", "birch", "cedar", "elm", "fir"] {
        file.push_str(&format!("{slug} = {{}}\n"));
    }
    let line = r#"{\"type\":\"log\",\"level\":\"info\",\"message\":\"line %d of many\"}\n"#;
    let lines = |from: u32, to: u32| {
        format!("awk 'BEGIN {{ for (n = {from}; n <= {to}; n++) printf \"{line}\", n }}'")
    };
    for nth in 0..60 {
        let script = match nth {
            7 => "cat > /dev/null; exit 1".to_owned(),
            // Its lines are of more than one second.
            8 => format!("cat > /dev/null; {}; sleep 1.1; {}", lines(1, 1500), lines(1501, 3000)),
            _ => "cat > /dev/null".to_owned(),
        };
        file.push_str(&format!(
            "[jobs.size_{nth:02}]\nmax_attempts = 1\n[jobs.size_{nth:02}.executable]\n\
             command = [\"sh\", \"-c\", {script:?}]\n"
        ));
    }
    file
}

#[tokio::test]
async fn jobs_and_logs_at_size_are_looked_through() {
    let host = Host::start_with(&many_jobs(), &[]);
    assert!(browse(&["jobs-at-size"], &host.url, &[], |_| {}), "{}", host.log());
}

#[tokio::test]
async fn runs_are_found_by_time_and_views_are_saved() {
    let host = Host::start_with(&many_jobs(), &[]);
    assert!(browse(&["run-views"], &host.url, &[], |_| {}), "{}", host.log());
}

/// The longest name of a job and of a project's slug.
const LONGEST_NAME: usize = 64;

#[tokio::test]
async fn the_longest_names_break_no_layout() {
    let plan = tempfile::NamedTempFile::new().unwrap();
    let error = "NoSpaceInThisError".repeat(18);
    let what = json!({"steps": 1, "pause_ms": 0, "fail": error});
    std::fs::write(&plan, what.to_string()).unwrap();
    let job = "a_very_long_name_".repeat(4)[..LONGEST_NAME].to_owned();
    let project = "b".repeat(LONGEST_NAME);
    let slow = slow_jobs(&plan.path().display().to_string())
        .replace("jobs.slow_job", &format!("jobs.{job}"));
    let name = "LongProjectName".repeat(20);
    let config = repository_config()
        .replacen("[CASCADE_CHAINS]", &format!("[CASCADE_CHAINS]\n{job} = [\"slow_after\"]"), 1)
        .replacen("[projects]", &format!("[projects]\n{project} = {{ name = \"{name}\" }}"), 1);
    let host = Host::start_with(&format!("{config}\n{slow}"), &[]);
    host.settled(21).await;
    let id = host.project(&project).await;
    let run = format!("/api/jobs/{job}/run");
    let (status, answer) = host.post(&run, json!({ "project_id": id })).await;
    assert_eq!(status, 202, "{answer}");
    host.settled(22).await;
    let env = [("JOB", job.as_str()), ("PROJECT", &project)];
    assert!(browse(&["long-names"], &host.url, &env, |_| {}), "{}", host.log());
}

#[tokio::test]
async fn a_plugin_that_the_host_has_never_seen_gets_its_screens_while_the_page_is_open() {
    let library = rust_library("uptime_check").display().to_string();
    let host = Host::start_with("[projects]\none = { name = \"One\" }\n", &[]);
    let filter = json!({"name": "url", "value": "health"}).to_string();
    let env = [("JOB", "uptime_check"), ("VIEW", "uptime"), ("FILTER", &filter)];
    let passed = browse(&["generic-screens"], &host.url, &env, |line| {
        if line == "ready" {
            host.save_config(&format!(
                "plugin_files = [{library:?}]\n[http]\nallow = [\"127.0.0.1\"]\n[JOB_TO_DATA_MAP]\nuptime_check = [\"uptime\"]\n\
                 [projects]\none = {{ name = \"One\" }}\n\
                 [jobs.uptime_check]\nparams = {{ urls = [\"{}/health\", \"http://127.0.0.1:1/\"] }}\n",
                // One that answers, and one that nobody listens on.
                host.url
            ));
        }
    });
    assert!(passed, "{}", host.log());
}
