use chrono::{DateTime, Datelike, Utc};

/// A message as its source tells it, before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The source's own id.
    pub native_id: String,
    /// The id of the first message of the conversation.
    pub thread_id: String,
    /// Name for people.
    pub author: String,
    /// What tells authors apart: address or user id.
    pub author_key: String,
    /// Title, or empty.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// Where it can be read in place.
    pub url: Option<String>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

impl Message {
    /// As every database keeps it: PostgreSQL knows no NUL, and a time must read back from its text
    /// after `replay_from` has moved it.
    ///
    /// # Errors
    /// Why it cannot be kept.
    pub fn storable(mut self) -> Result<Self, &'static str> {
        if !(1..=9000).contains(&self.sent_at.year()) {
            return Err("a time out of all reason");
        }
        if self.native_id.is_empty() {
            return Err("an empty id");
        }
        // A screen makes a link of it; `javascript:` and the like are no places.
        let is_web = |url: &String| {
            let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            scheme.is_some_and(|scheme| scheme == "http" || scheme == "https")
        };
        self.url = self.url.filter(is_web);
        let texts = [
            &mut self.native_id,
            &mut self.thread_id,
            &mut self.author,
            &mut self.author_key,
            &mut self.subject,
            &mut self.body,
        ];
        for text in texts.into_iter().chain(&mut self.url) {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        Ok(self)
    }
}

/// What one look at a source found.
#[derive(Debug, Default)]
pub struct Batch {
    /// New or changed messages.
    pub messages: Vec<Message>,
    /// What was malformed, and where it stands.
    pub skipped: Vec<String>,
    /// Where to go on next time; the source's own business.
    pub position: serde_json::Value,
    /// Whether there is more to read right away, so that a large archive comes in pieces.
    pub more: bool,
}

/// `ru` or `en` by the share of letters of either script, `other` when neither prevails.
pub fn language(text: &str) -> &'static str {
    let (mut cyrillic, mut latin) = (0_usize, 0_usize);
    for letter in text.chars() {
        match letter {
            'а'..='я' | 'А'..='Я' | 'ё' | 'Ё' => cyrillic += 1,
            'a'..='z' | 'A'..='Z' => latin += 1,
            _ => {}
        }
    }
    match (cyrillic, latin) {
        (0, 0) => "other",
        // Russian office mail is full of Latin names and terms.
        _ if cyrillic * 3 >= latin => "ru",
        _ => "en",
    }
}

#[cfg(test)]
mod tests {
    use super::language;

    #[test]
    fn language_goes_by_script() {
        assert_eq!(language("Deploy завтра, release готов"), "ru");
        assert_eq!(language("The release is ready"), "en");
        assert_eq!(language("12:30 +1"), "other");
    }
}
