//! What streams were sent last: one copy for all of them, in which each has a place.

use std::collections::VecDeque;

use crate::Entry;

/// The newest entries, numbered from the start of the process.
pub struct Backlog {
    most: usize,
    first: u64,
    entries: VecDeque<Entry>,
}

impl Backlog {
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
    use bytes::Bytes;

    use super::*;
    use crate::Framing;

    #[test]
    fn who_asks_for_what_is_gone_is_told_so() {
        let mut backlog = Backlog::new(2);
        for text in ["a", "b", "c"] {
            backlog.push(Entry::notice(text));
        }
        let since = |number| {
            let entries = backlog.from(number)?;
            Some(entries.map(|entry| entry.bytes(Framing::Bare).clone()).collect::<Vec<_>>())
        };
        assert_eq!(backlog.end(), 3);
        assert_eq!(since(0), None);
        assert_eq!(since(1), Some(vec![Bytes::from("b"), Bytes::from("c")]));
        assert_eq!(since(3), Some(Vec::new()));
    }
}
