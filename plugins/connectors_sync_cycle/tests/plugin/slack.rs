//! Slack exports of many kinds, read by the job.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use crate::support::{messages, put_old, source};
use cascade_sdk::{Level, sql};
use cascade_testkit::TestBench;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

fn put(bench: &TestBench, name: &str, value: &Value) {
    put_old(bench, &format!("e/{name}"), value.to_string());
}

fn say(ts: &str, more: Value) -> Value {
    let mut entry = json!({"type": "message", "user": "U1", "text": "hi", "ts": ts});
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

async fn export() -> TestBench {
    let bench = TestBench::new().await;
    put(
        &bench,
        "users.json",
        &json!([
        {"id": "U1", "name": "ann", "real_name": "", "profile": {"real_name": "Ann Lee"}},
        {"id": "U2", "name": "bob", "profile": {"display_name": "Bob"}},
        {"id": 3}]),
    );
    put(
        &bench,
        "channels.json",
        &json!([{"id": "C1", "name": "general"}, {"id": "C2", "name": "empty"}]),
    );
    bench
}

async fn sync(bench: &TestBench) -> cascade_testkit::Run {
    bench.run::<ConnectorsSyncCycle>(source("slack", "e")).await
}

/// Author and body of what one entry becomes.
async fn one(entry: Value) -> (String, String) {
    let bench = export().await;
    put(&bench, "general/2026-01-05.json", &json!([say("1767607200.000100", entry.clone())]));
    sync(&bench).await.summary();
    let stored = messages(&bench).await;
    assert_eq!(stored.len(), 1, "{entry}");
    let text = |name: &str| stored[0][name].as_str().unwrap().to_owned();
    (text("author"), text("body"))
}

#[tokio::test]
async fn all_that_people_and_bots_write_is_stored() {
    for (entry, author, body) in [
        (json!({}), "Ann Lee", "hi"),
        (json!({"user": "U2"}), "Bob", "hi"),
        (json!({"user": "U9"}), "U9", "hi"),
        (
            json!({"user": "U9", "user_profile": {"real_name": "", "display_name": "Eve", "name": "e"}}),
            "Eve",
            "hi",
        ),
        (json!({"subtype": "me_message"}), "Ann Lee", "hi"),
        (json!({"subtype": "thread_broadcast"}), "Ann Lee", "hi"),
        (json!({"subtype": "some_future_subtype"}), "Ann Lee", "hi"),
        (
            json!({"subtype": "file_share", "text": "", "files": [{"name": "plan.pdf", "title": "The plan"}]}),
            "Ann Lee",
            "The plan",
        ),
        (
            json!({"subtype": "file_comment", "user": null, "text": "", "comment": {"user": "U1", "comment": "good"}}),
            "Ann Lee",
            "good",
        ),
        (
            json!({"text": "see", "files": [{"name": "a.png"}, {"name": "b.png"}]}),
            "Ann Lee",
            "see\na.png\nb.png",
        ),
        (
            json!({"user": null, "subtype": "bot_message", "bot_id": "B1", "username": "builder", "text": "", "attachments": [{"fallback": "Build failed", "text": "Build failed"}]}),
            "builder",
            "Build failed",
        ),
        (
            json!({"bot_id": "B1", "bot_profile": {"name": "Deploys"}, "text": "", "attachments": [{"title": "T", "text": "x", "fields": [{"title": "Env", "value": "prod"}]}]}),
            "Deploys",
            "T\nx\nEnv: prod",
        ),
        (json!({"text": "", "attachments": [{"fallback": "only this"}]}), "Ann Lee", "only this"),
        (
            json!({"text": "", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Head"}}, {"type": "section", "text": {"type": "mrkdwn", "text": "by <@U2>"}, "fields": [{"type": "mrkdwn", "text": "f"}]}, {"type": "divider"}]}),
            "Ann Lee",
            "Head\nby @Bob\nf",
        ),
        (
            json!({"text": "", "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "Hello "}, {"type": "user", "user_id": "U2"}, {"type": "text", "text": " in "}, {"type": "channel", "channel_id": "C1"}]}, {"type": "rich_text_list", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}]}]}]}),
            "Ann Lee",
            "Hello @Bob in #general\none",
        ),
        (
            json!({"text": "<https://x.example>", "attachments": [{"from_url": "https://x.example", "text": "A preview"}]}),
            "Ann Lee",
            "https://x.example",
        ),
        (
            json!({"text": "look", "attachments": [{"from_url": "https://a.slack.com/p1", "is_msg_unfurl": true, "text": "shared words"}]}),
            "Ann Lee",
            "look\nshared words",
        ),
        (
            json!({"subtype": "message_changed", "message": {"ts": "1767607200.000100", "user": "U1", "text": "as edited"}}),
            "Ann Lee",
            "as edited",
        ),
    ] {
        assert_eq!(one(entry.clone()).await, (author.to_owned(), body.to_owned()), "{entry}");
    }
}

#[tokio::test]
async fn markup_reads_as_a_person_sees_it() {
    for (text, body) in [
        ("<@U1> and <@U2|bob> and <@U9|eve> and <@U8>", "@Ann Lee and @Bob and @eve and @U8"),
        ("<#C1> <#C1|> <#C1|general> <#C9|other> <#C8>", "#general #general #general #other #C8"),
        ("<!here> <!channel|channel> <!everyone|@everyone>", "@here @channel @everyone"),
        ("<!subteam^S1|@team> <!subteam^S2>", "@team @S2"),
        (
            "<!date^1767607200^{date} at {time}|5 January> <!date^1767607200^{date}>",
            "5 January 2026-01-05 10:00 UTC",
        ),
        (
            "<https://x.example/a|the plan> <https://y.example> <mailto:a@x.example|a@x.example>",
            "the plan https://y.example a@x.example",
        ),
        ("1 &lt; 2 &amp;&amp; a > b &amp;lt;", "1 < 2 && a > b &lt;"),
        ("if a < b then c", "if a < b then c"),
    ] {
        assert_eq!(one(json!({"text": text})).await.1, body, "{text}");
    }
}

#[tokio::test]
async fn events_are_no_messages() {
    let bench = export().await;
    let events = ["channel_join", "channel_topic", "group_leave", "tombstone", "message_deleted"];
    let entries: Vec<_> =
        events.iter().map(|e| say("1767607200.1", json!({"subtype": e}))).collect();
    put(&bench, "general/2026-01-05.json", &json!(entries));
    assert_eq!(sync(&bench).await.summary(), "0 new messages from 1 sources");
}

#[tokio::test]
async fn private_conversations_and_unlisted_folders_are_read() {
    let bench = export().await;
    put(&bench, "groups.json", &json!([{"id": "G1", "name": "secret"}]));
    put(&bench, "dms.json", &json!([{"id": "D1", "members": ["U1", "U2"]}]));
    put(&bench, "mpims.json", &json!([{"id": "M1", "name": "mpdm-ann--bob--eve-1"}]));
    for (nth, folder) in
        ["general", "secret", "D1", "mpdm-ann--bob--eve-1", "unlisted"].iter().enumerate()
    {
        let entry = say(&format!("176760720{nth}.000100"), json!({"text": folder}));
        put(&bench, &format!("{folder}/2026-01-05.json"), &json!([entry]));
    }
    put(&bench, "__MACOSX/2026-01-05.json", &json!([say("1767607200.1", json!({}))]));
    assert_eq!(sync(&bench).await.summary(), "5 new messages from 1 sources");
    let stored = messages(&bench).await;
    let subjects: Vec<_> = stored.iter().map(|m| m["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["#general", "#secret", "#unlisted", "Direct message", "Group message"]);
}

#[tokio::test]
async fn a_later_export_brings_edits_older_days_and_new_names_into_the_same_rows() {
    let bench = export().await;
    let day = |text: &str| json!([say("1767607200.000100", json!({"text": text}))]);
    put(&bench, "general/2026-01-05.json", &day("first"));
    assert_eq!(sync(&bench).await.summary(), "1 new messages from 1 sources");
    assert_eq!(sync(&bench).await.summary(), "0 new messages from 1 sources");
    // An edit that says nothing of its time, and an older day.
    put(&bench, "general/2026-01-05.json", &day("other"));
    put(&bench, "general/2025-12-05.json", &json!([say("1764928800.000100", json!({}))]));
    assert_eq!(sync(&bench).await.summary(), "1 new messages from 1 sources, 1 changed");
    // The channel is renamed, the person too.
    std::fs::rename(bench.folder().join("e/general"), bench.folder().join("e/all")).unwrap();
    put(
        &bench,
        "channels.json",
        &json!([{"id": "C1", "name": "all", "previous_names": ["general"]}]),
    );
    put(&bench, "users.json", &json!([{"id": "U1", "name": "ann", "real_name": "Ann Smith"}]));
    assert_eq!(sync(&bench).await.summary(), "0 new messages from 1 sources, 2 changed");
    let stored = messages(&bench).await;
    assert_eq!(
        (&stored[0]["subject"], &stored[0]["author"]),
        (&json!("#all"), &json!("Ann Smith"))
    );
}

#[tokio::test]
async fn what_an_older_build_stored_by_the_channels_name_is_renamed() {
    let bench = export().await;
    put(&bench, "general/2026-01-05.json", &json!([say("1767607200.000100", json!({}))]));
    sync(&bench).await.summary();
    bench.execute(sql("UPDATE messages SET native_id = 'general/1767607200.000100'")).await;
    let cursor = r#"{"position":{"general":"1767607200.000100"},"shift_days":0}"#;
    bench.execute(sql("UPDATE connector_cursors SET cursor = $1").bind(cursor)).await;
    assert_eq!(sync(&bench).await.summary(), "0 new messages from 1 sources");
    assert_eq!(messages(&bench).await[0]["native_id"], "C1/1767607200.000100");
}

#[tokio::test]
async fn a_flaw_costs_its_entry_or_its_file_and_is_named() {
    let bench = export().await;
    put(
        &bench,
        "general/2026-01-05.json",
        &json!([7, {"type": "message"}, say("x", json!({})),
        say("1767607200.000100", json!({"text": ""})), say("1767607201.000100", json!({}))]),
    );
    put_old(&bench, "e/general/2026-01-06.json", "[{\"type\":\"mess");
    put_old(&bench, "e/general/2026-01-07.json", b"\xff\xfe");
    put_old(&bench, "e/groups.json", "[");
    let run = sync(&bench).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources, 7 skipped");
    let told = run.logged(Level::Warn).join("\n");
    for part in
        ["2026-01-05.json, item 1", "item 4: neither text", "2026-01-06.json", "groups.json"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn what_is_no_export_is_told() {
    let bench = TestBench::new().await;
    put_old(&bench, "e", b"PK\x03\x04zip");
    let run = sync(&bench).await;
    assert!(run.logged(Level::Error)[0].contains("is a zip file; unpack"), "{}", run.log_text());
    let bench = TestBench::new().await;
    put_old(&bench, "e/readme.txt", "x");
    let run = sync(&bench).await;
    assert!(run.logged(Level::Error)[0].contains("not a Slack export"), "{}", run.log_text());
}
