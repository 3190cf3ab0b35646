//! A Maildir: a folder with a file for each message.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::{Path, PathBuf},
    time::SystemTime,
};

use cascade_sdk::{FileEntry, Files};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    AT_A_TIME, BATCH_BYTES, LARGEST, is_settled,
    message::{Envelope, parse, parts_are_closed},
};
use crate::{fault::Fault, message::Batch};

/// Folders of a Maildir++ that are read.
const MOST_FOLDERS: usize = 10_000;
/// Batches after which the position is given: it holds every name, so it is not written each time.
const BATCHES_PER_POSITION: usize = 10;

/// A reader of one Maildir.
pub struct Maildir {
    files: Files<'static>,
    /// Names that were read, without folder and flags.
    seen: BTreeSet<String>,
    /// What is to be read, by name, in order.
    waiting: std::collections::btree_map::IntoIter<String, PathBuf>,
    notes: Vec<String>,
    batches: usize,
    over: bool,
}

impl Maildir {
    /// Looks for files that are not in `position` yet.
    ///
    /// # Errors
    /// When there is no Maildir.
    pub fn open(
        files: &Files<'_>,
        path: &Path,
        folders: bool,
        position: &Value,
    ) -> Result<Self, Fault> {
        let files = files.beneath(path).map_err(Fault::passing)?;
        let mut notes = Vec::new();
        let mut found = BTreeMap::new();
        let mut any = false;
        let mut places = vec![PathBuf::from(".")];
        if folders {
            places.extend(subfolders(&files)?);
        }
        for place in places {
            // Programs that copy leave out empty folders, so either may be missing.
            for part in ["cur", "new"] {
                let folder = place.join(part);
                match files.list(&folder) {
                    Ok(entries) => {
                        any = true;
                        entries.into_iter().for_each(|entry| add(&mut found, &folder, entry));
                    }
                    Err(error) if error.is_not_found() => {}
                    Err(error) => notes.push(error.to_string()),
                }
            }
        }
        if !any {
            let why = notes.pop().unwrap_or_else(|| {
                format!(
                    "{}: not a Maildir, it has neither `cur` nor `new`",
                    files.full(".").display()
                )
            });
            return Err(Fault::passing(why));
        }
        let mut seen: BTreeSet<String> = BTreeSet::deserialize(position).unwrap_or_default();
        // Names of deleted messages are not needed any more.
        seen.retain(|name| found.contains_key(name));
        found.retain(|name, _| !seen.contains(name));
        Ok(Self { files, seen, waiting: found.into_iter(), notes, batches: 0, over: false })
    }

    /// The next messages; `None` after the last.
    pub fn next_batch(&mut self) -> Option<Batch> {
        if self.over {
            return None;
        }
        let mut batch = Batch { notes: std::mem::take(&mut self.notes), ..Default::default() };
        let (mut count, mut bytes) = (0, 0);
        while count < AT_A_TIME && bytes < BATCH_BYTES {
            let Some((name, path)) = self.waiting.next() else {
                self.over = true;
                break;
            };
            count += 1;
            bytes += self.keep(&mut batch, name, &path);
        }
        self.batches += 1;
        if self.over || self.batches.is_multiple_of(BATCHES_PER_POSITION) {
            batch.position = Some(json!(self.seen));
        }
        Some(batch)
    }

    /// Reads one file; returns its length.
    fn keep(&mut self, batch: &mut Batch, name: String, path: &Path) -> usize {
        let read = self.files.open(path).map_err(|error| (error.is_not_found(), error.to_string()));
        let read = read.and_then(|file| {
            let modified = file.metadata().and_then(|about| about.modified()).ok();
            let mut raw = Vec::new();
            let most = LARGEST as u64;
            file.take(most).read_to_end(&mut raw).map_err(|error| (false, error.to_string()))?;
            Ok((raw, modified))
        });
        let (raw, modified) = match read {
            Ok(read) => read,
            // A file that moved on meanwhile is found in its new place next time.
            Err((true, _)) => return 0,
            Err((false, why)) => {
                batch.skipped.push(why);
                self.seen.insert(name);
                return 0;
            }
        };
        // Delivery renames a whole file into the Maildir; a program that copies does not.
        let has_end = !raw.trim_ascii().is_empty() && parts_are_closed(&raw);
        if !has_end && !is_settled(modified) {
            return 0;
        }
        let envelope = Envelope { file_time: time(&name, modified), ..Default::default() };
        match parse(&raw, &envelope) {
            Ok(mail) => batch.messages.push(mail.message),
            Err(why) => {
                batch.skipped.push(format!("{}: {why}", self.files.full(path).display()));
            }
        }
        self.seen.insert(name);
        raw.len()
    }
}

/// The folders of a Maildir++: `.Sent`, `.Archive.2026`; and folders without the dot, as some
/// programs make them.
fn subfolders(files: &Files<'_>) -> Result<Vec<PathBuf>, Fault> {
    let entries = files.list(".").map_err(Fault::passing)?;
    let names = entries.into_iter().filter(|entry| entry.is_dir).map(|entry| entry.name);
    let names = names.filter(|name| !["cur", "new", "tmp"].iter().any(|own| name == own));
    Ok(names.map(PathBuf::from).take(MOST_FOLDERS).collect())
}

fn add(found: &mut BTreeMap<String, PathBuf>, folder: &Path, entry: FileEntry) {
    let name = entry.name.to_string_lossy().into_owned();
    if name.starts_with('.') || entry.is_dir {
        return;
    }
    // Flags after `:` change (`!` or `;` where a file system has no `:`) and the message moves from
    // new to cur; what is before stays.
    let unique = name.split([':', '!', ';']).next().unwrap_or(&name).to_owned();
    found.insert(unique, folder.join(entry.name));
}

/// A Maildir's names begin with the time of delivery.
fn time(name: &str, modified: Option<SystemTime>) -> Option<chrono::DateTime<chrono::Utc>> {
    let digits = name.split('.').next().filter(|digits| (9..=10).contains(&digits.len()));
    let delivered = digits.and_then(|digits| digits.parse().ok());
    let delivered = delivered.and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    delivered.or(modified.map(chrono::DateTime::from))
}
