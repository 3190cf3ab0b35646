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
        let Message { native_id, thread_id, author, author_key, subject, body, url, sent_at } =
            message;
        let texts = [native_id, thread_id, author, author_key, subject, body];
        for text in texts.into_iter().chain(url) {
            assert!(!text.contains('\0'), "PostgreSQL keeps no NUL: {message:?}");
        }
        assert!(!native_id.is_empty(), "{message:?}");
        let is_web = |url: &String| url.to_ascii_lowercase().starts_with("http");
        assert!(url.iter().all(is_web), "{message:?}");
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
    let mut position = Value::Null;
    loop {
        let Ok(batch) = formats::read_mbox(&files, mbox, &position) else { break };
        storable(&batch);
        position = batch.position;
        if !batch.more {
            let again = formats::read_mbox(&files, mbox, &position).expect("the same file");
            assert!(again.messages.is_empty(), "read twice: {:?}", again.messages);
            break;
        }
    }
    fs::create_dir(folder.0.join("cur")).expect("folder");
    fs::create_dir(folder.0.join("new")).expect("folder");
    fs::write(folder.0.join("new/1.host"), input).expect("file");
    let batch = formats::read_maildir(&files, Path::new("."), &Value::Null).expect("a Maildir");
    storable(&batch);
    assert_eq!(batch.messages.len() + batch.skipped.len(), 1);
    let again =
        formats::read_maildir(&files, Path::new("."), &batch.position).expect("the same Maildir");
    assert!(again.messages.is_empty() && again.skipped.is_empty());
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
    let read = |position: &Value| formats::slack(&files, Path::new("."), position);
    let Ok(batch) = read(&Value::Null) else { return };
    storable(&batch);
    let again = read(&batch.position).expect("the same export");
    assert!(again.messages.is_empty(), "read twice: {:?}", again.messages);
}

/// RSS and Atom.
pub fn feed(input: &[u8]) {
    if let Ok(batch) = formats::feed(input) {
        storable(&batch);
    }
}
