//! Mail archives: mbox (RFC 4155) and Maildir. Messages are parsed by `mail-parser`.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use cascade_sdk::JobError;
use chrono::{DateTime, Utc};
use mail_parser::{HeaderValue, MessageParser};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::message::{Batch, Message};

/// Where reading stopped, and what the file began with: a file that begins otherwise is another.
#[derive(Default, Serialize, Deserialize)]
struct MboxPosition {
    offset: u64,
    head: Vec<u8>,
}

const HEAD: usize = 64;

/// Reads what was appended to an mbox since `position`.
pub fn read_mbox(path: &Path, position: &Value) -> Result<Batch, JobError> {
    let mut from = MboxPosition::deserialize(position).unwrap_or_default();
    let mut file = File::open(path).map_err(|e| JobError::retry(format!("{}: {e}", path.display())))?;
    let mut head = vec![0; HEAD.min(usize::try_from(file.metadata()?.len()).unwrap_or(HEAD))];
    file.read_exact(&mut head)?;
    if file.metadata()?.len() < from.offset || !head.starts_with(&from.head) {
        from = MboxPosition::default();
    }
    file.seek(SeekFrom::Start(from.offset))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let mut batch = Batch::default();
    // A message is whole when it ends in a newline; one that is still being written waits.
    let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let mut starts = message_starts(&text[..end]);
    if starts.first() != Some(&0) && end > 0 {
        starts.insert(0, 0);
    }
    for (at, &start) in starts.iter().enumerate() {
        let stop = starts.get(at + 1).copied().unwrap_or(end);
        let place = || format!("{} at byte {}", path.display(), from.offset + start as u64);
        match parse(unquote(&text[start..stop])) {
            Ok(message) => batch.messages.push(message),
            Err(why) => batch.skipped.push(format!("{}: {why}", place())),
        }
    }
    let offset = from.offset + end as u64;
    batch.position = serde_json::to_value(MboxPosition { offset, head })?;
    Ok(batch)
}

/// Where `From ` lines stand: at the start, or after an empty line.
fn message_starts(text: &[u8]) -> Vec<usize> {
    let begins = |at: usize| {
        text[at..].starts_with(b"From ")
            && (at == 0 || text[..at].ends_with(b"\n\n") || text[..at].ends_with(b"\r\n\r\n"))
    };
    (0..text.len()).filter(|&at| text[at] == b'F' && begins(at)).collect()
}

/// Drops the `From ` line and turns `>From` back into `From` (mboxrd quoting).
fn unquote(raw: &[u8]) -> Vec<u8> {
    let mut lines = raw.split_inclusive(|&byte| byte == b'\n').peekable();
    if lines.peek().is_some_and(|line| line.starts_with(b"From ")) {
        lines.next();
    }
    let mut plain = Vec::with_capacity(raw.len());
    for line in lines {
        let quotes = line.iter().take_while(|&&byte| byte == b'>').count();
        let quoted = quotes > 0 && line[quotes..].starts_with(b"From ");
        plain.extend_from_slice(if quoted { &line[1..] } else { line });
    }
    plain
}

/// Reads the files of a Maildir that are not in `position` yet.
pub fn read_maildir(path: &Path, position: &Value) -> Result<Batch, JobError> {
    let mut seen: BTreeSet<String> = BTreeSet::deserialize(position).unwrap_or_default();
    let mut batch = Batch::default();
    for folder in ["cur", "new"] {
        let folder = path.join(folder);
        let entries = fs::read_dir(&folder)
            .map_err(|e| JobError::retry(format!("{}: {e}", folder.display())))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // Flags after `:` change and the message moves from new to cur; the name before stays.
            let unique = name.split(':').next().unwrap_or(&name).to_owned();
            if name.starts_with('.') || !seen.insert(unique) {
                continue;
            }
            match parse(fs::read(entry.path())?) {
                Ok(message) => batch.messages.push(message),
                Err(why) => batch.skipped.push(format!("{}: {why}", entry.path().display())),
            }
        }
    }
    batch.position = json!(seen);
    Ok(batch)
}

fn parse(raw: Vec<u8>) -> Result<Message, &'static str> {
    let mail = MessageParser::default().parse(&raw).ok_or("not a mail message")?;
    let date = mail.date().ok_or("no Date header")?;
    let sent_at = DateTime::<Utc>::from_timestamp(date.to_timestamp(), 0).ok_or("bad Date header")?;
    let from = mail.from().and_then(|from| from.first()).ok_or("no From header")?;
    let address = from.address().ok_or("no address in the From header")?.to_lowercase();
    let native_id = mail.message_id().ok_or("no Message-ID header")?.to_owned();
    let body = mail.body_text(0).ok_or("no text")?.trim().to_owned();
    let first_of = |header: &HeaderValue| match header {
        HeaderValue::Text(id) => Some(id.to_string()),
        HeaderValue::TextList(ids) => ids.first().map(ToString::to_string),
        _ => None,
    };
    // References begins with the first message of the thread (RFC 5322, section 3.6.4).
    let thread = first_of(mail.references()).or_else(|| first_of(mail.in_reply_to()));
    Ok(Message {
        thread_id: thread.unwrap_or_else(|| native_id.clone()),
        native_id,
        author: from.name().unwrap_or(&address).to_owned(),
        author_key: address,
        subject: mail.subject().unwrap_or_default().to_owned(),
        body,
        url: None,
        sent_at,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const FIRST: &str = "From a@x Mon Jan  5 10:00:00 2026\nFrom: Ann <A@x.org>\nDate: Mon, 5 Jan 2026 10:00:00 +0100\nMessage-ID: <1@x>\nSubject: Plan\n\n>From here on it is easy.\n\n";
    const REPLY: &str = "From b@x Mon Jan  5 11:00:00 2026\nFrom: b@x.org\nDate: Mon, 5 Jan 2026 11:00:00 +0100\nMessage-ID: <2@x>\nReferences: <1@x>\nSubject: Re: Plan\n\nGood.\n\n";

    #[test]
    fn an_mbox_is_read_on_from_where_it_ended() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(FIRST.as_bytes()).unwrap();
        let first = read_mbox(file.path(), &Value::Null).unwrap();
        assert_eq!(first.messages[0].body, "From here on it is easy.");
        assert_eq!(first.messages[0].author_key, "a@x.org");
        assert_eq!(first.messages[0].sent_at.to_rfc3339(), "2026-01-05T09:00:00+00:00");
        file.write_all(REPLY.as_bytes()).unwrap();
        let more = read_mbox(file.path(), &first.position).unwrap();
        assert_eq!(more.messages.len(), 1);
        assert_eq!(more.messages[0].thread_id, "1@x");
        assert!(read_mbox(file.path(), &more.position).unwrap().messages.is_empty());
    }

    #[test]
    fn a_rewritten_mbox_is_read_from_its_start() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(format!("{FIRST}{REPLY}").as_bytes()).unwrap();
        let first = read_mbox(file.path(), &Value::Null).unwrap();
        std::fs::write(file.path(), REPLY).unwrap();
        assert_eq!(read_mbox(file.path(), &first.position).unwrap().messages.len(), 1);
    }

    #[test]
    fn a_malformed_message_is_skipped_with_its_place() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let broken = "From c@x Mon Jan  5 11:00:00 2026\nSubject: no date\n\nText.\n\n";
        file.write_all(format!("{FIRST}{broken}{REPLY}").as_bytes()).unwrap();
        let batch = read_mbox(file.path(), &Value::Null).unwrap();
        assert_eq!((batch.messages.len(), batch.skipped.len()), (2, 1));
        assert!(batch.skipped[0].contains(&format!("at byte {}", FIRST.len())), "{:?}", batch.skipped);
    }
}
