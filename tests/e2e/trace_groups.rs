//! Many runs of one cause: their group with counts, its pages, and one retry of all that failed, on the real binary.

use serde_json::{Value, json};

use crate::{browser::browse, host::Host};

/// Of nothing.
const NIL: &str = "00000000-0000-0000-0000-000000000000";

/// `fan` makes 25 runs of `child`, of which five fail until the file `FIXED` is there, and of `grandchild` each has
/// one; `slow_fan` makes 21 that wait or run until they are cancelled.
fn jobs(fixed: &str) -> String {
    let items: Vec<_> = (0..25).map(|n| json!({ "n": n, "bad": n % 5 == 0 })).collect();
    let output = json!({ "type": "output", "value": { "items": items } });
    let many: Vec<_> = (0..21).collect();
    let slow = json!({ "type": "output", "value": { "items": many } });
    format!(
        r#"
[projects]
one = {{ name = "One" }}

[CASCADE_CHAINS]
fan = [{{ job = "child", each = "output.items", args = {{ n = "item.n", bad = "item.bad" }} }}]
child = [{{ job = "grandchild", key = "string(args.n)" }}]
slow_fan = [{{ job = "slow", each = "output.items" }}, "after"]
slow = [{{ job = "after", on = "always" }}]

[jobs.fan.executable]
command = ["sh", "-c", """cat > /dev/null; echo '{output}'"""]
[jobs.child]
max_attempts = 1
[jobs.child.executable]
command = ["sh", "-c", """if grep -Eq '"args":.?.?"bad":.?true' && [ ! -e {fixed} ]; then echo out of paper >&2; exit 1; fi"""]
[jobs.child.executable.args_schema]
type = "object"
properties.n = {{ type = "integer" }}
properties.bad = {{ type = "boolean" }}
[jobs.grandchild.executable]
command = ["sh", "-c", "cat > /dev/null"]
[jobs.slow_fan.executable]
command = ["sh", "-c", """cat > /dev/null; echo '{slow}'"""]
[jobs.slow]
concurrency = 2
[jobs.slow.executable]
command = ["sh", "-c", "cat > /dev/null; exec sleep 600"]
[jobs.after.executable]
command = ["sh", "-c", "cat > /dev/null; exec sleep 600"]
"#
    )
}

async fn run(host: &Host, job: &str) -> String {
    let body = json!({ "project_id": host.project("one").await });
    let (_, asked) = host.post(&format!("/api/jobs/{job}/run"), body).await;
    asked["run_id"].as_str().unwrap().to_owned()
}

async fn group(host: &Host, fan: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let address = format!("/api/jobs/runs/{fan}/cascade?grouped=true");
    let tree = host.wait_for(&address, |tree| fits(&tree["groups"][0]["states"])).await;
    tree["groups"][0].clone()
}

#[tokio::test]
async fn many_runs_are_one_group_and_all_failed_ones_are_retried_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let fixed = folder.path().join("fixed");
    let host = Host::start_with(&jobs(&fixed.display().to_string()), &[]);
    let fan = run(&host, "fan").await;
    let over = |states: &Value| states["completed"] == 20 && states["failed"] == 5;
    let found = group(&host, &fan, over).await;
    assert_eq!(
        (&found["job_type"], &found["total"], &found["parent"]),
        (&json!("child"), &json!(25), &json!(fan))
    );
    assert!(!found["finished_at"].is_null(), "{found}");
    let tree = host.get(&format!("/api/jobs/runs/{fan}/cascade?grouped=true")).await;
    assert_eq!(tree["items"].as_array().unwrap().len(), 1, "{tree}");
    // What the runs of the group have caused is counted.
    let all = host
        .wait_for(&format!("/api/jobs/runs/{fan}/cascade"), |all| {
            all["items"].as_array().unwrap().len() == 46
        })
        .await;
    assert!(all["groups"].is_null(), "as before, without groups: {all}");
    let grouped = format!("/api/jobs/runs/{fan}/cascade?grouped=true");
    let tree = host.wait_for(&grouped, |tree| tree["states"]["completed"] == 41).await;
    assert_eq!(tree["hidden"], 20);

    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let address = format!("/api/jobs/runs/{fan}/children?job_type=child&limit=10{after}");
        let page = host.get(&address).await;
        let items = page["items"].as_array().unwrap().iter();
        seen.extend(items.map(|run| run["args"]["n"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (0..25).collect::<Vec<_>>());
    let failed = host.get(&format!("/api/jobs/runs/{fan}/children?state=failed")).await;
    let one = failed["items"][0]["id"].as_str().unwrap();
    assert_eq!(failed["items"].as_array().unwrap().len(), 5);
    // The page of one of them has it, and what caused it.
    let of_one = host.get(&format!("/api/jobs/runs/{one}/cascade?grouped=true")).await;
    let ids: Vec<_> =
        of_one["items"].as_array().unwrap().iter().map(|item| &item["run"]["id"]).collect();
    assert_eq!(ids, [&json!(fan), &json!(one)]);

    std::fs::write(&fixed, "").unwrap();
    let filter = json!({ "parent_id": fan, "job_types": ["child"], "states": ["failed"] });
    let body = json!({ "action": "retry", "filter": filter });
    let (_, count) = host.post("/api/jobs/runs/matching/count", body).await;
    assert_eq!(count["count"], 5, "{count}");
    let body = json!({ "action": "retry", "filter": filter, "expect": 5 });
    let (status, answer) = host.post("/api/jobs/runs/matching", body).await;
    assert_eq!(status, 202, "{answer}");
    group(&host, &fan, |states| states["completed"] == 25).await;
    let (status, refused) = host
        .post(
            "/api/jobs/runs/matching/count",
            json!({ "action": "retry", "filter": { "parent_id": NIL } }),
        )
        .await;
    assert_eq!(status, 404, "{refused}");
}

#[tokio::test]
async fn a_group_is_unfolded_retried_and_cancelled_on_screen() {
    let folder = tempfile::tempdir().unwrap();
    let fixed = folder.path().join("fixed").display().to_string();
    let host = Host::start_with(&jobs(&fixed), &[]);
    let fan = run(&host, "fan").await;
    group(&host, &fan, |states| states["completed"] == 20 && states["failed"] == 5).await;
    let env = [("FAN", fan.as_str()), ("FIXED", &fixed)];
    assert!(browse(&["trace-groups"], &host.url, &env, |_| {}), "{}", host.log());
}
