//! What is sent: by webhook and to Slack, in which words, and what is wrong with params and args.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use crate::support::{SECRET, Sent, bench, body, failure, header, notify, webhook};
use base64::{Engine, prelude::BASE64_STANDARD};
use cascade_sdk::{HttpError, Level};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

const RUN: &str = "0198c5f2-1c0e-7e52-9b0a-4f8a2f0f7a11";

#[tokio::test]
async fn a_webhook_is_told_all_there_is_and_can_check_who_says_it() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 204);
    let mut params = webhook();
    params["public_url"] = json!("https://cascade.example/");
    let args = json!({
        "kind": "failure", "job": "sync", "cascade": "invoices", "run_id": RUN,
        "error": "no answer", "attempts": 3, "config_revision": "12",
        "not_reached": ["report", "mail"],
    });
    let run = notify(&bench, &params, args).await;
    assert_eq!(run.summary(), "demo: invoices is broken: told ops");
    let [request] = sent.take().try_into().unwrap();
    let told = body(&request);
    assert_eq!(
        told,
        json!({
            "id": header(&request, "webhook-id"),
            "type": "failure",
            "at": "2026-01-15T12:00:00.000Z",
            "project": { "id": bench.project().id, "slug": "demo", "name": "Demo" },
            "cascade": "invoices", "job": "sync", "key": null, "run_id": RUN,
            "error": "no answer", "attempts": 3, "config_revision": "12",
            "not_reached": ["report", "mail"], "since": "2026-01-15T12:00:00.000Z", "failures": 1,
            "link": format!("https://cascade.example/runs/{RUN}"),
            "subject": "demo: invoices is broken",
            "text": format!(
                "sync of Demo has failed.\nError: no answer\nAttempts: 3\n\
                 Not reached: report, mail\nRun: {RUN} https://cascade.example/runs/{RUN}\n\
                 Configuration: 12"
            ),
        })
    );
    // What a receiver does.
    let (id, time) = (header(&request, "webhook-id"), header(&request, "webhook-timestamp"));
    assert_eq!(time, bench.now().timestamp().to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(&request.body);
    let signature = header(&request, "webhook-signature").strip_prefix("v1,").unwrap();
    mac.verify_slice(&BASE64_STANDARD.decode(signature).unwrap()).unwrap();
    assert!(!format!("{request:?}{run:?}").contains(SECRET));
}

#[tokio::test]
async fn slack_shows_text_and_nothing_that_the_text_asks_for() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    let params = json!({ "slack": [{ "name": "chat", "url_env": "SLACK_URL" }] });
    let args = json!({
        "kind": "failure", "job": "sync", "error": "<!channel> & <https://evil.example|look>",
    });
    notify(&bench, &params, args).await.summary();
    let [request] = sent.take().try_into().unwrap();
    assert_eq!(request.url, "https://hooks.example/T0/secret");
    assert_eq!(
        body(&request),
        json!({ "text": "*demo: sync is broken*\nsync of Demo has failed.\n\
            Error: &lt;!channel&gt; &amp; &lt;https://evil.example|look&gt;" })
    );

    // Its address is a secret.
    bench.http(|request| Err(HttpError(format!("cannot reach {}", request.url))));
    let run = notify(&bench, &params, failure("other")).await;
    assert_eq!(run.failure(), "chat: http: cannot reach $SLACK_URL");
    assert!(!run.log_text().contains("T0/secret"));
}

#[tokio::test]
async fn templates_say_it_in_other_words() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    let mut params = webhook();
    params["templates"] = json!({
        "failure_subject": "{job}\n{{{project}}}",
        "failure_body": "Key: {key}\n{error}",
    });
    let args = json!({ "kind": "failure", "job": "sync", "error": "x".repeat(3_000) });
    notify(&bench, &params, args).await.summary();
    let told = body(&sent.take()[0]);
    assert_eq!(told["subject"], "sync {demo}");
    assert_eq!(told["text"], format!("{}…", "x".repeat(2_000)));

    params["templates"] = json!({ "failure_body": "{jib}" });
    let run = notify(&bench, &params, failure("sync")).await;
    assert!(run.failure().contains("no placeholder `jib`; there is: job,"), "{}", run.failure());
}

#[tokio::test]
async fn only_who_is_named_for_a_project_is_told_of_it() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    let mut params = webhook();
    params["webhooks"][0]["projects"] = json!(["other"]);
    let run = notify(&bench, &params, failure("sync")).await;
    assert!(run.failure().contains("nobody to tell"), "{}", run.failure());
    params["slack"] = json!([{ "name": "chat", "url_env": "SLACK_URL", "projects": ["demo"] }]);
    let run = notify(&bench, &params, failure("sync")).await;
    assert_eq!(run.output::<serde_json::Value>()["told"], json!(["chat"]));
    assert_eq!(sent.count(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_told_before_anything_is_sent() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    let mut twice = webhook();
    twice["slack"] = json!([{ "name": "ops", "url_env": "SLACK_URL" }]);
    let mut unknown = webhook();
    unknown["webhooks"][0]["secret_env"] = json!("UNKNOWN");
    let mail = |email: serde_json::Value| {
        let mut all = json!({ "name": "mail", "server": "smtp://localhost", "from": "a@x.example",
            "to": ["b@x.example"], "without_tls": true });
        all.as_object_mut().unwrap().extend(email.as_object().unwrap().clone());
        json!({ "emails": [all] })
    };
    for (params, args, told) in [
        (json!({}), failure("sync"), "nobody to tell"),
        (twice, failure("sync"), "two targets are named `ops`"),
        (unknown, failure("sync"), "UNKNOWN"),
        (mail(json!({ "to": ["nobody"] })), failure("sync"), "to: `nobody`"),
        (mail(json!({ "from": "a@x\r\nBcc: c@x" })), failure("sync"), "from: "),
        (mail(json!({ "user": "ann" })), failure("sync"), "`password_env` go together"),
        (webhook(), json!({ "kind": "failure" }), "`job`"),
        (webhook(), json!({ "kind": "broken", "job": "sync" }), "`failure`"),
        (webhook(), json!({ "kind": "failure", "job": "sync", "why": 1 }), "`why`"),
    ] {
        let run = notify(&bench, &params, args).await;
        assert!(run.failure().contains(told), "{told}: {}", run.failure());
    }
    assert_eq!(sent.count(), 0);
    let run = notify(&bench, &json!({ "webhooks": [] }), failure("sync")).await;
    assert_eq!(run.logged(Level::Error), Vec::<&str>::new());
}
