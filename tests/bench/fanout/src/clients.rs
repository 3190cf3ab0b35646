//! Many event streams in one thread: one poll, one buffer, no task each. It must not be what bounds
//! the figures.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use serde_json::json;
use socket2::{Domain, Socket, Type};

use crate::{http::Url, scan::Scan};

/// Streams that one source address opens; it has about 28,000 ports.
const PER_ADDRESS: usize = 20_000;

/// How many streams, and where.
#[derive(clap::Args)]
pub struct Options {
    /// `http://ADDRESS:PORT/PATH`.
    #[arg(long)]
    pub url: Url,
    /// How many.
    #[arg(long, default_value_t = 10_000)]
    pub count: usize,
    /// How many may wait for their answer at a time while they are opened.
    #[arg(long, default_value_t = 200)]
    pub at_once: usize,
}

struct Client {
    socket: TcpStream,
    open: bool,
    scan: Scan,
}

/// When an event came to the first and to the last so far.
struct Arrival {
    first_us: u64,
    last_us: u64,
    received: usize,
}

/// Now, in µs of the Unix epoch.
pub fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64)
}

/// Runs until it is killed.
///
/// # Errors
/// A stream that is refused or ends.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    let mut clients: Vec<Client> = Vec::with_capacity(options.count);
    let mut arrivals: HashMap<Box<[u8]>, Arrival> = HashMap::new();
    let mut open = 0;
    loop {
        while clients.len() < options.count && clients.len() - open < options.at_once {
            let mut socket = connect(&options.url, clients.len())?;
            poll.registry().register(&mut socket, Token(clients.len()), Interest::READABLE)?;
            clients.push(Client { socket, open: false, scan: Scan::default() });
        }
        if let Err(error) = poll.poll(&mut events, None) {
            if error.kind() == ErrorKind::Interrupted {
                continue;
            }
            return Err(error.into());
        }
        for event in &events {
            let client = &mut clients[event.token().0];
            // Less than a full buffer means that there is no more: edge-triggered polling allows it.
            let mut size = buffer.len();
            while size == buffer.len() {
                size = match client.socket.read(&mut buffer) {
                    Ok(0) => bail!("stream {} ended", event.token().0),
                    Ok(size) => size,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error).context("reading a stream"),
                };
                let bytes = &buffer[..size];
                if !client.open {
                    if !bytes.starts_with(b"HTTP/1.1 200") {
                        bail!("a stream was refused: {}", String::from_utf8_lossy(bytes));
                    }
                    client.open = true;
                    open += 1;
                    if open == options.count {
                        say(&json!({ "connected": open }))?;
                    }
                }
                let now = now_us();
                client.scan.feed(bytes, |data| arrived(&mut arrivals, data, now));
            }
        }
        arrivals.retain(|data, arrival| {
            let everywhere = arrival.received >= options.count;
            if everywhere {
                let event = String::from_utf8_lossy(data);
                let Arrival { first_us, last_us, received } = arrival;
                let line = json!({ "event": event, "first_us": first_us, "last_us": last_us, "received": received });
                say(&line).ok();
            }
            !everywhere
        });
    }
}

fn arrived(arrivals: &mut HashMap<Box<[u8]>, Arrival>, data: &[u8], now: u64) {
    // What Cascade greets each stream with is no event.
    if data.starts_with(b"{\"connected\"") {
        return;
    }
    if let Some(arrival) = arrivals.get_mut(data) {
        arrival.last_us = now;
        arrival.received += 1;
    } else {
        arrivals.insert(data.into(), Arrival { first_us: now, last_us: now, received: 1 });
    }
}

fn connect(url: &Url, number: usize) -> anyhow::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(url.address), Type::STREAM, None)?;
    if number >= PER_ADDRESS && url.address.ip().is_loopback() {
        let source = Ipv4Addr::new(127, 0, 0, 1 + u8::try_from(number / PER_ADDRESS)?);
        socket.bind(&SocketAddr::from((source, 0)).into())?;
    }
    socket
        .connect(&url.address.into())
        .with_context(|| format!("connecting to {}", url.address))?;
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\r\n",
        url.path, url.address
    );
    let mut socket = std::net::TcpStream::from(socket);
    socket.write_all(request.as_bytes())?;
    socket.set_nonblocking(true)?;
    Ok(TcpStream::from_std(socket))
}

fn say(line: &serde_json::Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
