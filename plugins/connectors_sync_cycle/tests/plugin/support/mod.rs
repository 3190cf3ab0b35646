//! Files as sources, and what was stored of them.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::{
    fs,
    time::{Duration, SystemTime},
};

use cascade_sdk::sql;
use cascade_testkit::TestBench;
use serde_json::{Value, json};

/// Params with one source.
pub fn source(kind: &str, path: &str) -> Value {
    json!({"sources": [{"project": "demo", "name": "s", "kind": kind, "path": path}]})
}

/// Writes a file that nobody is writing any more.
pub fn put_old(bench: &TestBench, path: &str, content: impl AsRef<[u8]>) {
    let file = bench.folder().join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
    age(bench, path);
}

/// Makes a file an hour old.
pub fn age(bench: &TestBench, path: &str) {
    let file = fs::File::options().write(true).open(bench.folder().join(path)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
}

/// All messages, by subject.
pub async fn messages(bench: &TestBench) -> Vec<Value> {
    let rows = bench.rows(sql("SELECT * FROM messages ORDER BY subject, sent_at, body")).await;
    rows.into_iter().map(Value::Object).collect()
}

pub fn subjects(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["subject"].as_str().unwrap()).collect()
}
