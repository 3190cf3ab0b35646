//! What is asked about mails.

use std::collections::HashSet;

use imap_proto::{AttributeValue, Response};
use mail_parser::MessageParser;

use super::{
    folder::Listed,
    session::{Session, Trouble},
};

/// Mails listed by one answer; what is beyond is left to the next reading.
const MOST_LISTED: usize = 4_000_000;

/// A mail as the server gave it.
pub struct Fetched<'a> {
    pub uid: u32,
    /// `None` when it was larger than it was said to be, or the server has no text of it.
    pub raw: Option<&'a [u8]>,
    /// When the server took it, in IMAP's form of a date.
    pub arrived: Option<&'a str>,
}

impl Session {
    /// UIDs and sizes of the mails in a range.
    ///
    /// # Errors
    /// As [`Session::command`].
    pub async fn sizes(&mut self, (first, end): (u32, u32)) -> Result<Vec<Listed>, Trouble> {
        let end = if end == u32::MAX { "*".to_owned() } else { end.to_string() };
        let mut found = Vec::new();
        self.command(&format!("UID FETCH {first}:{end} (UID RFC822.SIZE)"), |response| {
            let Response::Fetch(_, attributes) = response else { return };
            let (mut uid, mut size) = (None, None);
            for attribute in attributes {
                match attribute {
                    AttributeValue::Uid(number) => uid = Some(*number),
                    AttributeValue::Rfc822Size(bytes) => size = Some(*bytes),
                    _ => {}
                }
            }
            if let (Some(uid), Some(size)) = (uid, size)
                && found.len() < MOST_LISTED
            {
                found.push((uid, size));
            }
        })
        .await?;
        Ok(found)
    }

    /// A mail's subject in quotes, to name it by; empty when there is none to be had.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn subject(&mut self, uid: u32) -> Result<String, Trouble> {
        let mut subject = String::new();
        let ask = format!("UID FETCH {uid} (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]<0.2000>)");
        let asked = self.command(&ask, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            for attribute in attributes {
                if let AttributeValue::BodySection { data: Some(header), .. } = attribute
                    && let Some(mail) = MessageParser::default().parse(&**header)
                    && let Some(found) = mail.subject()
                {
                    let short: String = found.chars().take(100).collect();
                    subject = format!(" \"{short}\"");
                }
            }
        });
        match asked.await {
            Ok(()) | Err(Trouble::No(_)) => Ok(subject),
            Err(broken) => Err(broken),
        }
    }

    /// Reads mails and hands each on as it comes; returns the UIDs of those that came, and how the
    /// command ended.
    pub async fn mails(
        &mut self,
        mails: &[Listed],
        mut each: impl FnMut(Fetched<'_>),
    ) -> (HashSet<u32>, Result<(), Trouble>) {
        let mut got = HashSet::new();
        let ask = format!("UID FETCH {} (UID INTERNALDATE BODY.PEEK[])", set(mails));
        let ended = self.command(&ask, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            let (mut uid, mut body, mut arrived) = (None, None, None);
            for attribute in attributes {
                match attribute {
                    AttributeValue::Uid(number) => uid = Some(*number),
                    AttributeValue::BodySection { section: None, data, .. } => {
                        body = Some(data.as_deref());
                    }
                    AttributeValue::InternalDate(date) => arrived = Some(&**date),
                    _ => {}
                }
            }
            // Without a body it tells that flags of a mail have changed.
            if let (Some(uid), Some(raw)) = (uid, body)
                && mails.iter().any(|(asked, _)| *asked == uid)
                && got.insert(uid)
            {
                each(Fetched { uid, raw, arrived });
            }
        });
        let ended = ended.await;
        (got, ended)
    }
}

/// UIDs as a command names them: `3:5,9`.
fn set(mails: &[Listed]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (uid, _) in mails {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *uid => *last = *uid,
            _ => runs.push((*uid, *uid)),
        }
    }
    let run = |(first, last): (u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}:{last}"),
    };
    runs.into_iter().map(run).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_in_a_row_are_named_by_their_ends() {
        assert_eq!(set(&[(3, 0), (4, 0), (5, 0), (9, 0), (11, 0), (12, 0)]), "3:5,9,11:12");
        assert_eq!(set(&[(7, 0)]), "7");
    }
}
