//! One mail, parsed.

use chrono::{DateTime, Utc};
use mail_parser::{HeaderValue, MessageParser};

use super::{body, identity, sender, separator::header, split::Raw};
use crate::{charset, dates, message::Message};

/// What is known of a mail beside its own bytes.
#[derive(Debug, Clone, Default)]
pub struct Envelope {
    /// The sender's address in the separator.
    pub sender: Option<String>,
    /// The time in the separator.
    pub time: Option<DateTime<Utc>>,
    /// When the file was last written.
    pub file_time: Option<DateTime<Utc>>,
}

/// A mail as it is stored, and the Message-ID it came with.
#[derive(Debug)]
pub struct Mail {
    /// Ready to be stored.
    pub message: Message,
    /// Its Message-ID, which is part of its id.
    pub message_id: Option<String>,
}

/// Reads a mail.
///
/// # Errors
/// Why it is none.
pub fn parse(raw: &[u8], envelope: &Envelope) -> Result<Mail, &'static str> {
    let raw = readable_headers(raw);
    let mail = MessageParser::default().parse(&*raw).ok_or("not a mail")?;
    let root = mail.parts.first().ok_or("not a mail")?;
    if root.headers.is_empty() || !begins_with_header(&raw) {
        return Err("no mail header");
    }
    let message_id = mail.message_id().map(str::trim).filter(|id| !id.is_empty());
    let message_id = message_id.map(ToOwned::to_owned);
    let native_id = identity::of(message_id.as_deref(), &mail, &raw);
    let (author, author_key) = sender::of(&mail, envelope);
    let first_of = |header: &HeaderValue| match header {
        HeaderValue::Text(id) => Some(id.to_string()),
        HeaderValue::TextList(ids) => ids.first().map(ToString::to_string),
        _ => None,
    };
    // References begins with the first message of the thread (RFC 5322, section 3.6.4).
    let thread = first_of(mail.references()).or_else(|| first_of(mail.in_reply_to()));
    let thread = thread.filter(|id| !id.trim().is_empty());
    let message = Message {
        thread_id: thread.or_else(|| message_id.clone()).unwrap_or_else(|| native_id.clone()),
        native_id,
        known_as: None,
        author,
        author_key,
        subject: one_line(mail.subject().unwrap_or_default()),
        body: body::of(&mail, &raw),
        url: None,
        sent_at: sent_at(&mail, envelope),
    };
    Ok(Mail { message: message.storable()?, message_id })
}

/// Header fields folded over lines are one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn begins_with_header(raw: &[u8]) -> bool {
    raw.split(|&byte| byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty())
        .is_some_and(|line| header(line).is_some())
}

/// The mail with headers in UTF-8. Old programs wrote them in the charset of the body, without
/// saying so in each.
fn readable_headers(raw: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let end = header_end(raw);
    let (head, rest) = raw.split_at(end);
    if std::str::from_utf8(head).is_ok() {
        return raw.into();
    }
    let lower = head.to_ascii_lowercase();
    let named = memchr::memmem::find(&lower, b"charset=").map(|at| {
        let name = lower[at + 8..].iter().skip_while(|&&b| b == b'"');
        let name = name.take_while(|&&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        String::from_utf8_lossy(&name.copied().collect::<Vec<u8>>()).into_owned()
    });
    let head = charset::decode(head, &[named.as_deref()]);
    [head.as_bytes(), rest].concat().into()
}

/// Where the body begins.
fn header_end(raw: &[u8]) -> usize {
    let mut at = 0;
    for line in raw.split_inclusive(|&byte| byte == b'\n') {
        at += line.len();
        if super::lines::is_blank(line) {
            break;
        }
    }
    at
}

/// The Date header, else when a server or the archive took the mail.
fn sent_at(mail: &mail_parser::Message, envelope: &Envelope) -> Option<DateTime<Utc>> {
    let of = |name: &str| mail.header_raw(name).and_then(dates::parse);
    let parsed = || {
        let date = mail.date().filter(|date| date.is_valid())?;
        DateTime::from_timestamp(date.to_timestamp(), 0)
    };
    let received = || {
        let mut received =
            mail.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("received"));
        received.find_map(|(_, value)| dates::parse(value.rsplit(';').next()?))
    };
    of("Date")
        .or_else(parsed)
        .or_else(received)
        .or_else(|| of("Delivery-Date"))
        .or(envelope.time)
        .or(envelope.file_time)
}

/// Whether the last message of a file that is being written has its end: a blank line after its
/// text, and the closing line of its parts.
pub fn is_whole(raw: &Raw) -> bool {
    let body = &raw.content[header_end(&raw.content)..];
    if !raw.ends_blank || body.trim_ascii().is_empty() {
        return false;
    }
    parts_are_closed(&raw.content)
}

/// Whether the parts of a mail, if it has any, have their closing line.
pub fn parts_are_closed(content: &[u8]) -> bool {
    let (head, body) = content.split_at(header_end(content));
    let lower = head.to_ascii_lowercase();
    let Some(at) = memchr::memmem::find(&lower, b"boundary=") else { return true };
    let value = &head[at + 9..];
    let boundary: &[u8] = match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|&byte| byte == b'"').next().unwrap_or_default(),
        None => value
            .split(|&byte| byte.is_ascii_whitespace() || byte == b';')
            .next()
            .unwrap_or_default(),
    };
    let closing = [b"--", boundary, b"--"].concat();
    memchr::memmem::find(body, &closing).is_some()
}
