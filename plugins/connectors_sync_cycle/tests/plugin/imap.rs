//! IMAP, against Debian's Dovecot.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::{fs, os::unix::fs::PermissionsExt};

use crate::support::{messages, subjects};
use cascade_sdk::Level;
use cascade_test_servers::Dovecot;
use cascade_testkit::{Run, TestBench, loopback};
use chrono::TimeDelta;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

const PASSWORD: &str = "Brief-Geheimnis-4711";

async fn bench() -> TestBench {
    let bench = TestBench::new().await.with_secret("MAIL_PASSWORD", PASSWORD);
    bench.connections(loopback);
    bench
}

fn source(server: &Dovecot, extra: Value) -> Value {
    let mut source = json!({
        "project": "demo", "name": "s", "kind": "imap", "user": server.user(),
        "url": format!("imap://127.0.0.1:{}", server.port()), "without_tls": true,
        "password_env": "MAIL_PASSWORD",
    });
    source.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({ "sources": [source] })
}

async fn sync(bench: &TestBench, server: &Dovecot, extra: Value) -> Run {
    bench.run::<ConnectorsSyncCycle>(source(server, extra)).await
}

fn mail(subject: &str, id: u32) -> String {
    format!(
        "From: Bo <bo@x.example>\nSubject: {subject}\nMessage-ID: <{id}@x>\n\
         Date: Mon, 5 Jan 2026 10:00:0{} +0000\n\nBody of {subject}.\n",
        id % 10
    )
}

#[tokio::test]
async fn a_folder_is_read_and_then_only_what_is_new() {
    let server = Dovecot::start(PASSWORD);
    let bench = bench().await;
    server.append("INBOX", &mail("one", 1));
    server.append("INBOX", "From: bo@x.example\nSubject: =?utf-8?Q?d=C3=A9j=C3=A0?=\n\nno date\n");
    server.append("Inbox", &mail("gone", 3));
    server.commands(&["SELECT INBOX", "STORE 3 +FLAGS (\\Deleted)", "EXPUNGE"]);
    server.append("INBOX", &mail("three", 4));
    assert_eq!(sync(&bench, &server, json!({})).await.summary(), "3 new messages from 1 sources");
    let stored = messages(&bench).await;
    assert_eq!(subjects(&stored), ["déjà", "one", "three"]);
    let one = &stored[1];
    assert_eq!((&one["author"], &one["author_key"]), (&json!("Bo"), &json!("bo@x.example")));
    assert_eq!((&one["body"], &one["source_kind"]), (&json!("Body of one."), &json!("mail")));
    assert_eq!(one["sent_at"], "2026-01-05T10:00:01.000Z");

    // A flag that changes is no news, and nothing is marked as read by us.
    let seen = server.commands(&["EXAMINE INBOX", "UID SEARCH SEEN"]);
    assert!(seen.contains("* SEARCH\r\n"), "{seen}");
    server.commands(&["SELECT INBOX", "STORE 1 +FLAGS (\\Seen)"]);
    server.append("INBOX", &mail("four", 5));
    assert_eq!(sync(&bench, &server, json!({})).await.summary(), "1 new messages from 1 sources");
    assert_eq!(sync(&bench, &server, json!({})).await.summary(), "0 new messages from 1 sources");
}

/// A mail without a date has the server's: it came then.
#[tokio::test]
async fn a_mail_without_a_date_has_that_of_its_arrival_at_the_server() {
    let server = Dovecot::start(PASSWORD);
    let bench = bench().await;
    let text = "From: a@x\r\nSubject: undated\r\n\r\nx\r\n";
    server.commands(&[&format!(
        "APPEND INBOX \"05-Jan-2026 11:00:00 +0100\" {{{}+}}\r\n{text}",
        text.len()
    )]);
    sync(&bench, &server, json!({})).await.summary();
    assert_eq!(messages(&bench).await[0]["sent_at"], "2026-01-05T10:00:00.000Z");
}

#[tokio::test]
async fn folders_are_chosen_and_a_broken_one_stops_no_other() {
    let server = Dovecot::start(PASSWORD);
    let bench = bench().await;
    server.commands(&[
        "CREATE Lists.rust",
        "CREATE Entw&APw-rfe",
        "CREATE Spam",
        "CREATE Broken",
        "CREATE \"R&-D \\\"x\\\"\"",
    ]);
    server.append("INBOX", &mail("inbox", 1));
    server.append("Lists.rust", &mail("list", 2));
    server.append("Entw&APw-rfe", &mail("draft", 3));
    server.append("Spam", &mail("spam", 4));
    server.append("Broken", &mail("broken", 5));
    server.append("\"R&-D \\\"x\\\"\"", &mail("research", 6));
    let cur = server.maildir("Broken").join("cur");
    fs::set_permissions(&cur, fs::Permissions::from_mode(0o000)).unwrap();

    assert_eq!(sync(&bench, &server, json!({})).await.summary(), "1 new messages from 1 sources");
    let chosen = json!({"mailboxes": ["Entwürfe", "Lists*", "Nowhere"]});
    let run = sync(&bench, &server, chosen).await;
    assert_eq!(run.summary(), "2 new messages from 1 sources");
    assert!(run.logged(Level::Warn)[0].contains("no folder is `Nowhere`"), "{}", run.log_text());

    let all = json!({"mailboxes": ["*", "!Spam"]});
    let run = sync(&bench, &server, all.clone()).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources, 1 skipped");
    let warned = run.logged(Level::Warn)[0];
    assert!(warned.contains("skipped folder Broken: "), "{warned}");
    assert_eq!(subjects(&messages(&bench).await), ["draft", "inbox", "list", "research"]);

    fs::set_permissions(&cur, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(sync(&bench, &server, all).await.summary(), "1 new messages from 1 sources");
    let none = sync(&bench, &server, json!({"mailboxes": ["Nowhere"]})).await;
    assert!(none.failure().contains("no folder is `Nowhere`"), "{}", none.failure());
}

#[tokio::test]
async fn a_folder_that_was_made_again_is_read_again_and_its_mails_are_recognised() {
    let server = Dovecot::start(PASSWORD);
    let bench = bench().await;
    let lists = json!({"mailboxes": ["Lists"]});
    server.commands(&["CREATE Lists"]);
    server.append("Lists", &mail("one", 1));
    server.append("Lists", &mail("two", 2));
    assert_eq!(
        sync(&bench, &server, lists.clone()).await.summary(),
        "2 new messages from 1 sources"
    );
    // In another order, and so under other UIDs.
    server.commands(&["DELETE Lists", "CREATE Lists"]);
    server.append("Lists", &mail("three", 3));
    server.append("Lists", &mail("two", 2));
    let run = sync(&bench, &server, lists.clone()).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources");
    let warned = run.logged(Level::Warn)[0];
    assert!(warned.contains("Lists is another folder than before (UIDVALIDITY"), "{warned}");
    assert_eq!(subjects(&messages(&bench).await), ["one", "three", "two"]);
    let run = sync(&bench, &server, lists).await;
    assert_eq!(run.summary(), "0 new messages from 1 sources");
    assert!(run.logged(Level::Warn).is_empty(), "{}", run.log_text());
}

#[tokio::test]
async fn a_mail_that_is_too_large_is_skipped_by_its_name_and_costs_no_memory() {
    let server = Dovecot::start(PASSWORD);
    let bench = bench().await;
    server.append("INBOX", &mail("before", 1));
    let line = "x".repeat(75) + "\n";
    let body = line.repeat((17 << 20) / line.len());
    server.append("INBOX", &format!("{}{body}", mail("=?utf-8?Q?F=C3=AAte?= film", 2)));
    server.append("INBOX", &mail("after", 3));
    let run = sync(&bench, &server, json!({})).await;
    assert_eq!(run.summary(), "2 new messages from 1 sources, 1 skipped");
    let warned = run.logged(Level::Warn)[0];
    assert!(warned.contains("skipped INBOX, UID 2 \"Fête film\": 18"), "{warned}");
    assert!(warned.ends_with("bytes, and at most 16777216 are read"), "{warned}");
    assert_eq!(sync(&bench, &server, json!({})).await.summary(), "0 new messages from 1 sources");
}

#[tokio::test]
async fn a_mail_that_the_server_cannot_read_is_skipped_alone() {
    let server = Dovecot::start(PASSWORD);
    let bench = bench().await;
    for id in 1..=5 {
        server.append("INBOX", &mail(&format!("mail {id}"), id));
    }
    // Sizes are cached by a first look; only then the file becomes unreadable.
    server.commands(&["EXAMINE INBOX", "UID FETCH 1:* (UID RFC822.SIZE)"]);
    let inbox = server.maildir("INBOX");
    let files = ["cur", "new"].iter().flat_map(|part| fs::read_dir(inbox.join(part)).unwrap());
    // By its content: a name has microseconds without leading zeros, so the order of
    // names is not always that of the UIDs.
    let third = files
        .map(|file| file.unwrap().path())
        .find(|file| fs::read_to_string(file).unwrap().contains("Subject: mail 3"))
        .unwrap();
    fs::set_permissions(third, fs::Permissions::from_mode(0o000)).unwrap();
    let run = sync(&bench, &server, json!({})).await;
    assert_eq!(run.summary(), "4 new messages from 1 sources, 1 skipped", "{}", run.log_text());
    assert!(run.logged(Level::Warn)[0].contains("skipped INBOX, UID 3: "), "{}", run.log_text());
    server.append("INBOX", &mail("later", 6));
    assert_eq!(sync(&bench, &server, json!({})).await.summary(), "1 new messages from 1 sources");
}

#[tokio::test]
async fn a_password_that_is_not_taken_is_told_and_never_shown() {
    let server = Dovecot::start(PASSWORD);
    let bench = bench().await.with_secret("MAIL_PASSWORD", "Falsches-Geheimnis-1");
    let run = sync(&bench, &server, json!({})).await;
    let said = format!("{}{}", run.failure(), run.log_text());
    assert!(said.contains("`ann` is not let in: [AUTHENTICATIONFAILED]"), "{said}");
    assert!(!said.contains("Geheimnis"), "{said}");
    // It rests, so that the account is not locked by asking again and again.
    let run = sync(&bench, &server, json!({})).await;
    assert!(run.logged(Level::Warn)[0].contains("is left alone until"), "{}", run.log_text());
    let unnamed = TestBench::new().await;
    unnamed.connections(loopback);
    let run = sync(&unnamed, &server, json!({})).await;
    assert!(run.logged(Level::Error)[0].contains("MAIL_PASSWORD"), "{}", run.log_text());
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_again_and_other_sources_are_read() {
    let mut server = Dovecot::start(PASSWORD);
    let bench = bench().await;
    server.append("INBOX", &mail("one", 1));
    server.kill();
    let mut both = source(&server, json!({}));
    crate::support::put_old(
        &bench,
        "m",
        format!("From a Mon Jan  5 10:00:00 2026\n{}", mail("file", 9)),
    );
    let file = json!({"project": "demo", "name": "file", "kind": "mbox", "path": "m"});
    both["sources"].as_array_mut().unwrap().push(file);
    let run = bench.run::<ConnectorsSyncCycle>(both.clone()).await;
    assert!(run.summary().starts_with("1 new messages from 2 sources; s: failing since"));
    server.restart();
    bench.advance(TimeDelta::minutes(15));
    let run = bench.run::<ConnectorsSyncCycle>(both).await;
    assert_eq!(run.summary(), "1 new messages from 2 sources; s: 1 new");
}
