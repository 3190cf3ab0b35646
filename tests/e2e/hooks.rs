//! What others send to hooks of a real host.

use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    browser::browse,
    host::{Host, root},
};

const NEW: &str = "new-secret-of-the-hook";
const OLD: &str = "old-secret-of-the-hook";

const JOBS_TOML: &str = r#"
[projects]
one = {}
[secrets]
env = ["HOOK_NEW", "HOOK_OLD"]
[hooks.push]
job = "told"
scheme = "github"
secrets = ["HOOK_NEW", "HOOK_OLD"]
args = { repo = "body.repository.full_name" }
when = "headers['x-github-event'] == 'push'"
[jobs.told.executable]
command = ["sh", "-c", "grep -q acme/site"]
[jobs.told.executable.args_schema]
type = "object"
properties = { repo = { type = "string" } }
required = ["repo"]
"#;

fn start(jobs_toml: &str, env: &[(&str, &str)]) -> Host {
    let folder: TempDir = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), jobs_toml).unwrap();
    Host::start_as(&[], folder, &[], env)
}

/// By another program than ours.
pub fn hmac(secret: &str, message: &str) -> String {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", secret])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = openssl.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, message.as_bytes()).unwrap();
    drop(input);
    let said = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
    said.trim().rsplit(' ').next().unwrap().to_owned()
}

async fn send(host: &Host, secret: &str, id: &str, event: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let request = host.client.post(format!("{}/hooks/push", host.url));
    let request = request
        .header("x-hub-signature-256", format!("sha256={}", hmac(secret, &body)))
        .header("x-github-delivery", id)
        .header("x-github-event", event)
        .header("content-type", "application/json")
        // No page of ours sends this, and nobody signs in.
        .header("origin", "https://elsewhere.example")
        .header("host", "hooks.example");
    let answer = request.body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_delivery_that_is_signed_runs_once_and_again_by_hand() {
    let host = start(JOBS_TOML, &[("HOOK_NEW", NEW), ("HOOK_OLD", OLD)]);
    let body = json!({"repository": {"full_name": "acme/site"}});
    let (status, made) = send(&host, NEW, "d-1", "push", &body).await;
    assert_eq!((status, &made["outcome"]), (202, &json!("run")), "{made}");
    let run = format!("/api/jobs/runs/{}", made["run_id"].as_str().unwrap());
    let run = host.wait_for(&run, |run| run["state"] == "completed").await;
    assert_eq!(
        (&run["asked_by"], &run["args"]),
        (&json!("hook push"), &json!({"repo": "acme/site"}))
    );
    // While the secret is changed the old one is good, too; the delivery is the same.
    let (status, again) = send(&host, OLD, "d-1", "push", &body).await;
    assert_eq!((status, &again["outcome"]), (202, &json!("duplicate")));
    assert_eq!(again["run_id"], made["run_id"]);
    for (secret, event, body, wanted) in [
        ("another", "push", &body, 401),
        (NEW, "ping", &body, 200),
        (NEW, "push", &json!({"repository": 7}), 422),
    ] {
        let (status, said) = send(&host, secret, "d-2", event, body).await;
        assert_eq!(status, wanted, "{said}");
    }
    let deliveries = host.get("/api/hooks/push/deliveries").await;
    let items = deliveries["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{deliveries}");
    assert_eq!((&items[0]["outcome"], &items[0]["times"]), (&json!("refused"), &json!(2)));
    assert_eq!((&items[1]["outcome"], &items[1]["times"]), (&json!("run"), &json!(2)));
    let replay = format!("/api/hooks/push/deliveries/{}/replay", items[1]["id"].as_str().unwrap());
    let (status, by_hand) = host.post(&replay, json!({})).await;
    assert_eq!(status, 201, "{by_hand}");
    assert_ne!(by_hand["run_id"], made["run_id"]);
    let run = format!("/api/jobs/runs/{}", by_hand["run_id"].as_str().unwrap());
    host.wait_for(&run, |run| run["state"] == "completed").await;
    let metrics = host.client.get(format!("{}/metrics", host.url)).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for (outcome, count) in
        [("run", 1), ("duplicate", 1), ("unsigned", 1), ("ignored", 1), ("refused", 1)]
    {
        let line =
            format!("cascade_hook_deliveries_total{{hook=\"push\",outcome=\"{outcome}\"}} {count}");
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
    // What jobs.toml does not list is not there; what was sent stays.
    let without: Vec<_> = JOBS_TOML.split("[hooks.push]").collect();
    let (_, rest) = without[1].split_once("[jobs.told").unwrap();
    host.save_config(&format!("{}[jobs.told{rest}", without[0]));
    host.wait_for("/api/hooks", |hooks| hooks["items"] == json!([])).await;
    let (status, said) = send(&host, NEW, "d-3", "push", &body).await;
    assert_eq!((status, &said["error"]["code"]), (404, &json!("not_found")));
    assert_eq!(host.get("/api/hooks/push/deliveries").await["items"].as_array().unwrap().len(), 3);
    let (status, said) = host.post(&replay, json!({})).await;
    assert!(status == 409 && said.to_string().contains("has no hook `push` any more"), "{said}");
    let log = host.log();
    assert!(!log.contains(NEW) && !log.contains(OLD), "{log}");
}

#[tokio::test]
async fn what_is_sent_is_shown_and_run_again_from_the_browser() {
    let host = start(JOBS_TOML, &[("HOOK_NEW", NEW)]);
    assert!(browse(&["hooks"], &host.url, &[("SECRET", NEW)], |_| {}), "{}", host.log());
}

#[tokio::test]
async fn the_example_of_the_documentation_makes_a_run() {
    let page = std::fs::read_to_string(root().join("docs/hooks.md")).unwrap();
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("```").unwrap().0.to_owned()
    };
    let jobs_toml =
        block("toml").replace("\"./build-site\"", "\"sh\", \"-c\", \"cat > /dev/null\"");
    let host = start(&jobs_toml, &[("GITHUB_HOOK_SECRET", NEW)]);
    let script = block("sh").replace("http://127.0.0.1:7878", &host.url);
    let told = || {
        let shell =
            Command::new("sh").args(["-c", &script]).env("GITHUB_HOOK_SECRET", NEW).output();
        let shell = shell.unwrap();
        let text = String::from_utf8_lossy(&shell.stdout).into_owned();
        serde_json::from_str::<Value>(&text).unwrap_or_else(|_| panic!("{text} {shell:?}"))
    };
    let (made, again) = (told(), told());
    assert_eq!((&made["outcome"], &again["outcome"]), (&json!("run"), &json!("duplicate")));
    assert_eq!(made["run_id"], again["run_id"]);
    let run = format!("/api/jobs/runs/{}", made["run_id"].as_str().unwrap());
    let run = host.wait_for(&run, |run| run["state"] == "completed").await;
    assert_eq!(run["key"], "acme/site");
    assert_eq!(run["args"], json!({"repo": "acme/site", "full": false}));
}
