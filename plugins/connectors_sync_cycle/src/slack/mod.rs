//! Slack: an unpacked export, that is lists of people and channels and a folder of days per channel; or
//! the Web API.

mod again;
mod channels;
mod entry;
mod markup;
mod people;
mod reading;
mod text;
mod web;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use cascade_sdk::{FileEntry, Files};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use self::web::SlackWeb;
use self::{channels::Channel, people::People, reading::Reading};
use crate::{fault::Fault, message::Batch, packed};

/// A day's file over this size, in bytes, is not read; a busy channel's day takes a few MiB.
const LARGEST_DAY: u64 = 64 << 20;
/// The same for the lists of people and channels.
const LARGEST_LIST: u64 = 256 << 20;
/// Messages after which a batch ends.
const AT_A_TIME: usize = 500;

/// For each channel what its folder was like when it was read last, by the channel's id.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    folders: BTreeMap<String, Uuid>,
}

/// A reader of one export.
pub struct Slack {
    files: Files<'static>,
    people: People,
    channels: Vec<Channel>,
    /// The channel whose days are being read.
    now: Option<(Channel, Vec<PathBuf>, Uuid)>,
    position: Position,
    /// An older build stored messages by their channel's name.
    by_name: bool,
    first: Batch,
    over: bool,
}

impl Slack {
    /// Looks for channels with days that were not there, or were others, at `position`.
    ///
    /// # Errors
    /// When there is no export.
    pub fn open(files: &Files<'_>, path: &Path, position: &Value) -> Result<Self, Fault> {
        if let Ok(mut file) = files.open(path) {
            let mut start = [0; 6];
            let length = std::io::Read::read(&mut file, &mut start).unwrap_or_default();
            let kind = packed::packed(&start[..length]);
            let what = kind.map_or("a file".to_owned(), |kind| format!("{kind} file"));
            return Err(Fault::lasting(format!(
                "{} is {what}; unpack the export and name its folder",
                files.full(path).display()
            )));
        }
        let files = files.beneath(path).map_err(Fault::passing)?;
        let mut first = Batch::default();
        let people = People::read(&files, &mut first);
        let mut channels = channels::read(&files, &mut first).map_err(Fault::passing)?;
        if channels.is_empty() && !people.is_listed() && first.skipped.is_empty() {
            let folder = files.full(".");
            return Err(Fault::passing(format!(
                "{}: not a Slack export: neither `channels.json` nor a folder of days",
                folder.display()
            )));
        }
        if channels.is_empty() && !first.skipped.is_empty() {
            return Err(Fault::passing(first.skipped.join("; ")));
        }
        let by_name = !position.is_null() && position.get("folders").is_none();
        channels.reverse();
        Ok(Self {
            files,
            people,
            channels,
            now: None,
            position: Position::deserialize(position).unwrap_or_default(),
            by_name,
            first,
            over: false,
        })
    }

    /// The next messages; `None` after the last.
    pub fn next_batch(&mut self) -> Option<Batch> {
        if self.over {
            return None;
        }
        let mut batch = std::mem::take(&mut self.first);
        while batch.messages.len() < AT_A_TIME {
            match &mut self.now {
                Some((channel, days, stamp)) => match days.pop() {
                    Some(path) => {
                        let place = self.files.full(&path).display().to_string();
                        let (people, by_name) = (&mut self.people, self.by_name);
                        match day(&self.files, &path, &place) {
                            Ok(entries) => Reading { channel, people, by_name }
                                .entries(&entries, &place, &mut batch),
                            Err(why) => batch.skipped.push(why),
                        }
                    }
                    None => {
                        self.position.folders.insert(channel.id.clone(), *stamp);
                        self.now = None;
                    }
                },
                None => match self.channels.pop() {
                    Some(channel) => self.now = self.changed(channel, &mut batch),
                    None => {
                        self.over = true;
                        break;
                    }
                },
            }
        }
        batch.position = serde_json::to_value(&self.position).ok();
        Some(batch)
    }

    /// The days of a channel, the last first, unless all are as they were.
    fn changed(
        &self,
        channel: Channel,
        batch: &mut Batch,
    ) -> Option<(Channel, Vec<PathBuf>, Uuid)> {
        let folder = channel.folder.clone()?;
        let days = match self.files.list(&folder) {
            Ok(entries) => entries,
            // A channel in which nobody wrote has no folder.
            Err(error) if error.is_not_found() => return None,
            Err(error) => {
                batch.skipped.push(error.to_string());
                return None;
            }
        };
        let is_day = |entry: &FileEntry| {
            !entry.is_dir && entry.name.to_string_lossy().to_ascii_lowercase().ends_with(".json")
        };
        let days: Vec<FileEntry> = days.into_iter().filter(is_day).collect();
        let mut facts = format!("{} {} {}", self.people.stamp(), channel.id, channel.title);
        for day in &days {
            let name = day.name.to_string_lossy();
            facts.push_str(&format!("\n{name} {} {:?}", day.len, day.modified));
        }
        let stamp = Uuid::new_v5(&Uuid::NAMESPACE_OID, facts.as_bytes());
        if self.position.folders.get(&channel.id) == Some(&stamp) {
            return None;
        }
        let mut paths: Vec<PathBuf> = days.iter().map(|day| folder.join(&day.name)).collect();
        paths.reverse();
        Some((channel, paths, stamp))
    }
}

/// The entries of a day's file.
fn day(files: &Files<'_>, path: &Path, place: &str) -> Result<Vec<Value>, String> {
    let bytes = files.read(path, LARGEST_DAY).map_err(|error| error.to_string())?;
    let parsed = serde_json::from_slice(&bytes).map_err(|error| format!("{place}: {error}"))?;
    match parsed {
        Value::Array(entries) => Ok(entries),
        // As the Web API answers.
        Value::Object(mut object) => match object.remove("messages") {
            Some(Value::Array(entries)) => Ok(entries),
            _ => Err(format!("{place}: no list of messages")),
        },
        _ => Err(format!("{place}: no list of messages")),
    }
}
