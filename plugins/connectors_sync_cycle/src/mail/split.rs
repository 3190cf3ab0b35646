//! Cuts an mbox into messages, as a stream: memory holds one message at a time.

use std::{
    collections::VecDeque,
    io::{BufRead, Read, Seek},
};

use sha2::{Digest, Sha256};

use super::{
    LARGEST, content_length,
    lines::{is_blank, read_line},
    separator::{Header, MOST_HEADERS, begins_from, begins_headers, header, is_separator},
};

/// A message as it stands in the file.
#[derive(Debug)]
pub struct Raw {
    /// Where it begins in the file.
    pub offset: u64,
    /// The `From ` line; empty for a file that begins with headers.
    pub separator: Vec<u8>,
    /// Headers and body, quoting undone, `LARGEST` bytes at most.
    pub content: Vec<u8>,
    /// Whether a blank line ends it.
    pub ends_blank: bool,
    /// Whether the file ends with it.
    pub is_last: bool,
    /// The hash of all that stands before it.
    pub before: Sha256,
}

/// Why a file cannot be cut.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It begins with neither a separator nor a header.
    #[error("not an mbox: it begins with neither a `From ` line nor a mail header")]
    NotMail,
}

/// Reads message after message.
pub struct Split<R, P> {
    reader: R,
    /// The same file, to look at a place further on.
    probe: P,
    /// Lines read and not yet used, with the bytes that each takes in the file.
    ahead: VecDeque<(Vec<u8>, u64)>,
    /// Where the first unused line begins.
    offset: u64,
    /// Of all lines used.
    hash: Sha256,
}

impl<R: BufRead, P: Read + Seek> Split<R, P> {
    /// From the start of a file; `probe` is the same file with a place that moves by itself.
    pub fn new(reader: R, probe: P) -> Self {
        Self { reader, probe, ahead: VecDeque::new(), offset: 0, hash: Sha256::new() }
    }

    /// Goes on to `offset`. Returns whether what stands before it has the hash expected, and a
    /// separator or the end of the file stands there.
    pub fn skip_to(&mut self, offset: u64, hash: &str) -> std::io::Result<bool> {
        while self.offset < offset {
            if self.take()?.is_none() {
                return Ok(false);
            }
        }
        if self.offset != offset || hex(&self.hash) != hash {
            return Ok(false);
        }
        Ok(match self.line(0)?.is_some() {
            true => self.at_separator(true)?,
            false => true,
        })
    }

    /// The next message; `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<Raw>, SplitError> {
        let at_start = self.offset == 0;
        let mut before = self.hash.clone();
        let mut offset = self.offset;
        let mut separator = Vec::new();
        let mut first = loop {
            let Some(mut line) = self.take()? else { return Ok(None) };
            if at_start && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            if !is_blank(&line) {
                break Some(line);
            }
            (before, offset) = (self.hash.clone(), self.offset);
        };
        if first.as_deref().is_some_and(begins_from) {
            separator = first.take().unwrap_or_default();
        } else if !self.begins_mail(first.as_deref().unwrap_or_default())? {
            return Err(SplitError::NotMail);
        }
        let mut raw = Raw {
            offset: if at_start { 0 } else { offset },
            separator,
            content: Vec::new(),
            ends_blank: false,
            is_last: true,
            before: if at_start { Sha256::new() } else { before },
        };
        let mut head = Some(content_length::Head::default());
        // No separator is looked for before this place.
        let mut body_ends = 0;
        let mut line = first;
        loop {
            if let Some(line) = &line {
                raw.push(line);
                match head.as_mut().map(|head| head.line(line)) {
                    Some(content_length::Line::Header) | None => {}
                    Some(content_length::Line::Body(length)) => {
                        head = None;
                        body_ends = self.end_of_body(length)?.unwrap_or(0);
                    }
                }
            }
            if self.line(0)?.is_none() {
                break;
            }
            if self.offset >= body_ends && self.at_separator(raw.ends_blank)? {
                raw.is_last = false;
                break;
            }
            line = self.take()?;
        }
        Ok(Some(raw))
    }

    /// Where the body that begins here ends by its header's `Content-Length`, if that fits.
    fn end_of_body(&mut self, length: Option<u64>) -> std::io::Result<Option<u64>> {
        let end = length.and_then(|length| self.offset.checked_add(length));
        let Some(end) = end.filter(|&end| end > self.offset) else { return Ok(None) };
        Ok(content_length::fits(&mut self.probe, end)?.then_some(end))
    }

    /// Whether a line, with those that follow, begins the headers of a mail without a separator.
    fn begins_mail(&mut self, first: &[u8]) -> std::io::Result<bool> {
        if header(first) == Some(Header::OfMail) {
            return Ok(true);
        }
        self.look_at_headers()?;
        let following = self.ahead.iter().map(|(line, _)| line.as_slice());
        Ok(begins_headers(std::iter::once(first).chain(following), 1))
    }

    /// Reads the lines that decide on a candidate for a separator: headers end at a blank line, and
    /// most candidates are decided by the first.
    fn look_at_headers(&mut self) -> std::io::Result<()> {
        for at in 1..=MOST_HEADERS {
            let Some(line) = self.line(at)? else { break };
            if is_blank(line) || header(line) == Some(Header::OfMail) && at > 1 {
                break;
            }
        }
        Ok(())
    }

    /// Whether the next line begins a message.
    fn at_separator(&mut self, after_blank: bool) -> std::io::Result<bool> {
        if !self.line(0)?.is_some_and(begins_from) {
            return Ok(false);
        }
        self.look_at_headers()?;
        let mut lines = self.ahead.iter().map(|(line, _)| line.as_slice());
        let Some(first) = lines.next() else { return Ok(false) };
        Ok(is_separator(first, lines, after_blank))
    }

    /// A line that is not used yet.
    fn line(&mut self, at: usize) -> std::io::Result<Option<&[u8]>> {
        while self.ahead.len() <= at {
            let mut line = Vec::new();
            let length = read_line(&mut self.reader, &mut line)?;
            if length == 0 {
                return Ok(None);
            }
            self.ahead.push_back((line, length));
        }
        Ok(self.ahead.get(at).map(|(line, _)| line.as_slice()))
    }

    /// Uses up a line.
    fn take(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        self.line(0)?;
        let Some((line, length)) = self.ahead.pop_front() else { return Ok(None) };
        self.offset += length;
        self.hash.update(&line);
        self.hash.update(length.to_le_bytes());
        Ok(Some(line))
    }
}

impl Raw {
    /// Adds a line; `>From` becomes `From` again (mboxrd quoting).
    fn push(&mut self, line: &[u8]) {
        self.ends_blank = is_blank(line);
        let quotes = line.iter().take_while(|&&byte| byte == b'>').count();
        let quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
        // `>From name date` right after the separator is an older separator, no header.
        if quoted && self.content.is_empty() {
            return;
        }
        let line = if quoted { &line[1..] } else { line };
        let room = LARGEST.saturating_sub(self.content.len());
        self.content.extend_from_slice(&line[..line.len().min(room)]);
    }
}

/// A hash in the form that is kept.
pub fn hex(hash: &Sha256) -> String {
    hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
