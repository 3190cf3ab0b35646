//! All folders of a source, one after the other.

use std::collections::{BTreeMap, HashSet};

use cascade_sdk::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    address::Address,
    fetch::Fetched,
    folder::{Folder, Listed},
    name::{decoded, encoded},
    session::{Opened, Session, Trouble},
};
use crate::{
    dates,
    fault::Fault,
    mail::{BATCH_BYTES, Envelope, LARGEST, parse},
    message::Batch,
    params::Source,
};

/// Mails that one command asks for; servers bound the length of a command.
const AT_A_TIME: usize = 200;
/// Connections that may break in one run before the source counts as failed.
const MOST_BREAKS: usize = 8;

/// How far each folder was read, by the server's spelling of its name.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// Whose folders they are: those of another account say nothing.
    account: String,
    folders: BTreeMap<String, Place>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Place {
    validity: u32,
    /// The first UID that was not read.
    next: u32,
}

/// A reader of one account.
pub struct Imap {
    address: Address,
    session: Option<Session>,
    /// The folder that the session has open.
    opened: Option<String>,
    /// What is still to be read, the next one last.
    folders: Vec<String>,
    now: Option<Folder>,
    /// The folder at which the connection broke.
    suspect: Option<String>,
    breaks: usize,
    position: Position,
    notes: Vec<String>,
}

impl Imap {
    /// Signs in and looks for the folders that `mailboxes` names.
    ///
    /// # Errors
    /// When the server cannot be reached or does not let us in, or there is no such folder.
    pub async fn open(ctx: &Context, source: &Source, position: &Value) -> Result<Self, Fault> {
        let address = Address::of(source)?;
        let mut session = Session::open(ctx, &address).await?;
        let inbox = ["INBOX".to_owned()];
        let patterns = source.mailboxes.as_deref().unwrap_or(&inbox);
        let (mut folders, mut without, mut notes) = (Vec::new(), HashSet::new(), Vec::new());
        for pattern in patterns {
            let (is_wanted, name) = match pattern.strip_prefix('!') {
                Some(name) => (false, name),
                None => (true, pattern.as_str()),
            };
            match session.folders(&encoded(name)).await {
                Ok(found) if found.is_empty() => notes.push(format!("no folder is `{name}`")),
                Ok(found) if is_wanted => folders.extend(found),
                Ok(found) => without.extend(found),
                Err(Trouble::No(why)) => notes.push(format!("folder `{name}`: {why}")),
                Err(broken) => return Err(Fault::passing(broken)),
            }
        }
        let mut seen = without;
        folders.retain(|folder| seen.insert(folder.clone()));
        if folders.is_empty() {
            let why = notes.first().cloned().unwrap_or_else(|| "`mailboxes` names none".to_owned());
            return Err(Fault::lasting(format!("no folder to read: {why}")));
        }
        folders.reverse();
        let account = format!("{}@{}", address.user, address.host);
        let kept = Position::deserialize(position).ok().filter(|kept| kept.account == account);
        let position = kept.unwrap_or(Position { account, folders: BTreeMap::new() });
        Ok(Self {
            address,
            session: Some(session),
            opened: None,
            folders,
            now: None,
            suspect: None,
            breaks: 0,
            position,
            notes,
        })
    }

    /// The next mails; `None` after the last folder.
    ///
    /// # Errors
    /// When the connection breaks again and again, or the server lets us in no more. A folder that
    /// the server does not open costs itself alone.
    pub async fn next_batch(&mut self, ctx: &Context) -> Result<Option<Batch>, Fault> {
        let mut batch = Batch { notes: std::mem::take(&mut self.notes), ..Default::default() };
        let Some((name, folder)) = self.at() else {
            return Ok((!batch.notes.is_empty()).then_some(batch));
        };
        let title = decoded(&name);
        match self.step(ctx, &name, folder, &mut batch).await {
            Ok(()) => {}
            Err(Stop::Source(fault)) => return Err(fault),
            Err(Stop::Folder(Trouble::No(why))) => {
                batch.skipped.push(format!("folder {title}: {why}"));
            }
            Err(Stop::Folder(Trouble::Broken(why))) => {
                self.broke(&why)?;
                // It may have been chance: once more, and then the other folders' turn comes.
                if self.suspect.as_ref() == Some(&name) {
                    batch.skipped.push(format!("folder {title}: {why}"));
                } else {
                    self.suspect = Some(name.clone());
                    self.folders.push(name);
                }
            }
        }
        batch.position = Some(serde_json::to_value(&self.position).map_err(Fault::passing)?);
        Ok(Some(batch))
    }

    /// The folder whose turn it is, and what is known of it.
    fn at(&mut self) -> Option<(String, Option<Folder>)> {
        match self.now.take() {
            Some(folder) => Some((folder.name.clone(), Some(folder))),
            None => self.folders.pop().map(|name| (name, None)),
        }
    }

    /// Opens a folder, lists some of its mails, or reads some.
    async fn step(
        &mut self,
        ctx: &Context,
        name: &str,
        folder: Option<Folder>,
        batch: &mut Batch,
    ) -> Result<(), Stop> {
        if self.session.is_none() {
            self.session = Some(Session::open(ctx, &self.address).await.map_err(Stop::Source)?);
        }
        let mut folder = match folder {
            Some(folder) if self.opened.as_deref() == Some(name) => folder,
            other => {
                let opened = self.session()?.examine(name).await?;
                self.opened = Some(name.to_owned());
                match other {
                    Some(folder) if opened.validity == Some(folder.validity) => folder,
                    _ => self.begin(name, opened, batch),
                }
            }
        };
        if folder.waiting.is_empty() {
            let Some(window) = folder.window() else {
                self.remember(&folder);
                return Ok(());
            };
            let mails = self.session()?.sizes(window).await?;
            folder.listed(window, mails);
        } else {
            self.fetch(&mut folder, batch).await?;
        }
        self.remember(&folder);
        self.now = Some(folder);
        Ok(())
    }

    /// A folder from where its last reading ended, or from its start.
    fn begin(&mut self, name: &str, opened: Opened, batch: &mut Batch) -> Folder {
        let title = decoded(name);
        let place = self.position.folders.get(name).copied();
        let next = match (place, opened.validity) {
            (Some(place), Some(validity)) if place.validity == validity => place.next,
            (Some(place), Some(validity)) => {
                batch.notes.push(format!(
                    "{title} is another folder than before (UIDVALIDITY {validity}, was {}): it is \
                     read from its start, and mails that are known are recognised",
                    place.validity
                ));
                1
            }
            (_, None) => {
                batch.notes.push(format!(
                    "{title}: the server keeps no UIDs (no UIDVALIDITY), so it is read whole each time"
                ));
                1
            }
            (None, Some(_)) => 1,
        };
        Folder::new(name.to_owned(), title, opened, next)
    }

    /// Reads the next mails of a folder. What troubles the server is met by itself, and then skipped.
    async fn fetch(&mut self, folder: &mut Folder, batch: &mut Batch) -> Result<(), Stop> {
        let mails = folder.batch(AT_A_TIME, BATCH_BYTES);
        let (large, mut left): (Vec<Listed>, Vec<Listed>) =
            mails.into_iter().partition(|(_, size)| *size as usize > LARGEST);
        for (uid, size) in large {
            let subject = self.session()?.subject(uid).await?;
            let what = format!("{}, UID {uid}{subject}", folder.title);
            batch.skipped.push(format!("{what}: {size} bytes, and at most {LARGEST} are read"));
        }
        if left.is_empty() {
            return Ok(());
        }
        let title = folder.title.clone();
        let keep = |mail: Fetched<'_>| keep(batch, &title, mail);
        let (got, ended) = self.session()?.mails(&left, keep).await;
        left.retain(|(uid, _)| !got.contains(uid));
        let unreadable = self.session()?.unreadable > 0;
        let why = match ended {
            // A mail that was not told of is gone.
            Ok(()) if !unreadable => return Ok(()),
            Ok(()) => "the server's answer could not be read".to_owned(),
            Err(Trouble::No(why)) => why,
            Err(Trouble::Broken(why)) => {
                self.broke(&why).map_err(Stop::Source)?;
                let alone = (left.len() == 1).then(|| left[0].0);
                if alone.is_none() || alone != folder.suspect {
                    folder.suspect = alone;
                    folder.one_by_one(left);
                    return Ok(());
                }
                why
            }
        };
        if let [(uid, _)] = left[..] {
            batch.skipped.push(format!("{title}, UID {uid}: {why}"));
        } else {
            folder.one_by_one(left);
        }
        Ok(())
    }

    fn session(&mut self) -> Result<&mut Session, Trouble> {
        self.session.as_mut().ok_or_else(|| Trouble::Broken("there is no connection".to_owned()))
    }

    fn broke(&mut self, why: &str) -> Result<(), Fault> {
        (self.session, self.opened) = (None, None);
        self.breaks += 1;
        if self.breaks > MOST_BREAKS {
            return Err(Fault::passing(format!("{}: {why}", self.address.host)));
        }
        Ok(())
    }

    fn remember(&mut self, folder: &Folder) {
        let place = Place { validity: folder.validity, next: folder.next() };
        self.position.folders.insert(folder.name.clone(), place);
    }
}

fn keep(batch: &mut Batch, title: &str, mail: Fetched<'_>) {
    let what = || format!("{title}, UID {}", mail.uid);
    let Some(raw) = mail.raw else {
        let why = format!("no text, or more of it than the {LARGEST} bytes that are read");
        batch.skipped.push(format!("{}: {why}", what()));
        return;
    };
    let envelope = Envelope { time: mail.arrived.and_then(dates::parse), ..Default::default() };
    match parse(raw, &envelope) {
        Ok(mail) => batch.messages.push(mail.message),
        Err(why) => batch.skipped.push(format!("{}: {why}", what())),
    }
}

/// What a step ends with before it is done.
enum Stop {
    /// The folder's trouble.
    Folder(Trouble),
    /// The whole source's.
    Source(Fault),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Folder(trouble)
    }
}
