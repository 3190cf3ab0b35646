//! Names of people, bots and channels.

use std::collections::HashMap;

use cascade_sdk::Files;
use serde_json::Value;
use uuid::Uuid;

use super::{channels::read_list, entry::Entry};
use crate::message::Batch;

/// Who is who in an export.
#[derive(Debug, Default)]
pub struct People {
    names: HashMap<String, String>,
    channels: HashMap<String, String>,
    listed: bool,
    stamp: Uuid,
}

impl People {
    /// Reads the lists of an export; one without them has names in its messages.
    pub fn read(files: &Files<'_>, batch: &mut Batch) -> Self {
        let mut people = Self::default();
        let mut facts = String::new();
        for list in ["users.json", "org_users.json"] {
            for user in read_list(files, list, batch) {
                people.listed = true;
                if let (Some(id), Some(name)) = (user["id"].as_str(), name_of(&user)) {
                    facts.push_str(&format!("{id} {name}\n"));
                    people.names.insert(id.to_owned(), name);
                }
            }
        }
        people.stamp = Uuid::new_v5(&Uuid::NAMESPACE_OID, facts.as_bytes());
        // What is wrong with them is told when they are read as channels.
        let mut untold = Batch::default();
        for list in ["channels.json", "groups.json"] {
            for channel in read_list(files, list, &mut untold) {
                people.listed = true;
                if let (Some(id), Some(name)) = (channel["id"].as_str(), channel["name"].as_str()) {
                    people.channels.insert(id.to_owned(), name.to_owned());
                }
            }
        }
        people
    }

    /// From lists that were fetched.
    pub fn of(users: &[Value], channels: &[Value]) -> Self {
        let mut people = Self { listed: true, ..Self::default() };
        for user in users {
            if let (Some(id), Some(name)) = (user["id"].as_str(), name_of(user)) {
                people.names.insert(id.to_owned(), name);
            }
        }
        for channel in channels {
            if let (Some(id), Some(name)) = (channel["id"].as_str(), channel["name"].as_str()) {
                people.channels.insert(id.to_owned(), name.to_owned());
            }
        }
        people
    }

    /// Whether the export has lists.
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// Another when a name has changed.
    pub fn stamp(&self) -> Uuid {
        self.stamp
    }

    /// Takes names from messages: people of other workspaces (Slack Connect) are in no list.
    pub fn learn(&mut self, entries: &[Value]) {
        for entry in entries {
            let Some(id) = entry["user"].as_str() else { continue };
            if !self.names.contains_key(id)
                && let Some(name) = name_of(&entry["user_profile"])
            {
                self.names.insert(id.to_owned(), name);
            }
        }
    }

    /// A person's name.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    /// A channel's name.
    pub fn channel(&self, id: &str) -> Option<&str> {
        self.channels.get(id).map(String::as_str)
    }

    /// Name and key of who wrote an entry: what a bot calls itself, else the person.
    pub fn author(&self, entry: &Entry<'_>) -> (String, String) {
        let id = entry.user.or(entry.bot);
        let said = entry.username.map(ToOwned::to_owned).or_else(|| entry.bot_name());
        let known = id.and_then(|id| self.name(id)).map(ToOwned::to_owned);
        let profile = name_of(&entry.value["user_profile"]);
        let name = said.or(known).or(profile).or_else(|| id.map(ToOwned::to_owned));
        let name = name.unwrap_or_else(|| "unknown".to_owned());
        let key = id.map_or_else(|| name.to_lowercase(), ToOwned::to_owned);
        (name, key)
    }
}

/// The first name that is not empty, the fullest first.
fn name_of(user: &Value) -> Option<String> {
    let places = [
        &user["real_name"],
        &user["profile"]["real_name"],
        &user["profile"]["display_name"],
        &user["display_name"],
        &user["name"],
    ];
    let name = places.into_iter().filter_map(Value::as_str).map(str::trim);
    name.filter(|name| !name.is_empty()).map(ToOwned::to_owned).next()
}
