//! The job and the view on a bench: no server, no network.

#![allow(clippy::unwrap_used)]

use cascade_sdk::{HttpError, HttpResponse, Level};
use cascade_testkit::TestBench;
use serde_json::json;
use uptime_check::{Uptime, UptimeCheck};

fn answers(bench: &TestBench) {
    bench.http(|request| match request.url.as_str() {
        "https://up.example/" => {
            Ok(HttpResponse { status: 200, headers: Vec::new(), body: Vec::new() })
        }
        "https://broken.example/" => {
            Ok(HttpResponse { status: 503, headers: Vec::new(), body: Vec::new() })
        }
        _ => Err(HttpError("no such host".into())),
    });
}

#[tokio::test]
async fn each_address_gets_a_row_whatever_it_answers() {
    let bench = TestBench::new().await;
    answers(&bench);
    let urls = ["https://up.example/", "https://broken.example/", "https://gone.example/"];

    let run = bench.run::<UptimeCheck>(json!({"urls": urls})).await;

    assert_eq!(run.summary(), "1 of 3 up");
    assert_eq!(run.logged(Level::Warn).len(), 2);
    assert_eq!(run.progress.last().unwrap().fraction, 1.0);
    let page = bench.view::<Uptime>(json!({"up": false})).await.unwrap();
    assert_eq!(page.total, 2);
    let gone = page.items.iter().find(|row| row.url.contains("gone")).unwrap();
    assert_eq!((gone.status, gone.error.as_deref()), (None, Some("http: no such host")));
    assert_eq!(bench.view::<Uptime>(json!({"url": "UP.ex"})).await.unwrap().total, 1);
}

#[tokio::test]
async fn a_run_that_is_cancelled_keeps_nothing() {
    let bench = TestBench::new().await;
    answers(&bench);
    bench.cancel();
    let run = bench.run::<UptimeCheck>(json!({"urls": ["https://up.example/"]})).await;
    assert_eq!(run.failure(), "cancelled");
    assert_eq!(bench.view::<Uptime>(json!({})).await.unwrap().total, 0);
}
