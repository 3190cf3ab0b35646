//! One message when a cascade breaks, none while it stays broken, one when it works again.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use crate::support::{Sent, bench, body, failure, header, notify, recovered, webhook};
use cascade_notify::Notify;
use cascade_sdk::JobError;
use cascade_testkit::TestBench;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Runs the job a minute later; the subject of what was sent, and why nothing was.
async fn step(bench: &TestBench, sent: &Sent, args: Value) -> (Option<String>, Option<String>) {
    bench.advance(TimeDelta::minutes(1));
    let run = notify(bench, &webhook(), args).await;
    let output: Value = run.output();
    let requests = sent.take();
    assert!(requests.len() <= 1);
    let subject = requests.first().map(|one| body(one)["subject"].as_str().unwrap().to_owned());
    (subject, output["quiet"].as_str().map(ToOwned::to_owned))
}

#[tokio::test]
async fn it_is_told_once_and_again_when_it_works() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    let broken = (Some("demo: sync is broken".to_owned()), None);
    assert_eq!(step(&bench, &sent, failure("sync")).await, broken);
    let quiet = "sync is broken since 2026-01-15T12:01:00.000Z".to_owned();
    for _ in 0..3 {
        assert_eq!(step(&bench, &sent, failure("sync")).await, (None, Some(quiet.clone())));
    }
    bench.advance(TimeDelta::minutes(1));
    let run = notify(&bench, &webhook(), recovered("sync")).await;
    assert_eq!(run.summary(), "demo: sync works again: told ops");
    let told = body(&sent.take()[0]);
    assert_eq!(
        (&told["since"], &told["failures"], &told["type"]),
        (&json!("2026-01-15T12:01:00.000Z"), &json!(4), &json!("recovered"))
    );
    let quiet = "sync was not known to be broken".to_owned();
    assert_eq!(step(&bench, &sent, recovered("sync")).await, (None, Some(quiet)));
    assert_eq!(step(&bench, &sent, failure("sync")).await, broken);
}

#[tokio::test]
async fn several_jobs_of_a_cascade_break_as_one() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    let of = |kind: &str, job: &str| json!({ "kind": kind, "job": job, "cascade": "invoices" });
    let (subject, _) = step(&bench, &sent, of("failure", "sync")).await;
    assert_eq!(subject.unwrap(), "demo: invoices is broken");
    let (subject, quiet) = step(&bench, &sent, of("failure", "report")).await;
    assert_eq!(
        (subject, quiet.unwrap().as_str()),
        (None, "invoices is broken since 2026-01-15T12:01:00.000Z, by sync")
    );
    // The one that people were told of works again, and the cascade does not.
    let (subject, quiet) = step(&bench, &sent, of("recovered", "sync")).await;
    assert_eq!((subject, quiet.unwrap().as_str()), (None, "invoices is still broken, by report"));
    let (subject, _) = step(&bench, &sent, of("recovered", "report")).await;
    assert_eq!(subject.unwrap(), "demo: invoices works again");
}

#[tokio::test]
async fn projects_and_keys_break_by_themselves() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    let of = |key: &str| json!({ "kind": "failure", "job": "sync", "cascade": key, "key": key });
    for key in ["7", "8"] {
        assert!(step(&bench, &sent, of(key)).await.0.is_some(), "{key}");
        assert!(step(&bench, &sent, of(key)).await.0.is_none(), "{key}");
    }
    let other = bench.add_project("other", "Other").await;
    let mut info = bench.info::<Notify>();
    (info.project, info.args) = (other, of("7"));
    bench.run_with::<Notify>(info, webhook()).await.summary();
    assert_eq!(body(&sent.take()[0])["project"]["slug"], "other");
}

#[tokio::test]
async fn what_comes_late_changes_nothing() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    step(&bench, &sent, failure("sync")).await;
    step(&bench, &sent, recovered("sync")).await;
    // A failure of before, whose run had to wait.
    let late = json!({ "kind": "failure", "job": "sync", "at": "2026-01-15T12:01:30Z" });
    let (subject, quiet) = step(&bench, &sent, late).await;
    assert_eq!(subject, None);
    assert!(quiet.unwrap().contains("before 2026-01-15T12:02:00.000Z"));
    let (subject, quiet) = step(&bench, &sent, recovered("sync")).await;
    assert_eq!((subject, quiet.unwrap().as_str()), (None, "sync was not known to be broken"));
}

#[tokio::test]
async fn a_retried_run_tells_only_those_who_were_not_told() {
    let bench = bench().await;
    let mut params = webhook();
    let second = json!({ "name": "second", "url": "https://second.example/hook", "secret_env": "HOOK_SECRET" });
    params["webhooks"].as_array_mut().unwrap().push(second);
    let sent = Sent::answering(&bench, |url| if url.contains("second") { 503 } else { 200 });
    let mut info = bench.info::<Notify>();
    info.args = failure("sync");
    let run = bench.run_with::<Notify>(info.clone(), params.clone()).await;
    assert!(matches!(run.error, Some(JobError::Retry { .. })), "{:?}", run.error);
    assert_eq!(run.failure(), "second: answered 503");
    let first = sent.take();
    assert_eq!(first.len(), 2);

    let sent = Sent::answering(&bench, |_| 200);
    info.attempt = 2;
    let run = bench.run_with::<Notify>(info, params.clone()).await;
    assert_eq!(run.output::<Value>()["told"], json!(["ops", "second"]));
    let [again] = sent.take().try_into().unwrap();
    assert_eq!(again.url, "https://second.example/hook");
    assert_eq!(header(&again, "webhook-id"), header(&first[1], "webhook-id"));
    assert_ne!(header(&again, "webhook-id"), header(&first[0], "webhook-id"));
    // It is told.
    assert!(notify(&bench, &params, failure("sync")).await.summary().starts_with("quiet: "));
}

#[tokio::test]
async fn a_cascade_of_which_nobody_was_told_is_told_the_next_time() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 500);
    notify(&bench, &webhook(), failure("sync")).await.failure();
    sent.take();
    let sent = Sent::answering(&bench, |_| 200);
    assert!(step(&bench, &sent, recovered("sync")).await.0.is_none(), "it was never told");
    let sent = Sent::answering(&bench, |_| 403);
    let run = notify(&bench, &webhook(), failure("sync")).await;
    assert!(matches!(run.error, Some(JobError::Fail { .. })), "{:?}", run.error);
    sent.take();
    let sent = Sent::answering(&bench, |_| 200);
    assert!(step(&bench, &sent, failure("sync")).await.0.is_some());
}

#[tokio::test]
async fn after_the_last_attempt_who_was_told_is_not_told_again() {
    let bench = bench().await;
    let mut params = webhook();
    let second = json!({ "name": "second", "url": "https://second.example/hook", "secret_env": "HOOK_SECRET" });
    params["webhooks"].as_array_mut().unwrap().push(second);
    let sent = Sent::answering(&bench, |url| if url.contains("second") { 410 } else { 200 });
    let run = notify(&bench, &params, failure("sync")).await;
    assert_eq!(run.failure(), "second: answered 410");
    sent.take();
    let run = notify(&bench, &params, failure("sync")).await;
    assert!(run.summary().starts_with("quiet: "), "{}", run.summary());
    assert_eq!(sent.count(), 0);
}

#[tokio::test]
async fn what_is_old_is_forgotten() {
    let bench = bench().await;
    let sent = Sent::answering(&bench, |_| 200);
    step(&bench, &sent, failure("sync")).await;
    step(&bench, &sent, failure("other")).await;
    step(&bench, &sent, recovered("sync")).await;
    bench.advance(TimeDelta::days(31));
    step(&bench, &sent, failure("other")).await;
    let rows =
        async |table: &str| bench.rows(cascade_sdk::sql(format!("SELECT * FROM {table}"))).await;
    let states = rows("notify_states").await;
    assert_eq!(states.len(), 1, "{states:?}");
    assert_eq!(states[0]["job"], "other");
    assert_eq!(rows("notify_deliveries").await.len(), 0);
}
