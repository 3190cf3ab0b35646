//! Job types that are programs of their own.

use std::path::Path;

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use crate::{
    host::{Host, command, root},
    topology::Topology,
};

/// A host with one job, `program`, that is `script` in Python.
fn start(script: &str, executable: &str, job: &str) -> Host {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.py"), script).unwrap();
    let config = format!(
        "[projects]\none = {{}}\n[jobs.program]\n{job}\n\
         [jobs.program.executable]\ncommand = [\"python3\", \"job.py\"]\n{executable}\n"
    );
    std::fs::write(folder.path().join("jobs.toml"), config).unwrap();
    Host::start_as(&[], folder, &[], &[("SECRET_OF_THE_HOST", "s3cret")])
}

async fn begin(host: &Host) -> String {
    let body = json!({"project_id": host.project("one").await});
    let (status, answer) = host.post("/api/jobs/program/run", body).await;
    assert_eq!(status, 202, "{answer}");
    let runs = host.wait_for("/api/jobs/runs?per_page=1", |page| {
        let run = &page["items"][0];
        run["state"] == "running" || !run["finished_at"].is_null()
    });
    format!("/api/jobs/runs/{}", runs.await["items"][0]["id"].as_str().unwrap())
}

async fn end_of(host: &Host, run: &str) -> Value {
    host.wait_for(run, |run| !run["finished_at"].is_null()).await
}

async fn log(host: &Host, run: &str) -> Vec<String> {
    let log = host.get(&format!("{run}/logs")).await;
    let line = |line: &Value| {
        format!("{} {}", line["level"].as_str().unwrap(), line["message"].as_str().unwrap())
    };
    log["items"].as_array().unwrap().iter().map(line).collect()
}

fn exists(process: &str) -> bool {
    // A process that has ended but is not yet reaped has no command line.
    let line = std::fs::read(Path::new("/proc").join(process.trim()).join("cmdline"));
    line.is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn it_is_told_its_params_and_what_it_says_is_kept() {
    let script = r#"
import json, os, sys
told = json.load(sys.stdin)
print(json.dumps({"type": "log", "level": "warn", "message": "careful", "fields": {"a": 1}}))
print("a plain line")
print('{"type":"no such type"}')
print("on standard error", file=sys.stderr)
print(json.dumps({"type": "progress", "fraction": 0.5, "message": "half"}), flush=True)
seen = {name: os.environ.get(name) for name in ["SECRET_OF_THE_HOST", "GIVEN", "CASCADE_PROJECT"]}
same = os.environ["CASCADE_RUN_ID"] == told["run_id"]
print(json.dumps({"type": "result", "summary": json.dumps([
    told["job_type"], told["project"]["slug"], told["attempt"], told["params"], seen, same])}))
"#;
    let executable = "env = { GIVEN = \"yes\" }\n\
        [jobs.program.executable.params_schema]\nadditionalProperties = false\n\
        properties.to = { type = \"string\" }\nproperties.times = { type = \"integer\", default = 3 }";
    let host = start(script, executable, "");
    host.set_params("program", json!({"to": "Ann"})).await;
    let run = begin(&host).await;
    let ended = end_of(&host, &run).await;
    let summary: Value = serde_json::from_str(ended["summary"].as_str().unwrap()).unwrap();
    let seen = json!({"SECRET_OF_THE_HOST": null, "GIVEN": "yes", "CASCADE_PROJECT": "one"});
    // Defaults of the schema are filled in: a program has nothing that would do it.
    assert_eq!(summary, json!(["program", "one", 1, {"to": "Ann", "times": 3}, seen, true]));
    assert_eq!(ended["progress"], json!({"fraction": 0.5, "message": "half"}));
    let said = log(&host, &run).await;
    for line in ["warn careful", "info a plain line", "warn on standard error"] {
        assert!(said.iter().any(|said| said == line), "{line:?} is not in {said:?}");
    }
    assert!(said.iter().any(|line| line.starts_with("warn not understood")), "{said:?}");
}

#[tokio::test]
async fn it_gives_its_output_to_the_program_that_it_triggers_and_snoozes_until_it_has_one() {
    let script = r#"
import json, os, sys
told = json.load(sys.stdin)
if not os.path.exists("snoozed"):
    open("snoozed", "w").close()
    print(json.dumps({"type": "row", "data": {}}))
    print(json.dumps({"type": "snooze", "after_ms": 1}))
    sys.exit(1)
print(json.dumps({"type": "output", "value": {"ids": [1]}}))
print(json.dumps({"type": "output", "value": {"ids": [7, 8], "attempt": told["attempt"]}}))
"#;
    let executable = r#"
[jobs.program.executable.output_schema]
required = ["ids"]
[jobs.after.executable]
command = ["sh", "-c", """cat > told; echo '{"type":"output","value":7}'"""]
[jobs.after.executable.args_schema]
properties.full = { type = "boolean", default = true }
[jobs.after.executable.output_schema]
type = "string"
[CASCADE_CHAINS]
program = ["after"]
"#;
    let host = start(script, executable, "max_attempts = 1");
    let body = json!({"project_id": host.project("one").await});
    let (_, asked) = host.post("/api/jobs/program/run", body).await;
    let run = format!("/api/jobs/runs/{}", asked["run_id"].as_str().unwrap());
    let ended = end_of(&host, &run).await;
    assert_eq!((&ended["state"], &ended["attempt"]), (&json!("completed"), &json!(1)), "{ended:#}");
    assert_eq!(ended["output"], json!({"ids": [7, 8], "attempt": 1}));
    assert_eq!(log(&host, &run).await, ["info snoozed for 1s"]);

    let after = host
        .wait_for("/api/jobs/runs?job_type=after", |page| {
            !page["items"][0]["finished_at"].is_null()
        })
        .await;
    let after = &after["items"][0];
    assert_eq!((&after["state"], &after["attempt"]), (&json!("failed"), &json!(1)));
    let error = after["error"].as_str().unwrap();
    assert!(error.starts_with("`output` is not as its output_schema says"), "{error}");
    let told = std::fs::read_to_string(host.folder.path().join("told")).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["args"], json!({"full": true}));
    assert_eq!(told["scheduled_for"], Value::Null, "a cascade is no timer");
    let upstream = json!([{"run_id": ended["id"], "job": "program", "output": ended["output"]}]);
    assert_eq!(told["upstream"], upstream);
}

#[tokio::test]
async fn its_exit_status_says_whether_it_is_tried_again() {
    let script = "
import json, sys
told = json.load(sys.stdin)
if told['attempt'] == told['params'].get('good_at'):
    sys.exit(0)
if 'says' in told['params']:
    print(json.dumps({'type': 'error', **told['params']['says']}))
sys.exit(told['params']['code'])
";
    let host = start(script, "", "max_attempts = 2\nbackoff = \"1ms\"");
    for (params, state, attempt, error) in [
        (json!({"code": 1, "good_at": 2}), "completed", 2, None),
        (json!({"code": 1}), "failed", 2, Some("exit status 1")),
        (json!({"code": 65}), "failed", 1, Some("exit status 65")),
        (
            json!({"code": 1, "says": {"message": "no", "retry": false}}),
            "failed",
            1,
            Some("no (exit status 1)"),
        ),
        (
            json!({"code": 64, "good_at": 2, "says": {"message": "later", "retry": true, "after_ms": 1}}),
            "completed",
            2,
            None,
        ),
    ] {
        host.set_params("program", params.clone()).await;
        let run = begin(&host).await;
        let ended = end_of(&host, &run).await;
        assert_eq!(
            (&ended["state"], &ended["attempt"]),
            (&json!(state), &json!(attempt)),
            "{params}"
        );
        if let Some(error) = error {
            assert_eq!(ended["error"], error, "{params}");
        }
    }
}

#[tokio::test]
async fn a_cancelled_one_gets_sigterm_and_may_tidy_up() {
    let script = "
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path('tidied').touch()
    sys.exit(1)
signal.signal(signal.SIGTERM, stop)
print('waiting', flush=True)
time.sleep(3600)
";
    let host = start(script, "", "");
    let run = begin(&host).await;
    host.wait_for(&format!("{run}/logs"), |log| log["items"][0]["message"] == "waiting").await;
    host.post(&format!("{run}/cancel"), json!({})).await;
    assert_eq!(end_of(&host, &run).await["state"], "cancelled");
    assert!(host.folder.path().join("tidied").exists());
}

#[tokio::test]
async fn one_that_ignores_its_time_out_is_killed_with_all_its_children() {
    let script = "
import os, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(['sleep', '3600'], preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))
print(os.getpid(), child.pid, flush=True)
time.sleep(3600)
";
    let host = start(script, "", "timeout = \"2s\"\nmax_attempts = 1");
    let run = begin(&host).await;
    let log = host.wait_for(&format!("{run}/logs"), |log| !log["items"][0].is_null()).await;
    let pids = log["items"][0]["message"].as_str().unwrap().to_owned();
    assert!(pids.split(' ').all(exists), "{pids}");
    let ended = end_of(&host, &run).await;
    assert_eq!(ended["error"], "timed out after 2s", "{ended:#}");
    let began = std::time::Instant::now();
    while pids.split(' ').any(exists) {
        assert!(began.elapsed() < crate::host::PATIENCE, "still there: {pids}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_cost_the_run_nothing() {
    let script = r#"
import sys
sys.stdout.buffer.write(b'caf\xe9\r\n{"type":"result","summary":"\xff fine"}\n')
sys.stderr.buffer.write(b'\xfe on standard error, and no end')
"#;
    let host = start(script, "", "max_attempts = 1");
    let run = begin(&host).await;
    let ended = end_of(&host, &run).await;
    assert_eq!(
        (&ended["state"], &ended["summary"]),
        (&json!("completed"), &json!("\u{fffd} fine"))
    );
    let mut said = log(&host, &run).await;
    said.sort();
    assert_eq!(said, ["info caf\u{fffd}", "warn \u{fffd} on standard error, and no end"]);
}

#[tokio::test]
async fn limits_hold() {
    let script = "
import json, sys
params = json.load(sys.stdin)['params']
if params['take'] == 'memory':
    held = bytearray(2 * 2**30)
elif params['take'] == 'files':
    held = [open('/dev/null') for _ in range(100)]
elif params['take'] == 'space':
    open('big', 'wb').write(bytes(2**20))
else:
    while True:
        pass
";
    let limits =
        "limits = { memory = \"512MiB\", cpu = \"1s\", open_files = 32, file_size = \"64KiB\" }";
    let host = start(script, limits, "max_attempts = 1");
    for (take, said) in [
        ("memory", "MemoryError"),
        ("files", "Too many open files"),
        ("space", "File too large"),
        ("time", ""),
    ] {
        host.set_params("program", json!({"take": take})).await;
        let run = begin(&host).await;
        let ended = end_of(&host, &run).await;
        assert_eq!(ended["state"], "failed", "{take}: {ended:#}");
        if take == "time" {
            let error = ended["error"].as_str().unwrap();
            assert!(error.contains("over its limit of processor time"), "{error}");
        }
        let said_all = log(&host, &run).await.join("\n");
        assert!(said_all.contains(said), "{take}: {said:?} is not in\n{said_all}");
    }
}

const ROWS: &str = "
import json, pathlib, sys
plan = json.loads(pathlib.Path(__file__).with_name('plan.json').read_text())
for row in plan['rows']:
    print(json.dumps({'type': 'row', **row}))
sys.exit(plan.get('code', 0))
";
const ROWS_VIEW: &str = "[jobs.program.executable.view]\nkey = \"shown\"\nkeep = 3\n\
    row_schema = { properties = { n = { type = \"integer\" } } }";

/// `folder` is that of the script, which finds there what it is to print.
async fn keeps_rows(host: &Host, folder: &Path) {
    let show = |query: &'static str| async move {
        let page = host.get(&format!("/api/data/shown?{query}")).await;
        let n = |row: &Value| row["n"].as_i64().unwrap();
        let rows: Vec<i64> = page["items"].as_array().unwrap().iter().map(n).collect();
        (rows, page["total"].as_u64().unwrap())
    };
    let run = async |plan: Value| {
        std::fs::write(folder.join("plan.json"), plan.to_string()).unwrap();
        let run = begin(host).await;
        end_of(host, &run).await
    };
    run(json!({"rows": [{"key": "a", "data": {"n": 10}}, {"key": "b", "data": {"n": 9}}]})).await;
    assert_eq!(show("sort=n").await, (vec![9, 10], 2));
    run(json!({"rows": [{"key": "a", "data": {"n": 11}}, {"data": {"n": 1}}]})).await;
    assert_eq!(show("sort=-n").await, (vec![11, 9, 1], 3));
    assert_eq!(show("sort=-n&per_page=1&page=2").await, (vec![9], 3));
    assert_eq!(show("search=11").await, (vec![11], 1));
    let failed = run(json!({"rows": [{"key": "a", "data": {"n": 99}}], "code": 65})).await;
    assert_eq!((&failed["state"], show("sort=n").await), (&json!("failed"), (vec![1, 9, 11], 3)));
    run(json!({"rows": [{"data": {"n": 2}}]})).await;
    assert_eq!(show("sort=n").await.1, 3, "the oldest went");
}

#[tokio::test]
async fn its_rows_are_shown_replaced_by_key_and_kept_only_if_it_succeeds() {
    let host = start(ROWS, ROWS_VIEW, "");
    keeps_rows(&host, host.folder.path()).await;

    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("job.py");
    std::fs::write(&script, ROWS).unwrap();
    let config = format!(
        "[projects]\none = {{}}\n[jobs.program.executable]\n\
         command = [\"python3\", {:?}]\n{ROWS_VIEW}\n",
        script.display().to_string()
    );
    let mut topology = Topology::new(Redis::start(), &config);
    topology.add_server();
    topology.add_worker(&[]);
    keeps_rows(&topology.servers[0], folder.path()).await;
}

#[tokio::test]
async fn the_python_example_runs() {
    let folder = tempfile::tempdir().unwrap();
    let example = root().join("plugins/other_languages");
    let config = std::fs::read_to_string(example.join("disk_space.toml")).unwrap();
    let config = config.replace("plugins/other_languages", &example.display().to_string());
    std::fs::write(folder.path().join("jobs.toml"), config).unwrap();
    let host = Host::start_in(folder, &[]);
    let runs = host.settled(1).await;
    assert_eq!(runs[0]["state"], "completed", "{:#}", runs[0]);
    let page = host.get("/api/data/disk_space?sort=-free_gib").await;
    assert_eq!(page["items"][0]["path"], "/", "{page:#}");
    assert!(page["items"][0]["free_gib"].as_f64() > Some(0.0));
}

#[test]
fn mistakes_in_its_description_are_told_by_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.toml");
    let text = "[jobs.a.executable]\ndescription = \"no command\"\n\
        [jobs.b.executable]\ncommand = [\"b\"]\nlimits = { memory = \"lots\", cpus = 1 }\n\
        [jobs.c.executable]\ncommand = [\"c\"]\nparams_schema = { type = 7 }\nview = {}\n\
        [jobs.health_scoring.executable]\ncommand = [\"d\"]\n";
    std::fs::write(&file, text).unwrap();
    let output = command().arg("check").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    for part in [
        "`jobs.a.executable` needs a `command`",
        "jobs.toml:5:21",
        "bad size \"lots\"",
        "did you mean `cpu`?",
        "no JSON Schema",
        "jobs.toml:8:17",
        "needs a `key`",
        "jobs.toml:10:7",
        "`health_scoring`",
    ] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}
