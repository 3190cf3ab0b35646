//! Mail archives of many writers, read by the job.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::fs;

use crate::support::{age, messages, put_old, source, subjects};
use cascade_sdk::{Level, sql};
use cascade_testkit::TestBench;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

/// A mail without its separator.
fn mail(subject: &str, body: &str) -> String {
    format!(
        "From: Ann Lee <ann@x.example>\nSubject: {subject}\nMessage-ID: <{subject}@x.example>\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n\n{body}\n"
    )
}

const SEPARATOR: &str = "From ann@x.example Mon Jan  5 10:00:00 2026\n";

async fn read(text: impl AsRef<[u8]>) -> Vec<Value> {
    let bench = TestBench::new().await;
    put_old(&bench, "m", text);
    let run = bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await;
    run.summary();
    messages(&bench).await
}

#[tokio::test]
async fn any_writers_separators_part_messages() {
    for separator in [
        "From - Mon Jan  5 10:00:00 2026\n",
        "From \n",
        "From 1844347792267117870@xxx Mon Jan 05 10:00:00 +0000 2026\r\n",
        "From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n",
        "From ann@x.example Mon, 05 Jan 2026 10:00:00 +0000\n",
        "From ann at x.example  Mon Jan  5 10:00:00 2026\n>From ann@y Mon Jan 5 10:00:00 2026\n",
    ] {
        let text: String =
            ["A", "B", "C"].map(|s| format!("{separator}{}\n", mail(s, "Hello."))).concat();
        assert_eq!(subjects(&read(&text).await), ["A", "B", "C"], "{separator}");
        let text = format!("\u{feff}\n{}", text.replace('\n', "\r\n"));
        assert_eq!(subjects(&read(&text).await), ["A", "B", "C"], "CRLF, BOM: {separator}");
    }
    // A file of one mail has no separator, and may begin with any header.
    for first in ["", "Recieved: from x\n by y\n", "Resent-To: ann@x.example\n"] {
        let text = format!("{first}{}", mail("A", "Hello."));
        assert_eq!(subjects(&read(text).await), ["A"], "{first}");
    }
}

#[tokio::test]
async fn body_lines_are_kept_whatever_they_begin_with() {
    for line in [
        "From 10:30 on the database is down.",
        "From today's call:\nSubject: all is well.",
        "From ann@x.example we heard:\nDate: unknown",
        "From Mon Jan  5 10:00:00 2026 on we meet at ten\nAgenda: none",
        ">From ann@x.example Mon Jan  5 10:00:00 2026\nFrom: Ann",
    ] {
        let text = format!("{SEPARATOR}{}", mail("A", &format!("Hi,\n\n{line}\nKeep this.")));
        let stored = read(format!("{text}\n{SEPARATOR}{}", mail("B", "x"))).await;
        assert_eq!(subjects(&stored), ["A", "B"], "{line}");
        let line = line.strip_prefix('>').unwrap_or(line);
        assert_eq!(stored[0]["body"], format!("Hi,\n\n{line}\nKeep this."), "{line}");
    }
}

#[tokio::test]
async fn a_content_length_that_fits_tells_where_a_mail_ends() {
    // A mail that shows another, without any quoting.
    let shown = format!("See this:\n\n{SEPARATOR}{}\nThat was it.\n", mail("within", "Hello."));
    let with_length = |length: usize, end: &str| {
        let mail = mail("A", &shown);
        let mail = mail.replacen("Subject", &format!("content-length: {length}\nSubject"), 1);
        format!("{SEPARATOR}{}{end}{SEPARATOR}{}", mail.trim_end_matches('\n'), mail_b())
    };
    fn mail_b() -> String {
        mail("B", "Content-Length: 5\n\nend")
    }
    let length = shown.len();
    for (length, end) in
        [(length, "\n"), (length, "\n\n"), (length - 1, "\n\n"), (length + 1, "\n\n")]
    {
        let stored = read(with_length(length, end)).await;
        assert_eq!(subjects(&stored), ["A", "B"], "{length} {end:?}");
        assert!(stored[0]["body"].as_str().unwrap().ends_with("That was it."), "{stored:?}");
    }
    // One that does not fit, as when line ends were changed on the way.
    for wrong in [0, 3, length - 2, length + 3, 1 << 40, usize::MAX] {
        let stored = read(with_length(wrong, "\n\n")).await;
        assert_eq!(subjects(&stored), ["A", "B", "within"], "{wrong}");
    }
    // The last one of the file.
    let text = with_length(length, "\n\n");
    let last =
        text.trim_end().strip_suffix(&format!("{SEPARATOR}{}", mail_b().trim_end())).unwrap();
    assert_eq!(subjects(&read(last).await), ["A"]);
    let crlf = shown.replace('\n', "\r\n").len();
    let stored = read(with_length(crlf, "\n\n").replace('\n', "\r\n")).await;
    assert_eq!(subjects(&stored), ["A", "B"]);
}

#[tokio::test]
async fn senders_without_an_address_and_masked_ones_have_names() {
    for (from, author, key) in [
        ("From: Ann Lee <ann@x.example>", "Ann Lee", "ann@x.example"),
        ("From: \"Lee, Ann\" <ANN@x.example>", "Lee, Ann", "ann@x.example"),
        ("From: ann at x.example (Ann Lee)", "Ann Lee", "ann@x.example"),
        ("From: Ann Lee <ann at x.example>", "Ann Lee", "ann@x.example"),
        ("From: ann(a)x.example (=?utf-8?Q?J=C3=BCrgen?=)", "Jürgen", "ann@x.example"),
        ("From: =?utf-8?B?0JDQvdC90LA=?= <ann@x.example>", "Анна", "ann@x.example"),
        ("From: ann@x.example", "ann@x.example", "ann@x.example"),
        ("From: Ann Lee", "Ann Lee", "ann lee"),
        (
            "From: MAILER-DAEMON (Mail Delivery System)",
            "Mail Delivery System",
            "mailer-daemon@unknown.invalid",
        ),
        ("From: <>\nSender: bob@x.example", "bob@x.example", "bob@x.example"),
        ("X-Other: 1", "ann@x.example", "ann@x.example"),
    ] {
        let head = "Subject: S\nMessage-ID: <1@x>\nDate: Mon, 5 Jan 2026 10:00:00 +0000";
        let stored = read(format!("{SEPARATOR}{head}\n{from}\n\nHello.\n")).await;
        assert_eq!(stored.len(), 1, "{from}");
        assert_eq!(stored[0]["author"], author, "{from}");
        if !key.ends_with(".invalid") {
            assert_eq!(stored[0]["author_key"], key, "{from}");
        }
        assert_eq!(stored[0]["body"], "Hello.", "{from}");
    }
}

#[tokio::test]
async fn dates_come_from_wherever_they_stand() {
    let dated = "2026-01-05T10:00:00.000Z";
    for (header, sent_at) in [
        ("Date: Mon, 5 Jan 2026 10:00:00", dated),
        ("Date: 2026-01-05 10:00:00", dated),
        ("Date: Mon Jan  5 10:00:00 2026", dated),
        ("Date: nonsense\nReceived: by x; Mon, 5 Jan 2026 11:00:00 +0100", dated),
        ("Received: by x;\n\tMon, 5 Jan 2026 10:00:00 +0000 (UTC)", dated),
        ("X-None: 1", "2026-01-04T10:00:00.000Z"),
        ("Date: Mon, 5 Jan 2099 10:00:00 +0000", "2026-01-15T12:00:00.000Z"),
    ] {
        let separator = "From ann@x.example Sun Jan  4 10:00:00 2026\n";
        let stored = read(format!("{separator}From: a@x\nSubject: S\n{header}\n\nHello.\n")).await;
        assert_eq!(stored[0]["sent_at"], sent_at, "{header}");
    }
}

#[tokio::test]
async fn texts_in_any_charset_and_form_are_read() {
    let koi8 = encoding_rs::KOI8_R.encode("Мы не успеваем к пятнице, нужна помощь команды.").0;
    let cp1251 = encoding_rs::WINDOWS_1251.encode("Мы не успеваем к пятнице, нужна помощь.").0;
    let part = |kind: &str, text: &str| format!("--b\nContent-Type: {kind}\n\n{text}\n");
    let parts = |kind: &str, parts: &[String]| {
        let head = format!("Content-Type: {kind}; boundary=\"b\"\nMIME-Version: 1.0\n\n");
        format!("{head}{}--b--\n", parts.concat()).into_bytes()
    };
    let of = |head: &str, body: &[u8]| [head.as_bytes(), b"\n\n", body].concat();
    for (rest, body) in [
        (
            of("Content-Type: text/plain; charset=koi8-r", &koi8),
            "Мы не успеваем к пятнице, нужна помощь команды.",
        ),
        (of("Content-Type: text/plain", &cp1251), "Мы не успеваем к пятнице, нужна помощь."),
        (of("Content-Type: text/plain; charset=gb18030", b"\xbb\xe1\xd2\xe9"), "会议"),
        (of("Content-Type: text/plain; charset=\"cp932\"", b"\x89\xef\x8bc"), "会議"),
        (
            of("Content-Type: text/html", b"<style>p{}</style><p>Costs &amp; plan</p><p>x</p>"),
            "Costs & plan\n\nx",
        ),
        (
            parts(
                "multipart/alternative",
                &[part("text/plain", " "), part("text/html", "<p>From HTML</p>")],
            ),
            "From HTML",
        ),
        (
            parts(
                "multipart/alternative",
                &[part("text/plain", "Plain <b>"), part("text/html", "<p>HTML</p>")],
            ),
            "Plain <b>",
        ),
        (parts("multipart/mixed", &[part("application/pdf; name=x.pdf", "JVBER")]), ""),
        (
            parts(
                "multipart/report",
                &[
                    part("text/plain", "Not delivered."),
                    part("message/delivery-status", "Status: 5.1.1"),
                    part("message/rfc822", &mail("Old", "old")),
                ],
            ),
            "Not delivered.",
        ),
    ] {
        let head = format!("{SEPARATOR}From: a@x\nSubject: S\nMessage-ID: <1@x>\n");
        let stored = read([head.as_bytes(), &rest[..], b"\n"].concat()).await;
        assert_eq!(stored.len(), 1, "{body}");
        assert_eq!(stored[0]["body"], body);
    }
    // Headers in a charset that only the body names.
    let head = [
        b"From a@x Mon Jan  5 10:00:00 2026\nFrom: ",
        &encoding_rs::KOI8_R.encode("Анна").0[..],
        b" <a@x.example>\nSubject: ",
        &encoding_rs::KOI8_R.encode("План").0[..],
        b"\nContent-Type: text/plain; charset=koi8-r\n\nx\n",
    ]
    .concat();
    let stored = read(head).await;
    assert_eq!((&stored[0]["author"], &stored[0]["subject"]), (&json!("Анна"), &json!("План")));
}

#[tokio::test]
async fn one_message_id_for_two_mails_keeps_both() {
    let one = mail("S", "First.").replace("<S@", "<same@");
    let other = mail("S", "Second.").replace("<S@", "<same@");
    let text = format!("{SEPARATOR}{one}\n{SEPARATOR}{other}\n{SEPARATOR}{one}\n");
    assert_eq!(read(text).await.len(), 2);
}

#[tokio::test]
async fn a_corrected_sender_and_date_are_taken_over() {
    let bench = TestBench::new().await;
    let text = format!("{SEPARATOR}{}", mail("S", "Hello."));
    put_old(&bench, "m", text.replace("Ann Lee", "A. Lee").replace("5 Jan", "4 Jan"));
    bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await.summary();
    put_old(&bench, "m", &text);
    let run = bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await;
    assert_eq!(run.summary(), "0 new messages from 1 sources, 1 changed");
    let stored = messages(&bench).await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["author"], "Ann Lee");
    assert_eq!(stored[0]["sent_at"], "2026-01-05T10:00:00.000Z");
}

#[tokio::test]
async fn a_file_is_read_on_only_where_it_is_unchanged() {
    let file = |subjects: &[&str]| -> String {
        subjects.iter().map(|s| format!("{SEPARATOR}{}\n", mail(s, &"x".repeat(500)))).collect()
    };
    let bench = TestBench::new().await;
    for (subjects_now, new) in [
        (&["A", "B"][..], 2),
        (&["A", "B"], 0),
        (&["A", "B", "C"], 1),
        // Removed from the middle, and others added: a separator stands where the end was.
        (&["A", "C", "D", "E"], 2),
        // Replaced by one of the same length.
        (&["A", "F", "D", "E"], 1),
        (&["G"], 1),
        (&[], 0),
    ] {
        put_old(&bench, "m", file(subjects_now));
        let run = bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await;
        let expected = format!("{new} new messages from 1 sources");
        assert_eq!(run.summary(), expected, "{subjects_now:?}");
    }
    assert_eq!(subjects(&messages(&bench).await), ["A", "B", "C", "D", "E", "F", "G"]);
}

#[tokio::test]
async fn a_half_written_end_waits_or_grows_in_its_row() {
    let bench = TestBench::new().await;
    let whole =
        format!("{SEPARATOR}{}\n{SEPARATOR}{}", mail("A", "Hello."), mail("B", "One.\n\nTwo."));
    let parts = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText.\n\n";
    for cut in 1..whole.len() {
        if !whole.is_char_boundary(cut) || cut % 7 != 0 {
            continue;
        }
        fs::write(bench.folder().join("m"), &whole[..cut]).unwrap();
        bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await;
        let stored = messages(&bench).await;
        assert!(stored.len() <= 2, "{cut}: {stored:?}");
    }
    fs::write(
        bench.folder().join("m"),
        format!("{whole}\n{SEPARATOR}From: a@x\nSubject: C\n{parts}"),
    )
    .unwrap();
    bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await.summary();
    let stored = messages(&bench).await;
    assert_eq!(subjects(&stored), ["A", "B"]);
    assert_eq!(stored[1]["body"], "One.\n\nTwo.");
    // Nobody will write on: what there is is read.
    age(&bench, "m");
    bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await.summary();
    assert_eq!(subjects(&messages(&bench).await), ["A", "B", "C"]);
}

#[tokio::test]
async fn what_an_older_build_stored_is_not_stored_twice() {
    let bench = TestBench::new().await;
    let text = format!("{SEPARATOR}{}\n{SEPARATOR}{}", mail("A", "Hello."), mail("B", "Hello."));
    put_old(&bench, "m", &text);
    bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await.summary();
    // As that build had it: bare ids, and a cursor of another form.
    bench.execute(sql("UPDATE messages SET native_id = subject || '@x.example'")).await;
    let cursor = r#"{"position":{"offset":900,"head_length":900,"head_hash":"00000000-0000-0000-0000-000000000000"},"shift_days":0}"#;
    bench.execute(sql("UPDATE connector_cursors SET cursor = $1").bind(cursor)).await;
    let run = bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await;
    assert_eq!(run.summary(), "0 new messages from 1 sources");
    assert_eq!(messages(&bench).await.len(), 2);
}

#[tokio::test]
async fn what_is_no_mail_archive_is_told() {
    for (bytes, why) in [
        (&b"{}\n"[..], "not an mbox"),
        (b"Note: nothing\nof a mail\n", "not an mbox"),
        (b"PK\x03\x04zip", "a zip file; unpack it"),
        (b"\x1f\x8b\x08\x00gz", "a gzip file; unpack it"),
    ] {
        let bench = TestBench::new().await;
        put_old(&bench, "m", bytes);
        let run = bench.run::<ConnectorsSyncCycle>(source("mbox", "m")).await;
        assert!(run.logged(Level::Error)[0].contains(why), "{}", run.log_text());
    }
}

#[tokio::test]
async fn a_mail_larger_than_memory_should_hold_is_read_by_its_start() {
    let attachment = "A".repeat(76) + "\n";
    let text = format!(
        "{SEPARATOR}From: a@x\nSubject: Big\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee the file.\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n{}--b--\n\n{SEPARATOR}{}",
        attachment.repeat(400_000),
        mail("Next", "Hello.")
    );
    let stored = read(text).await;
    assert_eq!(subjects(&stored), ["Big", "Next"]);
    assert_eq!(stored[0]["body"], "See the file.");
}

#[tokio::test]
async fn a_maildir_may_lack_folders_and_have_others_by_choice() {
    let bench = TestBench::new().await;
    for name in ["new/1767607200.a", "cur/1767607200.b:2,S", ".Sent/cur/1767607200.c:2,S", "tmp/x"]
    {
        put_old(&bench, &format!("d/{name}"), mail(name, "Hello."));
    }
    put_old(&bench, "d/cur/1767607201.empty", "");
    bench.run::<ConnectorsSyncCycle>(source("maildir", "d")).await.summary();
    assert_eq!(messages(&bench).await.len(), 2);
    let mut all = source("maildir", "d");
    all["sources"][0]["folders"] = json!(true);
    let run = bench.run::<ConnectorsSyncCycle>(all.clone()).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources");
    // Read and moved by a mail program: the same message.
    let folder = bench.folder().join("d");
    fs::rename(folder.join("new/1767607200.a"), folder.join("cur/1767607200.a:2,RS")).unwrap();
    fs::remove_dir(folder.join("new")).unwrap();
    let run = bench.run::<ConnectorsSyncCycle>(all).await;
    assert_eq!(run.summary(), "0 new messages from 1 sources");
    fs::remove_dir_all(folder.join("cur")).unwrap();
    let run = bench.run::<ConnectorsSyncCycle>(source("maildir", "d")).await;
    assert!(run.logged(Level::Error)[0].contains("neither `cur` nor `new`"), "{}", run.log_text());
}
