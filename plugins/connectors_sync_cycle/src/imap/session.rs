//! One connection to a server: what is asked and answered.

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::{Engine, prelude::BASE64_STANDARD};
use cascade_sdk::{Connection, ConnectionError, Context};
use imap_proto::{Capability, MailboxDatum, NameAttribute, Response, ResponseCode, Status};

use super::{
    address::{Address, Privacy},
    frames::{EndlessLine, Frames},
    name::{quoted, unquoted},
};
use crate::{fault::Fault, mail::LARGEST};

/// Literals of one response: a mail, or what precedes one.
const LARGEST_RESPONSE: usize = LARGEST + (64 << 10);

/// Why a command gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The server's `NO` or `BAD`, with its reason.
    No(String),
    /// The connection is of no use any more.
    Broken(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::No(why) | Self::Broken(why)) = self;
        f.write_str(why)
    }
}

impl From<ConnectionError> for Trouble {
    fn from(error: ConnectionError) -> Self {
        Self::Broken(error.0)
    }
}

impl From<EndlessLine> for Trouble {
    fn from(error: EndlessLine) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A folder as the server opened it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Opened {
    /// Its UIDs mean the same mails as long as this stays.
    pub validity: Option<u32>,
    /// What the next mail's UID will be at least.
    pub next: Option<u32>,
    /// Mails in it.
    pub mails: u32,
}

/// A session of somebody who is signed in.
pub struct Session {
    connection: Connection,
    frames: Frames,
    commands: u32,
    /// Responses of the last command that could not be read.
    pub unreadable: usize,
    /// What the server said before it ended the session.
    farewell: Option<String>,
}

impl Session {
    /// Connects and signs in.
    ///
    /// # Errors
    /// When the server does not answer, offers no TLS, or refuses the password. The password is never
    /// part of it.
    pub async fn open(ctx: &Context, address: &Address) -> Result<Self, Fault> {
        let password = ctx.secret(&address.password_env).map_err(Fault::passing)?;
        let place = format!("{}:{}", address.host, address.port);
        let passing = |why: Trouble| Fault::passing(format!("{place}: {why}"));
        let lasting = |why: &str| Fault::lasting(format!("{place}: {why}"));
        let connection = ctx.connect(address.request()).await.map_err(Fault::passing)?;
        let frames = Frames::new(LARGEST_RESPONSE);
        let (unreadable, farewell) = Default::default();
        let mut session = Self { connection, frames, commands: 0, unreadable, farewell };
        let greeted = session.greeting().await.map_err(passing)?;
        if address.privacy == Privacy::StartTls {
            // Whoever stands between could sign us in as somebody else, or leave STARTTLS out.
            if greeted == Greeting::SignedIn {
                return Err(lasting("the server signs everybody in before TLS"));
            }
            match session.command("STARTTLS", |_| ()).await {
                Ok(()) => {}
                Err(Trouble::No(why)) => {
                    return Err(lasting(&format!("the server begins no TLS by STARTTLS ({why})")));
                }
                Err(broken) => return Err(passing(broken)),
            }
            // What was sent before TLS may be anybody's.
            if !session.frames.is_empty() {
                return Err(lasting("the server went on talking while TLS was to begin"));
            }
            session.connection.start_tls().await.map_err(Fault::passing)?;
        }
        if greeted == Greeting::SignedIn {
            return Ok(session);
        }
        let offers = session.offers().await.map_err(passing)?;
        match session.sign_in(&address.user, &password, offers).await {
            Ok(()) => Ok(session),
            Err(Trouble::No(why)) => {
                let why = why.replace(&password, "***");
                let text = format!("{place}: `{}` is not let in: {why}", address.user);
                // A server that is busy says so; all else has to be changed by somebody.
                let busy = ["UNAVAILABLE", "INUSE", "LIMIT"];
                let passes = busy.iter().any(|code| why.starts_with(&format!("[{code}]")));
                Err(if passes { Fault::passing(text) } else { Fault::lasting(text) })
            }
            Err(broken) => Err(passing(broken)),
        }
    }

    async fn greeting(&mut self) -> Result<Greeting, Trouble> {
        let whole = self.response().await?;
        match parsed(self.frames.bytes(whole.clone())) {
            Some(Response::Data { status: Status::Ok, .. }) => Ok(Greeting::Stranger),
            Some(Response::Data { status: Status::PreAuth, .. }) => Ok(Greeting::SignedIn),
            Some(Response::Data { status: Status::Bye, outcome }) => {
                let said = outcome.information.as_deref().unwrap_or("BYE");
                Err(Trouble::Broken(format!("the server turned us away: {said}")))
            }
            _ => {
                let said = String::from_utf8_lossy(self.frames.bytes(whole)).into_owned();
                let said: String = said.trim().chars().take(200).collect();
                Err(Trouble::Broken(format!("it greets by `{said}`, which is not IMAP's")))
            }
        }
    }

    async fn offers(&mut self) -> Result<Offers, Trouble> {
        let mut offers = Offers { plain: false, login: true };
        self.command("CAPABILITY", |response| {
            if let Response::Capabilities(all) = response {
                for one in all {
                    match one {
                        Capability::Auth(name) if name.eq_ignore_ascii_case("PLAIN") => {
                            offers.plain = true;
                        }
                        Capability::Atom(name) if name.eq_ignore_ascii_case("LOGINDISABLED") => {
                            offers.login = false;
                        }
                        _ => {}
                    }
                }
            }
        })
        .await?;
        Ok(offers)
    }

    async fn sign_in(&mut self, user: &str, password: &str, offers: Offers) -> Result<(), Trouble> {
        let no = |why: &str| Trouble::No(why.to_owned());
        if offers.plain {
            let tag = self.send("AUTHENTICATE PLAIN").await?;
            self.asked_on(&tag).await?;
            let line = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
            self.connection.write(format!("{line}\r\n")).await?;
            return self.done(&tag, |_, _| ()).await;
        }
        if !offers.login {
            return Err(no("the server takes no password over this connection; use `imaps://`"));
        }
        let user = quoted(user).map_err(|why| no(&format!("the user's name: {why}")))?;
        let password = quoted(password).map_err(|why| no(&format!("the password: {why}")))?;
        self.command(&format!("LOGIN {user} {password}"), |_| ()).await
    }

    /// The folders that fit a pattern, as the server spells them.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub async fn folders(&mut self, pattern: &str) -> Result<Vec<String>, Trouble> {
        let pattern = quoted(pattern).map_err(Trouble::No)?;
        let mut found = Vec::new();
        let tag = self.send(&format!("LIST \"\" {pattern}")).await?;
        self.done(&tag, |response, bytes| {
            let Response::MailboxData(MailboxDatum::List(one)) = response else { return };
            let is_none = |attribute: &NameAttribute<'_>| match attribute {
                NameAttribute::NoSelect => true,
                NameAttribute::Extension(name) => name.eq_ignore_ascii_case("\\NonExistent"),
                _ => false,
            };
            if !one.name_attributes.iter().any(is_none) {
                // The parser leaves a quoted string as it came.
                let is_quoted = bytes.trim_ascii_end().ends_with(b"\"");
                found.push(if is_quoted { unquoted(&one.name) } else { one.name.to_string() });
            }
        })
        .await?;
        Ok(found)
    }

    /// Opens a folder for reading alone.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub async fn examine(&mut self, folder: &str) -> Result<Opened, Trouble> {
        let name = quoted(folder).map_err(Trouble::No)?;
        let mut opened = Opened::default();
        self.command(&format!("EXAMINE {name}"), |response| match response {
            Response::MailboxData(MailboxDatum::Exists(mails)) => opened.mails = *mails,
            Response::Data { outcome, .. } => match outcome.code {
                Some(ResponseCode::UidValidity(validity)) => opened.validity = Some(validity),
                Some(ResponseCode::UidNext(next)) => opened.next = Some(next),
                _ => {}
            },
            _ => {}
        })
        .await?;
        Ok(opened)
    }

    /// Sends a command and hands on what is told before its end.
    ///
    /// # Errors
    /// The server's refusal, or a connection that broke.
    pub async fn command(
        &mut self,
        text: &str,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<(), Trouble> {
        let tag = self.send(text).await?;
        self.done(&tag, |response, _| each(response)).await
    }

    async fn send(&mut self, text: &str) -> Result<String, Trouble> {
        self.commands += 1;
        self.unreadable = 0;
        let tag = format!("A{}", self.commands);
        self.connection.write(format!("{tag} {text}\r\n")).await?;
        Ok(tag)
    }

    /// Waits until the server asks for the rest of a command (`+`).
    async fn asked_on(&mut self, tag: &str) -> Result<(), Trouble> {
        loop {
            let whole = self.response().await?;
            let bytes = self.frames.bytes(whole);
            if bytes.starts_with(b"+") {
                return Ok(());
            }
            if let Some(ended) = ended(bytes, tag) {
                let early = "the server ended the command before it was whole";
                return ended.and(Err(Trouble::No(early.to_owned())));
            }
        }
    }

    /// Hands on what is told before the end of a command, parsed and as it came.
    async fn done(
        &mut self,
        tag: &str,
        mut each: impl FnMut(&Response<'_>, &[u8]),
    ) -> Result<(), Trouble> {
        loop {
            let whole = self.response().await?;
            let bytes = self.frames.bytes(whole);
            // The end is recognised even if its text is none that the parser knows.
            if let Some(ended) = ended(bytes, tag) {
                return ended;
            }
            match parsed(bytes) {
                Some(Response::Data { status: Status::Bye, outcome }) => {
                    let said = outcome.information.as_deref().unwrap_or("BYE");
                    self.farewell = Some(said.to_owned());
                }
                Some(response) => each(&response, bytes),
                None => self.unreadable += 1,
            }
        }
    }

    /// The next whole response.
    async fn response(&mut self) -> Result<std::ops::Range<usize>, Trouble> {
        loop {
            if let Some(whole) = self.frames.next()? {
                return Ok(whole);
            }
            let bytes = self.connection.read().await?;
            if bytes.is_empty() {
                let why = match &self.farewell {
                    Some(said) => format!("the server ended the session: {said}"),
                    None => "the server ended the connection".to_owned(),
                };
                return Err(Trouble::Broken(why));
            }
            self.frames.add(&bytes);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Greeting {
    Stranger,
    SignedIn,
}

#[derive(Debug, Clone, Copy)]
struct Offers {
    plain: bool,
    login: bool,
}

/// A response as the parser has it. It panics at some that servers do send, such as `NIL` for a date;
/// that must cost the one response.
fn parsed(bytes: &[u8]) -> Option<Response<'_>> {
    let parsed = catch_unwind(AssertUnwindSafe(|| Response::parse(bytes).ok()));
    parsed.ok().flatten().map(|(_, response)| response)
}

/// What a server may send, in pieces of `size` bytes: each response, and whether the parser knows it.
///
/// # Errors
/// When a line has no end.
pub fn responses(sent: &[u8], size: usize) -> Result<Vec<(Vec<u8>, bool)>, EndlessLine> {
    let mut frames = Frames::new(LARGEST_RESPONSE);
    let mut found = Vec::new();
    for piece in sent.chunks(size) {
        frames.add(piece);
        while let Some(whole) = frames.next()? {
            let bytes = frames.bytes(whole);
            found.push((bytes.to_vec(), parsed(bytes).is_some()));
        }
    }
    Ok(found)
}

/// What the end of the command `tag` says, if this is it.
fn ended(response: &[u8], tag: &str) -> Option<Result<(), Trouble>> {
    let rest = response.strip_prefix(tag.as_bytes())?.strip_prefix(b" ")?;
    let rest = String::from_utf8_lossy(rest);
    let (status, text) = rest.trim_end().split_once(' ').unwrap_or((rest.trim_end(), ""));
    if status.eq_ignore_ascii_case("OK") {
        return Some(Ok(()));
    }
    let text: String = text.chars().take(300).collect();
    Some(Err(Trouble::No(if text.is_empty() { status.to_owned() } else { text })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parser_panics_at_is_unreadable() {
        assert!(parsed(b"* 1 FETCH (INTERNALDATE NIL)\r\n").is_none());
        assert!(parsed("* OK [ALERT]é\r\n".as_bytes()).is_none());
        assert!(matches!(parsed(b"* 2 FETCH (UID 7)\r\n"), Some(Response::Fetch(2, _))));
    }

    #[test]
    fn an_end_is_recognised_with_any_text() {
        assert_eq!(ended(b"A1 OK\r\n", "A1"), Some(Ok(())));
        assert_eq!(ended(b"A1 ok [X] done\r\n", "A1"), Some(Ok(())));
        let no = |text: &str| Some(Err(Trouble::No(text.to_owned())));
        assert_eq!(ended(b"A1 NO [NONEXISTENT] no such\r\n", "A1"), no("[NONEXISTENT] no such"));
        assert_eq!(ended(b"A1 BAD\r\n", "A1"), no("BAD"));
        assert_eq!(ended(b"A12 OK\r\n", "A1"), None);
        assert_eq!(ended(b"* OK\r\n", "A1"), None);
    }
}
