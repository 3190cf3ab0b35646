//! Slack's Web API, answered by a stand-in that has the documented form of its responses.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use crate::support::messages;
use cascade_sdk::{HttpRequest, HttpResponse, Level, sql};
use cascade_testkit::TestBench;
use chrono::TimeDelta;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

const TOKEN: &str = "xoxb-secret";

/// A workspace with pages of two items, as small as they may be.
#[derive(Default)]
struct Workspace {
    /// By channel, then by the thread's first message.
    history: HashMap<&'static str, Vec<Value>>,
    replies: Vec<Value>,
    asked: Vec<String>,
    /// Calls until the rate is limited.
    allowed: Option<usize>,
}

impl Workspace {
    fn answer(&mut self, request: &HttpRequest) -> HttpResponse {
        let url = url::Url::parse(&request.url).unwrap();
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let method = url.path().rsplit('/').next().unwrap();
        self.asked.push(format!("{method} {}", query.get("channel").cloned().unwrap_or_default()));
        let reply = |status, headers, value: Value| HttpResponse {
            status,
            headers,
            body: value.to_string().into_bytes(),
        };
        if let Some(allowed) = &mut self.allowed {
            if *allowed == 0 {
                let headers = vec![("retry-after".to_owned(), "30".to_owned())];
                return reply(429, headers, json!({"ok": false, "error": "ratelimited"}));
            }
            *allowed -= 1;
        }
        let bearer = ("authorization".to_owned(), format!("Bearer {TOKEN}"));
        if !request.headers.contains(&bearer) {
            return reply(200, Vec::new(), json!({"ok": false, "error": "invalid_auth"}));
        }
        let at: usize = query.get("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        let page = |field: &str, items: &[Value]| {
            let end = (at + 2).min(items.len());
            let next = if end < items.len() { end.to_string() } else { String::new() };
            json!({"ok": true, field: items[at..end], "response_metadata": {"next_cursor": next}})
        };
        let float =
            |name: &str, otherwise: f64| query.get(name).map_or(otherwise, |t| t.parse().unwrap());
        let time = |entry: &Value| entry["ts"].as_str().unwrap().parse::<f64>().unwrap();
        let value = match method {
            "users.list" => page(
                "members",
                &[
                    json!({"id": "U1", "profile": {"real_name": "Ann Lee"}}),
                    json!({"id": "U2", "real_name": "Bob"}),
                    json!({"id": "U3", "real_name": "Eve"}),
                ],
            ),
            "conversations.list" => page(
                "channels",
                &[
                    json!({"id": "C1", "name": "general", "is_member": true}),
                    json!({"id": "C2", "name": "elsewhere", "is_member": false}),
                    json!({"id": "C3", "name": "closed", "is_member": true}),
                ],
            ),
            "conversations.history" => {
                let Some(all) = self.history.get(query["channel"].as_str()) else {
                    return reply(200, Vec::new(), json!({"ok": false, "error": "not_in_channel"}));
                };
                let (oldest, latest) = (float("oldest", 0.0), float("latest", f64::MAX));
                let mut found: Vec<_> =
                    all.iter().filter(|e| time(e) > oldest && time(e) < latest).cloned().collect();
                found.sort_by(|a, b| time(b).total_cmp(&time(a)));
                let more = found.len() > 2;
                found.truncate(2);
                json!({"ok": true, "messages": found, "has_more": more})
            }
            "conversations.replies" => page("messages", &self.replies),
            other => panic!("{other} is not called"),
        };
        reply(200, Vec::new(), value)
    }
}

fn say(nth: u32, text: &str) -> Value {
    json!({"type": "message", "user": "U1", "text": text, "ts": format!("{}.000100", 1_767_607_200 + nth)})
}

async fn bench(workspace: Workspace) -> (TestBench, Arc<Mutex<Workspace>>) {
    let bench = TestBench::new().await.with_secret("SLACK_TOKEN", TOKEN);
    let workspace = Arc::new(Mutex::new(workspace));
    let shared = workspace.clone();
    bench.http(move |request| Ok(shared.lock().unwrap().answer(&request)));
    (bench, workspace)
}

async fn sync(bench: &TestBench) -> cascade_testkit::Run {
    let source =
        json!({"project": "demo", "name": "s", "kind": "slack", "token_env": "SLACK_TOKEN"});
    bench.run::<ConnectorsSyncCycle>(json!({"sources": [source]})).await
}

async fn bodies(bench: &TestBench) -> Vec<String> {
    let rows = bench.rows(sql("SELECT body FROM messages ORDER BY sent_at, body")).await;
    rows.iter().map(|row| row["body"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_workspace_is_read_page_by_page_and_then_only_what_is_new() {
    let history = (0..5).map(|nth| say(nth, &format!("m{nth}"))).collect();
    let (bench, workspace) =
        bench(Workspace { history: [("C1", history)].into(), ..Workspace::default() }).await;
    let run = sync(&bench).await;
    assert_eq!(run.summary(), "5 new messages from 1 sources, 1 skipped");
    assert!(run.logged(Level::Warn)[0].contains("#closed: conversations.history: not_in_channel"));
    assert_eq!(bodies(&bench).await, ["m0", "m1", "m2", "m3", "m4"]);
    let stored = messages(&bench).await;
    assert_eq!(
        (&stored[0]["author"], &stored[0]["subject"]),
        (&json!("Ann Lee"), &json!("#general"))
    );
    assert_eq!(stored[0]["native_id"], "C1/1767607200.000100");
    assert!(!workspace.lock().unwrap().asked.contains(&"conversations.history C2".to_owned()));
    // A new message, an edit, and an answer in a thread.
    {
        let mut workspace = workspace.lock().unwrap();
        let history = workspace.history.get_mut("C1").unwrap();
        history[4]["text"] = json!("m4, edited");
        history[3]["reply_count"] = json!(1);
        history.push(say(9, "m9"));
        let mut answer = say(7, "an answer");
        answer["thread_ts"] = json!("1767607203.000100");
        workspace.replies = vec![say(3, "m3"), answer];
    }
    assert_eq!(sync(&bench).await.summary(), "2 new messages from 1 sources, 1 changed, 1 skipped");
    assert_eq!(bodies(&bench).await, ["m0", "m1", "m2", "m3", "m4, edited", "an answer", "m9"]);
    let answer = messages(&bench).await.into_iter().find(|m| m["body"] == "an answer").unwrap();
    assert_eq!(answer["thread_id"], "C1/1767607203.000100");
}

/// A message by its number with as many answers, one each second after an hour.
fn thread(nth: u32, answers: u32) -> (Value, Vec<Value>) {
    let mut first = say(nth, &format!("m{nth}"));
    let answers: Vec<_> = (0..answers)
        .map(|at| {
            let mut answer = say(nth + 3_600 + at, &format!("m{nth} answer {at}"));
            answer["thread_ts"] = first["ts"].clone();
            answer
        })
        .collect();
    if let Some(last) = answers.last() {
        first["reply_count"] = json!(answers.len());
        first["latest_reply"] = last["ts"].clone();
    }
    (first, answers)
}

const DAY: u32 = 24 * 60 * 60;

#[tokio::test]
async fn answers_to_old_messages_are_met_and_what_is_stored_is_not_asked_for() {
    let history = vec![say(0, "m0"), say(40 * DAY, "m40"), say(50 * DAY, "m50")];
    let (bench, workspace) =
        bench(Workspace { history: [("C1", history)].into(), ..Workspace::default() }).await;
    bench.advance(TimeDelta::days(50));
    assert_eq!(sync(&bench).await.summary(), "3 new messages from 1 sources, 1 skipped");
    let calls = |of: &str| {
        let workspace = workspace.lock().unwrap();
        workspace.asked.iter().filter(|call| call.starts_with(of)).count()
    };
    assert_eq!(calls("conversations.history C1"), 2, "the first reading is not repeated at once");
    // Answers to one of ten days ago and to one of fifty; an edit of the latter.
    for (nth, time) in [(0, 0), (1, 40 * DAY)] {
        {
            let mut workspace = workspace.lock().unwrap();
            let (mut first, replies) = thread(time, 1);
            first["text"] = json!(format!("m{nth}, edited"));
            workspace.history.get_mut("C1").unwrap()[nth] = first.clone();
            workspace.replies = [vec![first], replies].concat();
        }
        let summary = sync(&bench).await.summary().to_owned();
        assert_eq!(summary, "1 new messages from 1 sources, 1 changed, 1 skipped");
    }
    let stored = messages(&bench).await;
    let answer = stored.iter().find(|m| m["body"] == "m0 answer 0").unwrap();
    assert_eq!(answer["thread_id"], "C1/1767607200.000100");
    assert!(stored.iter().any(|m| m["body"] == format!("m{} answer 0", 40 * DAY)), "{stored:?}");
    // All is stored now: no thread is asked for.
    workspace.lock().unwrap().asked.clear();
    assert_eq!(sync(&bench).await.summary(), "0 new messages from 1 sources, 1 skipped");
    assert_eq!(calls("conversations.replies"), 0);
    assert_eq!(calls("conversations.history C1"), 3, "the last day, the last weeks, what is older");
}

#[tokio::test]
async fn a_long_history_is_walked_in_a_bounded_number_of_requests() {
    // 150 pages of two messages, half an hour apart, then one of today.
    let mut history: Vec<_> = (0..300).map(|nth| say(nth * 1_800, &format!("m{nth}"))).collect();
    history.push(say(10 * DAY, "today"));
    let (bench, workspace) =
        bench(Workspace { history: [("C1", history)].into(), ..Workspace::default() }).await;
    bench.advance(TimeDelta::days(10));
    assert_eq!(sync(&bench).await.summary(), "301 new messages from 1 sources, 1 skipped");
    // The eldest of all is answered.
    let (first, replies) = thread(0, 3);
    {
        let mut workspace = workspace.lock().unwrap();
        workspace.history.get_mut("C1").unwrap()[0] = first.clone();
        workspace.replies = [vec![first], replies].concat();
    }
    let mut syncs = 0;
    while !bodies(&bench).await.contains(&"m0 answer 2".to_owned()) {
        workspace.lock().unwrap().asked.clear();
        sync(&bench).await.summary();
        let asked = workspace.lock().unwrap().asked.len();
        assert!(asked < 65, "{asked} requests in a sync");
        syncs += 1;
        assert!(syncs <= 3, "50 requests of 150 each time");
    }
    assert_eq!(syncs, 3);
}

#[tokio::test]
async fn a_reading_that_is_cut_short_goes_on_below_its_last_page() {
    let history = (0..8).map(|nth| say(nth, &format!("m{nth}"))).collect();
    // The lists take four calls, then two pages of history are let through.
    let limited =
        Workspace { history: [("C1", history)].into(), allowed: Some(6), ..Workspace::default() };
    let (bench, workspace) = bench(limited).await;
    let run = sync(&bench).await;
    assert!(run.summary().contains("Slack limits the rate"), "{}", run.summary());
    assert_eq!(bodies(&bench).await, ["m4", "m5", "m6", "m7"]);
    // Not before Slack said.
    let asked = workspace.lock().unwrap().asked.len();
    sync(&bench).await.summary();
    assert_eq!(workspace.lock().unwrap().asked.len(), asked);
    bench.advance(TimeDelta::seconds(31));
    workspace.lock().unwrap().allowed = None;
    sync(&bench).await.summary();
    assert_eq!(bodies(&bench).await.len(), 8);
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_told_and_never_shown() {
    let (bench, workspace) = bench(Workspace::default()).await;
    let bench = bench.with_secret("SLACK_TOKEN", "xoxb-revoked");
    let run = sync(&bench).await;
    assert!(run.failure().contains("users.list: invalid_auth"), "{}", run.failure());
    assert!(!run.log_text().contains("xoxb") && !run.failure().contains("xoxb"));
    let asked = workspace.lock().unwrap().asked.len();
    sync(&bench).await;
    assert_eq!(workspace.lock().unwrap().asked.len(), asked, "it rests");
    let bench = TestBench::new().await;
    assert!(sync(&bench).await.logged(Level::Error)[0].contains("SLACK_TOKEN"));
}
