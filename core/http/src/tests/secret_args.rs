//! Secrets that edges, joins and hooks give to runs.

use serde_json::{Value, json};

use super::Bench;
use crate::middleware::auth::SignIn;

const GIVEN: &str = "
[jobs.first.executable]
command = [\"true\"]
[jobs.second.executable]
command = [\"true\"]
[jobs.work.keys.\"customer-name\"]
runs_per_key = 2
[http]
allow = [\"inside.example\"]
[secrets]
env = [\"HOME\"]
[CASCADE_CHAINS]
first = [{ job = \"work\", args = { token = \"'s3cret-edge'\", level = \"1\" } }]
[CASCADE_JOINS]
work = { all_of = [\"first\", \"second\"], args = { token = \"'s3cret-join'\" } }
[hooks.push]
job = \"work\"
scheme = \"github\"
secrets = [\"HOME\"]
project = \"p0\"
args = { token = \"'s3cret-hook'\" }
";

async fn ask(bench: &Bench, method: &str, path: &str, body: Option<Value>, token: &str) -> Value {
    let (status, said) = bench.ask(method, path, Some(token), body).await;
    assert_eq!(status, 200, "{path}: {said}");
    assert!(!said.contains("s3cret"), "{path}: {said}");
    serde_json::from_str(&said).unwrap()
}

#[tokio::test]
async fn they_are_in_no_answer_and_stay_in_the_file() {
    let bench = Bench::with_more(1, SignIn::Required, GIVEN).await;
    let admin = bench.admin().await;
    let admin = admin.reveal();
    let path = "/api/jobs/config";
    let config = ask(&bench, "GET", path, None, admin).await;
    assert_eq!(config["edges"]["first"][0]["args"], json!({"token": "***", "level": "1"}));
    assert_eq!(config["http"]["allow"], json!(["inside.example"]));
    let listed = ask(&bench, "GET", "/api/jobs/scheduler", None, admin).await;
    assert!(listed.to_string().contains("\"token\":\"***\""), "{listed}");
    let hooks = ask(&bench, "GET", "/api/hooks", None, admin).await;
    assert_eq!(hooks["items"][0]["args"], json!({"token": "***"}));

    // As it was shown, it is saved as it was.
    let file = || std::fs::read_to_string(bench.server.config.path()).unwrap();
    let before = file();
    let shown = ask(&bench, "GET", "/api/jobs/config/text", None, admin).await;
    let body = json!({"text": shown["text"], "base_revision": shown["revision"]});
    ask(&bench, "PUT", "/api/jobs/config/text", Some(body), admin).await;
    assert_eq!(file(), before);

    // An edge as it was shown can be tried.
    let edge = config["edges"]["first"][0].clone();
    let body = json!({"job": "first", "edge": edge});
    ask(&bench, "POST", "/api/edges/preview", Some(body), admin).await;

    let member = bench.viewer_of_first().await;
    let config = ask(&bench, "GET", path, None, &member).await;
    assert_eq!(config["edges"]["first"][0]["args"]["token"], "***");
    assert!(!config.to_string().contains("inside.example"), "{config}");
    assert!(!config.to_string().contains("customer-name"), "{config}");
}
