//! Sources of one project: upserts, faults, HTTP.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use cascade_sdk::{HttpResponse, JobError, Level, sql};
use cascade_testkit::TestBench;
use chrono::TimeDelta;
use connectors_sync_cycle::ConnectorsSyncCycle;
use serde_json::{Value, json};

const FEED: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>News</title>
<entry><id>e1</id><title>Plan</title><updated>2026-01-05T10:00:00Z</updated>
<author><name>Ann</name></author><link href="https://example.org/e1"/>
<content type="html">&lt;p&gt;Costs &amp;amp; plan&lt;/p&gt;</content></entry></feed>"#;

fn feed(place: &str, of: &str) -> Value {
    json!({"project": "demo", "name": "news", "kind": "feed", place: of})
}

async fn messages(bench: &TestBench) -> Value {
    json!(
        bench.rows(sql("SELECT source, body, url, author, lang, ingested_at FROM messages")).await
    )
}

#[tokio::test]
async fn a_changed_item_is_updated_in_place() {
    let bench = TestBench::new().await;
    let file = bench.folder().join("feed.xml");
    fs::write(&file, FEED).unwrap();
    let params = json!({"sources": [feed("path", "feed.xml")]});
    let run = bench.run::<ConnectorsSyncCycle>(params.clone()).await;
    assert_eq!(run.summary(), "1 new messages from 1 sources");
    let row = |body: &str, at: &str| {
        json!([{"source": "news", "body": body, "url": "https://example.org/e1", "author": "Ann",
                "lang": "en", "ingested_at": at}])
    };
    assert_eq!(messages(&bench).await, row("Costs & plan", "2026-01-15T12:00:00.000Z"));
    bench.advance(TimeDelta::hours(1));
    bench.run::<ConnectorsSyncCycle>(params.clone()).await.summary();
    assert_eq!(messages(&bench).await, row("Costs & plan", "2026-01-15T12:00:00.000Z"));
    fs::write(&file, FEED.replace("plan&lt;", "budget&lt;")).unwrap();
    assert!(bench.run::<ConnectorsSyncCycle>(params).await.summary().starts_with("0 new"));
    assert_eq!(messages(&bench).await, row("Costs & budget", "2026-01-15T13:00:00.000Z"));
}

#[tokio::test]
async fn a_source_that_fails_does_not_stop_the_others() {
    let bench = TestBench::new().await;
    fs::write(bench.folder().join("feed.xml"), FEED).unwrap();
    let gone = json!({"project": "demo", "name": "gone", "kind": "mbox", "path": "no.mbox"});
    let other = json!({"project": "other", "name": "x", "kind": "slack", "path": "nowhere"});
    let params = json!({"sources": [gone, other, feed("path", "feed.xml")]});
    let run = bench.run::<ConnectorsSyncCycle>(params).await;
    let summary = run.summary();
    assert!(
        summary.starts_with("1 new messages from 2 sources; gone: failing since 2026-"),
        "{summary}"
    );
    assert!(run.logged(Level::Error)[0].contains("no.mbox"));
    assert_eq!(messages(&bench).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_feed_over_http_is_asked_only_for_what_changed() {
    let bench = TestBench::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let asked = seen.clone();
    bench.http(move |request| {
        let tag = request.headers.iter().find(|(name, _)| name == "if-none-match").cloned();
        let status = if tag.is_some() { 304 } else { 200 };
        asked.lock().unwrap().push(tag.map(|(_, tag)| tag));
        let headers = vec![("etag".into(), "\"1\"".into())];
        Ok(HttpResponse { status, headers, body: FEED.as_bytes().to_vec() })
    });
    let params = json!({"sources": [feed("url", "https://example.org/feed")]});
    for new in ["1 new", "0 new", "0 new"] {
        let run = bench.run::<ConnectorsSyncCycle>(params.clone()).await;
        assert!(run.summary().starts_with(new), "{}", run.summary());
    }
    let tag = Some("\"1\"".to_owned());
    assert_eq!(*seen.lock().unwrap(), [None, tag.clone(), tag]);
}

#[tokio::test]
async fn params_that_make_no_sense_are_refused() {
    let bench = TestBench::new().await;
    let twice = json!({"sources": [feed("path", "a"), feed("path", "b")]});
    let error = bench.run::<ConnectorsSyncCycle>(twice).await.error;
    assert!(
        matches!(&error, Some(JobError::Fail { message }) if message.contains("`news`")),
        "{error:?}"
    );
    let typo = json!({"sources": [feed("file", "a")]});
    assert!(
        bench.run::<ConnectorsSyncCycle>(typo).await.failure().contains("unknown field `file`")
    );
    assert_eq!(
        bench.run::<ConnectorsSyncCycle>(json!({})).await.summary(),
        "0 new messages from 0 sources"
    );
}
