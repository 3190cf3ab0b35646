//! Entries of a channel as messages.

use serde_json::Value;

use super::{
    channels::Channel,
    entry::{Entry, NoMessage},
    people::People,
    text,
};
use crate::message::{Batch, Message};

/// One channel while it is read.
pub struct Reading<'a> {
    pub channel: &'a Channel,
    pub people: &'a mut People,
    /// An older build stored messages by their channel's name.
    pub by_name: bool,
}

impl Reading<'_> {
    /// Adds entries to a batch; `place` is where they stand, for what is malformed.
    pub fn entries(&mut self, entries: &[Value], place: &str, batch: &mut Batch) {
        self.people.learn(entries);
        for (at, entry) in entries.iter().enumerate() {
            match self.message(entry) {
                Ok(message) => batch.messages.push(message),
                Err(NoMessage::Event) => {}
                Err(NoMessage::Flaw(why)) => {
                    batch.skipped.push(format!("{place}, item {}: {why}", at + 1));
                }
            }
        }
    }

    fn message(&self, value: &Value) -> Result<Message, NoMessage> {
        let entry = Entry::read(value)?;
        let body = text::of(&entry, self.people);
        if body.is_empty() {
            // An event of a kind that is not known yet: a call that began, a list that changed.
            if entry.value["subtype"].is_string() && entry.user.is_none() {
                return Err(NoMessage::Event);
            }
            return Err(NoMessage::Flaw("neither text nor files".to_owned()));
        }
        let (author, author_key) = self.people.author(&entry);
        let id = &self.channel.id;
        let ts = &entry.ts;
        let native_id = format!("{id}/{ts}");
        let older = self.channel.name.as_ref().filter(|_| self.by_name);
        let message = Message {
            known_as: older.map(|name| format!("{name}/{ts}")).filter(|old| *old != native_id),
            thread_id: format!("{id}/{}", entry.thread_ts.as_ref().unwrap_or(ts)),
            native_id,
            author,
            author_key,
            subject: self.channel.title.clone(),
            body,
            url: None,
            sent_at: Some(entry.sent_at),
        };
        message.storable().map_err(|why| NoMessage::Flaw(why.to_owned()))
    }
}
