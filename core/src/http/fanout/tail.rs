use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use axum::{body::Bytes, http::Version};
use uuid::Uuid;

use crate::http::position::Position;
use cascade_model::Event;

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

/// The newest entries, numbered from the start of the process.
pub struct Tail {
    most: usize,
    first: u64,
    entries: VecDeque<Entry>,
}

impl Tail {
    /// Keeps `most` entries.
    pub fn new(most: usize) -> Self {
        Self { most, first: 0, entries: VecDeque::new() }
    }

    /// The number of the next entry.
    pub fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Adds one; the oldest gives way.
    pub fn push(&mut self, entry: Entry) {
        if self.entries.len() == self.most {
            self.entries.pop_front();
            self.first += 1;
        }
        self.entries.push_back(entry);
    }

    /// Those from a number on; `None` when some of them are gone.
    pub fn from(&self, number: u64) -> Option<impl Iterator<Item = &Entry>> {
        let skipped = number.checked_sub(self.first)?;
        Some(self.entries.iter().skip(usize::try_from(skipped).ok()?))
    }
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

    #[test]
    fn who_asks_for_what_is_gone_is_told_so() {
        let mut tail = Tail::new(2);
        for text in ["a", "b", "c"] {
            tail.push(Entry::notice(text));
        }
        let since = |number| {
            let entries = tail.from(number)?;
            Some(entries.map(|entry| entry.bytes(Framing::Bare).clone()).collect::<Vec<_>>())
        };
        assert_eq!(tail.end(), 3);
        assert_eq!(since(0), None);
        assert_eq!(since(1), Some(vec![Bytes::from("b"), Bytes::from("c")]));
        assert_eq!(since(3), Some(Vec::new()));
    }
}
