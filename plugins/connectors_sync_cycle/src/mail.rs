//! Mail archives: mbox (RFC 4155) and Maildir. Messages are parsed by `mail-parser`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, Metadata},
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use cascade_sdk::{FileError, Files, JobError};
use chrono::{DateTime, Utc};
use mail_parser::{HeaderValue, MessageParser};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::message::{Batch, Message};

/// Messages read before they are stored.
const AT_A_TIME: usize = 500;
/// A message over this size is skipped, so that no file can fill the memory.
const LARGEST: usize = 32 << 20;
/// The most bytes read as one line.
const LONGEST_LINE: u64 = 1 << 20;
/// Bytes at a file's start that tell it from another.
const HEAD: u64 = 1024;
/// A file untouched for so long is not being written.
const SETTLED: Duration = Duration::from_secs(60);

/// Where reading stopped, and what the file began with: a file that begins otherwise, or is shorter
/// than before, is another and is read from its start.
#[derive(Default, Serialize, Deserialize)]
struct MboxPosition {
    offset: u64,
    head_length: u64,
    head_hash: Uuid,
}

/// Reads on in an mbox from `position`.
///
/// # Errors
/// When the file cannot be read or is no mbox.
pub fn read_mbox(files: &Files<'_>, path: &Path, position: &Value) -> Result<Batch, JobError> {
    let mut file = files.open(path).map_err(FileError::into_job_error)?;
    let path = &files.full(path);
    let fault = |error: std::io::Error| JobError::retry(format!("{}: {error}", path.display()));
    let about = file.metadata().map_err(fault)?;
    let mut place = MboxPosition::deserialize(position).unwrap_or_default();
    let same = about.len() >= place.offset
        && head_hash(&mut file, place.head_length).map_err(fault)? == place.head_hash;
    if !same {
        place = MboxPosition::default();
    }
    place.head_length = about.len().min(HEAD);
    place.head_hash = head_hash(&mut file, place.head_length).map_err(fault)?;
    file.seek(SeekFrom::Start(place.offset)).map_err(fault)?;

    let mut batch = Batch::default();
    let mut reader = BufReader::new(file);
    let (mut at, mut raw, mut after_blank) = (place.offset, Vec::new(), true);
    let mut line = Vec::new();
    let mut done = 0;
    // A line without an end comes in pieces: it must not fill the memory.
    while reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(fault)? > 0 {
        if at == 0 && !line.starts_with(b"From ") {
            return Err(JobError::retry(format!("{}: not an mbox", path.display())));
        }
        if after_blank && !raw.is_empty() && is_postmark(&line) {
            keep(&mut batch, path, place.offset, &raw);
            place.offset = at;
            raw.clear();
            done += 1;
            if done == AT_A_TIME {
                batch.more = true;
                break;
            }
        }
        after_blank = line == b"\n" || line == b"\r\n";
        at += line.len() as u64;
        if raw.len() <= LARGEST {
            raw.extend_from_slice(&line);
        }
        line.clear();
    }
    // The last message is whole when an empty line ends it; else it may still be being written.
    if !batch.more && !raw.is_empty() && (after_blank || is_settled(&about)) {
        keep(&mut batch, path, place.offset, &raw);
        place.offset = at;
    }
    batch.position = serde_json::to_value(place)?;
    Ok(batch)
}

/// The line that begins a message, after an empty line: `From`, an address and a time. Not every
/// writer quotes a sentence that begins with the word, so the time of day must be there.
fn is_postmark(line: &[u8]) -> bool {
    let is_time = |word: &[u8]| {
        word.len() >= 5
            && word[2] == b':'
            && [0, 1, 3, 4].iter().all(|&at| word[at].is_ascii_digit())
    };
    line.starts_with(b"From ") && line.split(u8::is_ascii_whitespace).any(is_time)
}

fn head_hash(file: &mut File, length: u64) -> std::io::Result<Uuid> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(length).read_to_end(&mut head)?;
    Ok(if head.is_empty() { Uuid::nil() } else { Uuid::new_v5(&Uuid::NAMESPACE_OID, &head) })
}

fn is_settled(about: &Metadata) -> bool {
    let age = about.modified().ok().and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age > SETTLED)
}

fn keep(batch: &mut Batch, path: &Path, offset: u64, raw: &[u8]) {
    let message =
        if raw.len() > LARGEST { Err("larger than 32 MiB") } else { parse(&unquote(raw)) };
    match message {
        Ok(message) => batch.messages.push(message),
        Err(why) => batch.skipped.push(format!("{} at byte {offset}: {why}", path.display())),
    }
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
///
/// # Errors
/// When the folders cannot be read.
pub fn read_maildir(files: &Files<'_>, path: &Path, position: &Value) -> Result<Batch, JobError> {
    let maildir = files.beneath(path).map_err(FileError::into_job_error)?;
    let mut files = BTreeMap::new();
    for folder in ["cur", "new"] {
        for entry in maildir.list(folder).map_err(FileError::into_job_error)? {
            let name = entry.name.to_string_lossy().into_owned();
            if !name.starts_with('.') && !entry.is_dir {
                // Flags after `:` change and the message moves from new to cur; what is before stays.
                let unique = name.split(':').next().unwrap_or(&name).to_owned();
                files.insert(unique, Path::new(folder).join(entry.name));
            }
        }
    }
    let mut seen: BTreeSet<String> = BTreeSet::deserialize(position).unwrap_or_default();
    // Names of deleted messages are not needed any more.
    seen.retain(|name| files.contains_key(name));
    files.retain(|name, _| !seen.contains(name));
    let mut batch = Batch { more: files.len() > AT_A_TIME, ..Default::default() };
    for (name, file) in files.into_iter().take(AT_A_TIME) {
        // A file that moved on meanwhile is found in its new place next time.
        let read = match maildir.read(&file, LARGEST as u64) {
            Ok(raw) => parse(&raw).map_err(ToOwned::to_owned),
            Err(error) if error.is_not_found() => continue,
            Err(error) => Err(error.fault.to_string()),
        };
        match read {
            Ok(message) => batch.messages.push(message),
            Err(why) => {
                batch.skipped.push(format!("{}: {why}", maildir.full(&file).display()));
            }
        }
        seen.insert(name);
    }
    batch.more &= !(batch.messages.is_empty() && batch.skipped.is_empty());
    batch.position = json!(seen);
    Ok(batch)
}

fn parse(raw: &[u8]) -> Result<Message, &'static str> {
    let mail = MessageParser::default().parse(raw).ok_or("not a mail message")?;
    let date = mail.date().ok_or("no Date header")?;
    let sent_at =
        DateTime::<Utc>::from_timestamp(date.to_timestamp(), 0).ok_or("bad Date header")?;
    let from = mail.from().and_then(|from| from.first()).ok_or("no From header")?;
    let address = from.address().ok_or("no address in the From header")?.to_lowercase();
    // Message-ID is not obligatory (RFC 5322, section 3.6.4).
    let own_id = || Uuid::new_v5(&Uuid::NAMESPACE_OID, raw).to_string();
    let native_id = mail.message_id().map_or_else(own_id, ToOwned::to_owned);
    let body = mail.body_text(0).ok_or("no text")?.trim().to_owned();
    let first_of = |header: &HeaderValue| match header {
        HeaderValue::Text(id) => Some(id.to_string()),
        HeaderValue::TextList(ids) => ids.first().map(ToString::to_string),
        _ => None,
    };
    // References begins with the first message of the thread (RFC 5322, section 3.6.4).
    let thread = first_of(mail.references()).or_else(|| first_of(mail.in_reply_to()));
    let message = Message {
        thread_id: thread.unwrap_or_else(|| native_id.clone()),
        native_id,
        author: from.name().unwrap_or(&address).to_owned(),
        author_key: address,
        subject: mail.subject().unwrap_or_default().to_owned(),
        body,
        url: None,
        sent_at,
    };
    message.storable()
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    const FIRST: &str = "From a@x Mon Jan  5 10:00:00 2026\nFrom: Ann <A@x.org>\nDate: Mon, 5 Jan 2026 10:00:00 +0100\nMessage-ID: <1@x>\nSubject: Plan\n\n>From here on it is easy.\n\n";
    const REPLY: &str = "From b@x Mon Jan  5 11:00:00 2026\nFrom: b@x.org\nDate: Mon, 5 Jan 2026 11:00:00 +0100\nMessage-ID: <2@x>\nReferences: <1@x>\nSubject: Re: Plan\n\nGood.\n\n";

    fn mbox(path: &Path, position: &Value) -> Result<Batch, JobError> {
        let folder = path.parent().unwrap();
        read_mbox(&Files::within(folder, &[folder.to_owned()]), path, position)
    }

    fn maildir(path: &Path, position: &Value) -> Result<Batch, JobError> {
        read_maildir(&Files::within(path, &[path.to_owned()]), path, position)
    }

    #[test]
    fn an_mbox_is_read_on_from_where_it_ended() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(FIRST.as_bytes()).unwrap();
        let first = mbox(file.path(), &Value::Null).unwrap();
        assert_eq!(first.messages[0].body, "From here on it is easy.");
        assert_eq!(first.messages[0].author_key, "a@x.org");
        assert_eq!(first.messages[0].sent_at.to_rfc3339(), "2026-01-05T09:00:00+00:00");
        file.write_all(REPLY.as_bytes()).unwrap();
        let more = mbox(file.path(), &first.position).unwrap();
        assert_eq!(more.messages.len(), 1);
        assert_eq!(more.messages[0].thread_id, "1@x");
        assert!(mbox(file.path(), &more.position).unwrap().messages.is_empty());
    }

    #[test]
    fn a_rewritten_mbox_is_read_from_its_start() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(format!("{FIRST}{REPLY}").as_bytes()).unwrap();
        let first = mbox(file.path(), &Value::Null).unwrap();
        std::fs::write(file.path(), REPLY).unwrap();
        assert_eq!(mbox(file.path(), &first.position).unwrap().messages.len(), 1);
    }

    #[test]
    fn a_malformed_message_is_skipped_with_its_place() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let broken = "From c@x Mon Jan  5 11:00:00 2026\nSubject: no date\n\nText.\n\n";
        file.write_all(format!("{FIRST}{broken}{REPLY}").as_bytes()).unwrap();
        let batch = mbox(file.path(), &Value::Null).unwrap();
        assert_eq!((batch.messages.len(), batch.skipped.len()), (2, 1));
        assert!(
            batch.skipped[0].contains(&format!("at byte {}", FIRST.len())),
            "{:?}",
            batch.skipped
        );
    }

    #[test]
    fn a_message_that_is_still_being_written_waits() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let (written, rest) = REPLY.split_at(REPLY.len() - 4);
        file.write_all(format!("{FIRST}{written}").as_bytes()).unwrap();
        let first = mbox(file.path(), &Value::Null).unwrap();
        assert_eq!((first.messages.len(), first.skipped.len()), (1, 0));
        file.write_all(rest.as_bytes()).unwrap();
        let more = mbox(file.path(), &first.position).unwrap();
        assert_eq!(more.messages[0].body, "Good.");
    }

    #[test]
    fn a_large_mbox_comes_in_pieces() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), FIRST.repeat(AT_A_TIME + 3)).unwrap();
        let first = mbox(file.path(), &Value::Null).unwrap();
        assert_eq!((first.messages.len(), first.more), (AT_A_TIME, true));
        let rest = mbox(file.path(), &first.position).unwrap();
        assert_eq!((rest.messages.len(), rest.more), (3, false));
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{}\n").unwrap();
        assert!(mbox(file.path(), &Value::Null).unwrap_err().to_string().contains("not an mbox"));
    }

    #[test]
    fn a_maildir_is_read_once_and_html_becomes_text() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["cur", "new"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let mail = "From: Ann <a@x.org>\nDate: Mon, 5 Jan 2026 10:00:00 +0100\nContent-Type: text/html\n\n<p>Costs &amp; <b>plan</b></p>\n";
        fs::write(folder.path().join("new/1.host"), mail).unwrap();
        let first = maildir(folder.path(), &Value::Null).unwrap();
        assert_eq!(first.messages[0].body, "Costs & plan");
        assert_eq!(first.messages[0].thread_id, first.messages[0].native_id);
        fs::rename(folder.path().join("new/1.host"), folder.path().join("cur/1.host:2,S")).unwrap();
        assert!(maildir(folder.path(), &first.position).unwrap().messages.is_empty());
        fs::remove_file(folder.path().join("cur/1.host:2,S")).unwrap();
        assert_eq!(maildir(folder.path(), &first.position).unwrap().position, json!([]));
    }

    #[test]
    fn only_a_postmark_begins_a_message() {
        for (line, expected) in [
            ("From a@x Mon Jan  5 10:00:00 2026\n", true),
            ("From MAILER-DAEMON Fri Jul  8 12:08 2011\r\n", true),
            ("From today's call: all is well.\n", false),
            (">From a@x Mon Jan  5 10:00:00 2026\n", false),
        ] {
            assert_eq!(is_postmark(line.as_bytes()), expected, "{line}");
        }
    }
}
