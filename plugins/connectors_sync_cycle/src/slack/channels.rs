//! The channels of an export: public ones, private groups, direct messages and group messages.

use std::{collections::HashSet, path::PathBuf};

use cascade_sdk::{FileError, Files};
use serde_json::Value;

use super::LARGEST_LIST;
use crate::message::Batch;

/// One conversation.
#[derive(Debug, Clone)]
pub struct Channel {
    /// What stays when it is renamed.
    pub id: String,
    /// Its name now; a direct message has none.
    pub name: Option<String>,
    /// As a message's subject.
    pub title: String,
    /// Where its days are; `None` when nobody wrote in it.
    pub folder: Option<PathBuf>,
}

/// All channels of an export: those of its lists, then folders that no list names.
///
/// # Errors
/// When the export's folder cannot be read.
pub fn read(files: &Files<'_>, batch: &mut Batch) -> Result<Vec<Channel>, FileError> {
    let entries = files.list(".")?;
    let folders: HashSet<String> = entries
        .into_iter()
        .filter(|entry| entry.is_dir)
        .map(|entry| entry.name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && name != "__MACOSX")
        .collect();
    let mut channels: Vec<Channel> = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    for list in ["channels.json", "groups.json", "mpims.json", "dms.json"] {
        for value in read_list(files, list, batch) {
            let Some(channel) = one(&value, list, &folders) else {
                batch.skipped.push(format!("{list}: a channel with neither id nor name"));
                continue;
            };
            // A name that leads out of the export is no channel's.
            if let Some(name) = channel.name.as_deref()
                && (name.contains('/') || name == "..")
            {
                let why = format!("{list}: channel `{name}` leads out of the export");
                batch.skipped.push(why);
                continue;
            }
            let folder = channel.folder.as_ref().map(|folder| folder.display().to_string());
            if channels.iter().any(|known| known.id == channel.id)
                || folder.is_some_and(|folder| !taken.insert(folder))
            {
                continue;
            }
            channels.push(channel);
        }
    }
    let mut others: Vec<_> = folders.into_iter().filter(|name| !taken.contains(name)).collect();
    others.sort();
    for name in others {
        // Any folder may lie about; one with days is a channel.
        let has_days = files
            .list(&name)
            .is_ok_and(|entries| entries.iter().any(|entry| is_day(&entry.name.to_string_lossy())));
        if has_days {
            let (id, title) = (name.clone(), format!("#{name}"));
            channels.push(Channel {
                id,
                title,
                folder: Some(name.clone().into()),
                name: Some(name),
            });
        }
    }
    Ok(channels)
}

fn is_day(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() == 15 && name.ends_with(".json") && bytes[4] == b'-' && bytes[7] == b'-'
}

/// A list of the export; a missing one is empty, a broken one is told.
pub fn read_list(files: &Files<'_>, name: &str, batch: &mut Batch) -> Vec<Value> {
    let bytes = match files.read(name, LARGEST_LIST) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Vec::new(),
        Err(error) => {
            batch.skipped.push(error.to_string());
            return Vec::new();
        }
    };
    match serde_json::from_slice(&bytes) {
        Ok(Value::Array(list)) => list,
        Ok(_) => {
            batch.skipped.push(format!("{name}: no list"));
            Vec::new()
        }
        Err(error) => {
            batch.skipped.push(format!("{name}: {error}"));
            Vec::new()
        }
    }
}

fn one(value: &Value, list: &str, folders: &HashSet<String>) -> Option<Channel> {
    let text = |name: &str| value[name].as_str().filter(|text| !text.is_empty());
    let (id, name) = (text("id"), text("name"));
    let id_or_name = id.or(name)?;
    let title = match (list, name) {
        ("dms.json", _) => "Direct message".to_owned(),
        ("mpims.json", _) => "Group message".to_owned(),
        (_, Some(name)) => format!("#{name}"),
        (_, None) => format!("#{id_or_name}"),
    };
    // Folders have names, those of direct messages ids. A renamed channel may lie under its old name.
    let former = value["previous_names"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let folder = name.into_iter().chain(id).chain(former).find(|name| folders.contains(*name));
    Some(Channel {
        id: id_or_name.to_owned(),
        name: name.map(ToOwned::to_owned),
        title,
        folder: folder.map(PathBuf::from),
    })
}
