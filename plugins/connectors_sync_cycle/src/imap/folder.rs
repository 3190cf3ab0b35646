//! One folder while it is read: which of its mails are still to come.

use std::collections::VecDeque;

use super::session::Opened;

/// UIDs that are asked about at a time.
const WINDOW: u32 = 100_000;
/// The same where many UIDs belong to mails that are gone.
const WIDEST: u32 = 1_000_000;

/// A mail of the server: its UID and its size in bytes.
pub type Listed = (u32, u32);

/// Progress in a folder.
#[derive(Debug)]
pub struct Folder {
    /// As the server spells it.
    pub name: String,
    /// For people.
    pub title: String,
    pub validity: u32,
    /// The first UID that nobody has asked about.
    unlisted: u32,
    /// The last UID there can be.
    last: u32,
    width: u32,
    /// Mails to be read, in the order of their UIDs.
    pub waiting: VecDeque<Listed>,
    /// So many mails are asked for one by one, since one of them troubles the server.
    careful: usize,
    /// The mail at which the connection broke.
    pub suspect: Option<u32>,
}

impl Folder {
    /// A folder from the UID `next` on.
    pub fn new(name: String, title: String, opened: Opened, next: u32) -> Self {
        // A server that does not tell the next UID has to be asked for all.
        let last = opened.next.map_or(u32::MAX, |next| next.saturating_sub(1));
        let last = if opened.mails == 0 { 0 } else { last };
        Self {
            name,
            title,
            validity: opened.validity.unwrap_or_default(),
            unlisted: next.max(1),
            last,
            width: if opened.next.is_some() { WINDOW } else { u32::MAX },
            waiting: VecDeque::new(),
            careful: 0,
            suspect: None,
        }
    }

    /// The next UIDs to ask about, both included; `None` when all were.
    pub fn window(&self) -> Option<(u32, u32)> {
        let end = self.unlisted.saturating_add(self.width - 1).min(self.last);
        (self.unlisted <= self.last).then_some((self.unlisted, end))
    }

    /// Takes the answer to a window.
    pub fn listed(&mut self, (first, end): (u32, u32), mut mails: Vec<Listed>) {
        // `n:*` tells of the last mail even if its UID is below n.
        mails.retain(|(uid, _)| (first..=end).contains(uid));
        mails.sort_unstable();
        mails.dedup_by_key(|(uid, _)| *uid);
        self.width = if mails.is_empty() { self.width.max(WIDEST) } else { WINDOW };
        self.waiting.extend(mails);
        match end.checked_add(1) {
            Some(next) => self.unlisted = next,
            None => {
                self.unlisted = self.waiting.back().map_or(first, |(uid, _)| uid.saturating_add(1));
                self.last = 0;
            }
        }
    }

    /// Where the next reading begins when all that is waiting has been read.
    pub fn next(&self) -> u32 {
        self.waiting.front().map_or(self.unlisted, |(uid, _)| *uid)
    }

    /// The next mails to fetch together.
    pub fn batch(&mut self, most: usize, most_bytes: usize) -> Vec<Listed> {
        let most = if self.careful > 0 { 1 } else { most };
        self.careful = self.careful.saturating_sub(1);
        let (mut batch, mut bytes) = (Vec::new(), 0_usize);
        while batch.len() < most && bytes < most_bytes {
            let Some(mail) = self.waiting.pop_front() else { break };
            bytes = bytes.saturating_add(mail.1 as usize);
            batch.push(mail);
        }
        batch
    }

    /// Has mails that were not read fetched again, one by one.
    pub fn one_by_one(&mut self, mails: Vec<Listed>) {
        self.careful = self.careful.max(mails.len());
        mails.into_iter().rev().for_each(|mail| self.waiting.push_front(mail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(next: Option<u32>, from: u32) -> Folder {
        let opened = Opened { validity: Some(1), next, mails: 3 };
        Folder::new("INBOX".into(), "INBOX".into(), opened, from)
    }

    #[test]
    fn sparse_uids_are_crossed_in_wide_steps() {
        let mut folder = folder(Some(5_000_000), 1);
        let mut asked = 0;
        while let Some(window) = folder.window() {
            asked += 1;
            let found = (window.0..=window.1).contains(&4_999_999);
            folder.listed(window, if found { vec![(4_999_999, 10)] } else { Vec::new() });
        }
        assert_eq!((asked, folder.waiting.len()), (6, 1));
        assert_eq!(folder.next(), 4_999_999);
        folder.batch(1, 1);
        assert_eq!(folder.next(), 5_000_000);
        assert_eq!(folder.window(), None);
    }

    #[test]
    fn a_server_that_tells_no_next_uid_is_asked_for_all() {
        let mut folder = folder(None, 8);
        let window = folder.window().unwrap();
        assert_eq!(window, (8, u32::MAX));
        folder.listed(window, vec![(7, 1), (9, 1), (8, 1), (9, 1)]);
        assert_eq!(folder.waiting, [(8, 1), (9, 1)]);
        assert_eq!(folder.window(), None);
        folder.batch(2, 100);
        assert_eq!(folder.next(), 10);
    }

    #[test]
    fn a_batch_is_bounded_in_mails_and_bytes() {
        let mut folder = folder(Some(100), 1);
        folder.listed((1, 99), (1..10).map(|uid| (uid, 10)).collect());
        assert_eq!(folder.batch(5, 1000).len(), 5);
        let batch = folder.batch(5, 15);
        assert_eq!(batch, [(6, 10), (7, 10)]);
        folder.one_by_one(batch);
        assert_eq!(folder.batch(5, 1000), [(6, 10)]);
        assert_eq!(folder.batch(5, 1000), [(7, 10)]);
        assert_eq!(folder.batch(5, 1000).len(), 2);
    }
}
