//! Metrics, logs and traces of a cascade that three workers share.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc,
};

use cascade_test_servers::Redis;
use serde_json::Value;

use crate::{
    host::{PATIENCE, repository_config},
    topology::Topology,
};

/// Takes OTLP over HTTP as JSON; each request's body goes to the channel.
pub fn collector() -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, sender) = (stream.unwrap(), sender.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut length = 0;
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap_or(0) > 0 {
                    if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                        length = text.trim().parse().unwrap();
                    }
                    let end_of_head = line == "\r\n";
                    line.clear();
                    if !end_of_head {
                        continue;
                    }
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
                    stream.write_all(answer.as_bytes()).unwrap();
                    sender.send(serde_json::from_slice(&body).unwrap()).ok();
                }
            });
        }
    });
    (url, receiver)
}

#[tokio::test]
async fn a_cascade_is_one_trace_and_every_part_is_measured() {
    let (url, bodies) = collector();
    let mut topology = Topology::new(Redis::start(), &repository_config());
    topology.env = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT".into(), url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL".into(), "http/json".into()),
        ("OTEL_BSP_SCHEDULE_DELAY".into(), "100".into()),
        ("CASCADE_LOG_FORMAT".into(), "json".into()),
        ("CASCADE_LOG".into(), "info,cascade=debug".into()),
    ];
    topology.add_server();
    for _ in 0..3 {
        topology.add_worker(&[]);
    }
    let runs = topology.servers[0].settled(21).await;

    let mut spans = Vec::new();
    while spans.len() < 21 {
        let body = bodies.recv_timeout(PATIENCE).expect("spans");
        for resource in body["resourceSpans"].as_array().unwrap() {
            for scope in resource["scopeSpans"].as_array().unwrap() {
                spans.extend(scope["spans"].as_array().unwrap().clone());
            }
        }
    }
    let by_id: BTreeMap<_, _> =
        spans.iter().map(|span| (span["spanId"].to_string(), span)).collect();
    let traces: BTreeSet<_> = spans.iter().map(|span| span["traceId"].to_string()).collect();
    assert_eq!((by_id.len(), traces.len()), (21, 3), "a trace for each project's first job");
    for span in &spans {
        let parent = span["parentSpanId"].as_str().unwrap_or_default();
        if span["name"] == "connectors_sync_cycle" {
            assert_eq!(parent, "", "{span}");
        } else {
            let parent = by_id[&Value::from(parent).to_string()];
            assert_eq!(parent["traceId"], span["traceId"]);
        }
    }
    let known: BTreeSet<_> =
        runs.iter().map(|run| run["trace_id"].as_str().unwrap().replace('-', "")).collect();
    assert!(traces.iter().all(|trace| known.contains(trace.trim_matches('"'))), "{traces:?}");

    let mut metrics = String::new();
    for process in topology.workers.iter().chain(&topology.servers) {
        let answer = process.client.get(format!("{}/metrics", process.url)).send().await.unwrap();
        metrics.push_str(&answer.text().await.unwrap());
    }
    for part in [
        "cascade_runs_total{job_type=\"health_scoring\",result=\"completed\"}",
        "cascade_run_duration_seconds_bucket{job_type=\"health_scoring\",le=",
        "cascade_run_wait_seconds_bucket{",
        "cascade_hop_seconds_bucket{job_type=\"health_scoring\",le=",
        "cascade_queue_depth{",
        "cascade_events_published_total{bus=\"redis\"}",
        "cascade_bus_carries{bus=\"redis\"} 1",
        "cascade_pool_connections{pool=\"postgres\"}",
    ] {
        assert!(metrics.contains(part), "{part} is not among\n{metrics}");
    }

    let line = |log: String| -> Vec<Value> {
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    };
    let lines: Vec<_> = topology.workers.iter().flat_map(|worker| line(worker.log())).collect();
    let ends: Vec<_> = lines.iter().filter(|l| l["fields"]["message"] == "completed").collect();
    assert_eq!(ends.len(), 21);
    let ids: BTreeSet<_> = runs.iter().map(|run| run["id"].to_string()).collect();
    assert!(ends.iter().all(|l| ids.contains(&l["fields"]["run_id"].to_string())), "{:?}", ends[0]);
}
