//! An open event stream outside hyper.

use std::{
    any::Any,
    io::{ErrorKind, IoSlice, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use mio::net::TcpStream;

use crate::{Backlog, Entry, Listener, Topic};

/// Entries that one system call writes.
const MOST_PARTS: usize = 32;

/// How long something may wait for a stream that takes nothing: to the next heartbeat.
const MOST_STUCK: Duration = Duration::from_secs(20);

/// Why a stream is no more.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// It fell behind the backlog; its client's last id keeps its place.
    TooSlow,
    /// Its client has gone.
    Gone,
}

/// An open stream that only waits for what all are sent.
pub struct IdleStream {
    pub socket: TcpStream,
    listener: Box<Listener>,
    /// Of what was begun, what the socket did not take yet.
    rest: Bytes,
    /// A beat at which something waited, if nothing has been taken since.
    stuck_since: Option<Instant>,
    /// Of the server; it ends with the stream.
    _connection: Arc<dyn Any + Send + Sync>,
}

impl IdleStream {
    /// A stream whose answer so far has been written to `socket`.
    pub fn new(
        socket: TcpStream,
        listener: Box<Listener>,
        connection: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        Self { socket, listener, rest: Bytes::new(), stuck_since: None, _connection: connection }
    }

    /// Whether it may go on.
    pub fn is_allowed(&self) -> bool {
        !self.listener.subscription.grant.is_revoked()
    }

    /// Writes what is due, as much as the socket takes.
    pub fn send(&mut self, backlog: &Backlog) -> Result<(), Ended> {
        loop {
            let mut parts = [IoSlice::new(&[]); MOST_PARTS];
            let mut count = 0;
            let due = backlog.from(self.listener.next).ok_or(Ended::TooSlow)?;
            let mut cursor = self.listener.cursor;
            let due = due.filter(|entry| self.wants(entry, &mut cursor));
            let due = due.map(|entry| entry.bytes(self.listener.framing));
            let rest = (!self.rest.is_empty()).then_some(&self.rest);
            for (part, bytes) in parts.iter_mut().zip(rest.into_iter().chain(due)) {
                *part = IoSlice::new(bytes);
                count += 1;
            }
            if count == 0 {
                self.listener.next = backlog.end();
                return Ok(());
            }
            match self.socket.write_vectored(&parts[..count]) {
                Ok(0) => return Err(Ended::Gone),
                Ok(size) => self.written(size, backlog),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Ended::Gone),
            }
        }
    }

    /// Writes what only this stream is sent now, if nothing else waits: a heartbeat, which tells
    /// nothing to who has not read what came before. Who takes nothing for too long is too slow.
    pub fn beat(&mut self, heartbeat: &Entry, backlog: &Backlog) -> Result<(), Ended> {
        if self.rest.is_empty() && self.listener.next == backlog.end() {
            self.rest = heartbeat.bytes(self.listener.framing).clone();
        }
        self.send(backlog)?;
        if self.rest.is_empty() && self.listener.next == backlog.end() {
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
                position.id > *cursor && self.listener.subscription.grant.scope.includes(project)
            }
        }
    }

    /// Goes on by `size` bytes, possibly to the middle of an entry.
    fn written(&mut self, mut size: usize, backlog: &Backlog) {
        self.stuck_since = None;
        let of_rest = size.min(self.rest.len());
        self.rest = self.rest.slice(of_rest..);
        size -= of_rest;
        for entry in backlog.from(self.listener.next).into_iter().flatten() {
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

    use cascade_model::{Event, Visible};
    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    use super::*;
    use crate::{Framing, Grant, Right, StreamSlots, Subscribers};

    #[derive(Debug)]
    struct Open;

    #[async_trait::async_trait]
    impl Right for Open {
        fn key(&self) -> &str {
            "open"
        }

        fn ends_at(&self) -> Option<DateTime<Utc>> {
            None
        }

        async fn scope(&self) -> Option<Visible> {
            Some(Visible::All)
        }
    }

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
    fn stream(project: Uuid) -> (IdleStream, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        socket.set_nonblocking(true).unwrap();
        let subscribers = Arc::new(Subscribers::default());
        let subscription = subscribers.join(Grant::new(Open, Visible::Only(vec![project])));
        let slot = StreamSlots::new(1, 1).take(IpAddr::from([127, 0, 0, 1])).unwrap();
        let listener =
            Listener { subscription, slot, cursor: 1, next: 0, framing: Framing::Chunked };
        let socket = mio::net::TcpStream::from_std(socket);
        (IdleStream::new(socket, Box::new(listener), Arc::new(())), client)
    }

    #[test]
    fn a_socket_that_is_full_goes_on_in_the_middle_of_an_entry() {
        let (mine, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (mut idle, mut client) = stream(mine);
        let (mut backlog, mut expected) = (Backlog::new(1000), Vec::new());
        for id in 1..=600 {
            let of = if id % 3 == 0 { other } else { mine };
            let entry = entry(id, of, usize::try_from(id).unwrap() * 97 % 50_000);
            if of == mine && id > 1 {
                expected.extend_from_slice(entry.bytes(Framing::Chunked));
            }
            backlog.push(entry);
        }
        let (mut read, mut buffer, mut full) = (Vec::new(), vec![0; 100_000], 0);
        while read.len() < expected.len() {
            idle.send(&backlog).unwrap();
            full += usize::from(!idle.rest.is_empty());
            // Between two entries or not at all.
            idle.beat(&Entry::notice(":beat"), &backlog).unwrap();
            let size = client.read(&mut buffer).unwrap();
            read.extend_from_slice(&buffer[..size]);
            if idle.listener.next == backlog.end() && idle.rest.is_empty() {
                break;
            }
        }
        idle.end();
        client.read_to_end(&mut read).unwrap();
        assert!(full > 0, "the socket took everything at once");
        let text = String::from_utf8(read).unwrap().replace("5\r\n:beat\r\n", "");
        assert!(text == String::from_utf8(expected).unwrap() + "0\r\n\r\n");
    }

    #[test]
    fn who_takes_nothing_for_too_long_is_dropped() {
        let project = Uuid::from_u128(1);
        let (mut idle, mut client) = stream(project);
        let (mut backlog, heartbeat) = (Backlog::new(1000), Entry::notice(":heartbeat\n\n"));
        (2..800).for_each(|id| backlog.push(entry(id, project, 50_000)));
        let long_ago = || Instant::now().checked_sub(MOST_STUCK).unwrap();
        idle.beat(&heartbeat, &backlog).unwrap();
        assert!(idle.stuck_since.is_some(), "the socket took everything at once");
        // Slow, but it takes something.
        idle.stuck_since = Some(long_ago());
        let mut buffer = vec![0; 100_000];
        while idle.stuck_since.is_some() {
            assert!(client.read(&mut buffer).unwrap() > 0);
            idle.send(&backlog).unwrap();
        }
        idle.beat(&heartbeat, &backlog).unwrap();
        idle.stuck_since = Some(long_ago());
        assert_eq!(idle.beat(&heartbeat, &backlog), Err(Ended::TooSlow));
    }

    #[test]
    fn after_a_reset_events_count_whatever_their_numbers() {
        let project = Uuid::from_u128(1);
        let (mut idle, mut client) = stream(project);
        let mut backlog = Backlog::new(10);
        let position = "0".parse().unwrap();
        // The stream is behind event 1.
        for entry in [entry(1, project, 1), Entry::reset(position), entry(1, project, 2)] {
            backlog.push(entry);
        }
        idle.send(&backlog).unwrap();
        backlog.push(entry(0, project, 3));
        idle.send(&backlog).unwrap();
        idle.end();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        let kinds: Vec<_> = text.lines().filter(|line| line.starts_with("data: ")).collect();
        assert_eq!(kinds, ["data: {}", "data: xx", "data: xxx"]);
    }

    #[test]
    fn who_has_all_is_sent_a_heartbeat_and_who_lacks_what_is_gone_is_dropped() {
        let (mut idle, mut client) = stream(Uuid::from_u128(1));
        let mut backlog = Backlog::new(2);
        idle.beat(&Entry::notice(":heartbeat\n\n"), &backlog).unwrap();
        let mut read = [0; 17];
        client.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"C\r\n:heartbeat\n\n\r\n");
        (0..3).for_each(|_| backlog.push(Entry::notice("x")));
        assert_eq!(idle.send(&backlog), Err(Ended::TooSlow));
        drop(idle);
        assert_eq!(client.read(&mut read).unwrap(), 0);
    }
}
