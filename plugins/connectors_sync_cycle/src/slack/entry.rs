//! One entry of a day: a message, or an event that is none.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// A message as it stands in the export.
pub struct Entry<'a> {
    pub value: &'a Value,
    /// Seconds since 1970, a dot, and a counter that makes it unique in its channel.
    pub ts: String,
    pub thread_ts: Option<String>,
    pub sent_at: DateTime<Utc>,
    pub user: Option<&'a str>,
    pub bot: Option<&'a str>,
    /// What a bot calls itself.
    pub username: Option<&'a str>,
}

/// Why an entry is not stored.
#[derive(Debug)]
pub enum NoMessage {
    /// Somebody joined, a topic was set: not what people say.
    Event,
    /// It is malformed; the text says how.
    Flaw(String),
}

/// Entries that tell what happened to a channel. All others carry what somebody wrote.
const EVENTS: [&str; 27] = [
    "channel_join",
    "channel_leave",
    "channel_topic",
    "channel_purpose",
    "channel_name",
    "channel_archive",
    "channel_unarchive",
    "channel_convert_to_private",
    "channel_convert_to_public",
    "channel_posting_permissions",
    "channel_canvas_updated",
    "group_join",
    "group_leave",
    "group_topic",
    "group_purpose",
    "group_name",
    "group_archive",
    "group_unarchive",
    "pinned_item",
    "unpinned_item",
    "bot_add",
    "bot_remove",
    "bot_enable",
    "bot_disable",
    "message_deleted",
    "message_replied",
    "tombstone",
];

impl<'a> Entry<'a> {
    /// Reads an entry.
    ///
    /// # Errors
    /// Why it is no message.
    pub fn read(value: &'a Value) -> Result<Self, NoMessage> {
        if !value.is_object() {
            return Err(NoMessage::Flaw("not an object".to_owned()));
        }
        let subtype = value["subtype"].as_str().unwrap_or_default();
        if value["type"].as_str().is_some_and(|kind| kind != "message") || EVENTS.contains(&subtype)
        {
            return Err(NoMessage::Event);
        }
        // An edit as an event: the message as it is now stands within.
        if subtype == "message_changed" && value["message"].is_object() {
            return Self::read(&value["message"]);
        }
        let comment = &value["comment"];
        let text = |name: &str| value[name].as_str().filter(|text| !text.is_empty());
        let ts = ts(&value["ts"]).ok_or_else(|| NoMessage::Flaw("no `ts`".to_owned()))?;
        let sent_at = time(&ts).ok_or_else(|| NoMessage::Flaw(format!("bad `ts` {ts}")))?;
        Ok(Self {
            value,
            thread_ts: self::ts(&value["thread_ts"]),
            sent_at,
            ts,
            user: text("user").or_else(|| comment["user"].as_str()),
            bot: text("bot_id").or_else(|| value["bot_profile"]["id"].as_str()),
            username: text("username"),
        })
    }

    /// The name of the bot that wrote it.
    pub fn bot_name(&self) -> Option<String> {
        let name =
            self.value["bot_profile"]["name"].as_str().or_else(|| self.value["root_name"].as_str());
        name.filter(|name| !name.is_empty()).map(ToOwned::to_owned)
    }
}

/// As text; some tools write it as a number.
fn ts(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn time(ts: &str) -> Option<DateTime<Utc>> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let millis = format!("{fraction:0<3}").get(..3)?.parse::<u32>().ok()?;
    DateTime::from_timestamp(seconds.parse().ok()?, millis * 1_000_000)
}
