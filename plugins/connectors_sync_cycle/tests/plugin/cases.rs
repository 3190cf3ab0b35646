//! Inputs as they are found in the world, each in a folder of `tests/cases` with what must be stored
//! of it. `case.json`: the kind of source and its path, the steps that replace the input before each
//! sync, whether its files are as if still being written (`young`), and the messages expected: each
//! key is compared; `body_has`, `body_lacks` and `sent_lacks` look for a part.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use cascade_sdk::sql;
use cascade_testkit::TestBench;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

fn copy(from: &Path, to: &Path, young: bool) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target, young);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            let age = Duration::from_secs(if young { 0 } else { 3600 });
            let file = fs::File::options().write(true).open(&target).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
    }
}

fn fits(want: &Value, got: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    want.as_object().unwrap().iter().all(|(key, value)| match key.as_str() {
        "body_has" => text(&got["body"]).contains(&text(value)),
        "body_lacks" => !text(&got["body"]).contains(&text(value)),
        "sent_lacks" => !text(&got["sent_at"]).starts_with(&text(value)),
        key => got[key] == *value,
    })
}

async fn check(name: &str) {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    let spec: Value = serde_json::from_slice(&fs::read(case.join("case.json")).unwrap()).unwrap();
    let bench = TestBench::new().await;
    bench.set_now("2026-11-28T12:00:00Z".parse().unwrap());
    let input = bench.folder().join("in");
    let young = spec["young"] == true;
    let steps: Vec<_> = match spec["steps"].as_array() {
        Some(steps) => steps.iter().map(|step| Some(case.join(step.as_str().unwrap()))).collect(),
        None => {
            let syncs = spec["syncs"].as_u64().unwrap_or(1) as usize;
            let mut steps = vec![None; syncs];
            steps[0] = Some(case.clone());
            steps
        }
    };
    let path = Path::new("in").join(spec["path"].as_str().unwrap());
    let params = json!({"sources": [
        {"project": "demo", "name": "s", "kind": spec["kind"], "path": path}]});
    for step in steps {
        if let Some(from) = step {
            copy(&from, &input, young);
        }
        for folder in spec["mkdir"].as_array().into_iter().flatten() {
            fs::create_dir_all(input.join(folder.as_str().unwrap())).unwrap();
        }
        bench.run::<ConnectorsSyncCycle>(params.clone()).await;
        bench.advance(chrono::TimeDelta::minutes(15));
    }
    let rows = bench.rows(sql("SELECT author, subject, body, url, sent_at FROM messages")).await;
    let mut left: Vec<Value> = rows.into_iter().map(Value::Object).collect();
    let all = json!(left);
    for want in spec["expect"].as_array().unwrap() {
        let found = left.iter().position(|got| fits(want, got));
        let at = found.unwrap_or_else(|| panic!("{name}: {}: no {want} in {all:#}", spec["why"]));
        left.remove(at);
    }
    if spec["only"] != false {
        assert!(left.is_empty(), "{name}: {}: also {left:#?}", spec["why"]);
    }
}

macro_rules! cases {
    ($($test:ident: $folder:literal,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                check($folder).await;
            }
        )*

        #[test]
        fn every_case_is_a_test() {
            let named = [$($folder),*];
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
            for entry in fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(named.contains(&name.as_str()), "{name} is not tested");
            }
        }
    };
}

cases! {
    atom_alternate_link: "atom-alternate-link",
    atom_plain_text: "atom-plain-text",
    baseline_feed: "baseline-feed",
    baseline_mbox: "baseline-mbox",
    feed_bare_ampersand: "feed-bare-ampersand",
    feed_cp1251_blank_lines: "feed-cp1251-blank-lines",
    feed_html_blocks: "feed-html-blocks",
    feed_no_date: "feed-no-date",
    feed_no_guid_no_link: "feed-no-guid-no-link",
    feed_rss_without_version: "feed-rss-without-version",
    feed_title_markup: "feed-title-markup",
    mail_attachment_only: "mail-attachment-only",
    mail_half_written: "mail-half-written",
    mail_iso_2022_jp: "mail-iso-2022-jp",
    mail_no_date: "mail-no-date",
    mail_pipermail_from: "mail-pipermail-from",
    maildir_without_new: "maildir-without-new",
    mbox_body_line_from: "mbox-body-line-from",
    mbox_compacted: "mbox-compacted",
    mbox_no_blank_line: "mbox-no-blank-line",
    mbox_takeout_separators: "mbox-takeout-separators",
    slack_bot_attachments: "slack-bot-attachments",
    slack_broken_day: "slack-broken-day",
    slack_channel_without_folder: "slack-channel-without-folder",
    slack_older_month_later: "slack-older-month-later",
    slack_users_missing: "slack-users-missing",
}
