use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use cascade_sdk::{Files, rfc3339};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use connectors_sync_cycle::formats::{self, Batch, Message};
use serde_json::Value;

/// Folders of this process, in memory where there is such a place.
fn folder() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let memory = PathBuf::from("/dev/shm");
    let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = base.join(format!("cascade-hostile-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).expect("temporary folder");
    folder
}

struct Gone(PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// What was read can be stored, on both databases.
fn storable(batch: &Batch) {
    for message in &batch.messages {
        let Message {
            native_id,
            known_as,
            thread_id,
            author,
            author_key,
            subject,
            body,
            url,
            sent_at,
        } = message;
        let texts = [native_id, thread_id, author, author_key, subject, body];
        for text in texts.into_iter().chain(url).chain(known_as) {
            assert!(!text.contains('\0'), "PostgreSQL keeps no NUL: {message:?}");
        }
        assert!(!native_id.is_empty(), "{message:?}");
        let is_web = |url: &String| url.to_ascii_lowercase().starts_with("http");
        assert!(url.iter().all(is_web), "{message:?}");
        let Some(sent_at) = sent_at else { continue };
        assert!((1..=9998).contains(&sent_at.year()), "{message:?}");
        // As `replay_from` moves it, from the year 2000 to 2100 at most.
        let moved = *sent_at + TimeDelta::days(36525);
        let read: DateTime<Utc> = rfc3339(moved).parse().expect("a time that can be read back");
        assert_eq!(read.timestamp(), moved.timestamp());
    }
    for skipped in &batch.skipped {
        assert!(!skipped.is_empty());
    }
}

/// An mbox and a Maildir of one message; an archive that has not changed has nothing new.
pub fn mail(input: &[u8]) {
    let folder = Gone(folder());
    let allowed = [folder.0.clone()];
    let files = Files::within(&folder.0, &allowed);
    let mbox = Path::new("mbox");
    fs::write(folder.0.join(mbox), input).expect("file");
    let mbox_at = |position: &Value| formats::Mbox::open(&files, mbox, position).expect("a file");
    if let Some(mut reader) = mbox_at(&Value::Null) {
        let (position, _) = all(|| reader.next_batch().ok().flatten());
        // A file that is no mbox has no position.
        if !position.is_null() {
            assert!(mbox_at(&position).is_none(), "it has not changed");
        }
    }
    fs::create_dir(folder.0.join("cur")).expect("folder");
    fs::create_dir(folder.0.join("new")).expect("folder");
    fs::write(folder.0.join("new/1.host"), input).expect("file");
    // As long ago as a delivered file is: one that is being written waits.
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let file = fs::File::options().write(true).open(folder.0.join("new/1.host")).expect("file");
    file.set_modified(hour_ago).expect("a time");
    let maildir = |position: &Value| {
        let place = Path::new(".");
        let mut reader = formats::Maildir::open(&files, place, true, position).expect("a Maildir");
        all(|| reader.next_batch())
    };
    let (position, count) = maildir(&Value::Null);
    assert_eq!(count, 1);
    assert_eq!(maildir(&position).1, 0, "read twice");
}

/// Reads to the end; the last position, and how much was found or skipped.
fn all(mut next: impl FnMut() -> Option<Batch>) -> (Value, usize) {
    let (mut position, mut count) = (Value::Null, 0);
    while let Some(batch) = next() {
        storable(&batch);
        count += batch.messages.len() + batch.skipped.len();
        position = batch.position.unwrap_or(position);
    }
    (position, count)
}

/// A Slack export of one channel: users, channels and one day, split at lines of `---`.
pub fn slack(input: &[u8]) {
    let folder = Gone(folder());
    let text = String::from_utf8_lossy(input);
    let mut parts = text.split("\n---\n");
    fs::create_dir(folder.0.join("general")).expect("folder");
    for name in ["general/2026-01-05.json", "users.json", "channels.json"] {
        let otherwise = if name == "channels.json" { "[{\"name\":\"general\"}]" } else { "[]" };
        fs::write(folder.0.join(name), parts.next().unwrap_or(otherwise)).expect("file");
    }
    let allowed = [folder.0.clone()];
    let files = Files::within(&folder.0, &allowed);
    let Ok(mut first) = formats::Slack::open(&files, Path::new("."), &Value::Null) else { return };
    let (position, _) = all(|| first.next_batch());
    let again = formats::Slack::open(&files, Path::new("."), &position);
    let mut again = again.expect("the same export");
    while let Some(batch) = again.next_batch() {
        assert!(batch.messages.is_empty(), "read twice: {:?}", batch.messages);
    }
}

/// RSS, Atom and JSON Feed; the same file has the same ids.
pub fn feed(input: &[u8]) {
    let read = || formats::feed(input, None, Some("https://x.example/feed"));
    if let Ok(batch) = read() {
        storable(&batch);
        let ids = |batch: &Batch| -> Vec<String> {
            batch.messages.iter().map(|message| message.native_id.clone()).collect()
        };
        assert_eq!(ids(&batch), ids(&read().expect("the same feed")));
    }
}

/// What a mail server sends; how it comes in pieces makes no difference.
pub fn imap(input: &[u8]) {
    // A longer line is refused while it comes, but read if it comes at once.
    let input = &input[..input.len().min(1 << 20)];
    let whole = formats::imap_responses(input, input.len().max(1));
    for size in [1, 7] {
        assert_eq!(formats::imap_responses(input, size), whole);
    }
}
