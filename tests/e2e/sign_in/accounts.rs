//! Links, passwords, cookies, roles, tokens, and the log of all of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cascade_test_servers::Redis;
use serde_json::{Value, json};

use super::{Browser, answer, cli, link, start, start_in};
use crate::{
    host::{Host, PATIENCE, command, repository_config},
    topology::Topology,
};

const PASSWORD: &str = "a long enough password";

#[tokio::test]
async fn cargo_run_needs_no_typing_and_its_link_is_good_once() {
    let host = start(&[]);
    let link = link(&host);
    let owner = Browser::by_link(&host, &link).await;
    let (status, session) = owner.get(&host, "/api/session").await;
    assert_eq!((status, &session["user"]["name"]), (200, &json!("owner")));
    assert_eq!(session["user"]["admin"], true);
    let used = host.client.post(format!("{}/api/session/link", host.url));
    assert_eq!(answer(used.json(&json!({ "link": link }))).await.0, 401);

    // Everything but the way in is shut for others.
    for path in
        ["/api/projects", "/jobs/scheduler", "/api/events/stream", "/api/audit", "/api/data"]
    {
        let request = host.client.get(format!("{}{path}", host.url));
        assert_eq!(answer(request).await.0, 401, "{path}");
    }
    let health = host.client.get(format!("{}/health", host.url));
    assert_eq!(answer(health).await.0, 200);
}

#[tokio::test]
async fn a_request_from_another_site_or_without_the_token_changes_nothing() {
    let host = start(&[]);
    let owner = Browser::by_link(&host, &link(&host)).await;
    let project = owner.get(&host, "/api/projects").await.1["items"][0]["id"].clone();
    let body = json!({ "project_id": project });
    let pause =
        |browser: &Browser| browser.request(&host, "POST", "/api/jobs/probe/pause").json(&body);
    let without = Browser { csrf: String::new(), ..owner.clone() };
    assert_eq!(answer(pause(&without)).await.0, 403);
    let wrong = Browser { csrf: "x".repeat(43), ..owner.clone() };
    assert_eq!(answer(pause(&wrong)).await.0, 403);
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(answer(pause(&owner).header(name, value)).await.0, 403, "{name}");
    }
    // A form of another site that signs the victim in as somebody else.
    let sign_in = host.client.post(format!("{}/api/session", host.url));
    let sign_in = sign_in.header("origin", "https://evil.example");
    let given = json!({ "name": "owner", "password": PASSWORD });
    assert_eq!(answer(sign_in.json(&given)).await.0, 403);
    let (_, jobs) = owner.get(&host, "/api/jobs/scheduler").await;
    assert!(
        jobs["items"].as_array().unwrap().iter().all(|job| job["status"] == "active"),
        "{jobs}"
    );
    assert_eq!(answer(pause(&owner).header("origin", &host.url)).await.0, 200);
}

#[tokio::test]
async fn roles_say_what_one_sees_and_does() {
    let host = start(&[]);
    let owner = Browser::by_link(&host, &link(&host)).await;
    let (good, said) = cli(&host, "user add Vera --project one=viewer --password-stdin", PASSWORD);
    assert!(good, "{said}");
    cli(&host, "user add ed --project one=editor --password-stdin", PASSWORD);
    let (status, vera) = Browser::by_password(&host, "vera", PASSWORD).await;
    assert_eq!(status, 200);
    let ed = Browser::by_password(&host, "ed", PASSWORD).await.1;

    let (_, all) = owner.get(&host, "/api/projects").await;
    let id = |n: usize| all["items"][n]["id"].as_str().unwrap().to_owned();
    let (one, two) = (id(0), id(1));
    let (_, seen) = vera.get(&host, "/api/projects").await;
    assert_eq!(seen["items"].as_array().unwrap().len(), 1);
    assert_eq!(vera.get(&host, &format!("/api/jobs/scheduler?project_id={two}")).await.0, 404);
    let (_, jobs) = vera.get(&host, "/api/jobs/scheduler").await;
    assert_eq!(jobs["items"].as_array().unwrap().len(), 1, "{jobs}");

    let run = |browser: Browser, project: String| {
        let host = &host;
        async move {
            let body = json!({ "project_id": project });
            browser.send(host, "POST", "/api/jobs/probe/run", body).await.0
        }
    };
    assert_eq!(run(vera.clone(), one.clone()).await, 403);
    assert_eq!(run(vera.clone(), two.clone()).await, 404);
    assert_eq!(run(ed.clone(), two).await, 404);
    assert_eq!(run(ed.clone(), one.clone()).await, 202);
    assert_eq!(vera.get(&host, "/api/users").await.0, 403);

    // A role that is taken away, and a user who is kept out: at once.
    let members = format!("/api/projects/{one}/members/ed");
    assert_eq!(ed.send(&host, "PUT", &members, json!({ "role": "owner" })).await.0, 403);
    assert_eq!(owner.send(&host, "PUT", &members, json!({ "role": null })).await.0, 204);
    assert_eq!(run(ed.clone(), one.clone()).await, 404);
    let disable = json!({ "disabled": true });
    assert_eq!(owner.send(&host, "PATCH", "/api/users/vera", disable).await.0, 204);
    assert_eq!(vera.get(&host, "/api/projects").await.0, 401);
    assert_eq!(Browser::by_password(&host, "vera", PASSWORD).await.0, 401);

    // All of it is in the log, and stays there.
    let (_, log) = owner.get(&host, "/api/audit?per_page=200").await;
    let has = |action: &str, user: &str| {
        let fits =
            |entry: &serde_json::Value| entry["action"] == action && entry["user_name"] == user;
        assert!(log["items"].as_array().unwrap().iter().any(fits), "{action} of {user}: {log:#}");
    };
    for (action, user) in [
        ("session.begin", "owner"),
        ("session.begin", "vera"),
        ("user.add", "command line"),
        ("run.start", "ed"),
        ("member.set", "owner"),
        ("user.disable", "owner"),
        ("session.refused", ""),
    ] {
        has(action, user);
    }
    assert!(!log.to_string().contains(PASSWORD) && !host.log().contains(PASSWORD));
    let (_, own) = ed.get(&host, "/api/audit").await;
    assert_eq!(own["total"], 0, "an editor reads no log");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_a_password_change_ends_other_sessions() {
    let host = start(&[]);
    let (good, said) = cli(&host, "user add ann --password-stdin", "too short");
    assert!(!good && said.contains("from 15 to 256"), "{said}");
    cli(&host, "user add ann --project one=viewer --password-stdin", PASSWORD);
    let here = Browser::by_password(&host, "ann", PASSWORD).await.1;
    let there = Browser::by_password(&host, "ann", PASSWORD).await.1;
    let change = json!({ "current": "wrong wrong wrong", "new": "another long password" });
    assert_eq!(here.send(&host, "PUT", "/api/session/password", change).await.0, 403);
    let change = json!({ "current": PASSWORD, "new": "another long password" });
    assert_eq!(here.send(&host, "PUT", "/api/session/password", change).await.0, 204);
    assert_eq!(here.get(&host, "/api/projects").await.0, 200);
    assert_eq!(there.get(&host, "/api/projects").await.0, 401);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(Browser::by_password(&host, "nobody", "a wrong password").await.0);
    }
    assert!(statuses.starts_with(&[401, 401, 401, 401, 401, 429]), "{statuses:?}");
}

#[tokio::test]
async fn a_token_does_what_it_was_made_for_until_it_is_revoked() {
    let host = start(&[]);
    let owner = Browser::by_link(&host, &link(&host)).await;
    let (good, token) = cli(&host, "token add owner ci --role viewer --project one", "");
    assert!(good, "{token}");
    let bearer = |method: &str, path: &str| {
        let request = host.client.request(method.parse().unwrap(), format!("{}{path}", host.url));
        request.header("authorization", format!("Bearer {}", token.trim()))
    };
    let (status, projects) = answer(bearer("GET", "/api/projects")).await;
    assert_eq!((status, projects["items"].as_array().unwrap().len()), (200, 1));
    let body = json!({ "project_id": projects["items"][0]["id"] });
    assert_eq!(answer(bearer("POST", "/api/jobs/probe/run").json(&body)).await.0, 403);
    // It sees and ends nothing else of its user.
    for (method, path, body) in [
        ("POST", "/api/tokens", json!({ "name": "more" })),
        ("GET", "/api/tokens", json!(null)),
        ("GET", "/api/tokens?all=true", json!(null)),
        ("DELETE", "/api/tokens/ci", json!(null)),
        ("DELETE", "/api/users/owner/tokens", json!(null)),
        ("DELETE", "/api/users/owner/tokens/ci", json!(null)),
        ("DELETE", "/api/session", json!(null)),
        ("DELETE", "/api/session/all", json!(null)),
        ("PUT", "/api/session/project", json!({ "project_id": null })),
        ("PUT", "/api/session/password", json!({ "new": PASSWORD })),
    ] {
        let request = bearer(method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let (status, refused) = answer(request).await;
        assert_eq!(status, 403, "{method} {path}: {refused}");
    }
    assert_eq!(owner.get(&host, "/api/session").await.1["user"]["name"], "owner");
    let made = owner.send(&host, "POST", "/api/tokens", json!({ "name": "mine" })).await;
    assert_eq!(made.0, 201, "{}", made.1);
    // Neither is kept as it is.
    let database = std::fs::read(host.folder.path().join("cascade-data/cascade.db")).unwrap();
    for secret in [token.trim(), made.1["token"].as_str().unwrap()] {
        assert!(!database.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));
    }
    assert!(cli(&host, "token revoke owner ci", "").0);
    assert_eq!(answer(bearer("GET", "/api/projects")).await.0, 401);
}

#[tokio::test]
async fn tokens_end_by_themselves_with_a_password_change_and_by_an_administrator() {
    let host = start(&[]);
    let owner = Browser::by_link(&host, &link(&host)).await;
    cli(&host, "user add ann --project one=viewer --password-stdin", PASSWORD);
    let ann = Browser::by_password(&host, "ann", PASSWORD).await.1;
    let make = async |name: &str| {
        let made = ann.send(&host, "POST", "/api/tokens", json!({ "name": name })).await;
        assert_eq!(made.0, 201, "{}", made.1);
        made.1
    };
    let works = async |made: &Value| {
        let request = host.client.get(format!("{}/api/projects", host.url));
        let token = made["token"].as_str().unwrap();
        answer(request.header("authorization", format!("Bearer {token}"))).await.0 == 200
    };
    let (first, second) = (make("first").await, make("second").await);
    let end: chrono::DateTime<chrono::Utc> = first["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!((end - chrono::Utc::now()).num_days(), 89);
    let (good, said) = cli(&host, "token add owner old --expires-in 3y", "");
    assert!(!good && said.contains("366 days"), "{said}");
    assert!(cli(&host, "token add owner metrics --expires-in never", "").0);

    // An administrator sees them, others do not.
    let (_, all) = owner.get(&host, "/api/tokens?all=true").await;
    let names = |list: &Value| {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&all), ["first", "second", "metrics"], "{all}");
    assert_eq!(all["items"][2]["expires_at"], json!(null));
    assert_eq!(ann.get(&host, "/api/tokens?all=true").await.0, 403);
    assert_eq!(names(&ann.get(&host, "/api/tokens").await.1), ["first", "second"]);
    let refused = ann.request(&host, "DELETE", "/api/users/owner/tokens").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    let one = owner.request(&host, "DELETE", "/api/users/ann/tokens/first").send().await.unwrap();
    assert_eq!(one.status(), 204);
    assert!(!works(&first).await && works(&second).await);
    let (status, ended) = answer(owner.request(&host, "DELETE", "/api/users/ann/tokens")).await;
    assert_eq!((status, ended), (200, json!({ "revoked": 1 })));
    assert!(!works(&second).await);

    // A new password ends them, unless it is told not to.
    let third = make("third").await;
    let (now, next) = (PASSWORD, "another long password");
    let change = json!({ "current": now, "new": next, "keep_tokens": true });
    assert_eq!(ann.send(&host, "PUT", "/api/session/password", change).await.0, 204);
    assert!(works(&third).await);
    let change = json!({ "current": next, "new": now });
    assert_eq!(ann.send(&host, "PUT", "/api/session/password", change).await.0, 204);
    assert!(!works(&third).await);
    let (_, log) = owner.get(&host, "/api/audit?text=ann&per_page=200").await;
    let detail = |action: &str| {
        let mut entries = log["items"].as_array().unwrap().iter();
        entries.find(|entry| entry["action"] == action).unwrap()["detail"].clone()
    };
    assert_eq!(detail("user.password"), json!({ "keep_tokens": false }).to_string());
    assert_eq!(detail("token.revoke_all"), "{}");
}

#[tokio::test]
async fn a_password_that_is_easy_to_guess_is_refused() {
    let host = start(&[]);
    for weak in ["aaaaaaaaaaaaaaa", "annalenahelmholtz", "passwordpassword", "qwertyuiopasdfghjkl"]
    {
        let (good, said) = cli(&host, "user add annalenahelmholtz --password-stdin", weak);
        assert!(!good && said.contains("easy to guess"), "{weak}: {said}");
    }
    let owner = Browser::by_link(&host, &link(&host)).await;
    let weak = json!({ "new": "111111111111111111" });
    let (status, refused) = owner.send(&host, "PUT", "/api/session/password", weak).await;
    assert!(status == 400 && refused.to_string().contains("easy to guess"), "{refused}");
}

#[tokio::test]
async fn metrics_are_not_for_a_page_whose_name_leads_to_this_machine() {
    let host = start(&[]);
    let metrics = |name: &'static str| {
        let request = host.client.get(format!("{}/metrics", host.url));
        async move { request.header("host", name).send().await.unwrap().status().as_u16() }
    };
    assert_eq!((metrics("127.0.0.1").await, metrics("localhost:7878").await), (200, 200));
    assert_eq!(
        (metrics("rebound.example").await, metrics("rebound.example:7878").await),
        (401, 401)
    );
    let host = Host::start_with("", &[]);
    let rebound =
        host.client.get(format!("{}/metrics", host.url)).header("host", "rebound.example");
    assert_eq!(rebound.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_database_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let host = start(&[]);
    let folder = host.folder.path().join("cascade-data");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["cascade.db", "cascade.db-wal", "cascade.db-shm"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[test]
fn sign_in_is_off_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), "").unwrap();
    let mut host = command();
    host.current_dir(folder.path()).args(["--auth", "off", "--listen", "0.0.0.0:0"]);
    let output = host.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("for loopback only"), "{said}");
}

#[tokio::test]
async fn a_server_has_no_default_user_and_the_log_is_append_only_on_postgres() {
    let mut topology = Topology::new(Redis::start(), super::CONFIG);
    topology.env.push(("CASCADE_AUTH".into(), "on".into()));
    topology.add_server();
    let server = &topology.servers[0];
    assert_eq!(server.sign_in, None);
    assert_eq!(Browser::by_password(server, "owner", "owner").await.0, 401);
    let url = topology.database_url().to_owned();
    let add = format!("user --database-url {url} add ann --project one=owner --password-stdin");
    let (good, said) = cli(server, &add, PASSWORD);
    assert!(good, "{said}");
    let (status, ann) = Browser::by_password(server, "ann", PASSWORD).await;
    assert_eq!(status, 200);
    let (_, projects) = ann.get(server, "/api/projects").await;
    assert_eq!(projects["items"].as_array().unwrap().len(), 1);
    let body = json!({ "project_id": projects["items"][0]["id"] });
    assert_eq!(ann.send(server, "POST", "/api/jobs/probe/pause", body).await.0, 200);
    let (_, log) = ann.get(server, "/api/audit").await;
    assert_eq!(log["items"][0]["action"], "job.pause", "{log:#}");
    let database = url.rsplit('/').next().unwrap();
    for change in
        ["DELETE FROM audit_log", "UPDATE audit_log SET user_name = 'x'", "TRUNCATE audit_log"]
    {
        let change = AssertUnwindSafe(|| topology.postgres.sql(database, change));
        let refused = catch_unwind(change).unwrap_err();
        let said = refused.downcast_ref::<String>().unwrap();
        assert!(said.contains("the audit log is append-only"), "{said}");
    }
}

/// A host for a browser test, on the sample, its first cascades over: an owner by link, and a viewer
/// of one project.
pub async fn with_viewer() -> (Host, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jobs.toml"), repository_config()).unwrap();
    let host = start_in(folder, &[]);
    let (good, token) = cli(&host, "token add owner test", "");
    assert!(good, "{token}");
    let began = std::time::Instant::now();
    loop {
        let runs = host.client.get(format!("{}/api/jobs/runs?state=completed", host.url));
        let runs = runs.header("authorization", format!("Bearer {}", token.trim()));
        let (status, page) = answer(runs).await;
        if status == 200 && page["total"].as_u64() >= Some(21) {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{status} {page:#}");
        tokio::task::yield_now().await;
    }
    assert!(cli(&host, "token revoke owner test", "").0);
    let (good, said) =
        cli(&host, "user add vera --project atlas=viewer --password-stdin", PASSWORD);
    assert!(good, "{said}");
    (host, PASSWORD.to_owned())
}
