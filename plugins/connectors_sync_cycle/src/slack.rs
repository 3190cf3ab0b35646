//! An unpacked Slack export: `users.json`, `channels.json`, and a folder of days per channel.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use cascade_sdk::{FileError, Files, JobError};
use chrono::{DateTime, Utc};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::message::{Batch, Message};

/// A file of an export over this size, in bytes, is not read.
const LARGEST: u64 = 64 << 20;

#[derive(Deserialize)]
struct User {
    id: String,
    name: String,
    real_name: Option<String>,
}

#[derive(Deserialize)]
struct Channel {
    name: String,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    subtype: Option<String>,
    user: Option<String>,
    username: Option<String>,
    text: String,
    /// Seconds since 1970, a dot, and a counter that makes it unique in its channel.
    ts: String,
    thread_ts: Option<String>,
    edited: Option<Edited>,
}

#[derive(Deserialize)]
struct Edited {
    ts: String,
}

impl Entry {
    /// When it was written or last edited: an edited message is read again.
    fn touched(&self) -> &str {
        self.edited.as_ref().map_or(self.ts.as_str(), |edited| edited.ts.as_str().max(&self.ts))
    }
}

/// Reads what was written or edited after `position`, the newest time by channel.
///
/// # Errors
/// When the export or one of its files cannot be read, or is not what it should be.
pub fn read(files: &Files<'_>, folder: &Path, position: &Value) -> Result<Batch, JobError> {
    // Channels are named by the export's own text, which must not lead out of it.
    let export = files.beneath(folder).map_err(FileError::into_job_error)?;
    let mut newest: BTreeMap<String, String> = BTreeMap::deserialize(position).unwrap_or_default();
    let users: Vec<User> = file(&export, Path::new("users.json"))?;
    let channels: Vec<Channel> = file(&export, Path::new("channels.json"))?;
    let names: HashMap<_, _> = users
        .iter()
        .map(|u| (u.id.as_str(), u.real_name.as_ref().unwrap_or(&u.name).as_str()))
        .collect();
    let mut batch = Batch::default();
    for Channel { name } in channels {
        let since = newest.entry(name.clone()).or_default();
        let mut latest = since.clone();
        for (path, entries) in days(&export, Path::new(&name))? {
            for (at, entry) in entries.into_iter().enumerate() {
                let entry = match Entry::deserialize(&entry) {
                    Ok(entry) => entry,
                    Err(error) => {
                        // Without a time it cannot be told from what was skipped before.
                        if since.is_empty() {
                            batch.skipped.push(format!("{path}, item {}: {error}", at + 1));
                        }
                        continue;
                    }
                };
                // Joins, topic changes and the like are not messages; those of bots are.
                let said = matches!(
                    entry.subtype.as_deref(),
                    None | Some("bot_message" | "thread_broadcast")
                );
                if entry.kind != "message" || !said || entry.touched() <= since.as_str() {
                    continue;
                }
                let touched = entry.touched().to_owned();
                match message(&name, entry, &names) {
                    Ok(message) => batch.messages.push(message),
                    Err(why) => batch.skipped.push(format!("{path}, item {}: {why}", at + 1)),
                }
                latest = latest.max(touched);
            }
        }
        *since = latest;
    }
    batch.position = json!(newest);
    Ok(batch)
}

fn file<T: DeserializeOwned>(export: &Files<'_>, path: &Path) -> Result<T, JobError> {
    let content = export.read(path, LARGEST).map_err(FileError::into_job_error)?;
    serde_json::from_slice(&content)
        .map_err(|error| JobError::retry(format!("{}: {error}", export.full(path).display())))
}

/// The days of a channel, oldest first.
fn days(export: &Files<'_>, channel: &Path) -> Result<Vec<(String, Vec<Value>)>, JobError> {
    let entries = export.list(channel).map_err(FileError::into_job_error)?;
    let mut paths: Vec<_> = entries.into_iter().map(|entry| channel.join(entry.name)).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "json"));
    let day = |path: std::path::PathBuf| {
        Ok((export.full(&path).display().to_string(), file(export, &path)?))
    };
    paths.into_iter().map(day).collect()
}

fn message(
    channel: &str,
    entry: Entry,
    names: &HashMap<&str, &str>,
) -> Result<Message, &'static str> {
    let seconds = entry.ts.split('.').next().and_then(|s| s.parse().ok()).ok_or("bad ts")?;
    let sent_at = DateTime::<Utc>::from_timestamp(seconds, 0).ok_or("bad ts")?;
    let key = entry.user.or(entry.username).ok_or("neither user nor username")?;
    let message = Message {
        native_id: format!("{channel}/{}", entry.ts),
        thread_id: format!("{channel}/{}", entry.thread_ts.unwrap_or_else(|| entry.ts.clone())),
        author: names.get(key.as_str()).map_or_else(|| key.clone(), |name| (*name).to_owned()),
        author_key: key,
        subject: format!("#{channel}"),
        body: plain(&entry.text, names),
        url: None,
        sent_at,
    };
    message.storable()
}

/// Slack's markup as a person reads it: `<@U1>`, `<#C1|name>`, `<https://x|label>` and entities.
fn plain(text: &str, names: &HashMap<&str, &str>) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((inside, behind)) = after.split_once('>') else {
            break;
        };
        plain.push_str(before);
        let (target, label) = inside.split_once('|').map_or((inside, None), |(t, l)| (t, Some(l)));
        match (target.strip_prefix('@'), label) {
            (Some(user), _) => {
                plain.push('@');
                plain.push_str(names.get(user).copied().unwrap_or(user));
            }
            (None, Some(label)) => plain.push_str(label),
            (None, None) => plain.push_str(target.trim_start_matches(['#', '!'])),
        }
        rest = behind;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn markup_reads_as_a_person_sees_it() {
        let names = HashMap::from([("U1", "Ann")]);
        let text = "<@U1>: see <https://x.org/a|the plan> in <#C1|general> &amp; <https://y.org>";
        assert_eq!(plain(text, &names), "@Ann: see the plan in general & https://y.org");
    }

    #[test]
    fn only_what_is_newer_is_read_and_the_malformed_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, value: Value| {
            fs::write(folder.path().join(name), value.to_string()).unwrap()
        };
        put("users.json", json!([{"id": "U1", "name": "ann", "real_name": "Ann"}]));
        put("channels.json", json!([{"name": "general"}]));
        fs::create_dir(folder.path().join("general")).unwrap();
        let say = |ts: &str| json!({"type": "message", "user": "U1", "text": "hi", "ts": ts});
        put("general/2026-01-05.json", json!([say("1767600000.000100"), {"type": "message"}]));
        let allowed = [folder.path().to_owned()];
        let files = Files::within(folder.path(), &allowed);
        let read = |position: &Value| read(&files, Path::new("."), position);
        let first = read(&Value::Null).unwrap();
        assert_eq!((first.messages.len(), first.skipped.len()), (1, 1));
        assert_eq!(first.messages[0].author, "Ann");
        put("general/2026-01-06.json", json!([say("1767690000.000100")]));
        let more = read(&first.position).unwrap();
        assert_eq!((more.messages.len(), more.skipped.len()), (1, 0));
        assert_eq!(more.messages[0].native_id, "general/1767690000.000100");
        let mut edited = say("1767600000.000100");
        edited["edited"] = json!({"user": "U1", "ts": "1767700000.000000"});
        let joined = json!({"type": "message", "subtype": "channel_join", "user": "U1", "text": "", "ts": "1767700001.0"});
        put("general/2026-01-05.json", json!([edited, joined]));
        let again = read(&more.position).unwrap();
        assert_eq!(again.messages.len(), 1);
        assert_eq!(again.messages[0].native_id, "general/1767600000.000100");
    }

    #[test]
    fn a_channel_that_is_named_out_of_the_export_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        for made in ["export", "private"] {
            fs::create_dir(folder.path().join(made)).unwrap();
        }
        let put = |name: &str, value: Value| {
            fs::write(folder.path().join(name), value.to_string()).unwrap()
        };
        let say = json!({"type": "message", "user": "U1", "text": "secret", "ts": "1767600000.1"});
        put("private/2026-01-05.json", json!([say]));
        put("export/users.json", json!([]));
        let allowed = [folder.path().to_owned()];
        let files = Files::within(folder.path(), &allowed);
        std::os::unix::fs::symlink("../private", folder.path().join("export/linked")).unwrap();
        let absolute = folder.path().join("private");
        for name in ["../private", "linked", absolute.to_str().unwrap()] {
            put("export/channels.json", json!([{"name": name}]));
            let error = read(&files, Path::new("export"), &Value::Null).err().unwrap();
            assert!(error.to_string().contains("leads out of"), "{name}: {error}");
        }
    }
}
