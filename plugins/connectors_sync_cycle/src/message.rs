use chrono::{DateTime, Datelike, Utc};

/// A longer text is cut, with a mark that says so: what a person wrote is shorter.
pub const LONGEST_BODY: usize = 256 << 10;
/// Names and titles are one line.
const LONGEST_LINE: usize = 2_000;

/// A message as its source tells it, before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The source's own id.
    pub native_id: String,
    /// The id that an earlier reading may have stored it under, and that is renamed: the one of an
    /// older build, or of a message that was half-written then.
    pub known_as: Option<String>,
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
    /// When it was sent; `None` when the source does not tell, and the time of arrival stands for it.
    pub sent_at: Option<DateTime<Utc>>,
}

impl Message {
    /// As every database keeps it: PostgreSQL knows no NUL, and a time must read back from its text
    /// after `replay_from` has moved it.
    ///
    /// # Errors
    /// Why it cannot be kept.
    pub fn storable(mut self) -> Result<Self, &'static str> {
        // A time out of all reason is none.
        self.sent_at = self.sent_at.filter(|at| (1..=9000).contains(&at.year()));
        if self.native_id.is_empty() {
            return Err("an empty id");
        }
        // A screen makes a link of it; `javascript:` and the like are no places.
        let is_web = |url: &String| {
            let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            scheme.is_some_and(|scheme| scheme == "http" || scheme == "https")
        };
        self.url = self.url.filter(is_web);
        for id in [&mut self.native_id, &mut self.thread_id, &mut self.author_key] {
            *id = short_id(id);
        }
        self.author = cut(self.author, LONGEST_LINE);
        self.subject = cut(self.subject, LONGEST_LINE);
        self.body = cut(self.body, LONGEST_BODY);
        let texts = [
            &mut self.native_id,
            &mut self.thread_id,
            &mut self.author,
            &mut self.author_key,
            &mut self.subject,
            &mut self.body,
        ];
        for text in texts.into_iter().chain(&mut self.url).chain(&mut self.known_as) {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        Ok(self)
    }
}

/// An id that an index of either database takes: a longer one is known by its hash.
fn short_id(id: &str) -> String {
    if id.len() <= 1_000 {
        return id.to_owned();
    }
    format!("sha1:{}", uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, id.as_bytes()).simple())
}

/// Cuts a text to `longest` bytes or a little less, and says so at its end.
fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(longest));
        text.push_str(&format!(" [cut: {whole} bytes]"));
    }
    text
}

/// What one look at a source found.
#[derive(Debug, Default)]
pub struct Batch {
    /// New or changed messages.
    pub messages: Vec<Message>,
    /// What was malformed, and where it stands.
    pub skipped: Vec<String>,
    /// What the operator should know of the source as a whole.
    pub notes: Vec<String>,
    /// Where to go on next time, the source's own business; `None` to leave it as it is.
    pub position: Option<serde_json::Value>,
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
    use super::*;

    #[test]
    fn language_goes_by_script() {
        assert_eq!(language("Deploy завтра, release готов"), "ru");
        assert_eq!(language("The release is ready"), "en");
        assert_eq!(language("12:30 +1"), "other");
    }

    #[test]
    fn a_text_is_cut_between_letters_and_says_so() {
        assert_eq!(cut("ёлка".to_owned(), 3), "ё [cut: 8 bytes]");
        assert_eq!(cut("ёлка".to_owned(), 8), "ёлка");
    }
}
