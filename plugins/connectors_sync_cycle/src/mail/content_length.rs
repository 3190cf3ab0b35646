//! `Content-Length`, by which some writers of an mbox tell where a mail ends (mboxcl, mboxcl2). Their
//! bodies may hold lines that look like separators. As the header travels with a mail and the body may
//! have changed on the way, it counts only where it fits.

use std::io::{self, Read, Seek, SeekFrom};

use super::{lines::is_blank, separator::is_separator};

/// Bytes that are looked at behind a body: a separator and the headers that prove it.
const LOOK: u64 = 8 << 10;

/// The headers of a mail, line by line.
#[derive(Debug, Default)]
pub struct Head {
    length: Option<u64>,
}

/// What a line of a mail is.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// One of its headers.
    Header,
    /// The blank line before the body, whose length in bytes the headers tell.
    Body(Option<u64>),
}

impl Head {
    /// Takes the next line.
    pub fn line(&mut self, line: &[u8]) -> Line {
        if is_blank(line) {
            return Line::Body(self.length);
        }
        let name = b"content-length:";
        if self.length.is_none()
            && line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        {
            let value = std::str::from_utf8(&line[name.len()..]);
            self.length = value.ok().and_then(|value| value.trim().parse().ok());
        }
        Line::Header
    }
}

/// Whether a body can end at byte `end` of a file: behind it, and the blank lines there, begins a
/// message or ends the file.
pub fn fits(file: &mut (impl Read + Seek), end: u64) -> io::Result<bool> {
    // With the byte before: a body ends with its last line, or just before that line's end.
    let Some(from) = end.checked_sub(1) else { return Ok(false) };
    file.seek(SeekFrom::Start(from))?;
    let mut found = Vec::new();
    file.take(LOOK).read_to_end(&mut found)?;
    let Some((last, mut rest)) = found.split_first() else { return Ok(false) };
    if *last != b'\n' {
        rest = match rest {
            [] => return Ok(true),
            [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => rest,
            _ => return Ok(false),
        };
    }
    let mut lines = rest.split_inclusive(|&byte| byte == b'\n').peekable();
    while lines.next_if(|line| is_blank(line)).is_some() {}
    Ok(match lines.next() {
        // Blank lines to the end of what was looked at are the end of the file, or nobody's mail.
        None => (found.len() as u64) < LOOK,
        Some(line) => is_separator(line, lines, true),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_length_fits_before_a_separator_and_before_the_end() {
        let next = "From ann@x.example Mon Jan  5 10:00:00 2026\nFrom: ann\n";
        for (text, end, expected) in [
            (format!("body\n{next}"), 5, true),
            (format!("body\n\n{next}"), 5, true),
            (format!("body\n\n{next}"), 4, true),
            (format!("body\r\n\r\n{next}"), 4, true),
            (format!("body\n\n{next}"), 3, false),
            (format!("body\nmore\n{next}"), 5, false),
            (format!("body\n{next}"), 7, false),
            ("body\nFrom here on\nit is well\n".to_owned(), 5, false),
            ("body\n".to_owned(), 5, true),
            ("body\n\n\n".to_owned(), 5, true),
            ("body".to_owned(), 4, true),
            ("body\n".to_owned(), 6, false),
            ("body\n".to_owned(), 60, false),
            (format!("body\n{}", "\n".repeat(10_000)), 5, false),
        ] {
            let mut file = Cursor::new(text.as_bytes());
            assert_eq!(fits(&mut file, end).unwrap(), expected, "{end} in {text}");
        }
    }

    #[test]
    fn the_first_length_of_the_headers_counts() {
        let mut head = Head::default();
        for line in ["Subject: x\n", "CONTENT-length: 12 \r\n", "Content-Length: 7\n"] {
            assert_eq!(head.line(line.as_bytes()), Line::Header);
        }
        assert_eq!(head.line(b"\n"), Line::Body(Some(12)));
        let mut head = Head::default();
        head.line(b"Content-Length: many\n");
        assert_eq!(head.line(b"\r\n"), Line::Body(None));
    }
}
