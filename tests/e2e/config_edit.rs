//! jobs.toml edited from the browser: checked, saved, kept, taken back; never over another's change.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::host::{Host, repository_config};

async fn put(host: &Host, body: Value) -> (u16, Value) {
    let request = host.client.put(format!("{}/api/jobs/config/text", host.url)).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn on_disk(host: &Host) -> String {
    std::fs::read_to_string(host.folder.path().join("jobs.toml")).unwrap()
}

#[tokio::test]
async fn an_edge_is_taken_out_saved_and_put_back_by_undo() {
    let host = Host::start();
    host.settled(21).await;
    let file = host.folder.path().join("jobs.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let first = host.get("/api/jobs/config/text").await;
    assert_eq!((&first["text"], &first["writable"]), (&json!(repository_config()), &json!(true)));
    assert_eq!(host.get("/api/jobs/config").await["revision"], first["revision"]);

    let edit = json!({"text": first["text"], "edits": [{
        "op": "remove_from_list", "path": ["CASCADE_CHAINS", "health_scoring"],
        "value": "analytics_aggregates",
    }]});
    let (status, edited) = host.post("/api/jobs/config/edit", edit).await;
    assert_eq!(status, 200, "{edited}");
    let expected = repository_config().replace("health_scoring = [\"analytics_aggregates\"]\n", "");
    assert_eq!(edited["text"], expected, "comments and order stay, the empty list goes");
    let (_, checked) = host.post("/api/jobs/config/check", edited.clone()).await;
    assert_eq!(checked["diagnostics"], json!([]));
    assert!(checked["chains"]["health_scoring"].is_null() && checked["jobs"].is_object());
    assert_eq!(on_disk(&host), repository_config(), "nothing is saved yet");

    let save = json!({
        "text": edited["text"], "base_revision": first["revision"], "comment": "too often",
    });
    let (status, saved) = put(&host, save).await;
    assert_eq!(status, 200, "{saved}");
    assert_eq!(on_disk(&host), expected);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    let config = |revision: Value| {
        let host = &host;
        async move { host.wait_for("/api/jobs/config", |c| c["revision"] == revision).await }
    };
    let now = config(saved["revision"].clone()).await;
    assert!(now["CASCADE_CHAINS"]["health_scoring"].is_null() && now["rejected"].is_null());
    let history = host.get("/api/jobs/config/history").await;
    let items = history["items"].as_array().unwrap();
    assert_eq!(history["total"], 2);
    assert_eq!((&items[0]["origin"], &items[0]["comment"]), (&json!("ui"), &json!("too often")));
    assert_eq!((&items[1]["origin"], &items[1]["by"]), (&json!("file"), &Value::Null));

    let path = format!("/api/jobs/config/history/{}", items[1]["revision"].as_str().unwrap());
    let old = host.get(&path).await;
    let undo = json!({"text": old["text"], "base_revision": saved["revision"]});
    let (status, undone) = put(&host, undo).await;
    assert_eq!((status, &undone["revision"]), (200, &first["revision"]));
    config(first["revision"].clone()).await;
    assert_eq!(host.get("/api/jobs/config/history").await["total"], 3);
    assert_eq!(on_disk(&host), repository_config());
}

#[tokio::test]
async fn another_s_change_is_not_overwritten_and_a_bad_text_not_written() {
    let host = Host::start();
    let first = host.get("/api/jobs/config/text").await;
    let mine = repository_config().replace("every = \"15m\"", "every = \"20m\"");
    let theirs = repository_config().replace("every = \"15m\"", "every = \"30m\"");

    let bad = repository_config().replace("every = \"15m\"", "every = \"often\"");
    let (status, answer) =
        put(&host, json!({"text": bad, "base_revision": first["revision"]})).await;
    assert_eq!((status, &answer["error"]["code"]), (422, &json!("invalid")));
    let problem = &answer["diagnostics"][0];
    let (_, checked) = host.post("/api/jobs/config/check", json!({"text": bad})).await;
    assert_eq!(&checked["diagnostics"][0], problem, "one check for all");
    assert!(checked["chains"].is_null());
    let line = bad.lines().position(|line| line == "every = \"often\"").unwrap() + 1;
    assert_eq!(
        [&problem["line"], &problem["column"], &problem["end_line"], &problem["end_column"]],
        [&json!(line), &json!(9), &json!(line), &json!(16)]
    );
    assert_eq!(on_disk(&host), repository_config());

    host.save_config(&theirs);
    let save = json!({"text": mine, "base_revision": first["revision"]});
    let (status, answer) = put(&host, save).await;
    assert_eq!((status, &answer["error"]["code"]), (409, &json!("conflict")));
    assert_eq!(answer["text"], theirs);
    assert_eq!(on_disk(&host), theirs);
    let path = "/api/jobs/config/history";
    let history = host.wait_for(path, |history| history["total"] == 2).await;
    assert_eq!(history["items"][0]["revision"], answer["revision"], "an edit on disk is kept too");
    assert_eq!(history["items"][0]["origin"], "file");

    let again = json!({"text": mine, "base_revision": answer["revision"]});
    assert_eq!(put(&host, again).await.0, 200);
    host.wait_for("/api/jobs/config", |config| {
        config["jobs"]["connectors_sync_cycle"]["schedule"] == "every 20m"
    })
    .await;

    let file = host.folder.path().join("jobs.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let now = host.get("/api/jobs/config/text").await;
    assert_eq!(now["writable"], false);
    let (status, answer) =
        put(&host, json!({"text": theirs, "base_revision": now["revision"]})).await;
    assert_eq!((status, &answer["error"]["code"]), (403, &json!("not_writable")));
    assert_eq!(on_disk(&host), mine);
}

#[tokio::test]
async fn an_editor_learns_what_the_file_may_say() {
    let host = Host::start();
    let known = host.get("/api/jobs/config/completions").await;
    let keys = known["keys"].as_array().unwrap();
    let key = |path: &str| keys.iter().find(|key| key["path"] == path).unwrap();
    assert_eq!(key("jobs.*.every")["type"], "duration");
    assert_eq!(key("jobs.kag_v2_recommendations_refresh.params.most")["type"], "integer");
    assert_eq!(key("jobs.connectors_sync_cycle.params.sources")["type"], "list");
    let has = |list: &str, name: &str| {
        assert!(known[list].as_array().unwrap().contains(&json!(name)), "{list}: {name}");
    };
    has("jobs", "health_scoring");
    has("data_keys", "portfolio");
    has("projects", "atlas");
    has("time_zones", "Europe/Berlin");
    let schema = host.get("/api/jobs/config/schema").await;
    let job = &schema["properties"]["jobs"]["additionalProperties"]["properties"];
    assert_eq!(
        (&job["timeout"]["title"], &job["timeout"]["default"]),
        (&json!("Timeout"), &json!("10m"))
    );
    let (status, answer) =
        host.post("/api/jobs/config/edit", json!({"text": "a = [", "edits": []})).await;
    assert_eq!(status, 400);
    assert!(answer["error"]["message"].as_str().unwrap().contains("not TOML"), "{answer}");
}
