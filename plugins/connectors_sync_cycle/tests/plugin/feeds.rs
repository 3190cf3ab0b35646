//! Feeds as they are found, read by the job.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use crate::support::{messages, put_old, source, subjects};
use cascade_sdk::{HttpResponse, Level};
use cascade_testkit::TestBench;
use chrono::TimeDelta;
use connectors_sync_cycle::{ConnectorsSyncCycle, Sources};
use serde_json::{Value, json};

const DATE: &str = "<pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate>";

fn rss(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>News</title><link>https://news.example/</link>{items}</channel></rss>"
    )
}

fn atom(entry: &str) -> String {
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Blog</title><id>b</id><link href=\"https://blog.example/\"/><entry><id>1</id><updated>2026-01-05T10:00:00Z</updated>{entry}</entry></feed>"
    )
}

async fn read(text: impl AsRef<[u8]>) -> Vec<Value> {
    let bench = TestBench::new().await;
    put_old(&bench, "f", text);
    bench.run::<ConnectorsSyncCycle>(source("feed", "f")).await.summary();
    messages(&bench).await
}

#[tokio::test]
async fn texts_stand_in_many_elements_and_are_read_by_their_type() {
    for (feed, subject, body) in [
        (
            rss(&format!(
                "<item><title>T &amp;amp; U</title><description>a &lt; b and &lt;job_id&gt;</description>{DATE}</item>"
            )),
            "T & U",
            "a < b and <job_id>",
        ),
        (
            rss(&format!(
                "<item><title><![CDATA[A <i>b</i>]]></title><description>short</description><content:encoded><![CDATA[<p>Long</p><p>text</p>]]></content:encoded>{DATE}</item>"
            )),
            "A b",
            "Long\n\ntext",
        ),
        (rss("<item><title>T</title><itunes:summary>Said</itunes:summary></item>"), "T", "Said"),
        (
            rss(
                "<item><media:group><media:title>M</media:title><media:description>Shown</media:description></media:group></item>",
            ),
            "M",
            "Shown",
        ),
        (
            rss(
                "<item><title>Vec&lt;T&gt;</title><description><p>Bare <b>HTML</b></p></description></item>",
            ),
            "Vec<T>",
            "Bare HTML",
        ),
        (
            rss(
                "<item><title>caf&eacute; &nbsp; R&D</title><description>x &#8212; y</description></item>",
            ),
            "café R&D",
            "x — y",
        ),
        (
            atom("<title>a &lt;b&gt; c</title><content type=\"text\">1 &lt; 2 &lt;b&gt;</content>"),
            "a <b> c",
            "1 < 2 <b>",
        ),
        (
            atom(
                "<title type=\"html\">a &lt;b&gt;c&lt;/b&gt;</title><summary type=\"html\">&lt;p&gt;x&lt;/p&gt;</summary>",
            ),
            "a c",
            "x",
        ),
        (
            atom(
                "<title>T</title><content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\"><p>one</p><p>two &lt;3</p></div></content>",
            ),
            "T",
            "one\n\ntwo <3",
        ),
    ] {
        let stored = read(&feed).await;
        assert_eq!(subjects(&stored), [subject], "{feed}");
        assert_eq!(stored[0]["body"], body, "{feed}");
    }
}

#[tokio::test]
async fn other_formats_and_broken_files_are_read_as_far_as_they_go() {
    let item = |nth: u8| format!("<item><guid>{nth}</guid><title>T{nth}</title></item>");
    let rdf = "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel rdf:about=\"c\"><title>C</title></channel><item rdf:about=\"https://x.example/1\"><title>R</title><link>https://x.example/1</link><dc:date>2026-01-05T10:00:00Z</dc:date><dc:creator>Ann</dc:creator></item></rdf:RDF>";
    let stored = read(rdf).await;
    assert_eq!(
        (&stored[0]["author"], &stored[0]["sent_at"]),
        (&json!("Ann"), &json!("2026-01-05T10:00:00.000Z"))
    );
    let json_feed = json!({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [
        {"id": 7, "title": "N", "content_html": "<p>x</p>", "url": "https://x.example/7", "date_published": "2026-01-05T10:00:00Z"}]});
    let stored = read(json_feed.to_string()).await;
    assert_eq!((&stored[0]["subject"], &stored[0]["body"]), (&json!("N"), &json!("x")));
    for (text, expected) in [
        (
            format!("<rss><channel><title>N</title>{}{}</channel>", item(1), item(2)),
            &["T1", "T2"][..],
        ),
        (
            format!("<rss version=\"0.92\"><channel>{}<item><guid>2</guid><title>cut", item(1)),
            &["T1"],
        ),
        (format!("\n\n junk <rss><channel>{}</channel></rss>", item(1)), &["T1"]),
        (
            format!(
                "<rss><channel>{}<item><title>a & b</title><link>https://x.example/?a=1&b=2</link></item></channel></rss>",
                item(1)
            ),
            &["T1", "a & b"],
        ),
        (format!("<rss><channel>{}\u{1}\u{b}{}</channel></rss>", item(1), item(2)), &["T1", "T2"]),
        (format!("<rss><channel><b>{}</i>{}</channel></rss>", item(1), item(2)), &["T1", "T2"]),
        (format!("<channel>{}</channel>", item(1)), &["T1"]),
    ] {
        assert_eq!(subjects(&read(&text).await), expected, "{text}");
    }
    let wide: Vec<u8> = rss(&item(1)).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(subjects(&read([&[0xff, 0xfe][..], &wide].concat()).await), ["T1"]);
    assert_eq!(subjects(&read(wide).await), ["T1"]);
}

#[tokio::test]
async fn elements_of_old_and_rare_writers_are_read() {
    for (feed, subject, body) in [
        (rss("<item><dc:title>T</dc:title><dc:description>d</dc:description></item>"), "T", "d"),
        (
            rss("<item><title>T</title><body xmlns=\"http://www.w3.org/1999/xhtml\"><p>a</p><p>b</p></body></item>"),
            "T",
            "a\n\nb",
        ),
        (rss("<item><title>T</title><fullitem>&lt;p&gt;a&lt;/p&gt;</fullitem></item>"), "T", "a"),
        (
            atom("<title mode=\"base64\">\n VMOkc3Q=\n</title><summary mode=\"base64\">UlhhbXBsZSA8Yj5BdG9tPC9iPg==</summary>"),
            "Täst",
            "RXample Atom",
        ),
        (
            "<entry xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title><id>1</id><summary>alone</summary></entry>".to_owned(),
            "T",
            "alone",
        ),
        (
            "<r:rss version=\"2.0\" xmlns:r=\"http://backend.userland.com/rss2\"><r:channel><r:item><r:title>T</r:title><r:description>d</r:description></r:item></r:channel></r:rss>".to_owned(),
            "T",
            "d",
        ),
    ] {
        let stored = read(&feed).await;
        assert_eq!(subjects(&stored), [subject], "{feed}");
        assert_eq!(stored[0]["body"], body, "{feed}");
    }
}

#[tokio::test]
async fn links_are_the_page_and_absolute() {
    for (feed, url) in [
        (rss("<item><title>T</title><link>/p/1</link></item>"), "https://news.example/p/1"),
        (rss("<item><title>T</title><guid>https://news.example/g</guid></item>"), "https://news.example/g"),
        (atom("<title>T</title><link rel=\"self\" href=\"/api\"/><link rel=\"alternate\" type=\"application/json\" href=\"/j\"/><link rel=\"alternate\" type=\"text/html\" href=\"p/1\"/>"), "https://blog.example/p/1"),
        (atom("<title>T</title><link rel=\"replies\" href=\"/r\"/><link href=\"/p/2\"/>"), "https://blog.example/p/2"),
        ("<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:base=\"https://base.example/a/\"><title>B</title><entry><id>1</id><title>T</title><link href=\"p\"/></entry></feed>".to_owned(), "https://base.example/a/p"),
    ] {
        assert_eq!(read(&feed).await[0]["url"], url, "{feed}");
    }
    let stored = read(rss(
        "<item><title>T</title><guid isPermaLink=\"false\">https://x.example/no</guid></item>",
    ))
    .await;
    assert_eq!(stored[0]["url"], Value::Null);
    let stored = read(rss("<item><title>T</title><link>javascript:alert(1)</link></item>")).await;
    assert_eq!(stored[0]["url"], Value::Null);
}

#[tokio::test]
async fn items_keep_their_row_and_take_over_what_changed() {
    let bench = TestBench::new().await;
    let steps = [
        // Without any id: two reports that differ, the page of the feed as the only link.
        (
            "<item><title>R</title><link>https://news.example/</link><description>one</description></item><item><title>R</title><link>https://news.example/</link><description>two</description></item>",
            "2 new messages from 1 sources",
        ),
        // The other way round, and one more by its link.
        (
            "<item><title>L</title><link>https://news.example/l</link></item><item><title>R</title><link>https://news.example/</link><description>two</description></item><item><title>R</title><link>https://news.example/</link><description>one</description></item>",
            "1 new messages from 1 sources",
        ),
        (
            "<item><title>L, edited</title><link>https://news.example/l</link></item>",
            "0 new messages from 1 sources, 1 changed",
        ),
        // A guid twice: the last wins, and goes on winning.
        (
            "<item><guid>g</guid><title>first</title></item><item><guid>g</guid><title>last</title></item>",
            "1 new messages from 1 sources",
        ),
        (
            "<item><guid>g</guid><title>first</title></item><item><guid>g</guid><title>last</title></item> ",
            "0 new messages from 1 sources",
        ),
        (
            "<item><guid>g</guid><title>last</title><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate><dc:creator>Ann</dc:creator></item>",
            "0 new messages from 1 sources, 1 changed",
        ),
    ];
    for (items, summary) in steps {
        put_old(&bench, "f", rss(items));
        let run = bench.run::<ConnectorsSyncCycle>(source("feed", "f")).await;
        assert_eq!(run.summary(), summary, "{items}");
        bench.advance(TimeDelta::minutes(15));
    }
    let stored = messages(&bench).await;
    let last = stored.iter().find(|message| message["subject"] == "last").unwrap();
    assert_eq!(
        (&last["author"], &last["sent_at"]),
        (&json!("Ann"), &json!("2026-01-05T10:00:00.000Z"))
    );
    // A date that is far ahead is the time of arrival, which stays.
    put_old(
        &bench,
        "f",
        rss(
            "<item><guid>f</guid><title>far</title><pubDate>Mon, 05 Jan 2099 10:00:00 GMT</pubDate></item>",
        ),
    );
    for changed in ["1 new", "0 new"] {
        let run = bench.run::<ConnectorsSyncCycle>(source("feed", "f")).await;
        assert!(run.summary().starts_with(changed), "{}", run.summary());
    }
    let far =
        messages(&bench).await.into_iter().find(|message| message["subject"] == "far").unwrap();
    assert_eq!(far["sent_at"], "2026-01-15T13:30:00.000Z");
}

/// A bench whose HTTP answers are taken from a list, and the headers that were asked with.
type Asked = Arc<Mutex<Vec<Vec<(String, String)>>>>;

fn answers(bench: &TestBench, mut answers: Vec<HttpResponse>) -> Asked {
    let asked = Asked::default();
    let seen = asked.clone();
    answers.reverse();
    let answers = Mutex::new(answers);
    bench.http(move |request| {
        seen.lock().unwrap().push(request.headers);
        Ok(answers.lock().unwrap().pop().expect("another request"))
    });
    asked
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> HttpResponse {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    HttpResponse { status, headers, body: body.as_ref().to_vec() }
}

fn over_http() -> Value {
    json!({"sources": [{"project": "demo", "name": "s", "kind": "feed", "url": "https://x.example/feed?key=secret"}]})
}

#[tokio::test]
async fn compressed_answers_and_charsets_of_http_are_understood() {
    let feed = rss("<item><guid>1</guid><title>Привет</title></item>");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(feed.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(feed.as_bytes()).unwrap();
    let cp1251 = encoding_rs::WINDOWS_1251.encode(&feed).0.into_owned();
    for answered in [
        answer(200, &[("content-encoding", "gzip")], &gzip),
        answer(200, &[], &gzip),
        answer(200, &[("content-encoding", "deflate")], zlib.finish().unwrap()),
        answer(200, &[("content-type", "text/xml; charset=windows-1251")], &cp1251),
        answer(
            200,
            &[("content-type", "text/xml; charset=iso-8859-1")],
            feed.replace("?>", " encoding='utf-8'?>"),
        ),
    ] {
        let bench = TestBench::new().await;
        answers(&bench, vec![answered.clone()]);
        bench.run::<ConnectorsSyncCycle>(over_http()).await.summary();
        assert_eq!(subjects(&messages(&bench).await), ["Привет"], "{:?}", answered.headers);
    }
}

#[tokio::test]
async fn an_answer_that_unpacks_without_end_is_refused() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..40 {
        gzip.write_all(&spaces).unwrap();
    }
    let bench = TestBench::new().await;
    answers(&bench, vec![answer(200, &[], gzip.finish().unwrap())]);
    let run = bench.run::<ConnectorsSyncCycle>(over_http()).await;
    assert!(run.failure().contains("the feed is over 33554432 bytes"), "{}", run.failure());
}

#[tokio::test]
async fn a_server_is_asked_only_for_what_changed() {
    let bench = TestBench::new().await;
    let feed = rss("<item><guid>1</guid><title>T</title></item>");
    let headers = [("etag", "\"1\""), ("last-modified", "Mon, 05 Jan 2026 10:00:00 GMT")];
    let asked = answers(&bench, vec![answer(200, &headers, &feed), answer(304, &[], "")]);
    bench.run::<ConnectorsSyncCycle>(over_http()).await.summary();
    bench.run::<ConnectorsSyncCycle>(over_http()).await.summary();
    let asked = asked.lock().unwrap();
    let header = |nth: usize, name: &str| {
        asked[nth].iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    assert_eq!((header(0, "if-none-match"), header(0, "if-modified-since")), (None, None));
    assert_eq!(header(1, "if-none-match").as_deref(), Some("\"1\""));
    assert_eq!(header(1, "if-modified-since").as_deref(), Some("Mon, 05 Jan 2026 10:00:00 GMT"));
}

#[tokio::test]
async fn a_source_that_fails_for_good_is_asked_less_and_less() {
    let bench = TestBench::new().await;
    let feed = rss("<item><guid>1</guid><title>T</title></item>");
    let gone = || answer(404, &[], "");
    let asked = answers(&bench, vec![gone(), gone(), answer(200, &[], feed)]);
    let run = bench.run::<ConnectorsSyncCycle>(over_http()).await;
    assert!(run.failure().contains("https://x.example/feed answered 404"), "{}", run.failure());
    assert!(!run.log_text().contains("secret"), "{}", run.log_text());
    let since = bench.now();
    let count = || asked.lock().unwrap().len();
    // It rests for an hour, then for two.
    for (minutes, requests) in [(15, 1), (46, 2), (61, 2), (60, 3)] {
        bench.advance(TimeDelta::minutes(minutes));
        bench.run::<ConnectorsSyncCycle>(over_http()).await;
        assert_eq!(count(), requests, "{}", bench.now());
        let rows = bench.view::<Sources>(json!({})).await.unwrap().items;
        let failing = rows[0].failing_since.clone();
        assert_eq!(failing, (requests < 3).then(|| cascade_sdk::rfc3339(since)), "{rows:?}");
        let listed = bench.view::<Sources>(json!({"failing": true})).await.unwrap().items.len();
        assert_eq!(listed, usize::from(requests < 3));
    }
    assert_eq!(subjects(&messages(&bench).await), ["T"]);
}

#[tokio::test]
async fn a_server_says_when_to_come_back() {
    for after in ["7200", "Thu, 15 Jan 2026 14:00:00 GMT"] {
        let bench = TestBench::new().await;
        let feed = rss("<item><guid>1</guid><title>T</title></item>");
        let busy = answer(429, &[("retry-after", after)], "");
        let asked = answers(&bench, vec![busy, answer(200, &[], feed)]);
        for requests in [1, 1, 2] {
            bench.run::<ConnectorsSyncCycle>(over_http()).await;
            assert_eq!(asked.lock().unwrap().len(), requests, "{after}");
            bench.advance(TimeDelta::minutes(61));
        }
    }
}

#[tokio::test]
async fn another_address_is_tried_at_once() {
    let bench = TestBench::new().await;
    let feed = rss("<item><guid>1</guid><title>T</title></item>");
    answers(&bench, vec![answer(404, &[], ""), answer(200, &[], feed)]);
    bench.run::<ConnectorsSyncCycle>(over_http()).await;
    let mut other = over_http();
    other["sources"][0]["url"] = json!("https://x.example/other");
    assert_eq!(
        bench.run::<ConnectorsSyncCycle>(other).await.summary(),
        "1 new messages from 1 sources"
    );
}

#[tokio::test]
async fn a_feed_that_never_had_an_item_is_told_once() {
    let bench = TestBench::new().await;
    put_old(&bench, "f", rss(""));
    let run = bench.run::<ConnectorsSyncCycle>(source("feed", "f")).await;
    assert_eq!(run.logged(Level::Warn), ["s: the feed has no items"]);
    put_old(&bench, "f", rss(" "));
    let run = bench.run::<ConnectorsSyncCycle>(source("feed", "f")).await;
    assert!(run.logged(Level::Warn).is_empty(), "{}", run.log_text());
}

#[tokio::test]
async fn what_is_no_feed_is_told() {
    for (text, why) in [
        ("<html><body>Sign in</body></html>", "a web page"),
        ("", "no XML"),
        ("<urlset></urlset>", "`urlset`"),
        ("{\"a\": 1}", "without `items`"),
        ("PK\u{3}\u{4}", "a zip file"),
    ] {
        let bench = TestBench::new().await;
        put_old(&bench, "f", text);
        let run = bench.run::<ConnectorsSyncCycle>(source("feed", "f")).await;
        assert!(run.logged(Level::Error)[0].contains(why), "{}", run.log_text());
    }
}
