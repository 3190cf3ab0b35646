//! Commands that ask a running host: each is a separate process, as in a shell.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    host::{Host, command},
    sign_in::{self, cli},
};

/// `waits` ends when there is a file `go`, `again` fails and has another attempt, `bad` fails for good.
const CONFIG: &str = r#"
[projects]
one = {}
two = {}

[jobs.waits.executable]
command = ["sh", "-c", "echo first; while [ ! -e go ]; do sleep 0.05; done; echo '{\"type\":\"output\",\"value\":{\"n\":3}}'; echo last"]

[jobs.again]
backoff = "10m"
[jobs.again.executable]
command = ["sh", "-c", "echo first; exit 1"]

[jobs.bad.executable]
command = ["sh", "-c", "echo nothing helps >&2; exit 65"]
"#;

/// `cascade LINE --server HOST`.
fn asking(url: &str, line: &str) -> Command {
    let mut process = command();
    process.args(line.split(' ')).env("CASCADE_SERVER", url);
    process
}

/// The exit code, and what was said on both streams.
struct Said {
    code: i32,
    out: String,
    err: String,
}

fn ended(mut process: Command) -> Said {
    let output = process.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn ask(host: &Host, line: &str) -> Said {
    ended(asking(&host.url, line))
}

/// Lines of JSON.
fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn begin(host: &Host, job: &str) -> String {
    let body = json!({ "project_id": host.project("one").await });
    let (status, answer) = host.post(&format!("/api/jobs/{job}/run"), body).await;
    assert_eq!(status, 202, "{answer}");
    answer["run_id"].as_str().unwrap().to_owned()
}

async fn reaches(host: &Host, run: &str, state: &str) {
    host.wait_for(&format!("/api/jobs/runs/{run}"), |run| run["state"] == state).await;
}

fn let_go(folder: &Path) {
    std::fs::write(folder.join("go"), "").unwrap();
}

/// A command that goes on, and its output so far.
fn follow(host: &Host, line: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut process = asking(&host.url, line);
    let mut process = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(process.stdout.take().unwrap());
    (process, out)
}

fn next_line(out: &mut impl BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    line
}

#[tokio::test]
async fn a_log_is_followed_until_its_run_ends() {
    let host = Host::start_with(CONFIG, &[]);
    let run = begin(&host, "waits").await;
    let (mut process, mut out) = follow(&host, &format!("logs -f {run}"));
    assert!(next_line(&mut out).ends_with("INFO  first\n"));
    let_go(host.folder.path());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("INFO  last\n"), "{rest}");
    assert_eq!(process.wait().unwrap().code(), Some(0));

    let said = ask(&host, &format!("logs {run} --json"));
    let lines = json_lines(&said.out);
    assert_eq!(
        (lines[0]["message"].as_str(), lines[0]["level"].as_str()),
        (Some("first"), Some("info"))
    );
    assert_eq!(ask(&host, &format!("logs {run} --last 1")).out.lines().count(), 1);
    assert_eq!(ask(&host, &format!("logs {run} --level error")).out, "");

    let said = ask(&host, &format!("runs {run}"));
    assert!(said.out.contains("state     completed\n"), "{}", said.out);
    assert!(said.out.contains("\"n\": 3"), "{}", said.out);
    let told = json_lines(&ask(&host, &format!("runs {run} --json")).out);
    assert_eq!(told[0]["output"], json!({ "n": 3 }));
}

#[tokio::test]
async fn a_log_is_followed_over_a_restart_of_the_host() {
    let mut host = Host::start_with(CONFIG, &[]);
    // It waits for its next attempt, so that no worker is lost with the host.
    let run = begin(&host, "again").await;
    let (mut process, mut out) = follow(&host, &format!("logs --follow {run}"));
    assert!(next_line(&mut out).ends_with("INFO  first\n"));
    reaches(&host, &run, "retryable").await;
    host.kill();
    let host = host.start_again();
    assert_eq!(ask(&host, &format!("cancel {run}")).code, 0);
    assert_eq!(process.wait().unwrap().code(), Some(5));
}

#[tokio::test]
async fn who_stops_reading_ends_the_command() {
    let host = Host::start_with(CONFIG, &[]);
    let run = begin(&host, "waits").await;
    let (mut process, mut out) = follow(&host, &format!("logs -f {run}"));
    next_line(&mut out);
    drop(out);
    let_go(host.folder.path());
    assert_eq!(process.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[tokio::test]
async fn runs_are_listed_cancelled_and_retried() {
    let host = Host::start_with(CONFIG, &[]);
    let bad = begin(&host, "bad").await;
    reaches(&host, &bad, "failed").await;
    let waits = begin(&host, "waits").await;
    reaches(&host, &waits, "running").await;

    let said = ask(&host, "runs");
    let lines: Vec<_> = said.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", said.out);
    assert!(lines[0].starts_with("RUN ") && lines[1].starts_with(&waits), "{}", said.out);
    assert!(lines[2].contains("failed") && lines[2].contains("exit"), "{}", said.out);
    let said =
        ask(&host, "runs --project one --job bad --state failed,cancelled --since 1h --json");
    let told = json_lines(&said.out);
    assert_eq!(told.iter().map(|run| run["id"].as_str().unwrap()).collect::<Vec<_>>(), [&*bad]);
    assert_eq!(ask(&host, "runs --project two --json").out, "");
    assert_eq!(
        json_lines(&ask(&host, "runs --sort -queued_at --limit 1 --json").out)[0]["id"],
        *waits
    );
    assert!(ask(&host, "runs --limit 1").err.contains("1 of 2 runs; --page 2"));

    let said = ask(&host, &format!("logs -f {bad}"));
    assert_eq!(said.code, 5, "{}", said.err);
    assert!(said.err.contains(&format!("run {bad} failed: ")), "{}", said.err);
    let said = ask(&host, &format!("retry {bad} --wait"));
    assert_eq!(said.code, 5, "{}", said.err);
    assert!(said.out.starts_with(&format!("{bad} failed: ")), "{}", said.out);
    let said = ask(&host, &format!("retry {bad}"));
    assert_eq!((said.code, said.out), (0, format!("{bad} available\n")));
    let said = ask(&host, &format!("logs -f {waits} --timeout 10ms"));
    assert_eq!(said.code, 7, "{}", said.err);

    // The one that is not there does not keep the other from its end.
    let nobody = "00000000-0000-0000-0000-000000000000";
    let said = ask(&host, &format!("cancel {nobody} {waits}"));
    assert_eq!((said.code, said.out), (3, format!("{waits} is asked to stop\n")));
    assert!(said.err.contains(&format!("there is no run {nobody}")), "{}", said.err);
    reaches(&host, &waits, "cancelled").await;
    let said = ask(&host, &format!("cancel {waits} --json"));
    assert_eq!((said.code, said.out.as_str()), (4, ""));
    assert_eq!(json_lines(&said.err)[0]["error"]["exit_code"], 4);
    assert_eq!(ask(&host, &format!("logs -f {waits}")).code, 5);
}

#[tokio::test]
async fn a_job_is_paused_and_resumed() {
    let host = Host::start_with(CONFIG, &[]);
    let status = async |wanted: &str| {
        host.wait_for("/api/jobs/scheduler", |jobs| {
            let mut jobs = jobs["items"].as_array().unwrap().iter();
            jobs.any(|job| {
                job["job_type"] == "bad" && job["project_slug"] == "one" && job["status"] == wanted
            })
        })
        .await;
    };
    let said = ask(&host, "pause bad --project one");
    assert_eq!((said.code, said.out.as_str()), (0, "bad paused\n"));
    status("paused").await;
    let said = ask(&host, "resume bad --project one --json");
    assert_eq!(json_lines(&said.out)[0]["status"], "active");
    status("active").await;

    let said = ask(&host, "pause bad");
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("there is: one, two"), "{}", said.err);
    let said = ask(&host, "pause bad --project three");
    assert_eq!(said.code, 3, "{}", said.err);
    assert_eq!(ask(&host, "pause ../x?y --project one").code, 3);
}

#[tokio::test]
async fn what_is_wrong_has_an_exit_code() {
    let host = Host::start_with(CONFIG, &[]);
    for (line, code) in [
        ("runs --limit 0", 2),
        ("runs --sort id", 2),
        ("runs no-uuid", 2),
        ("runs --since yesterday", 2),
        ("logs 00000000-0000-0000-0000-000000000000", 3),
        ("runs 00000000-0000-0000-0000-000000000000", 3),
        ("runs --project three", 3),
        ("runs --token-file /there/is/none", 2),
        ("runs --server http://ann:secret@127.0.0.1", 2),
    ] {
        let said = ask(&host, line);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{line}: {}", said.err);
        assert!(said.err.starts_with("error: "), "{line}: {}", said.err);
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let said = ended(asking(&url, "runs"));
    assert_eq!(said.code, 6, "{}", said.err);
    assert!(said.err.contains("CASCADE_SERVER"), "{}", said.err);
    // What answers, and is no API of Cascade's.
    let said = ended(asking(&format!("{}/elsewhere", host.url), "runs"));
    assert_eq!(said.code, 1, "{}", said.err);
}

#[tokio::test]
async fn a_token_comes_from_the_environment_or_a_file() {
    let host = sign_in::start(&[]);
    let (good, said) = cli(&host, "user add vera --project one=viewer", "");
    assert!(good, "{said}");
    let (_, token) = cli(&host, "token add vera shell", "");
    let token = token.trim();

    let said = ask(&host, "runs");
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("CASCADE_TOKEN"), "{}", said.err);
    let mut process = asking(&host.url, "runs");
    process.env("CASCADE_TOKEN", token);
    assert_eq!(ended(process).code, 0);
    let mut process = asking(&host.url, "runs");
    process.env("CASCADE_TOKEN", "no-token");
    assert_eq!(ended(process).code, 4);
    let file = host.folder.path().join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let with_file = |line: &str| {
        let mut process = asking(&host.url, line);
        process.arg("--token-file").arg(&file);
        ended(process)
    };
    assert_eq!(with_file("runs").code, 0);
    // She sees one project alone, so that it need not be named; and may not pause its jobs.
    let said = with_file("pause probe");
    assert_eq!(said.code, 4, "{}", said.err);
    assert!(said.err.contains("editor"), "{}", said.err);
    for said in [said, with_file("runs --sort id")] {
        assert!(!said.err.contains(token));
    }
}

#[test]
fn shells_can_complete_what_is_typed() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let mut process = command();
        process.args(["completions", shell]);
        let said = ended(process);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains("follow"), "{shell}");
        assert!(!said.out.contains("CASCADE_TOKEN="), "{shell}");
        if shell == "bash" {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("completions");
            std::fs::write(&file, said.out).unwrap();
            let script = "source \"$1\"; COMP_WORDS=(cascade canc); COMP_CWORD=1; _cascade cascade canc cascade; echo \"${COMPREPLY[@]}\"";
            let mut bash = Command::new("bash");
            bash.args(["-c", script, "bash"]).arg(&file);
            assert_eq!(ended(bash).out.trim(), "cancel");
        }
    }
}

#[tokio::test]
async fn a_run_is_asked_for_with_args_and_waited_for() {
    let config = r#"
[projects]
one = {}
[jobs.echo.executable]
command = ["python3", "-c", """
import json, sys
args = json.load(sys.stdin)["args"]
if args.get("n") == 13: sys.exit(65)
print(json.dumps({"type": "output", "value": args}))
"""]
[jobs.echo.executable.args_schema]
type = "object"
additionalProperties = false
properties.n = { type = "integer" }
"#;
    let host = Host::start_with(config, &[]);
    let said = with_args(&host, "enqueue echo --wait --json --args", r#"{"n": 7}"#);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(json_lines(&said.out)[0]["output"], json!({ "n": 7 }));
    let said = with_args(&host, "enqueue echo --wait --timeout 60s --args", r#"{"n": 13}"#);
    assert_eq!(said.code, 5, "{}", said.err);
    let id = said.out.trim();
    assert!(said.err.contains(&format!("run {id} failed")), "{}", said.err);

    let file = host.folder.path().join("args.json");
    std::fs::write(&file, r#"{"n": 1}"#).unwrap();
    let first =
        with_args(&host, "enqueue echo --idempotency-key k --args-file", file.to_str().unwrap());
    let again =
        with_args(&host, "enqueue echo --idempotency-key k --args-file", file.to_str().unwrap());
    assert_eq!((first.code, again.code, &first.out), (0, 0, &again.out), "{}", again.err);
    assert!(again.err.contains("asked for before"), "{}", again.err);
    let said = ask(&host, "enqueue echo --run-at 1h --key later --priority 9");
    assert_eq!(said.code, 0, "{}", said.err);
    let run = host.get(&format!("/api/jobs/runs/{}", said.out.trim())).await;
    assert_eq!(run["state"], "scheduled");

    for (line, args, code) in [
        ("enqueue echo --args", r#"{"m": 1}"#, 2),
        ("enqueue echo --args", "[1]", 2),
        ("enqueue nobody --args", "{}", 3),
        ("enqueue echo --project three --args", "{}", 3),
        ("enqueue echo --args-file", "/there/is/none", 2),
        ("enqueue echo --idempotency-key k --args", r#"{"n": 2}"#, 2),
    ] {
        let said = with_args(&host, line, args);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{line}: {}", said.err);
    }
}

fn with_args(host: &Host, line: &str, args: &str) -> Said {
    let mut process = asking(&host.url, line);
    process.arg(args);
    ended(process)
}
