//! What streams are sent, in the form in which it is written to a socket.

use std::time::{Duration, Instant};

use bytes::Bytes;
use cascade_model::Event;
use http::Version;
use uuid::Uuid;

use crate::Position;

/// How the end of the body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Each write is a chunk; an empty one is the end.
    Chunked,
    /// The end of the connection is that of the body, as HTTP/1.0 has it.
    Bare,
}

impl From<Version> for Framing {
    fn from(version: Version) -> Self {
        if version == Version::HTTP_10 { Self::Bare } else { Self::Chunked }
    }
}

impl Framing {
    /// What a stream ends with.
    pub fn end(self) -> &'static [u8] {
        match self {
            Self::Chunked => b"0\r\n\r\n",
            Self::Bare => b"",
        }
    }
}

/// What an entry tells.
#[derive(Debug, Clone, Copy)]
pub enum Topic {
    /// An event of the outbox.
    Event {
        /// Where it stands in the outbox.
        position: Position,
        /// Whose it is.
        project: Uuid,
        /// When it was read from the outbox, and how long after the end of its run.
        read: (Instant, Duration),
    },
    /// Something for everybody.
    Notice,
    /// For everybody: the outbox has lost events, and goes on after this position.
    Reset(Position),
}

/// What streams are sent, made once for all of them.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Whom it is for.
    pub topic: Topic,
    chunk: Bytes,
    bare: Bytes,
}

impl Entry {
    /// For everybody: a complete block of lines.
    pub fn notice(text: &str) -> Self {
        Self::new(Topic::Notice, text)
    }

    /// For everybody: events were lost, and numbers may come again.
    pub fn reset(position: Position) -> Self {
        Self::new(Topic::Reset(position), &reset(position))
    }

    fn new(topic: Topic, text: &str) -> Self {
        let size = format!("{:X}\r\n", text.len());
        let chunk = Bytes::from(format!("{size}{text}\r\n"));
        let bare = chunk.slice(size.len()..size.len() + text.len());
        Self { topic, chunk, bare }
    }

    /// Where the outbox is with it.
    pub fn position(&self) -> Option<Position> {
        match self.topic {
            Topic::Event { position, .. } | Topic::Reset(position) => Some(position),
            Topic::Notice => None,
        }
    }

    /// Its bytes on the wire.
    pub fn bytes(&self, framing: Framing) -> &Bytes {
        match framing {
            Framing::Chunked => &self.chunk,
            Framing::Bare => &self.bare,
        }
    }
}

impl From<Event> for Entry {
    fn from(event: Event) -> Self {
        let position = Position::of(&event);
        let Event { kind, payload, project_id: project, age, .. } = event;
        let text = format!("id: {position}\nevent: {kind}\ndata: {payload}\n\n");
        Self::new(Topic::Event { position, project, read: (Instant::now(), age) }, &text)
    }
}

/// Tells a client to fetch all that it shows: what it has missed cannot be replayed.
pub fn reset(position: Position) -> String {
    format!("id: {position}\nevent: reset\ndata: {{}}\n\n")
}

/// An event as a chunk of a stream, made once for all streams.
pub fn frame(event: Event) -> Bytes {
    Entry::from(event).bytes(Framing::Chunked).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_chunk_or_what_is_in_it() {
        let entry = Entry::notice("event: x\ndata: {}\n\n");
        assert_eq!(&entry.bytes(Framing::Chunked)[..], b"13\r\nevent: x\ndata: {}\n\n\r\n");
        assert_eq!(&entry.bytes(Framing::Bare)[..], b"event: x\ndata: {}\n\n");
    }
}
