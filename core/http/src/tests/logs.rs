//! The log of a run, in pages and whole.

use std::time::Duration;

use cascade_sdk::{Level, LogLine};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Bench;

#[tokio::test]
async fn a_log_is_read_from_anywhere_to_both_ends() {
    let bench = Bench::new(1).await;
    let token = bench.admin().await;
    let token = Some(token.reveal());
    bench.engine.run_now("work", bench.projects[0]).await.unwrap();
    let run = bench.engine.claim("w", 1, Duration::from_secs(60), &[]).await.unwrap().remove(0);
    let began: DateTime<Utc> = "2026-11-28T09:00:00Z".parse().unwrap();
    let line = |nth| LogLine {
        at: began + TimeDelta::seconds(nth),
        level: if nth == 7 { Level::Error } else { Level::Info },
        message: format!("line {nth}"),
        fields: json!(null),
    };
    bench.engine.record(run.lease.run_id, (1..=10).map(line).collect(), None).await.unwrap();
    let address = format!("/api/jobs/runs/{}/logs", run.lease.run_id);
    let ask = async |query: &str| {
        let (status, text) = bench.ask("GET", &format!("{address}{query}"), token, None).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let shown = |page: &Value| {
        let lines = page["items"].as_array().unwrap().iter();
        let nth = |line: &Value| line["message"].as_str().unwrap()[5..].to_owned();
        let more = (page["more_before"].as_bool().unwrap(), page["more_after"].as_bool().unwrap());
        (lines.map(nth).collect::<Vec<_>>().join(" "), more)
    };
    let is = |page: &Value, lines: &str, before, after| {
        assert_eq!(shown(page), (lines.to_owned(), (before, after)));
    };
    let seq = |page: &Value, nth: usize| page["items"][nth]["seq"].as_i64().unwrap();
    is(&ask("").await, "1 2 3 4 5 6 7 8 9 10", false, false);
    let end = ask("?limit=3").await;
    is(&end, "8 9 10", true, false);
    let middle = ask(&format!("?limit=4&before={}", seq(&end, 0))).await;
    is(&middle, "4 5 6 7", true, true);
    is(&ask(&format!("?before={}", seq(&middle, 0))).await, "1 2 3", false, true);
    is(&ask(&format!("?after={}", seq(&end, 2))).await, "", true, false);
    is(&ask("?after=0&limit=2").await, "1 2", false, true);
    is(&ask("?from=2026-11-28T09:00:09Z").await, "9 10", true, false);
    is(&ask("?from=2026-11-28T10:00:00Z").await, "", true, false);
    let found = ask("?q=LINE%201&limit=1").await;
    is(&found, "10", true, false);
    assert_eq!((&found["total"], &found["lines"]), (&json!(2), &json!(10)));
    is(&ask("?level=warn").await, "7", false, false);

    let (status, text) = bench.ask("GET", &format!("{address}/download"), token, None).await;
    assert_eq!((status, text.lines().count()), (200, 10), "{text}");
    assert_eq!(text.lines().nth(6), Some("2026-11-28T09:00:07.000Z error line 7"));
    for wrong in ["level=loud", "limit=0", "limit=5001", "from=yesterday"] {
        let (status, _) = bench.ask("GET", &format!("{address}?{wrong}"), token, None).await;
        assert_eq!(status, 400, "{wrong}");
    }
    let unknown = format!("/api/jobs/runs/{}/logs/download", uuid::Uuid::nil());
    assert_eq!(bench.ask("GET", &unknown, token, None).await.0, 404);
}
