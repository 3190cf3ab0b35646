//! Event streams on real sockets: how they begin, are handed to a writer thread, and end.

use std::time::{Duration, Instant};

use tokio::{io::AsyncWriteExt, net::TcpSocket};

use super::{Bench, SignIn};
use cascade_sse::Entry;

const STREAM: &str = "GET /events/stream HTTP/1.1\r\nhost: localhost\r\n\r\n";

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn ids(text: &str) -> Vec<i64> {
    let mut events = text.split("event: job_completed").map(|before| before.rsplit("id: ").next());
    let count = text.matches("event: job_completed").count();
    let ids = events.by_ref().take(count).flatten();
    ids.map(|rest| rest.split(['.', '\n']).next().unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_while_events_are_made_gets_each_once_and_in_order() {
    let bench = Bench::with(2, SignIn::Off).await;
    let served = bench.serve().await;
    bench.make_events(0).await;
    let mut streams = Vec::new();
    for round in 1..40 {
        streams.push(served.stream("", &[("last-event-id", "0")]).await);
        bench.make_events(round).await;
    }
    bench.server.hub.tell(Entry::notice("event: last\n\n"));
    // Some events may still be on their way from the outbox.
    for mut stream in streams {
        let mut text = String::new();
        while ids(&text).len() < 80 {
            text.push_str(&stream.until("\n\n").await);
        }
        assert_eq!(ids(&text), (1..=80).collect::<Vec<_>>(), "{text}");
    }
    served.stop(&bench).await;
}

#[tokio::test]
async fn an_end_is_told_and_leaves_nothing_open() {
    let bench = Bench::with(1, SignIn::Off).await;
    let served = bench.serve().await;
    let mut modern = served.ask(STREAM).await;
    assert!(modern.head.contains("transfer-encoding: chunked\r\n"), "{}", modern.head);
    assert!(modern.head.contains("content-security-policy: "), "{}", modern.head);
    modern.until("\n\n\r\n").await;
    let mut ancient = served.ask("GET /events/stream HTTP/1.0\r\nhost: localhost\r\n\r\n").await;
    assert!(!ancient.head.contains("transfer-encoding"), "{}", ancient.head);
    ancient.until("\n\n").await;
    let mut bodiless = served
        .ask("HEAD /events/stream HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await;
    assert!(bodiless.head.contains("text/event-stream"), "{}", bodiless.head);
    assert_eq!(bodiless.rest().await, "");
    assert_eq!(bench.server.hub.subscribers().count().0, 2);

    bench.make_events(0).await;
    let event = modern.until("\n\n\r\n").await;
    let chunk = event.split_once("\r\n").unwrap();
    assert_eq!(usize::from_str_radix(chunk.0, 16).unwrap(), chunk.1.len() - 2, "{event}");
    assert_eq!(ancient.until("\n\n").await, chunk.1.strip_suffix("\r\n").unwrap());
    served.stop(&bench).await;
    assert_eq!(modern.rest().await, "0\r\n\r\n");
    assert_eq!(ancient.rest().await, "");
    assert!(bench.server.hub.subscribers().is_empty());
}

#[tokio::test]
async fn who_goes_or_goes_on_talking_gives_the_place_back() {
    let bench = Bench::with(1, SignIn::Off).await;
    let served = bench.serve().await;
    let (gone, mut talks) = (served.stream("", &[]).await, served.stream("", &[]).await);
    let stays = served.stream("", &[]).await;
    assert_eq!(bench.server.hub.subscribers().count().0, 3);
    drop(gone);
    talks.socket.write_all(STREAM.as_bytes()).await.unwrap();
    let hub = bench.server.hub.clone();
    until("both places are given back", || hub.subscribers().count().0 == 1).await;
    drop(stays);
    served.stop(&bench).await;
}

#[tokio::test]
async fn who_does_not_read_is_dropped_and_holds_up_nobody() {
    let bench = Bench::with(1, SignIn::Off).await;
    let served = bench.serve().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = socket.connect(served.address).await.unwrap();
    slow.write_all(STREAM.as_bytes()).await.unwrap();
    let mut quick = served.stream("", &[]).await;
    let hub = bench.server.hub.clone();
    until("both listen", || hub.subscribers().count().0 == 2).await;
    let long = format!("event: long\ndata: {}\n\n", "x".repeat(16 * 1024));
    for number in 0..2000 {
        hub.tell(Entry::notice(&long));
        if number % 20 == 0 {
            hub.tell(Entry::notice("event: mark\n\n"));
            quick.until("event: mark").await;
        }
    }
    until("the slow one is dropped", || hub.subscribers().count().0 == 1).await;
    bench.make_events(0).await;
    quick.until("event: job_completed").await;
    served.stop(&bench).await;
}
