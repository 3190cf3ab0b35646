//! A large archive through the jobs that read texts (embeddings_run has its own such test), with the
//! time that each takes. The times are printed and not judged: `cargo test --release -p analytics_aggregates --test large -- --ignored
//! --nocapture`.

#![allow(clippy::unwrap_used, reason = "a panic is the test's failure")]

use std::{fmt::Write, fs, time::Instant};

use cascade_sdk::{TypedJob, sql};
use cascade_testkit::TestBench;
use connectors_sync_cycle::ConnectorsSyncCycle;
use kag_recommendations_refresh::KagRecommendationsRefresh;
use serde_json::{Value, json};
use signals_extraction::SignalsExtraction;

const MAILS: usize = 20_000;

const SAID: [&str; 12] = [
    "The release is on track and the team is happy with the plan for the next week.",
    "We are blocked by the missing key, can anyone help before Friday?",
    "Бюджет почти исчерпан, нужно решение до конца месяца.",
    "Please find the minutes of the meeting below; comments are welcome until Monday.",
    "Мы не успеваем к пятнице, потому что сервер не отвечает второй день подряд.",
    "It was agreed that the migration starts in March and ends in May.",
    "The dashboard shows eleven thousand requests a minute with a latency of forty milliseconds.",
    "Who signs the contract with the supplier of the new building?",
    "Обновил документацию, посмотрите раздел про резервные копии и восстановление.",
    "Costs exceed the estimate by a fifth, mostly because of the cloud bill.",
    "I will be on leave from the third to the tenth and read mail once a day.",
    "Версия собрана и проверена на стенде, замечаний нет, можно выкладывать.",
];

/// Mails of 2.5 KB each, of which no two have the same text.
fn archive() -> String {
    let mut text = String::new();
    for nth in 0..MAILS {
        let at = 1_767_607_200 - 60 * i64::try_from(nth).unwrap();
        let at = chrono::DateTime::from_timestamp(at, 0).unwrap();
        writeln!(text, "From p{0}@x.example {1}", nth % 50, at.format("%a %b %e %H:%M:%S %Y"))
            .unwrap();
        writeln!(text, "From: Person {0} <p{0}@x.example>\nDate: {1}", nth % 50, at.to_rfc2822())
            .unwrap();
        writeln!(text, "Message-ID: <{nth}@x.example>\nSubject: Topic {}", nth % 300).unwrap();
        text.push_str("Content-Type: text/plain; charset=utf-8\n\n");
        let (start, mut line) = (text.len(), nth);
        while text.len() - start < 2_300 {
            writeln!(text, "{} ({line})", SAID[(line * 7 + line / 12) % SAID.len()]).unwrap();
            line += 1;
        }
        text.push('\n');
    }
    text
}

async fn timed<J: TypedJob>(bench: &TestBench, params: Value) {
    let began = Instant::now();
    let run = bench.run::<J>(params).await;
    println!("{}: {:.1} s: {}", J::NAME, began.elapsed().as_secs_f64(), run.summary());
}

#[tokio::test]
#[ignore = "takes minutes without optimisation"]
async fn a_large_archive_goes_through_every_job_that_reads_texts() {
    let bench = TestBench::new().await;
    let text = archive();
    println!("{MAILS} mails, {} MB", text.len() / 1_000_000);
    fs::write(bench.folder().join("m"), text).unwrap();
    let source = json!({"project": "demo", "name": "s", "kind": "mbox", "path": "m"});
    timed::<ConnectorsSyncCycle>(&bench, json!({"sources": [source]})).await;
    timed::<SignalsExtraction>(&bench, json!({})).await;
    timed::<KagRecommendationsRefresh>(&bench, json!({"half_life_days": 3650.0})).await;
    let rows = bench.rows(sql("SELECT count(*) AS n FROM signals_processed")).await;
    assert_eq!(rows[0]["n"], MAILS);
}
