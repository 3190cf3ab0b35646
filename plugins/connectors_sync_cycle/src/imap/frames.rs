//! Cuts what a server sends into responses, each of a bounded size.
//!
//! A literal that is too large is never kept: its bytes are dropped as they come and `NIL` stands in
//! its place, so that the response still says which message it was about.

use std::ops::Range;

/// Bytes of a response without its literals.
const LONGEST_LINE: usize = 1 << 20;

/// A server that sends a line without end.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server sent a line of more than {LONGEST_LINE} bytes")]
pub struct EndlessLine;

/// What came and is not used up.
#[derive(Debug)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Where the next response begins.
    start: usize,
    /// From where on no line's end was found.
    searched: usize,
    /// Bytes of the literals of this response.
    literals: usize,
    /// Bytes of a literal that are still to be dropped.
    drop: u64,
    largest: usize,
}

impl Frames {
    /// Keeps literals of up to `largest` bytes a response.
    pub fn new(largest: usize) -> Self {
        Self { bytes: Vec::new(), start: 0, searched: 0, literals: 0, drop: 0, largest }
    }

    /// Adds what has come.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        let dropped = usize::try_from(self.drop).unwrap_or(usize::MAX).min(bytes.len());
        self.drop -= dropped as u64;
        self.bytes.extend_from_slice(&bytes[dropped..]);
    }

    /// Whether nothing is left over: after STARTTLS nothing may be.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// The next whole response, for [`Self::bytes`]; `None` until more has come.
    ///
    /// # Errors
    /// When a line has no end.
    pub fn next(&mut self) -> Result<Option<Range<usize>>, EndlessLine> {
        loop {
            if self.drop > 0 || self.searched > self.bytes.len() {
                return Ok(None);
            }
            let from = self.searched;
            let Some(at) = memchr::memmem::find(&self.bytes[from..], b"\r\n") else {
                // The last byte may be the first of a line's end.
                self.searched = self.bytes.len().saturating_sub(1).max(from);
                let line = self.bytes.len() - self.start - self.literals;
                return if line > LONGEST_LINE { Err(EndlessLine) } else { Ok(None) };
            };
            let end = from + at + 2;
            let Some((brace, length)) = literal(&self.bytes[self.start..end - 2]) else {
                let whole = self.start..end;
                (self.start, self.searched, self.literals) = (end, end, 0);
                return Ok(Some(whole));
            };
            let kept = usize::try_from(length).ok().filter(|n| self.literals + n <= self.largest);
            match kept {
                Some(length) => {
                    self.literals += length;
                    self.bytes.reserve((end + length).saturating_sub(self.bytes.len()));
                    self.searched = end + length;
                }
                None => {
                    let brace = self.start + brace;
                    let here = (self.bytes.len() - end) as u64;
                    let drop = here.min(length);
                    self.drop = length - drop;
                    let after = end + usize::try_from(drop).unwrap_or(usize::MAX);
                    self.bytes.splice(brace..after, *b"NIL");
                    self.searched = brace + 3;
                }
            }
        }
    }

    /// A response.
    pub fn bytes(&self, whole: Range<usize>) -> &[u8] {
        &self.bytes[whole]
    }
}

/// Where `{n}` stands at the end of a line that may have a literal, and its `n`.
fn literal(response: &[u8]) -> Option<(usize, u64)> {
    let before = response.strip_suffix(b"}")?;
    let brace = before.iter().rposition(|byte| *byte == b'{')?;
    let length = std::str::from_utf8(&before[brace + 1..]).ok()?.parse().ok()?;
    // The text of a status is free, and may look like anything.
    let data = response.strip_prefix(b"* ")?;
    let word = data.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is_status = [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"];
    (!is_status.iter().any(|status| status.eq_ignore_ascii_case(word))).then_some((brace, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All responses of a text that comes in pieces of `size` bytes.
    fn cut(text: &[u8], size: usize) -> Vec<String> {
        let mut frames = Frames::new(10);
        let mut found = Vec::new();
        for piece in text.chunks(size) {
            frames.add(piece);
            while let Some(whole) = frames.next().unwrap() {
                found.push(String::from_utf8_lossy(frames.bytes(whole)).into_owned());
            }
        }
        assert!(frames.is_empty());
        found
    }

    #[test]
    fn responses_are_cut_at_their_ends_however_they_come() {
        let text = b"* OK {5}\r\n* 1 FETCH (BODY[] {6}\r\na\r\nb\r\n UID 1)\r\nA1 OK done\r\n\
            * 2 FETCH (BODY[] {12}\r\n0123\r\n6789ab UID 2)\r\n* 3 EXPUNGE\r\n\
            * LIST () \"/\" {3}\r\na b\r\n";
        let expected = [
            "* OK {5}\r\n",
            "* 1 FETCH (BODY[] {6}\r\na\r\nb\r\n UID 1)\r\n",
            "A1 OK done\r\n",
            "* 2 FETCH (BODY[] NIL UID 2)\r\n",
            "* 3 EXPUNGE\r\n",
            "* LIST () \"/\" {3}\r\na b\r\n",
        ];
        for size in 1..=text.len() {
            assert_eq!(cut(text, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_literal_of_any_length_costs_no_memory() {
        let mut frames = Frames::new(10);
        frames.add(b"* 1 FETCH (UID 7 BODY[] {99999999999999}\r\n");
        for _ in 0..100 {
            frames.add(&[b'x'; 1 << 16]);
            assert_eq!(frames.next(), Ok(None));
        }
        assert!(frames.bytes.capacity() < 1 << 17, "{}", frames.bytes.capacity());
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut frames = Frames::new(10);
        let refused = (0..20).any(|_| {
            frames.add(&[b'x'; 1 << 16]);
            frames.next() == Err(EndlessLine)
        });
        assert!(refused);
    }
}
