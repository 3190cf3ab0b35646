//! An mbox, read on from where it ended.

use std::{
    fs::File,
    io::{BufReader, Read, Seek},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use cascade_sdk::Files;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AT_A_TIME, BATCH_BYTES, is_settled,
    message::{Envelope, is_whole, parse},
    separator,
    split::{Raw, Split, SplitError, hex},
};
use crate::{fault::Fault, message::Batch, packed::packed};

/// Where reading goes on. What stands before `offset` is known by its hash; the file's last message
/// begins there and is read again, since it may have been half-written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Position {
    offset: u64,
    /// Of all before `offset`.
    before: String,
    /// The id that the message at `offset` was stored under.
    last: Option<String>,
    /// The file as it was: one with the same length and time is not opened.
    length: u64,
    modified: u128,
    /// Whether the message at `offset` waits for its end.
    waits: bool,
}

/// A reader of one mbox.
pub struct Mbox {
    path: PathBuf,
    split: Split<BufReader<File>, File>,
    position: Position,
    /// An older build stored messages by their bare Message-ID.
    by_message_id: bool,
    settled: bool,
    modified: Option<DateTime<Utc>>,
    /// Set once the end was reached.
    over: bool,
}

impl Mbox {
    /// Opens an mbox at `position`; `None` when it has not changed since.
    ///
    /// # Errors
    /// When it cannot be read, or is packed.
    pub fn open(files: &Files<'_>, path: &Path, position: &Value) -> Result<Option<Self>, Fault> {
        let mut file = files.open(path).map_err(Fault::passing)?;
        let place = path;
        let path = files.full(path);
        let fault = |error: std::io::Error| Fault::file(&path, error);
        let about = file.metadata().map_err(fault)?;
        let modified = about.modified().ok();
        let stamp = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let stamp = stamp.map_or(0, |age| age.as_nanos());
        let kept = Position::deserialize(position).ok();
        let settled = is_settled(modified);
        if let Some(kept) = &kept
            && (kept.length, kept.modified) == (about.len(), stamp)
            && !(kept.waits && settled)
        {
            return Ok(None);
        }
        let mut start = [0; 6];
        let length = file.read(&mut start).map_err(fault)?;
        if let Some(kind) = packed(&start[..length]) {
            return Err(Fault::lasting(format!(
                "{} is {kind} file; unpack it and name what is in it",
                path.display()
            )));
        }
        let mut at_start = || {
            file.rewind().map_err(fault)?;
            let reader = BufReader::with_capacity(256 << 10, file.try_clone().map_err(fault)?);
            // A clone would share its place with the file.
            Ok::<_, Fault>(Split::new(reader, files.open(place).map_err(Fault::passing)?))
        };
        let by_message_id = kept.is_none() && !position.is_null();
        let mut split = at_start()?;
        let mut position = kept.unwrap_or_default();
        if position.offset > 0
            && !split.skip_to(position.offset, &position.before).map_err(fault)?
        {
            // Another file, or one whose messages were removed or changed: all of it is read again,
            // and what is known already is recognised by its id.
            position = Position::default();
            split = at_start()?;
        }
        (position.length, position.modified) = (about.len(), stamp);
        Ok(Some(Self {
            path,
            split,
            position,
            by_message_id,
            settled,
            modified: modified.map(DateTime::from),
            over: false,
        }))
    }

    /// The next messages; `None` after the last.
    ///
    /// # Errors
    /// When the file cannot be read or is no mbox.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, Fault> {
        if self.over {
            return Ok(None);
        }
        let mut batch = Batch::default();
        let (mut count, mut bytes) = (0, 0);
        while count < AT_A_TIME && bytes < BATCH_BYTES {
            let raw = self.split.next().map_err(|error| match error {
                SplitError::Io(error) => Fault::file(&self.path, error),
                SplitError::NotMail => Fault::file(&self.path, error),
            })?;
            let Some(raw) = raw else {
                self.over = true;
                break;
            };
            count += 1;
            bytes += raw.content.len();
            if raw.is_last {
                self.over = true;
            }
            self.keep(&mut batch, raw);
        }
        // The file as a whole is done only at its end; until then its length must not match.
        let position = match self.over {
            true => self.position.clone(),
            false => Position { length: 0, ..self.position.clone() },
        };
        batch.position = Some(serde_json::to_value(position).map_err(Fault::passing)?);
        Ok(Some(batch))
    }

    fn keep(&mut self, batch: &mut Batch, raw: Raw) {
        // The message that was last at the end of the file keeps its row when it has grown.
        let known = self.position.last.take().filter(|_| self.position.offset == raw.offset);
        (self.position.offset, self.position.before) = (raw.offset, hex(&raw.before));
        self.position.waits = raw.is_last && !self.settled && !is_whole(&raw);
        if self.position.waits {
            self.position.last = known;
            return;
        }
        let envelope = Envelope {
            sender: separator::sender(&raw.separator),
            time: separator::time(&raw.separator),
            file_time: self.modified,
        };
        match parse(&raw.content, &envelope) {
            Ok(mut mail) => {
                if raw.is_last {
                    self.position.last = Some(mail.message.native_id.clone());
                }
                let older = mail.message_id.filter(|_| self.by_message_id);
                let native = &mail.message.native_id;
                mail.message.known_as = known.or(older).filter(|id| id != native);
                batch.messages.push(mail.message);
            }
            Err(why) => {
                let place = format!("{} at byte {}", self.path.display(), raw.offset);
                batch.skipped.push(format!("{place}: {why}"));
            }
        }
    }
}
