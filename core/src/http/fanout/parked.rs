use std::{
    io::{ErrorKind, IoSlice, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use mio::net::TcpStream;

use super::{
    Entry, Listener,
    tail::{Tail, Topic},
};
use crate::http::places::Place;

/// Entries that one system call writes.
const MOST_PARTS: usize = 32;

/// How long something may wait for a stream that takes nothing: to the next heartbeat.
const MOST_STUCK: Duration = Duration::from_secs(20);

/// Why a stream is no more.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// It fell behind the tail; its client's last id keeps its place.
    TooSlow,
    /// Its client has gone.
    Gone,
}

/// An open stream that only waits for what all are sent.
pub struct Parked {
    pub socket: TcpStream,
    listener: Box<Listener>,
    /// Of what was begun, what the socket did not take yet.
    rest: Bytes,
    /// A beat at which something waited, if nothing has been taken since.
    stuck_since: Option<Instant>,
    _place: Arc<Place>,
}

impl Parked {
    /// A stream whose answer so far has been written to `socket`.
    pub fn new(socket: TcpStream, listener: Box<Listener>, place: Arc<Place>) -> Self {
        Self { socket, listener, rest: Bytes::new(), stuck_since: None, _place: place }
    }

    /// Whether it may go on.
    pub fn is_allowed(&self) -> bool {
        !self.listener.seat.ticket.is_revoked()
    }

    /// Writes what is due, as much as the socket takes.
    pub fn send(&mut self, tail: &Tail) -> Result<(), Ended> {
        loop {
            let mut parts = [IoSlice::new(&[]); MOST_PARTS];
            let mut count = 0;
            let due = tail.from(self.listener.next).ok_or(Ended::TooSlow)?;
            let mut cursor = self.listener.cursor;
            let due = due.filter(|entry| self.wants(entry, &mut cursor));
            let due = due.map(|entry| entry.bytes(self.listener.framing));
            let rest = (!self.rest.is_empty()).then_some(&self.rest);
            for (part, bytes) in parts.iter_mut().zip(rest.into_iter().chain(due)) {
                *part = IoSlice::new(bytes);
                count += 1;
            }
            if count == 0 {
                self.listener.next = tail.end();
                return Ok(());
            }
            match self.socket.write_vectored(&parts[..count]) {
                Ok(0) => return Err(Ended::Gone),
                Ok(size) => self.written(size, tail),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Ended::Gone),
            }
        }
    }

    /// Writes what only this stream is sent now, if nothing else waits: a heartbeat, which tells
    /// nothing to who has not read what came before. Who takes nothing for too long is too slow.
    pub fn beat(&mut self, heartbeat: &Entry, tail: &Tail) -> Result<(), Ended> {
        if self.rest.is_empty() && self.listener.next == tail.end() {
            self.rest = heartbeat.bytes(self.listener.framing).clone();
        }
        self.send(tail)?;
        if self.rest.is_empty() && self.listener.next == tail.end() {
            self.stuck_since = None;
            return Ok(());
        }
        let since = *self.stuck_since.get_or_insert_with(Instant::now);
        if since.elapsed() < MOST_STUCK { Ok(()) } else { Err(Ended::TooSlow) }
    }

    /// Says that this is the end, if the socket takes it.
    pub fn end(mut self) {
        if self.rest.is_empty() {
            self.socket.write_all(self.listener.framing.end()).ok();
        }
    }

    /// Whether it is for this stream, which has the events up to `cursor`.
    fn wants(&self, entry: &Entry, cursor: &mut i64) -> bool {
        match entry.topic {
            Topic::Notice => true,
            Topic::Reset(_) => {
                // All that follow are news, whatever their numbers.
                *cursor = i64::MIN;
                true
            }
            Topic::Event { position, project, .. } => {
                position.id > *cursor && self.listener.seat.ticket.scope.includes(project)
            }
        }
    }

    /// Goes on by `size` bytes, possibly to the middle of an entry.
    fn written(&mut self, mut size: usize, tail: &Tail) {
        self.stuck_since = None;
        let of_rest = size.min(self.rest.len());
        self.rest = self.rest.slice(of_rest..);
        size -= of_rest;
        for entry in tail.from(self.listener.next).into_iter().flatten() {
            if size == 0 {
                return;
            }
            self.listener.next += 1;
            let mut cursor = self.listener.cursor;
            let wanted = self.wants(entry, &mut cursor);
            self.listener.cursor = cursor;
            if wanted {
                let bytes = entry.bytes(self.listener.framing);
                let taken = size.min(bytes.len());
                self.rest = bytes.slice(taken..);
                size -= taken;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read,
        net::{IpAddr, TcpListener},
    };

    use uuid::Uuid;

    use super::*;
    use crate::http::{
        ClientAddress, HttpLimits, StreamSlots,
        fanout::{Asked, Audience, Framing, Ticket},
    };
    use cascade_access::Principal;
    use cascade_model::Event;

    fn entry(id: i64, project: Uuid, size: usize) -> Entry {
        Event {
            id,
            project_id: project,
            kind: "job_completed".into(),
            payload: "x".repeat(size),
            age: std::time::Duration::ZERO,
        }
        .into()
    }

    /// A stream of `project` behind event 1, and the other end of its socket.
    fn stream(project: Uuid) -> (Parked, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let asked = Asked { project: Some(project), visible: false };
        let seat = Arc::new(Audience::default());
        let seat = seat.join(Ticket::new(&Principal::open(), asked).unwrap());
        let limits = HttpLimits {
            requests_per_second: 0,
            request_timeout: std::time::Duration::ZERO,
            header_timeout: std::time::Duration::ZERO,
            write_timeout: std::time::Duration::ZERO,
            connections_per_address: None,
            streams: 1,
            streams_per_address: 1,
            trusted_proxies: Vec::new(),
        };
        let slot = StreamSlots::new(&limits).take(ClientAddress(IpAddr::from([127, 0, 0, 1])));
        let slot = slot.unwrap_or_else(|_| panic!("there is a slot"));
        let listener =
            Listener { seat, _slot: slot, cursor: 1, next: 0, framing: Framing::Chunked };
        let place = Arc::new(Place::only());
        let socket = mio::net::TcpStream::from_std(socket);
        (Parked::new(socket, Box::new(listener), place), client)
    }

    #[test]
    fn a_socket_that_is_full_goes_on_in_the_middle_of_an_entry() {
        let (mine, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (mut parked, mut client) = stream(mine);
        let (mut tail, mut expected) = (Tail::new(1000), Vec::new());
        for id in 1..=600 {
            let of = if id % 3 == 0 { other } else { mine };
            let entry = entry(id, of, usize::try_from(id).unwrap() * 97 % 50_000);
            if of == mine && id > 1 {
                expected.extend_from_slice(entry.bytes(Framing::Chunked));
            }
            tail.push(entry);
        }
        let (mut read, mut buffer, mut full) = (Vec::new(), vec![0; 100_000], 0);
        while read.len() < expected.len() {
            parked.send(&tail).unwrap();
            full += usize::from(!parked.rest.is_empty());
            // Between two entries or not at all.
            parked.beat(&Entry::notice(":beat"), &tail).unwrap();
            let size = client.read(&mut buffer).unwrap();
            read.extend_from_slice(&buffer[..size]);
            if parked.listener.next == tail.end() && parked.rest.is_empty() {
                break;
            }
        }
        parked.end();
        client.read_to_end(&mut read).unwrap();
        assert!(full > 0, "the socket took everything at once");
        let text = String::from_utf8(read).unwrap().replace("5\r\n:beat\r\n", "");
        assert!(text == String::from_utf8(expected).unwrap() + "0\r\n\r\n");
    }

    #[test]
    fn who_takes_nothing_for_too_long_is_dropped() {
        let project = Uuid::from_u128(1);
        let (mut parked, mut client) = stream(project);
        let (mut tail, heartbeat) = (Tail::new(1000), Entry::notice(":heartbeat\n\n"));
        (2..800).for_each(|id| tail.push(entry(id, project, 50_000)));
        let long_ago = || Instant::now().checked_sub(MOST_STUCK).unwrap();
        parked.beat(&heartbeat, &tail).unwrap();
        assert!(parked.stuck_since.is_some(), "the socket took everything at once");
        // Slow, but it takes something.
        parked.stuck_since = Some(long_ago());
        let mut buffer = vec![0; 100_000];
        while parked.stuck_since.is_some() {
            assert!(client.read(&mut buffer).unwrap() > 0);
            parked.send(&tail).unwrap();
        }
        parked.beat(&heartbeat, &tail).unwrap();
        parked.stuck_since = Some(long_ago());
        assert_eq!(parked.beat(&heartbeat, &tail), Err(Ended::TooSlow));
    }

    #[test]
    fn after_a_reset_events_count_whatever_their_numbers() {
        let project = Uuid::from_u128(1);
        let (mut parked, mut client) = stream(project);
        let mut tail = Tail::new(10);
        let position = "0".parse().unwrap();
        // The stream is behind event 1.
        for entry in [entry(1, project, 1), Entry::reset(position), entry(1, project, 2)] {
            tail.push(entry);
        }
        parked.send(&tail).unwrap();
        tail.push(entry(0, project, 3));
        parked.send(&tail).unwrap();
        parked.end();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        let kinds: Vec<_> = text.lines().filter(|line| line.starts_with("data: ")).collect();
        assert_eq!(kinds, ["data: {}", "data: xx", "data: xxx"]);
    }

    #[test]
    fn who_has_all_is_sent_a_heartbeat_and_who_lacks_what_is_gone_is_dropped() {
        let (mut parked, mut client) = stream(Uuid::from_u128(1));
        let mut tail = Tail::new(2);
        parked.beat(&Entry::notice(":heartbeat\n\n"), &tail).unwrap();
        let mut read = [0; 17];
        client.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"C\r\n:heartbeat\n\n\r\n");
        (0..3).for_each(|_| tail.push(Entry::notice("x")));
        assert_eq!(parked.send(&tail), Err(Ended::TooSlow));
        drop(parked);
        assert_eq!(client.read(&mut read).unwrap(), 0);
    }
}
