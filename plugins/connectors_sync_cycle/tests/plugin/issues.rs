//! GitHub's and GitLab's issues, answered by stand-ins that have the documented form of the responses.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use crate::support::messages;
use cascade_sdk::{HttpRequest, HttpResponse, Level};
use cascade_testkit::{Run, TestBench};
use chrono::TimeDelta;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

const TOKEN: &str = "ghp-secret";

/// A server with pages of two items.
#[derive(Default)]
struct Server {
    /// By path.
    lists: HashMap<String, Vec<Value>>,
    asked: Vec<String>,
    /// Requests until the limit is reached, and how the server says so.
    left: Option<usize>,
    limit: Vec<(&'static str, String)>,
    limit_status: u16,
    /// Done before the answer with this number.
    meanwhile: Option<(usize, Value)>,
}

impl Server {
    fn answer(&mut self, request: &HttpRequest) -> HttpResponse {
        let url = url::Url::parse(&request.url).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        self.asked.push(format!("{}?{}", url.path(), url.query().unwrap_or_default()));
        let reply = |status, headers: Vec<(&str, String)>, value: Value| HttpResponse {
            status,
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body: value.to_string().into_bytes(),
        };
        let bearer = ("authorization".to_owned(), format!("Bearer {TOKEN}"));
        if !request.headers.contains(&bearer) {
            return reply(401, Vec::new(), json!({"message": "Bad credentials"}));
        }
        if let Some(left) = &mut self.left {
            if *left == 0 {
                return reply(self.limit_status, self.limit.clone(), json!({"message": "limit"}));
            }
            *left -= 1;
        }
        if let Some((number, item)) =
            self.meanwhile.take_if(|(number, _)| *number == self.asked.len())
        {
            assert_eq!(number, self.asked.len());
            let list = self.lists.get_mut(url.path()).unwrap();
            let known = list.iter_mut().find(|known| known["id"] == item["id"]).unwrap();
            *known = item;
        }
        let Some(list) = self.lists.get(url.path()) else {
            let issue = url.path().rsplit_once('/').and_then(|(list, number)| {
                self.lists
                    .get(list)?
                    .iter()
                    .find(|issue| issue["number"].as_u64() == number.parse().ok())
            });
            return match issue {
                Some(issue) => reply(200, Vec::new(), issue.clone()),
                None => reply(404, Vec::new(), json!({"message": "Not Found"})),
            };
        };
        let since = query.get("since").or(query.get("updated_after")).cloned().unwrap_or_default();
        let at = |item: &Value| item["updated_at"].as_str().unwrap().to_owned();
        let mut found: Vec<Value> = list.iter().filter(|item| at(item) >= since).cloned().collect();
        found.sort_by_key(at);
        if query.get("direction").or(query.get("sort")).unwrap() == "desc" {
            found.reverse();
        }
        let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
        let start = ((page - 1) * 2).min(found.len());
        let end = (start + 2).min(found.len());
        let mut headers = Vec::new();
        if end < found.len() {
            let mut next = url.clone();
            let others = query.iter().filter(|(name, _)| *name != "page");
            next.query_pairs_mut().clear().extend_pairs(others);
            next.query_pairs_mut().append_pair("page", &(page + 1).to_string());
            headers.push(("link", format!("<{url}>; rel=\"first\", <{next}>; rel=\"next\"")));
        }
        if self.left == Some(0) {
            headers.extend(self.limit.iter().filter(|(name, _)| *name != "retry-after").cloned());
        }
        reply(200, headers, json!(found[start..end]))
    }
}

fn github_issue(number: u64, minute: u32, title: &str) -> Value {
    json!({
        "id": 1000 + number, "number": number, "title": title, "body": "It\r\nfails",
        "user": {"login": "ann", "id": 7}, "state": "open",
        "html_url": format!("https://github.com/o/r/issues/{number}"),
        "created_at": "2026-01-05T10:00:00Z",
        "updated_at": format!("2026-01-05T10:{minute:02}:00Z"),
    })
}

fn github_comment(id: u64, number: u64, minute: u32, body: &str) -> Value {
    json!({
        "id": id, "body": body, "user": null,
        "issue_url": format!("https://api.github.com/repos/o/r/issues/{number}"),
        "html_url": format!("https://github.com/o/r/issues/{number}#issuecomment-{id}"),
        "created_at": format!("2026-01-05T10:{minute:02}:30Z"),
        "updated_at": format!("2026-01-05T10:{minute:02}:30Z"),
    })
}

const ISSUES: &str = "/repos/o/r/issues";
const COMMENTS: &str = "/repos/o/r/issues/comments";

fn github(issues: Vec<Value>, comments: Vec<Value>) -> Server {
    let lists = [(ISSUES.to_owned(), issues), (COMMENTS.to_owned(), comments)].into();
    Server { lists, ..Default::default() }
}

async fn bench(server: Server) -> (TestBench, Arc<Mutex<Server>>) {
    let bench = TestBench::new().await.with_secret("TOKEN", TOKEN);
    let server = Arc::new(Mutex::new(server));
    let shared = server.clone();
    bench.http(move |request| Ok(shared.lock().unwrap().answer(&request)));
    (bench, server)
}

async fn sync(bench: &TestBench, extra: Value) -> Run {
    let mut source = json!({"project": "demo", "name": "s", "kind": "github", "repository": "o/r",
        "token_env": "TOKEN"});
    source.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    bench.run::<ConnectorsSyncCycle>(json!({ "sources": [source] })).await
}

async fn bodies(bench: &TestBench) -> Vec<String> {
    let stored = messages(bench).await;
    let mut bodies: Vec<_> =
        stored.iter().map(|one| format!("{} {}", one["native_id"], one["body"])).collect();
    bodies.sort();
    bodies.into_iter().map(|text| text.replace('"', "")).collect()
}

#[tokio::test]
async fn a_repository_is_read_page_by_page_and_then_only_what_changed() {
    let issues = (1..=5).map(|n| github_issue(n, n as u32, &format!("issue {n}"))).collect();
    let comments = vec![github_comment(71, 2, 20, "first"), github_comment(72, 2, 21, "second")];
    let (bench, server) = bench(github(issues, comments)).await;
    assert_eq!(sync(&bench, json!({})).await.summary(), "7 new messages from 1 sources");
    let stored = messages(&bench).await;
    let issue = stored.iter().find(|one| one["native_id"] == "o/r#2").unwrap();
    for (field, value) in [
        ("subject", json!("issue 2 (#2)")),
        ("body", json!("It\nfails")),
        ("author", json!("ann")),
        ("author_key", json!("7")),
        ("url", json!("https://github.com/o/r/issues/2")),
        ("source_kind", json!("issue")),
        ("sent_at", json!("2026-01-05T10:00:00.000Z")),
    ] {
        assert_eq!(issue[field], value, "{field}");
    }
    let comment = stored.iter().find(|one| one["native_id"] == "o/r#2/71").unwrap();
    for (field, value) in [
        ("subject", json!("issue 2 (#2)")),
        ("thread_id", json!("o/r#2")),
        ("author", json!("unknown")),
        ("url", json!("https://github.com/o/r/issues/2#issuecomment-71")),
    ] {
        assert_eq!(comment[field], value, "{field}");
    }
    // An edited comment, whose issue is not listed again; a closed issue; a new comment.
    {
        let mut server = server.lock().unwrap();
        server.lists.get_mut(COMMENTS).unwrap()[0] = github_comment(71, 2, 30, "first, edited");
        server.lists.get_mut(COMMENTS).unwrap().push(github_comment(73, 3, 31, "third"));
        server.lists.get_mut(ISSUES).unwrap()[2]["updated_at"] = json!("2026-01-05T10:31:30Z");
        server.asked.clear();
    }
    let run = sync(&bench, json!({})).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources, 1 changed");
    let asked = server.lock().unwrap().asked.clone();
    assert!(asked[0].contains("since=2026-01-05T10%3A05%3A00Z"), "{asked:?}");
    assert!(asked.iter().any(|one| one.starts_with("/repos/o/r/issues/2?")), "{asked:?}");
    let comment = messages(&bench).await.into_iter().find(|one| one["native_id"] == "o/r#2/71");
    assert_eq!(comment.unwrap()["subject"], "issue 2 (#2)");
    assert_eq!(sync(&bench, json!({})).await.summary(), "0 new messages from 1 sources");
    // Another repository under the same name of a source begins at its start.
    let other = github_issue(1, 1, "elsewhere");
    server.lock().unwrap().lists.insert("/repos/o/x/issues".to_owned(), vec![other]);
    server.lock().unwrap().lists.insert("/repos/o/x/issues/comments".to_owned(), Vec::new());
    let run = sync(&bench, json!({"repository": "o/x"})).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources");
}

/// With page numbers the third would be missed: what changes meanwhile moves to the end.
#[tokio::test]
async fn what_changes_while_a_list_is_read_makes_no_gap() {
    let issues = (1..=4).map(|n| github_issue(n, n as u32, "x")).collect();
    let mut server = github(issues, Vec::new());
    server.meanwhile = Some((2, github_issue(1, 50, "moved")));
    let (bench, _) = bench(server).await;
    assert_eq!(sync(&bench, json!({})).await.summary(), "4 new messages from 1 sources, 1 changed");
}

/// Times have whole seconds, and an import writes hundreds in one.
#[tokio::test]
async fn many_changes_at_one_time_are_read_by_the_links() {
    let issues = (1..=7).map(|n| github_issue(n, 5, "x")).collect();
    let (bench, server) = bench(github(issues, Vec::new())).await;
    assert_eq!(sync(&bench, json!({})).await.summary(), "7 new messages from 1 sources");
    assert!(server.lock().unwrap().asked.iter().any(|one| one.contains("page=3")));
}

#[tokio::test]
async fn a_limit_is_waited_for_as_the_server_says_and_reading_goes_on_from_there() {
    let at = |seconds: i64| {
        (chrono::DateTime::parse_from_rfc3339(cascade_testkit::START).unwrap().timestamp()
            + seconds)
            .to_string()
    };
    for (status, limit) in [
        (403, vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", at(90))]),
        (403, vec![("retry-after", "90".to_owned())]),
        (429, vec![("retry-after", "90".to_owned())]),
        (429, vec![("ratelimit-remaining", "0".to_owned()), ("ratelimit-reset", at(90))]),
    ] {
        let issues = (1..=6).map(|n| github_issue(n, n as u32, "x")).collect();
        let mut server = github(issues, Vec::new());
        (server.left, server.limit, server.limit_status) = (Some(2), limit.clone(), status);
        let (bench, server) = bench(server).await;
        let run = sync(&bench, json!({})).await;
        assert!(
            run.summary().contains("the server limits the rate"),
            "{limit:?}: {}",
            run.summary()
        );
        assert!(run.summary().contains("next try 2026-01-15T12:01:30"), "{}", run.summary());
        let asked = server.lock().unwrap().asked.len();
        // A server that says that nothing is left is not asked to say it once more.
        let told_before = limit.iter().any(|(name, _)| name.ends_with("remaining"));
        assert_eq!(asked, if told_before { 2 } else { 3 }, "{limit:?}");
        sync(&bench, json!({})).await.summary();
        assert_eq!(server.lock().unwrap().asked.len(), asked, "it rests");
        bench.advance(TimeDelta::seconds(91));
        server.lock().unwrap().left = None;
        sync(&bench, json!({})).await.summary();
        assert_eq!(messages(&bench).await.len(), 6);
    }
}

#[tokio::test]
async fn what_is_malformed_costs_itself_and_a_refusal_is_told_without_the_token() {
    let issues = vec![
        json!({"title": "no number", "updated_at": "2026-01-05T10:00:00Z"}),
        github_issue(2, 2, "x"),
    ];
    let comments =
        vec![json!({"id": 1, "body": "of nothing", "updated_at": "2026-01-05T10:00:00Z"})];
    let (bench, server) = bench(github(issues, comments)).await;
    let run = sync(&bench, json!({})).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources, 2 skipped");
    assert!(run.logged(Level::Warn)[0].contains("/repos/o/r/issues, item 1: no number"));
    let run = sync(&bench, json!({"repository": "o/missing"})).await;
    assert!(run.failure().contains("/repos/o/missing/issues answered 404 Not Found"));
    let asked = server.lock().unwrap().asked.len();
    let run = sync(&bench, json!({"repository": "o/missing"})).await;
    assert!(run.logged(Level::Warn)[0].contains("is left alone until"), "{}", run.log_text());
    assert_eq!(server.lock().unwrap().asked.len(), asked);
    let bench = bench.with_secret("TOKEN", "ghp-revoked");
    let run = sync(&bench, json!({})).await;
    let said = format!("{}{}", run.failure(), run.log_text());
    assert!(said.contains("answered 401 Bad credentials") && !said.contains("ghp-"), "{said}");
    for (wrong, told) in [
        (json!({"repository": "r"}), "OWNER/NAME"),
        (json!({"repository": null}), "OWNER/NAME"),
        (json!({"url": "ftp://x"}), "https://api.github.com"),
        (json!({"url": "https://a:b@x"}), "token_env"),
        (json!({"token_env": "OTHER"}), "OTHER"),
    ] {
        let said = sync(&bench, wrong).await.failure();
        assert!(said.contains(told), "{told}: {said}");
    }
}

fn gitlab_issue(number: u64, minute: u32, notes: u64) -> Value {
    json!({
        "id": 500 + number, "iid": number, "title": format!("issue {number}"),
        "description": null, "author": {"name": "Ann Lee", "username": "ann", "id": 7},
        "web_url": format!("https://git.example/g/s/p/-/issues/{number}"),
        "user_notes_count": notes, "created_at": "2026-01-05T10:00:00.000Z",
        "updated_at": format!("2026-01-05T10:{minute:02}:00.000Z"),
    })
}

fn gitlab_note(id: u64, minute: u32, body: &str, system: bool) -> Value {
    let at = format!("2026-01-05T10:{minute:02}:00.000Z");
    json!({"id": id, "body": body, "author": {"name": "Bo", "id": 8}, "system": system,
        "created_at": at, "updated_at": at})
}

#[tokio::test]
async fn a_gitlab_project_is_read_with_its_notes_and_then_only_what_changed() {
    let list = "/git/api/v4/projects/g%2Fs%2Fp/issues".to_owned();
    let notes = |number: u64| format!("{list}/{number}/notes");
    let mut lists: HashMap<String, Vec<Value>> = HashMap::new();
    // Issue 1 changed last, and its first note is older than the change of all others.
    lists.insert(
        list.clone(),
        vec![gitlab_issue(1, 40, 3), gitlab_issue(2, 20, 0), gitlab_issue(3, 30, 1)],
    );
    lists.insert(
        notes(1),
        vec![
            gitlab_note(11, 1, "old", false),
            gitlab_note(12, 2, "added label", true),
            gitlab_note(13, 39, "new", false),
        ],
    );
    lists.insert(notes(3), vec![gitlab_note(31, 30, "other", false)]);
    let (bench, server) = bench(Server { lists, ..Default::default() }).await;
    let source =
        json!({"kind": "gitlab", "repository": "g/s/p", "url": "https://git.example/git/api/v4/"});
    let run = sync(&bench, source.clone()).await;
    assert_eq!(run.summary(), "6 new messages from 1 sources");
    assert_eq!(
        bodies(&bench).await,
        ["#1 ", "#1/11 old", "#1/13 new", "#2 ", "#3 ", "#3/31 other"]
            .map(|one| format!("g/s/p{one}"))
    );
    let stored = messages(&bench).await;
    let note = stored.iter().find(|one| one["native_id"] == "g/s/p#1/13").unwrap();
    assert_eq!((&note["author"], &note["thread_id"]), (&json!("Bo"), &json!("g/s/p#1")));
    assert_eq!(note["url"], "https://git.example/g/s/p/-/issues/1#note_13");
    assert_eq!(note["subject"], "issue 1 (#1)");
    {
        let mut server = server.lock().unwrap();
        server.asked.clear();
        let three = gitlab_issue(3, 50, 2);
        server.lists.get_mut(&list).unwrap()[2] = three;
        server.lists.get_mut(&notes(3)).unwrap().push(gitlab_note(32, 50, "late", false));
    }
    assert_eq!(sync(&bench, source.clone()).await.summary(), "1 new messages from 1 sources");
    let asked = server.lock().unwrap().asked.clone();
    assert!(asked[0].contains("updated_after=2026-01-05T10%3A40%3A00.000Z"), "{asked:?}");
    assert!(!asked.iter().any(|one| one.starts_with(&notes(2))), "{asked:?}");
    assert_eq!(sync(&bench, source).await.summary(), "0 new messages from 1 sources");
}

/// The limit comes between an issue and its notes.
#[tokio::test]
async fn a_gitlab_reading_that_is_cut_short_goes_on_with_the_notes() {
    for left in 1..6 {
        let list = "/api/v4/projects/g%2Fp/issues".to_owned();
        let mut lists: HashMap<String, Vec<Value>> = HashMap::new();
        lists.insert(list.clone(), (1..=3).map(|n| gitlab_issue(n, n as u32 * 10, 3)).collect());
        for number in 1..=3 {
            let note = |nth: u64| gitlab_note(number * 10 + nth, nth as u32, "x", false);
            lists.insert(format!("{list}/{number}/notes"), (0..3).map(note).collect());
        }
        let limit = vec![("retry-after", "30".to_owned())];
        let server =
            Server { lists, left: Some(left), limit, limit_status: 429, ..Default::default() };
        let (bench, server) = bench(server).await;
        let source = json!({"kind": "gitlab", "repository": "g/p"});
        assert!(sync(&bench, source.clone()).await.summary().contains("limits the rate"));
        bench.advance(TimeDelta::seconds(31));
        server.lock().unwrap().left = None;
        sync(&bench, source).await.summary();
        assert_eq!(messages(&bench).await.len(), 12, "after {left} requests");
    }
}
