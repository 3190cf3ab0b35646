//! Runs that a cascade caused, without args: what is told is how the runs ended that triggered them.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use crate::support::{Sent, bench, body, webhook};
use cascade_notify::Notify;
use cascade_testkit::{Run, TestBench};
use serde_json::{Value, json};

/// Runs the job after runs of other jobs that ended so.
async fn after(bench: &TestBench, ends: &[(&str, &str)]) -> Run {
    let mut info = bench.info::<Notify>();
    for (job, state) in ends {
        let of = bench.info_after::<Notify>(job, Value::Null);
        let id = of.upstream[0].run_id;
        let row = json!({
            "id": id, "state": state, "error": "no answer", "attempt": 3,
            "finished_at": "2026-01-15T11:59:00.000Z",
        });
        bench.insert("worker_runs", row).await;
        info.triggered_by = of.triggered_by.clone();
        info.upstream.extend(of.upstream);
    }
    bench.run_with::<Notify>(info, webhook()).await
}

async fn with_runs() -> TestBench {
    let bench = bench().await;
    bench
        .schema(
            "CREATE TABLE worker_runs (id text, state text, error text, attempt bigint, \
             finished_at text)",
        )
        .await;
    bench
}

#[tokio::test]
async fn an_edge_tells_how_the_run_before_it_ended() {
    let bench = with_runs().await;
    let sent = Sent::answering(&bench, |_| 200);
    after(&bench, &[("sync", "failed")]).await.summary();
    let told = body(&sent.take()[0]);
    assert_eq!(
        (&told["type"], &told["job"], &told["error"], &told["attempts"], &told["at"]),
        (
            &json!("failure"),
            &json!("sync"),
            &json!("no answer"),
            &json!(3),
            &json!("2026-01-15T11:59:00.000Z")
        )
    );
    assert!(told["run_id"].is_string());
    after(&bench, &[("sync", "completed")]).await.summary();
    let told = body(&sent.take()[0]);
    assert_eq!((&told["type"], &told["error"]), (&json!("recovered"), &Value::Null));
}

#[tokio::test]
async fn several_that_triggered_one_run_are_all_told() {
    let bench = with_runs().await;
    let sent = Sent::answering(&bench, |_| 200);
    let run = after(&bench, &[("sync", "failed"), ("report", "failed"), ("sync", "failed")]).await;
    assert_eq!(run.summary(), "demo: report is broken: told ops; demo: sync is broken: told ops");
    let subjects: Vec<_> = sent.take().iter().map(|one| body(one)["subject"].clone()).collect();
    assert_eq!(subjects, [json!("demo: report is broken"), json!("demo: sync is broken")]);
    // What was retried meanwhile has another end to come.
    let run = after(&bench, &[("sync", "running")]).await;
    assert!(run.failure().contains("`job` is missing"), "{}", run.failure());
}
