//! `/events/stream`, as a browser sees it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::host::{Host, PATIENCE};

pub struct Stream {
    answer: reqwest::Response,
    text: String,
    /// The `id:` of the last event, as it came.
    pub last_id: String,
}

impl Stream {
    pub async fn open(host: &Host, query: &str, last: Option<&str>) -> Self {
        let mut request = host.client.get(format!("{}/events/stream{query}", host.url));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        // No request may follow on this connection.
        assert_eq!(answer.headers()["connection"], "close");
        assert!(!answer.headers().contains_key("content-encoding"));
        Self { answer, text: String::new(), last_id: String::new() }
    }

    /// The next block of lines.
    pub async fn next(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return block;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk()).await;
            let chunk = chunk.expect("no event came").unwrap().expect("the stream ended");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    pub async fn next_event(&mut self) -> (i64, Value) {
        let mut block = self.next().await;
        // The bus changes while a stream is open, and says so.
        while block.starts_with("event: connected") {
            block = self.next().await;
        }
        let field = |name: &str| {
            block
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_else(|| panic!("{block}"))
        };
        assert_eq!(field("event: "), "job_completed");
        self.last_id = field("id: ").to_owned();
        let number = self.last_id.split('.').next().unwrap();
        (number.parse().unwrap(), serde_json::from_str(field("data: ")).unwrap())
    }
}

#[tokio::test]
async fn an_event_comes_live_and_is_replayed_after_a_reconnect() {
    let host = Host::start();
    host.settled(21).await;
    let mut live = Stream::open(&host, "", None).await;
    let first = live.next().await;
    assert!(first.starts_with("retry: "), "{first}");
    assert!(
        first.contains(
            "event: connected\ndata: {\"connected\":true,\"bus\":\"memory\",\"degraded\":false}"
        ),
        "{first}"
    );
    let project_id = host.project("cedar").await;
    host.post("/api/jobs/analytics_aggregates/run", json!({"project_id": project_id})).await;
    let (id, event) = live.next_event().await;
    assert_eq!(event["job_type"], "analytics_aggregates");
    assert_eq!((&event["project_id"], &event["status"]), (&json!(project_id), &json!("ok")));
    assert!(event["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(event.as_object().unwrap().len(), 4);
    let last_id = live.last_id.clone();
    drop(live);

    host.post("/api/jobs/analytics_aggregates/run", json!({"project_id": project_id})).await;
    host.settled(23).await;
    // As it was sent, and as the first edition sent it.
    for last_id in [last_id, id.to_string()] {
        let mut again = Stream::open(&host, "", Some(&last_id)).await;
        again.next().await;
        assert_eq!(again.next_event().await.0, id + 1);
    }

    let mut all = Stream::open(&host, "", Some("0")).await;
    all.next().await;
    for expected in 1..=23 {
        assert_eq!(all.next_event().await.0, expected, "each once, in order");
    }
    for unknown in ["999999", "999999.0000000001", "1.0000000001", "of another edition"] {
        let mut stream = Stream::open(&host, "", Some(unknown)).await;
        stream.next().await;
        assert!(stream.next().await.contains("event: reset"), "{unknown}");
    }
}

#[tokio::test]
async fn a_stream_carries_its_own_project_only() {
    let host = Host::start();
    host.settled(21).await;
    let (atlas, cedar) = (host.project("atlas").await, host.project("cedar").await);
    let mut scoped = Stream::open(&host, &format!("?project_id={cedar}"), None).await;
    scoped.next().await;
    for project_id in [&atlas, &cedar] {
        host.post("/api/jobs/analytics_aggregates/run", json!({"project_id": project_id})).await;
        host.settled(22).await;
    }
    assert_eq!(scoped.next_event().await.1["project_id"], json!(cedar));
    let metrics = host.client.get(format!("{}/metrics", host.url)).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("app_sse_connections_total 1\n"), "{metrics}");
    assert!(metrics.contains("app_sse_projects_subscribed 1\n"), "{metrics}");
    assert!(
        metrics.contains("cascade_runs_total{job_type=\"health_scoring\",result=\"completed\"} 3")
    );
    drop(scoped);
    let began = std::time::Instant::now();
    loop {
        let metrics = host.client.get(format!("{}/metrics", host.url)).send().await.unwrap();
        if metrics.text().await.unwrap().contains("app_sse_connections_total 0\n") {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "a stream that is gone must not be counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_openapi_document_describes_the_api() {
    let host = Host::start_with("", &[]);
    let document = host.get("/api/openapi.json").await;
    for path in [
        "/api/health",
        "/api/jobs/scheduler",
        "/api/jobs/{job_type}/run",
        "/api/data/{key}",
        "/api/events/stream",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    assert_eq!(host.get("/health").await["status"], "ok");
}
