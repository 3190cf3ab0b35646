//! An issue or a comment as a message.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::message::Message;

/// What is common to both servers' forms.
pub struct Entry<'a> {
    /// `owner/name`: numbers of two repositories mean two issues.
    pub repository: &'a str,
    /// `12` of `#12`.
    pub number: u64,
    /// The comment's id; `None` for the issue itself.
    pub comment: Option<u64>,
    /// The title.
    pub title: &'a str,
    pub body: &'a Value,
    pub author: (&'a Value, &'a Value),
    pub url: Option<String>,
    pub created_at: &'a Value,
}

impl Entry<'_> {
    /// # Errors
    /// Why it cannot be kept.
    pub fn message(self) -> Result<Message, &'static str> {
        let Self { repository, number, comment, title, .. } = self;
        let (name, id) = self.author;
        // An account that was deleted.
        let author = name.as_str().filter(|name| !name.is_empty()).unwrap_or("unknown");
        let key = id.as_u64().map_or_else(|| author.to_owned(), |id| id.to_string());
        let sent_at = self.created_at.as_str().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        let thread_id = format!("{repository}#{number}");
        let message = Message {
            native_id: match comment {
                Some(comment) => format!("{thread_id}/{comment}"),
                None => thread_id.clone(),
            },
            known_as: None,
            subject: format!("{title} (#{number})").trim_start().to_owned(),
            thread_id,
            author: author.to_owned(),
            author_key: key,
            body: self.body.as_str().unwrap_or_default().replace("\r\n", "\n"),
            url: self.url,
            sent_at: sent_at.map(|at| at.with_timezone(&Utc)),
        };
        message.storable()
    }
}
