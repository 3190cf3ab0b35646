//! What lies between a connection and a handler: headers for browsers, limits, time-outs.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    host::{Host, PATIENCE},
    stream::Stream,
};

const ONE_PROJECT: &str = "[projects]\none = {}\n[jobs.analytics_aggregates]\n";

fn connect(host: &Host) -> TcpStream {
    let socket = TcpStream::connect(host.url.trim_start_matches("http://")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A connection from another address of this machine.
async fn connect_from(host: &Host, address: [u8; 4]) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((address, 0).into()).unwrap();
    let there = host.url.trim_start_matches("http://").parse().unwrap();
    let socket = socket.connect(there).await.unwrap().into_std().unwrap();
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The status line and all else until the server closes the connection.
fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match socket.read_to_end(&mut bytes) {
        Ok(_) => {}
        // What we had not sent yet came too late.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server did not close the connection: {error}"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn refusal(answer: reqwest::Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert!(body["error"]["message"].is_string(), "{status}: {body}");
    (status, body["error"]["code"].clone())
}

#[tokio::test]
async fn every_answer_tells_browsers_what_to_forbid() {
    let host = Host::start_with(ONE_PROJECT, &[]);
    for path in ["/", "/jobs", "/api/health", "/api/nothing", "/api/jobs/runs?page=x", "/metrics"] {
        let answer = host.client.get(format!("{}{path}", host.url)).send().await.unwrap();
        let headers = answer.headers();
        let text = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(text("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(text("cross-origin-resource-policy"), "same-origin");
        let of_api = path.starts_with("/api");
        assert_eq!(text("cache-control") == "no-store", of_api || path == "/metrics", "{path}");
        let policy = text("content-security-policy");
        if of_api || path == "/metrics" {
            assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
            continue;
        }
        assert!(policy.contains("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'self' '"));
        assert_eq!(text("x-frame-options"), "DENY");
        assert_eq!(text("referrer-policy"), "same-origin");
        assert_eq!(text("cross-origin-opener-policy"), "same-origin");
        assert!(text("permissions-policy").contains("camera=()"));
    }
}

#[tokio::test]
async fn no_other_origin_may_read_an_answer() {
    let host = Host::start_with(ONE_PROJECT, &[]);
    let asked = |method, path: &str| {
        host.client
            .request(method, format!("{}{path}", host.url))
            .header(header::ORIGIN, "https://evil.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .send()
    };
    for (method, path) in [
        (Method::GET, "/api/projects"),
        (Method::OPTIONS, "/api/projects"),
        (Method::OPTIONS, "/api/jobs/analytics_aggregates/run"),
        (Method::GET, "/events/stream"),
    ] {
        let answer = asked(method.clone(), path).await.unwrap();
        let cors = |name: &header::HeaderName| name.as_str().starts_with("access-control-");
        assert!(!answer.headers().keys().any(cors), "{method} {path}: {:?}", answer.headers());
    }
}

#[tokio::test]
async fn what_is_refused_is_refused_as_json() {
    let host = Host::start_with(ONE_PROJECT, &[]);
    let url = |path: &str| format!("{}{path}", host.url);
    let run = url("/api/jobs/analytics_aggregates/run");
    let big = json!({"project_id": "x".repeat(3 << 20)});
    let answer = host.client.post(&run).json(&big).send().await.unwrap();
    assert_eq!(refusal(answer).await, (413, json!("too_large")));

    let post = |body: &'static str, kind: &'static str| {
        host.client.post(&run).header(header::CONTENT_TYPE, kind).body(body).send()
    };
    let text = post("{}", "text/plain").await.unwrap();
    assert_eq!(refusal(text).await, (415, json!("unsupported_media_type")));
    for body in ["{", "[]", "{\"project_id\":\"one\"}", "{\"project_id\":\"\\u0000\"}"] {
        let answer = post(body, "application/json").await.unwrap();
        assert_eq!(refusal(answer).await, (400, json!("bad_request")), "{body}");
    }
    for path in ["/api/jobs/runs/one", "/api/jobs/runs?page=-1", "/api/data/%00", "/api/data/%ff"] {
        let answer = host.client.get(url(path)).send().await.unwrap();
        assert_eq!(refusal(answer).await, (400, json!("bad_request")), "{path}");
    }
    let answer = host.client.delete(url("/api/projects")).send().await.unwrap();
    assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"), "{answer:?}");
    assert_eq!(refusal(answer).await, (405, json!("method_not_allowed")));
}

#[tokio::test]
async fn headers_are_limited_in_size_and_number() {
    let host = Host::start_with(ONE_PROJECT, &[]);
    let long = "x".repeat(64 << 10);
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    for headers in [format!("x: {long}\r\n"), many] {
        let mut socket = connect(&host);
        // The server may close the connection before it has read all.
        let head = format!("GET /api/health HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        socket.write_all(head.as_bytes()).ok();
        let said = rest(&mut socket);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    }
    assert_eq!(host.get("/api/health").await["status"], "ok");
}

#[tokio::test]
async fn a_client_that_dribbles_is_cut_off_and_holds_up_nobody() {
    let host = Host::start_with(
        ONE_PROJECT,
        &["--header-timeout", "1s", "--request-timeout", "2s", "--streams", "1"],
    );
    let began = Instant::now();
    // As many as there are places, and more: those who come later wait until these are cut off.
    let mut slow = Vec::new();
    for n in 0..150 {
        slow.push(connect_from(&host, [127, 0, 0, 2 + n % 3]).await);
    }
    for socket in &mut slow {
        socket.write_all(b"GET /api/health HTTP/1.1\r\nhost: localhost\r\nx-slow: ").unwrap();
    }
    let dribble = std::thread::spawn(move || {
        let mut open = slow;
        while !open.is_empty() {
            assert!(began.elapsed() < PATIENCE, "{} are still connected", open.len());
            std::thread::sleep(Duration::from_millis(200));
            open.retain_mut(|socket| socket.write_all(b"z").is_ok());
        }
    });
    assert_eq!(host.get("/api/health").await["status"], "ok");
    println!("answered after {:?} beside 150 that dribble", began.elapsed());
    tokio::task::spawn_blocking(|| dribble.join()).await.unwrap().unwrap();

    // The head is complete; the body never is.
    let mut socket = connect(&host);
    let head = "POST /api/jobs/analytics_aggregates/run HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    socket.write_all(head.as_bytes()).unwrap();
    let said = tokio::task::spawn_blocking(move || rest(&mut socket)).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 408") && said.contains("\"timed_out\""), "{said}");

    // A stream outlasts the limit of a request.
    let mut stream = Stream::open(&host, "", None).await;
    stream.next().await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let body = json!({"project_id": host.project("one").await});
    host.post("/api/jobs/analytics_aggregates/run", body).await;
    assert_eq!(stream.next_event().await.1["job_type"], "analytics_aggregates");
}

/// Who keeps a connection for the next request must see its end, and neither a reset nor an answer to nothing.
#[tokio::test]
async fn an_idle_connection_is_closed_and_not_broken() {
    let host = Host::start_with(ONE_PROJECT, &["--header-timeout", "1s"]);
    let mut socket = connect(&host);
    socket.write_all(b"GET /api/health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let read = move || {
        let mut said = String::new();
        socket.read_to_string(&mut said).map(|_| said)
    };
    let said = tokio::task::spawn_blocking(read).await.unwrap().expect("a graceful end");
    assert!(said.starts_with("HTTP/1.1 200") && said.matches("HTTP/1.1").count() == 1, "{said}");
}

#[tokio::test]
async fn silent_connections_of_one_address_shut_nobody_out() {
    // 140 places.
    let host = Host::start_with(ONE_PROJECT, &["--streams", "20", "--header-timeout", "10m"]);
    let mut silent = Vec::new();
    for _ in 0..140 {
        silent.push(connect_from(&host, [127, 0, 0, 2]).await);
    }
    assert_eq!(host.get("/api/health").await["status"], "ok");
    let refused = tokio::task::spawn_blocking(move || rest(silent.last_mut().unwrap())).await;
    let refused = refused.unwrap();
    assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("retry-after"), "{refused}");
}

#[tokio::test]
async fn while_all_places_are_taken_connections_that_ask_nothing_give_way() {
    let host = Host::start_with(ONE_PROJECT, &["--streams", "20", "--header-timeout", "10m"]);
    let mut silent = Vec::new();
    for n in 0..210 {
        silent.push(connect_from(&host, [127, 0, 0, 2 + n % 3]).await);
    }
    assert_eq!(host.get("/api/health").await["status"], "ok");
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answers_is_cut_off() {
    let host = Host::start_with(ONE_PROJECT, &["--write-timeout", "1s"]);
    // Answers of tens of megabytes: more than sockets hold.
    let mut socket = connect(&host);
    let ask = "GET /api/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(400);
    socket.write_all(ask.as_bytes()).unwrap();
    let cut_off = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        while socket.write_all(b"G").is_ok() {
            assert!(began.elapsed() < PATIENCE, "it is still connected");
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    cut_off.await.unwrap();
    // Who takes all is not.
    let answer = host.client.get(format!("{}/api/openapi.json", host.url)).send().await.unwrap();
    assert!(answer.bytes().await.unwrap().len() * 400 > 20 << 20);
}

#[tokio::test]
async fn an_address_has_so_many_requests_and_only_a_trusted_proxy_says_whose_they_are() {
    let host = Host::start_with(ONE_PROJECT, &["--requests-per-second", "2"]);
    let ask = |host: &Host, client: &str| {
        let request = host.client.get(format!("{}/api/projects", host.url));
        request.header("x-forwarded-for", client).send()
    };
    let mut refused = None;
    for n in 0..20 {
        // Nobody has said that this header may be believed.
        let answer = ask(&host, &format!("192.0.2.{n}")).await.unwrap();
        if answer.status() != StatusCode::OK {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("twenty at once are more than five seconds' worth");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refusal(refused).await, (429, json!("too_many_requests")));
    drop(host);

    let args = ["--requests-per-second", "2", "--trusted-proxies", "10.0.0.0/8,127.0.0.1"];
    let host = Host::start_with(ONE_PROJECT, &args);
    for n in 0..20 {
        assert_eq!(ask(&host, &format!("192.0.2.{n}")).await.unwrap().status(), StatusCode::OK);
    }
    let mut last = StatusCode::OK;
    for _ in 0..20 {
        last = ask(&host, "192.0.2.99").await.unwrap().status();
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&host, "192.0.2.100").await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn streams_are_limited_by_address_and_in_all_and_a_closed_one_makes_room() {
    let args = ["--streams", "3", "--streams-per-address", "2", "--trusted-proxies", "127.0.0.1"];
    let host = Host::start_with(ONE_PROJECT, &args);
    let open = |client: &str| {
        let request = host.client.get(format!("{}/events/stream", host.url));
        request.header("x-forwarded-for", client).send()
    };
    let (first, _second) = (open("192.0.2.1").await.unwrap(), open("192.0.2.1").await.unwrap());
    let third = open("192.0.2.1").await.unwrap();
    assert_eq!(third.headers()["retry-after"], "10");
    assert_eq!(refusal(third).await, (429, json!("too_many_requests")));
    let _other = open("192.0.2.2").await.unwrap();
    let full = open("192.0.2.3").await.unwrap();
    assert!(full.headers().contains_key("retry-after"));
    assert_eq!(refusal(full).await, (503, json!("unavailable")));
    drop(first);
    let began = Instant::now();
    while open("192.0.2.1").await.unwrap().status() != StatusCode::OK {
        assert!(began.elapsed() < PATIENCE, "the place of a closed stream is not given back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
