//! Finds the `data:` lines of one stream, however its bytes are cut.

use memchr::{memchr, memmem};

const NEEDLE: &[u8] = b"\ndata: ";

/// What is left of the last read of one stream: nearly always nothing or a few bytes.
#[derive(Default)]
pub struct Scan(Vec<u8>);

impl Scan {
    /// Calls `found` with the text of each `data:` line that is complete.
    pub fn feed(&mut self, bytes: &[u8], mut found: impl FnMut(&[u8])) {
        if self.0.is_empty() {
            let rest = scan(bytes, &mut found);
            self.0.extend_from_slice(rest);
        } else {
            self.0.extend_from_slice(bytes);
            let rest = scan(&self.0, &mut found).len();
            let done = self.0.len() - rest;
            self.0.drain(..done);
        }
    }
}

/// Returns the bytes that the next ones may complete.
fn scan<'a>(mut bytes: &'a [u8], found: &mut impl FnMut(&[u8])) -> &'a [u8] {
    while let Some(start) = memmem::find(bytes, NEEDLE) {
        let line = &bytes[start + NEEDLE.len()..];
        let Some(end) = memchr(b'\n', line) else { return &bytes[start..] };
        found(&line[..end]);
        // The newline may begin the next needle.
        bytes = &line[end..];
    }
    let longest = bytes.len().min(NEEDLE.len() - 1);
    let kept = (1..=longest).rev().find(|n| bytes.ends_with(&NEEDLE[..*n])).unwrap_or(0);
    &bytes[bytes.len() - kept..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_wherever_the_bytes_are_cut() {
        let text = b"HTTP/1.1 200 OK\r\n\r\nid: 1\ndata: one\n\n\r\n5\r\n:hi\n\n\r\ndata: two\ndata: x\n\n";
        for first in 0..text.len() {
            for second in first..text.len() {
                let (mut scan, mut lines) = (Scan::default(), Vec::new());
                for part in [&text[..first], &text[first..second], &text[second..]] {
                    scan.feed(part, |line| lines.push(String::from_utf8_lossy(line).into_owned()));
                }
                assert_eq!(lines, ["one", "two", "x"], "{first} {second}");
                assert!(scan.0.len() <= 1);
            }
        }
    }
}
