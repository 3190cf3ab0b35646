//! The examples of the pages on a bench. docs/plugins/testing.md quotes from here.

#![allow(clippy::unwrap_used)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use cascade_docs::examples::{
    actions::{Findings, Severity},
    effects::Report,
    errors::{CollectExport, Fetch},
    outputs::{InvoiceSync, Reminders, Synced},
    params::Digest,
    stopping::{AwaitExport, Primes},
    transactions::{Prices, Ticket},
};
use cascade_sdk::{HttpError, HttpRequest, HttpResponse, JobError, chrono::TimeDelta, sql};
use cascade_testkit::TestBench;
use serde_json::json;

fn status(status: u16, body: &str) -> HttpResponse {
    HttpResponse { status, headers: Vec::new(), body: body.into() }
}

#[tokio::test]
async fn the_answer_decides_whether_it_is_tried_again() {
    let bench = TestBench::new().await;
    let params = json!({"url": "https://docs.example/1"});

    bench.http(|_| Ok(status(404, "")));
    let gone = bench.run::<Fetch>(params.clone()).await;
    assert!(matches!(gone.error, Some(JobError::Fail { .. })), "{:?}", gone.error);

    bench.http(|_| {
        let headers = vec![("retry-after".to_owned(), "7".to_owned())];
        Ok(HttpResponse { status: 429, headers, body: Vec::new() })
    });
    let busy = bench.run::<Fetch>(params.clone()).await;
    assert!(matches!(busy.error, Some(JobError::Retry { after_ms: Some(7000), .. })));

    bench.http(|_| Err(HttpError("connection refused".into())));
    let down = bench.run::<Fetch>(params.clone()).await;
    assert_eq!(down.failure(), "http: connection refused");

    bench.http(|_| Ok(status(200, r#"{"title": "One"}"#)));
    assert_eq!(bench.run::<Fetch>(params).await.summary(), "One");
}

#[tokio::test]
async fn it_looks_again_every_30_s() {
    let bench = TestBench::new().await;
    let asked = Arc::new(Mutex::new(0));
    let answers = asked.clone();
    bench.http(move |_| {
        let mut asked = answers.lock().unwrap();
        *asked += 1;
        Ok(status(if *asked < 3 { 404 } else { 200 }, ""))
    });
    let began = bench.now();

    let run = bench.run::<AwaitExport>(json!({})).await;

    assert_eq!(run.summary(), "the export is ready");
    assert_eq!(bench.now() - began, TimeDelta::seconds(60));
}

#[tokio::test]
async fn it_stops_when_it_is_cancelled() {
    let bench = TestBench::new().await;
    bench.cancel();
    let run = bench.run::<Primes>(json!({})).await;
    assert!(matches!(run.error, Some(JobError::Cancelled)));
}

#[tokio::test]
async fn what_is_not_ready_is_awaited_without_an_attempt() {
    let bench = TestBench::new().await;
    bench.http(|_| Ok(status(202, "")));
    let early = bench.run::<CollectExport>(json!({})).await;
    assert!(matches!(early.error, Some(JobError::Snooze { after_ms: 600_000 })));
    bench.http(|_| Ok(status(200, "")));
    assert_eq!(bench.run::<CollectExport>(json!({})).await.summary(), "the export is here");
}

#[tokio::test]
async fn a_second_attempt_sends_to_nobody_twice() {
    let bench = TestBench::new().await;
    let sent = Arc::new(Mutex::new(Vec::new()));
    let log = sent.clone();
    bench.http(move |request: HttpRequest| {
        let mut sent = log.lock().unwrap();
        sent.push(String::from_utf8(request.body).unwrap());
        // The second request of all goes wrong.
        Ok(status(if sent.len() == 2 { 500 } else { 200 }, ""))
    });
    let mut info = bench.info::<Report>();
    let params = json!({"recipients": ["ann", "bob"]});

    let first = bench.run_with::<Report>(info.clone(), params.clone()).await;
    assert_eq!(first.failure(), "bob: status 500");
    info.attempt = 2; // of the same run id
    let second = bench.run_with::<Report>(info, params).await;
    assert_eq!(second.summary(), "1 sent");
    assert_eq!(sent.lock().unwrap().len(), 3, "ann, bob in vain, bob");
}

#[tokio::test]
async fn each_project_has_its_own_prices() {
    let bench = TestBench::new().await;
    let other = bench.add_project("other", "Other").await;
    bench.http(|_| Ok(status(200, r#"[{"sku": "a", "price": 1.5}]"#)));
    let params = json!({"url": "https://prices.example/"});

    bench.run::<Prices>(params.clone()).await.summary();
    bench.run_for::<Prices>(&other, params.clone()).await.summary();
    bench.run::<Prices>(params).await.summary();

    let rows = bench.rows(sql("SELECT count(*) AS n FROM example_prices")).await;
    assert_eq!(rows[0]["n"], 2);
}

#[tokio::test]
async fn a_finding_is_closed_once_it_is_there() {
    let bench = TestBench::new().await;
    let row = json!({"id": "f1", "project_id": bench.project().id, "text": "a leak",
                     "severity": "high", "done": false});
    bench.insert("example_findings", row).await;

    let closed = bench.act::<Findings>("close", json!({"id": "f1", "note": "mended"})).await;
    assert_eq!(closed.unwrap(), json!({"closed": "f1"}));
    let missing = bench.act::<Findings>("close", json!({"id": "f2", "note": "mended"})).await;
    assert_eq!(missing.unwrap_err().to_string(), "there is no finding `f2`");

    let page = bench.view::<Findings>(json!({"severity": "high"})).await.unwrap();
    assert_eq!((page.total, page.items[0].severity), (1, Severity::High));
    assert_eq!((page.items[0].done, page.items[0].text.as_str()), (true, "a leak (mended)"));
    let none = bench.view_page::<Findings>(None, 2, 10, json!({"severity": "low"})).await.unwrap();
    assert_eq!((none.total, none.items.len()), (0, 0));
}

const JOBS_TOML: &str = r#"
    [CASCADE_CHAINS]
    example_digest = ["example_report"]

    [JOB_TO_DATA_MAP]
    example_digest = ["example_findings"]

    [jobs.example_digest.params]
    recipients = ["ann"]
    detail = "long"
"#;

#[tokio::test]
async fn what_it_triggers() {
    let bench = TestBench::new().await.with_jobs_toml(JOBS_TOML);

    let run = bench.run_configured::<Digest>().await;

    assert_eq!(run.summary(), "Long, 7 days, for 1");
    assert_eq!(run.triggers, ["example_report"]);
    assert_eq!(run.refreshes, ["example_findings"]);
}

#[tokio::test]
async fn what_a_sync_gives_out_reaches_the_reminders() {
    let bench = TestBench::new().await;
    bench.http(|_| Ok(status(200, "[7, 8]")));

    let sync = bench.run::<InvoiceSync>(json!({})).await;
    let given: Synced = sync.output();
    assert_eq!((sync.summary(), &given.new_ids), ("2 new", &vec![7, 8]));

    let info = bench.info_after::<Reminders>("example_invoice_sync", given);
    let reminders = bench.run_with::<Reminders>(info, json!({})).await;
    assert_eq!(reminders.summary(), "2 reminders");
}

#[tokio::test]
async fn a_ticket_is_drawn_once_a_run() {
    let bench = TestBench::new().await;
    assert_eq!(bench.run::<Ticket>(json!({})).await.summary(), "number 1");
    assert_eq!(bench.run::<Ticket>(json!({})).await.summary(), "number 2");
    let info = bench.info::<Ticket>();
    assert_eq!(bench.run_with::<Ticket>(info.clone(), json!({})).await.summary(), "number 3");
    let again = bench.run_with::<Ticket>(info, json!({})).await;
    assert_eq!(again.summary(), "number 3, drawn by an attempt before");
    let row = json!({"run_id": "x", "project_id": bench.project().id, "number": 100});
    bench.insert("example_tickets", row).await;
    assert_eq!(bench.run::<Ticket>(json!({})).await.failure(), "there are no numbers left");
    // The writer is free again: the transaction was dropped.
    bench.execute(sql("DELETE FROM example_tickets")).await;
}

#[tokio::test]
async fn primes_are_counted() {
    let bench = TestBench::new().await;
    let run = tokio::time::timeout(Duration::from_secs(60), bench.run::<Primes>(json!({}))).await;
    let run = run.unwrap();
    assert_eq!(run.summary(), "2262 primes below 20000");
    assert_eq!(run.progress.len(), 19);
}
