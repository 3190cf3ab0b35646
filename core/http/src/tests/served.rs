//! The application behind a socket, and event streams as bytes.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};

use crate::announce;

use super::Bench;
use crate::server::serve;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A served application, with all that feeds its streams.
pub struct Served {
    pub address: SocketAddr,
    tasks: JoinSet<()>,
}

impl Bench {
    /// Serves on a free port.
    pub async fn serve(&self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (server, stop) = (self.server.clone(), self.server.stop.clone());
        let (store, bus, config) =
            (server.store.clone(), server.bus.clone(), server.config.clone());
        server.hub.open().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(server.hub.clone().follow(store, bus.clone(), stop.clone()));
        tasks.spawn(announce(server.hub.clone(), bus, config, stop.clone()));
        let router = self.router.clone();
        tasks.spawn(async move { serve(listener, router, &server.limits, stop).await });
        Served { address, tasks }
    }
}

impl Served {
    /// Sends a request and reads as much as the head of the answer.
    pub async fn ask(&self, request: &str) -> Answer {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Answer { socket, head: String::new(), text: String::new() };
        answer.head = answer.until("\r\n\r\n").await;
        answer
    }

    /// Opens a stream and reads its greeting.
    pub async fn stream(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = format!("GET /events/stream{query} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut answer = self.ask(&(request + "\r\n")).await;
        assert!(answer.head.starts_with("HTTP/1.1 200"), "{}", answer.head);
        answer.until("event: connected").await;
        answer
    }

    /// Stops as the process does.
    pub async fn stop(self, bench: &Bench) {
        bench.server.stop.cancel();
        timeout(PATIENCE, self.tasks.join_all()).await.unwrap();
    }
}

/// An answer as it comes.
pub struct Answer {
    pub socket: TcpStream,
    pub head: String,
    text: String,
}

impl Answer {
    /// All that comes up to the end of `text`.
    pub async fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(start) = self.text.find(text) {
                let rest = self.text.split_off(start + text.len());
                return std::mem::replace(&mut self.text, rest);
            }
            assert!(self.more().await, "it ended without {text}: {}", self.text);
        }
    }

    /// All that comes until the connection ends.
    pub async fn rest(&mut self) -> String {
        while self.more().await {}
        std::mem::take(&mut self.text)
    }

    async fn more(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        let read = timeout(PATIENCE, self.socket.read(&mut buffer)).await.expect("nothing came");
        // Whoever is cut off with something unread is reset.
        let size = read.unwrap_or(0);
        self.text.push_str(std::str::from_utf8(&buffer[..size]).unwrap());
        size > 0
    }
}
