//! Tables of other plugins, and messages for them.

use cascade_sdk::Project;
use cascade_testkit::TestBench;
use serde_json::json;

const UPSTREAM: &str = "
    CREATE TABLE messages (id text PRIMARY KEY, project_id text, source text, source_kind text,
        native_id text, thread_id text, author text, author_key text, subject text, body text,
        url text, lang text, sent_at text, ingested_at text);
    CREATE TABLE signals (id text PRIMARY KEY, project_id text, message_id text, kind text,
        evidence text, span_start bigint, span_end bigint, weight double precision,
        confidence double precision, sent_at text, detected_at text, resolved_at text);";

pub async fn bench() -> TestBench {
    let bench = TestBench::new().await;
    bench.schema(UPSTREAM).await;
    bench
}

/// Messages `m1`, `m2` ... of one project, each a minute newer than the one before.
pub async fn say(bench: &TestBench, project: &Project, prefix: &str, bodies: &[&str]) {
    for (n, body) in bodies.iter().enumerate() {
        let id = format!("{prefix}{}", n + 1);
        let cyrillic = body.chars().any(|c| ('а'..='я').contains(&c));
        let row = json!({
            "id": id, "project_id": project.id, "source": "inbox", "source_kind": "mail",
            "native_id": id, "thread_id": id, "author": "Ann", "author_key": "ann@x", "subject": "",
            "body": body, "url": null, "lang": if cyrillic { "ru" } else { "en" },
            "sent_at": format!("2026-01-05T10:{n:02}:00.000Z"),
            "ingested_at": "2026-01-05T12:00:00.000Z",
        });
        bench.insert("messages", row).await;
    }
}
