//! HTML in messages, from each kind of source.

use serde_json::json;

use crate::{browser::browse, host::Host};

const MARKER: &str = "zugzwang";

const MBOX: &str = r#"From eve@x Mon Jan  5 10:00:00 2026
From: "<script>hacked=2</script>" <eve@x.org>
Date: Mon, 5 Jan 2026 10:00:00 +0000
Message-ID: <1@x>
Subject: <img src=x onerror="hacked=1">

zugzwang <svg/onload=hacked=3> <iframe src="https://evil.example/"></iframe>

"#;

const FEED: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>&lt;img src=x onerror="hacked=1"&gt;</title><guid>1</guid>
<link>javascript:alert(document.domain)</link><author>&lt;script&gt;hacked=2&lt;/script&gt;</author>
<pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate>
<description><![CDATA[<p>zugzwang &amp; more</p><script>hacked=3</script><img src="https://evil.example/p.gif" onerror="hacked=4">]]></description>
</item></channel></rss>"#;

#[tokio::test]
async fn html_in_messages_is_shown_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("inbox.mbox", MBOX);
    put("news.xml", FEED);
    let entry = json!([{
        "type": "message", "user": "U1", "ts": "1767607200.000100",
        "text": "zugzwang &lt;svg/onload=hacked=3&gt; <javascript:alert(1)|click>"
    }]);
    let user = json!([{"id": "U1", "name": "<b onmouseover=hacked=5>", "real_name": null}]);
    put("slack/users.json", &user.to_string());
    put("slack/channels.json", "[{\"name\": \"general\"}]");
    put("slack/general/2026-01-05.json", &entry.to_string());
    put(
        "jobs.toml",
        r#"
        [projects.one]
        [jobs.connectors_sync_cycle]
        every = "1h"
        params.sources = [
            { project = "one", name = "inbox", kind = "mbox", path = "inbox.mbox" },
            { project = "one", name = "chat", kind = "slack", path = "slack" },
            { project = "one", name = "news", kind = "feed", path = "news.xml" },
        ]
        "#,
    );
    let host = Host::start_in(folder, &[]);
    let runs = host.settled(1).await;
    assert_eq!(runs[0]["state"], "completed", "{runs:#?}");
    let page = host.get("/api/data/messages").await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), 3, "{page:#}");
    let of = |kind: &str| items.iter().find(|item| item["source_kind"] == kind).unwrap();
    // Markup that was meant to be rendered is text by now; what never was markup stays as it was.
    assert_eq!(of("feed")["body"], "zugzwang & more");
    assert!(!page.to_string().contains("javascript:alert(document.domain)"), "{page:#}");
    assert!(of("mail")["body"].as_str().unwrap().contains("<svg/onload=hacked=3>"));

    let env = [("MARKER", MARKER)];
    assert!(browse(&["hostile-messages"], &host.url, &env, |_| {}), "{}", host.log());
}
