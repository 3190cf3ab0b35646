//! The line that begins a message in an mbox.
//!
//! No writer agrees with another on what follows the word `From `, and many do not quote a body's
//! line that begins with it. What tells a separator is the pair: the line itself, and that headers
//! of a message follow it.

use chrono::{DateTime, Utc};

use crate::dates;

/// How much a `From ` line looks like a separator, before the next line is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// An address, a dash or an id, or a date at its end.
    Strong,
    /// Nothing, or one word.
    Weak,
    /// A sentence.
    Prose,
}

/// Lines that are looked at for headers of a mail. A body's line that looks like a separator is
/// seldom followed by many that look like headers.
pub const MOST_HEADERS: usize = 50;

/// Whether a line could begin a message.
pub fn begins_from(line: &[u8]) -> bool {
    line.starts_with(b"From ") || matches!(line, b"From\n" | b"From\r\n")
}

/// Whether `line` begins a message, given the lines after it and whether a blank line (or nothing)
/// stands before it.
pub fn is_separator<'a>(
    line: &[u8],
    following: impl Iterator<Item = &'a [u8]>,
    after_blank: bool,
) -> bool {
    if !begins_from(line) {
        return false;
    }
    let shape = shape(line);
    let least = match shape {
        Shape::Strong => 1,
        Shape::Weak if after_blank => 2,
        Shape::Weak | Shape::Prose => return false,
    };
    begins_headers(following, least)
}

/// Whether lines begin with headers, at least so many of them such as begin mails.
pub fn begins_headers<'a>(lines: impl Iterator<Item = &'a [u8]>, least: usize) -> bool {
    let mut of_mail = 0;
    for (nth, line) in lines.take(MOST_HEADERS).enumerate() {
        match header(line) {
            Some(Header::OfMail) => of_mail += 1,
            Some(Header::Other) => {}
            // An older separator, as some servers keep it.
            None if nth == 0 && line.starts_with(b">From ") => {}
            None if nth > 0 && line.starts_with(b" ") || line.starts_with(b"\t") => {}
            None => return false,
        }
        if of_mail >= least {
            return true;
        }
    }
    false
}

fn shape(line: &[u8]) -> Shape {
    let text = String::from_utf8_lossy(&line[4..]);
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_sender = |word: &str| {
        word.contains('@')
            || word.eq_ignore_ascii_case("mailer-daemon")
            || word.chars().all(|c| matches!(c, '-' | '?' | '<' | '>'))
            || (word.len() > 8 && word.chars().all(|c| c.is_ascii_digit()))
    };
    match words.as_slice() {
        [] => Shape::Weak,
        [one] if is_sender(one) => Shape::Strong,
        // A name, but no word that a sentence goes on after.
        [one] if one.ends_with(|c: char| c.is_alphanumeric()) => Shape::Weak,
        [_] => Shape::Prose,
        _ if has_date(&words) => Shape::Strong,
        // `From ann@x.example remote from host`, as UUCP wrote it.
        [first, .., "remote", "from", _] if is_sender(first) => Shape::Strong,
        _ => Shape::Prose,
    }
}

/// A whole date with a time of day at the end of the line: `From 10:30 on` has none.
fn has_date(words: &[&str]) -> bool {
    words.iter().any(|word| word.contains(':')) && date(words).is_some()
}

/// The date that the line ends with; a route may follow it (`remote from host`).
fn date(words: &[&str]) -> Option<DateTime<Utc>> {
    let end = words.len().checked_sub(3).filter(|&end| words[end..end + 2] == ["remote", "from"]);
    let words = &words[..end.unwrap_or(words.len())];
    (words.len().saturating_sub(7)..words.len())
        .find_map(|at| dates::parse_strict(&words[at..].join(" ")))
}

/// The time in a separator, which is when the message came.
pub fn time(line: &[u8]) -> Option<DateTime<Utc>> {
    let text = String::from_utf8_lossy(line.get(4..)?);
    let words: Vec<&str> = text.split_whitespace().collect();
    date(&words)
}

/// The sender's address in a separator.
pub fn sender(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line.get(4..)?);
    let words: Vec<&str> = text.split_whitespace().collect();
    let address = match words.as_slice() {
        [user, "at", host, ..] => format!("{user}@{host}"),
        [first, ..] if first.eq_ignore_ascii_case("mailer-daemon") => {
            return Some("MAILER-DAEMON".to_owned());
        }
        [first, ..] => first.trim_matches(['<', '>']).to_owned(),
        [] => return None,
    };
    // Takeout has an id in place of an address.
    let is_address = address.contains('@') && !address.ends_with("@xxx") && !address.contains('?');
    is_address.then_some(address)
}

/// What kind of header a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// One that begins mails.
    OfMail,
    /// A name and a colon.
    Other,
}

/// Whether a line is a header: a name of printable letters, and a colon right after it.
pub fn header(line: &[u8]) -> Option<Header> {
    const OF_MAIL: [&str; 33] = [
        "from",
        "to",
        "cc",
        "bcc",
        "date",
        "subject",
        "message-id",
        "received",
        "return-path",
        "reply-to",
        "sender",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "delivered-to",
        "envelope-to",
        "dkim-signature",
        "status",
        "list-id",
        "list-post",
        "precedence",
        "delivery-date",
        "authentication-results",
        "domainkey-signature",
        "importance",
        "newsgroups",
        "path",
        "xref",
        "user-agent",
        "received-spf",
        "arc-seal",
    ];
    let colon = memchr::memchr(b':', &line[..line.len().min(200)])?;
    let name = std::str::from_utf8(&line[..colon]).ok()?.trim_end_matches([' ', '\t']);
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let of_mail = OF_MAIL.contains(&lower.as_str())
        || lower.starts_with("x-")
        || lower.starts_with("resent-");
    // `http://example.org` and `12:30` are no headers.
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_url = line[colon + 1..].starts_with(b"//");
    match (of_mail, begins && !is_url) {
        (true, _) => Some(Header::OfMail),
        (false, true) => Some(Header::Other),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn separates(line: &str, following: &str, after_blank: bool) -> bool {
        let following = following.split_inclusive('\n').map(str::as_bytes);
        is_separator(line.as_bytes(), following, after_blank)
    }

    #[test]
    fn separators_of_many_writers() {
        for line in [
            "From ann@x.example Mon Jan  5 10:00:00 2026",
            "From ann@x.example Mon Jan  5 10:00:00 2026 +0100",
            "From ann@x.example Mon, 05 Jan 2026 10:00:00 +0000",
            "From ann@x.example  Mon Jan  5 10:00 2026",
            "From MAILER-DAEMON Fri Jul  8 12:08:34 2011",
            "From - Mon Jan  5 10:00:00 2026",
            "From ???@??? Mon Jan 05 10:00:00 2026",
            "From 1844347792267117870@xxx",
            "From 1844347792267117870@xxx Mon Jan 05 10:00:00 +0000 2026",
            "From ann at x.example  Mon Jan  5 10:00:00 2026",
            "From nobody Mon Jan  5 10:00:00 2026",
            "From \"Ann Lee\"@x.example Mon Jan  5 10:00:00 2026",
            "From ann@x.example 2026-01-05T10:00:00Z",
            "From ann@x.example",
            "From -",
        ] {
            for end in ["\n", "\r\n"] {
                let line = format!("{line}{end}");
                assert!(separates(&line, "From: Ann\n", false), "{line}");
                assert!(separates(&line, "X-Mozilla-Status: 1\n", true), "{line}");
            }
        }
        for line in ["From \n", "From\r\n", "From bob\n"] {
            assert!(separates(line, "Return-Path: <a@x>\nDate: x\n", true), "{line}");
        }
    }

    #[test]
    fn lines_of_a_body_are_no_separators() {
        for (line, next) in [
            ("From 10:30 on the database is down.\n", "Keep this line.\n"),
            ("From 10:30 on the database is down.\n", "Note: keep this line.\n"),
            ("From today's call: all is well.\n", "Subject: the call\n"),
            ("From ann@x.example Mon Jan  5 10:00:00 2026\n", "That was the first line.\n"),
            ("From ann@x.example Mon Jan  5 10:00:00 2026\n", "\n"),
            ("From ann@x.example we heard at 10:30 that it is late:\n", "Date: none\n"),
            ("From Monday, January 5, 2026 on we meet at ten\n", "Agenda: the plan\n"),
            ("From here\n", "http://x.example/ is far\n"),
            ("From bob\n", "Note: he is late\n"),
            ("From bob\n", "Subject: he is late\n\n"),
            ("From here:\n", "Subject: he is late\nDate: none\n"),
            (
                "From ann@x.example Mon Jan  5 10:00:00 2026\n",
                "Note: that was the line\nof the log\n",
            ),
            (">From ann@x.example Mon Jan  5 10:00:00 2026\n", "From: Ann\n"),
            ("From: ann@x.example\n", "Date: x\n"),
        ] {
            assert!(!separates(line, next, true), "{line}{next}");
        }
        assert!(!separates("From bob\n", "Date: x\nFrom: y\n", false));
    }

    #[test]
    fn a_separator_tells_sender_and_time() {
        let line = b"From ann at x.example  Mon Jan  5 10:00:00 2026\n";
        assert_eq!(sender(line).as_deref(), Some("ann@x.example"));
        assert_eq!(time(line).unwrap().to_rfc3339(), "2026-01-05T10:00:00+00:00");
        let line = b"From 18443477922671@xxx Mon Jan 05 10:00:00 +0100 2026\r\n";
        assert_eq!(sender(line), None);
        assert_eq!(time(line).unwrap().to_rfc3339(), "2026-01-05T09:00:00+00:00");
        assert_eq!(time(b"From - \n"), None);
    }
}
