//! What no address knows, and what no database keeps: refused with its reason, on both databases alike.

use cascade_test_servers::Postgres;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    host::{Host, repository_config},
    sign_in::{Browser, cli},
};

/// The same host on SQLite and on PostgreSQL, with an administrator signed in.
async fn both() -> (Postgres, [(Host, Browser); 2]) {
    let postgres = Postgres::start();
    let url = postgres.database();
    let mut hosts = Vec::new();
    for (env, database) in [
        (vec![("CASCADE_AUTH", "on")], String::new()),
        (vec![("CASCADE_AUTH", "on"), ("DATABASE_URL", &url)], format!(" --database-url {url}")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jobs.toml"), repository_config()).unwrap();
        let host = Host::start_as(&[], folder, &["--requests-per-second", "0"], &env);
        let (good, said) = cli(&host, &format!("user{database} add ann --admin"), "");
        assert!(good, "{said}");
        let link = said.trim().split_once("link=").unwrap().1.to_owned();
        let ann = Browser::by_link(&host, &link).await;
        hosts.push((host, ann));
    }
    (postgres, hosts.try_into().unwrap_or_else(|_| unreachable!("there are two")))
}

async fn asked(
    host: &Host,
    ann: &Browser,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let mut request = ann.request(host, method.as_str(), path);
    if !body.is_null() {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn an_unknown_query_parameter_is_refused_at_every_address() {
    let (_postgres, [(host, ann), _]) = both().await;
    let document = ann.get(&host, "/api/openapi.json").await.1;
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            // A provider adds what it likes.
            if path == "/api/session/oidc/callback" || path.starts_with("/api/session/oidc") {
                continue;
            }
            // So does who sends to a hook.
            if path == "/api/hooks/{name}" {
                continue;
            }
            operations += 1;
            let filled: String = path
                .split('/')
                .map(|part| match part {
                    "{id}" | "{project_id}" => "00000000-0000-0000-0000-000000000001",
                    "{key}" => "messages",
                    "{job_type}" => "signals_extraction",
                    part if part.starts_with('{') => "x",
                    part => part,
                })
                .collect::<Vec<_>>()
                .join("/");
            let bare = filled.trim_start_matches("/api").to_owned();
            for path in [filled, bare] {
                let wrong = format!("{path}?pagee=1");
                let (status, body) = asked(&host, &ann, method.clone(), &wrong, &json!({})).await;
                assert_eq!(status, 400, "{method} {wrong}: {body}");
                let message = body["error"]["message"].as_str().unwrap();
                assert_eq!(message, "query: there is no parameter `pagee`", "{method} {wrong}");
            }
        }
    }
    assert!(operations > 40, "{operations}");
    println!("{operations} operations refuse what they do not know");
    for (path, near) in [
        ("/api/jobs/runs?job=x", "`job_type`"),
        ("/api/data/messages?serach=x", "`search`"),
        ("/events/stream?project=1", "`project_id`"),
    ] {
        let (_, body) = ann.get(&host, path).await;
        let help = body["error"]["help"].as_str().unwrap();
        assert!(help.starts_with("did you mean") && help.contains(near), "{path}: {help}");
    }
    let (status, body) = ann.get(&host, "/api/jobs/runs?page=1&page=2").await;
    assert!(status == 400 && body["error"]["message"] == "query: `page` is given twice", "{body}");
    for good in ["/api/data/messages?search=x&page=1&lang=en", "/api/jobs/runs?job_type=x&text="] {
        assert_eq!(ann.get(&host, good).await.0, 200, "{good}");
    }
}

#[tokio::test]
async fn what_a_database_cannot_keep_is_refused_and_never_an_error_of_ours() {
    let (_postgres, hosts) = both().await;
    let (host, ann) = &hosts[0];
    let (long, nul) = ("n".repeat(5000), "a\u{0}b");
    let project = ann.get(host, "/api/projects").await.1["items"][0]["id"].clone();
    let token = |name: &str, end: &str| json!({ "name": name, "expires_at": end });
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let none = Value::Null;
    let cases = [
        (&get, "/api/jobs/runs?from=-200000-01-01T00:00:00Z".to_owned(), none.clone(), 400),
        (&get, "/api/jobs/runs?to=%2B200000-01-01T00:00:00Z".to_owned(), none.clone(), 400),
        (&get, "/api/jobs/runs?from=-200000-01-01".to_owned(), none.clone(), 400),
        (
            &get,
            "/api/jobs/runs?from=0000-01-01T00:00:00Z&to=9999-12-31T00:00:00Z".to_owned(),
            none.clone(),
            200,
        ),
        (&get, format!("/api/jobs/runs?text={long}"), none.clone(), 400),
        (&get, "/api/jobs/runs?text=%5C%25_".to_owned(), none.clone(), 200),
        (&get, "/api/jobs/runs?text=%00".to_owned(), none.clone(), 400),
        (&get, "/api/jobs/runs?job_type=%FF".to_owned(), none.clone(), 200),
        (&get, format!("/api/jobs/runs?job_type={long}"), none.clone(), 200),
        (&get, "/api/jobs/runs?page=4294967295&per_page=200".to_owned(), none.clone(), 400),
        (&get, "/api/jobs/runs?page=1000000&per_page=200".to_owned(), none.clone(), 200),
        (&get, "/api/audit?text=%5C".to_owned(), none.clone(), 200),
        (&get, format!("/api/audit?text={long}"), none.clone(), 400),
        (&get, format!("/api/data/messages?search={long}"), none.clone(), 200),
        (&get, "/api/data/messages?search=%00".to_owned(), none.clone(), 400),
        (&get, "/api/data/messages?page=99999999999999999999".to_owned(), none.clone(), 400),
        (&get, format!("/api/jobs/config/history/{long}"), none.clone(), 404),
        (&post, "/api/tokens".to_owned(), token(&long, "2027-01-01T00:00:00Z"), 400),
        (&post, "/api/tokens".to_owned(), token("", "2027-01-01T00:00:00Z"), 400),
        (&post, "/api/tokens".to_owned(), token(nul, "2027-01-01T00:00:00Z"), 400),
        (&post, "/api/tokens".to_owned(), token("t", "+200000-01-01T00:00:00Z"), 400),
        (&post, "/api/tokens".to_owned(), token("t", "-200000-01-01T00:00:00Z"), 400),
        (&post, "/api/users".to_owned(), json!({ "name": long }), 400),
        (&post, "/api/users".to_owned(), json!({ "name": nul }), 400),
        (&Method::PATCH, format!("/api/users/{long}"), json!({ "disabled": true }), 404),
        (
            &put,
            format!("/api/projects/{}/members/{long}", project.as_str().unwrap()),
            json!({ "role": "viewer" }),
            404,
        ),
        (&post, format!("/api/jobs/{long}/pause"), json!({ "project_id": project }), 404),
        (
            &post,
            "/api/data/recommendations/actions/accept".to_owned(),
            json!({ "project_id": project, "id": long }),
            404,
        ),
        (&Method::DELETE, format!("/api/tokens/{long}"), none.clone(), 404),
    ];
    for (host, ann) in &hosts {
        // Each database has ids of its own.
        let own = ann.get(host, "/api/projects").await.1["items"][0]["id"].clone();
        for (method, path, body, expected) in &cases {
            let path = path.replace(project.as_str().unwrap(), own.as_str().unwrap());
            let mut body = body.clone();
            if body.get("project_id").is_some() {
                body["project_id"] = own.clone();
            }
            let (status, answer) = asked(host, ann, (*method).clone(), &path, &body).await;
            let shown: String = path.chars().take(100).collect();
            assert_eq!(status, *expected, "{method} {shown}: {answer}\n{}", host.log());
        }
        assert!(!host.log().contains(" ERROR "), "{}", host.log());
    }
}
