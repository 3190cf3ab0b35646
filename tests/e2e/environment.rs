//! What programs see of the host's environment: nothing that jobs.toml does not name.

use std::process::Command;

use cascade_test_servers::Postgres;
use serde_json::{Value, json};

use crate::host::{Host, command};

/// Looks for planted values wherever a program can: in its own environment, and in the environment,
/// command line and open files of all its ancestors up to the host.
const SEARCH: &str = r#"
import json, os, sys
planted = json.load(sys.stdin)["params"]["planted"]
found, seen = [], 0
def look(where, content):
    for value in planted:
        if value[::-1].encode() in content:
            found.append([where, value])
look("own environment", open("/proc/self/environ", "rb").read())
process = os.getpid()
while True:
    stat = open(f"/proc/{process}/stat").read()
    process = int(stat[stat.rindex(")") + 2:].split()[1])
    name = open(f"/proc/{process}/cmdline").read().split("\0")[0]
    if "cascade" not in name:
        break
    seen += 1
    folder = f"/proc/{process}"
    try:
        look("environment of " + name, open(f"{folder}/environ", "rb").read())
        look("command line of " + name, open(f"{folder}/cmdline", "rb").read())
        for number in os.listdir(f"{folder}/fd"):
            target = os.readlink(f"{folder}/fd/{number}")
            if "memfd" in target:
                look(target, open(f"{folder}/fd/{number}", "rb").read())
    except PermissionError:
        pass
print(json.dumps({"type": "result", "summary": json.dumps({
    "found": found, "seen": seen > 0, "named": os.environ.get("NAMED")})}))
"#;

/// Backwards, so that the search does not find its own params.
fn backwards(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| value.chars().rev().collect()).collect()
}

fn jobs_toml(planted: &[&str]) -> String {
    let planted = json!(backwards(planted));
    format!(
        "[secrets]\nenv = [\"NAMED\"]\n[projects]\none = {{}}\n[jobs.search]\nmax_attempts = 1\n\
         [jobs.search.params]\nplanted = {planted}\n\
         [jobs.search.executable]\ncommand = [\"python3\", \"search.py\"]\n"
    )
}

async fn search(host: &Host) -> Value {
    let body = json!({"project_id": host.project("one").await});
    let (status, answer) = host.post("/api/jobs/search/run", body).await;
    assert_eq!(status, 202, "{answer}");
    let address = format!("/api/jobs/runs/{}", answer["run_id"].as_str().unwrap());
    let ended = host.wait_for(&address, |run| !run["finished_at"].is_null()).await;
    serde_json::from_str(ended["summary"].as_str().unwrap_or_else(|| panic!("{ended:#}"))).unwrap()
}

#[tokio::test]
async fn a_program_finds_no_secret_of_the_host_in_proc() {
    let server = Postgres::start();
    let database = server.database();
    let planted = ["planted-redis", "planted-oidc", "planted-cloud", "planted-header", &database];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("search.py"), SEARCH).unwrap();
    std::fs::write(folder.path().join("jobs.toml"), jobs_toml(&planted)).unwrap();
    let env = [
        ("DATABASE_URL", database.as_str()),
        ("REDIS_URL", "redis://:planted-redis@127.0.0.1:9/"),
        ("CASCADE_OIDC_CLIENT_SECRET", "planted-oidc"),
        ("CLOUD_KEY", "planted-cloud"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=planted-header"),
        ("NAMED", "given"),
    ];
    let host = Host::start_as(&["run"], folder, &[], &env);
    let found = search(&host).await;
    assert_eq!(found, json!({"found": [], "seen": true, "named": "given"}));
}

#[test]
fn starting_again_keeps_arguments_streams_and_exit_codes() {
    let run = |arguments: &[&str]| {
        let output = command().args(arguments).env("CLOUD_KEY", "x").output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run(&["run", "--config", "a file that is not there.toml"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("a file that is not there.toml"), "{said}");
    // A mark that somebody else set neither hides nor loops nor closes a file that is not ours.
    let output = command()
        .args(["run", "--config", "nowhere.toml"])
        .env("CASCADE_HIDDEN_ENVIRONMENT", "2")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere.toml"));
}

#[test]
fn a_password_that_only_the_environment_has_still_opens_the_database() {
    let server = Postgres::start();
    let url = server.database();
    let (before, after) = url.split_once("://").unwrap();
    let (user, rest) = after.split_once('@').unwrap();
    let (user, password) = user.split_once(':').unwrap_or((user, "any"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), "[projects]\none = {}\n").unwrap();
    let mut process: Command = command();
    process.args(["run", "--listen", "127.0.0.1:0"]);
    process.env("DATABASE_URL", format!("{before}://{user}@{rest}")).env("PGPASSWORD", password);
    Host::start_by(process, folder);
}
