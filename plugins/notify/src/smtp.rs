//! A session with a mail server, over a connection of the host: what may be reached, and which
//! certificates are trusted, is the host's business. Commands and answers are lettre's.

use std::net::Ipv4Addr;

use cascade_sdk::{ConnectRequest, Connection, ConnectionError, Context};
use lettre::{
    address::Envelope,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Starttls},
        extension::{ClientId, Extension, ServerInfo},
        response::{Response, Severity},
    },
};

use crate::fault::Fault;

/// The longest answer, bytes.
const LONGEST_ANSWER: usize = 64 << 10;
/// What a client is called that has no name (RFC 5321, section 4.1.3).
const CLIENT: ClientId = ClientId::Ipv4(Ipv4Addr::LOCALHOST);

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// With the first byte.
    Tls,
    /// By STARTTLS, before anything is told.
    StartTls,
    /// Never.
    None,
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub privacy: Privacy,
}

/// Who signs in.
pub struct SignIn {
    pub user: String,
    pub password: String,
}

/// A session that is ready to take mails.
pub struct Session {
    connection: Connection,
    /// Came, and was not looked at yet.
    unread: Vec<u8>,
    /// For errors.
    place: String,
}

impl Session {
    /// Connects and signs in.
    ///
    /// # Errors
    /// When the server does not answer, offers no TLS, or refuses the password. The password is never
    /// part of it.
    pub async fn open(
        ctx: &Context,
        server: Server,
        sign_in: Option<SignIn>,
    ) -> Result<Self, Fault> {
        let Server { host, port, privacy } = server;
        let place = format!("{host}:{port}");
        let request = match privacy {
            Privacy::Tls => ConnectRequest::tls(host, port),
            Privacy::StartTls | Privacy::None => ConnectRequest::tcp(host, port),
        };
        let connection = ctx.connect(request).await.map_err(Fault::passing)?;
        let mut session = Self { connection, unread: Vec::new(), place };
        let greeting = session.answer().await?;
        session.good(greeting)?;
        let mut offers = session.hello().await?;
        if privacy == Privacy::StartTls {
            // An attacker in between could leave STARTTLS out.
            if !offers.supports_feature(Extension::StartTls) {
                return Err(session.lasting("the server offers no STARTTLS"));
            }
            session.command(Starttls).await?;
            // What was sent before TLS may be anybody's.
            if !session.unread.is_empty() {
                return Err(session.lasting("the server went on talking while TLS was to begin"));
            }
            session.connection.start_tls().await.map_err(Fault::passing)?;
            offers = session.hello().await?;
        }
        if let Some(sign_in) = sign_in {
            session.sign_in(&offers, sign_in).await?;
        }
        Ok(session)
    }

    /// Sends a mail; returns the recipients that the server refused, of several.
    ///
    /// # Errors
    /// When the server takes the mail for nobody.
    pub async fn send(&mut self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<String>, Fault> {
        self.command(Mail::new(envelope.from().cloned(), Vec::new())).await?;
        let mut refused = Vec::new();
        let mut first = None;
        for recipient in envelope.to() {
            match self.command(Rcpt::new(recipient.clone(), Vec::new())).await {
                Ok(_) => {}
                Err(fault) => {
                    refused.push(format!("{recipient}: {fault}"));
                    first.get_or_insert(fault);
                }
            }
        }
        if let Some(fault) = first.filter(|_| refused.len() == envelope.to().len()) {
            return Err(fault);
        }
        self.command(Data).await?;
        self.connection.write(dotted(mail)).await.map_err(|error| self.broken(&error))?;
        let answer = self.answer().await?;
        self.good(answer)?;
        Ok(refused)
    }

    /// Takes leave. The mail is sent: it does not matter whether the server answers.
    pub async fn quit(mut self) {
        self.connection.write(Quit.to_string()).await.ok();
    }

    async fn hello(&mut self) -> Result<ServerInfo, Fault> {
        let answer = self.command(Ehlo::new(CLIENT)).await?;
        // It takes the first word of each line for granted.
        if answer.message().any(|line| !line.is_empty() && line.trim().is_empty()) {
            return Err(self.lasting("the server offers a line of spaces"));
        }
        ServerInfo::from_response(&answer).map_err(|error| self.lasting(&error.to_string()))
    }

    async fn sign_in(&mut self, offers: &ServerInfo, sign_in: SignIn) -> Result<(), Fault> {
        let SignIn { user, password } = sign_in;
        let known = [Mechanism::Plain, Mechanism::Login];
        let mechanism = offers.get_auth_mechanism(&known);
        let mechanism = mechanism.ok_or_else(|| self.lasting("the server lets nobody sign in"))?;
        let credentials = Credentials::new(user.clone(), password.clone());
        let refused = |fault: Fault| {
            let text = format!("`{user}` is not let in: {fault}").replace(&password, "***");
            if fault.lasting { Fault::lasting(text) } else { Fault::passing(text) }
        };
        let unknown = |error| Fault::lasting(format!("`{user}` is not let in: {error}"));
        let auth = Auth::new(mechanism, credentials.clone(), None).map_err(unknown)?;
        let mut answer = self.command(auth).await.map_err(refused)?;
        // LOGIN asks for name and password, each by itself.
        let mut asked = 0;
        while answer.has_code(334) {
            asked += 1;
            if asked > 2 {
                return Err(self.lasting("the server asks on and on while one signs in"));
            }
            let auth = Auth::new_from_response(mechanism, credentials.clone(), &answer);
            answer = self.command(auth.map_err(unknown)?).await.map_err(refused)?;
        }
        Ok(())
    }

    /// Sends a command; the answer is a good one.
    async fn command(&mut self, command: impl ToString) -> Result<Response, Fault> {
        let sent = self.connection.write(command.to_string()).await;
        sent.map_err(|error| self.broken(&error))?;
        let answer = self.answer().await?;
        self.good(answer)
    }

    fn good(&self, answer: Response) -> Result<Response, Fault> {
        if answer.is_positive() {
            return Ok(answer);
        }
        let said = answer.message().collect::<Vec<_>>().join(" ");
        let text = format!("{}: {} {said}", self.place, answer.code());
        match answer.code().severity {
            Severity::TransientNegativeCompletion => Err(Fault::passing(text)),
            _ => Err(Fault::lasting(text)),
        }
    }

    /// Waits for an answer: lines of which the last has a space after its code.
    async fn answer(&mut self) -> Result<Response, Fault> {
        loop {
            if let Some(end) = whole(&self.unread) {
                let answer: Vec<u8> = self.unread.drain(..end).collect();
                let answer = String::from_utf8_lossy(&answer);
                return answer.parse().map_err(|_| {
                    Fault::passing(format!("{}: the answer is not SMTP", self.place))
                });
            }
            if self.unread.len() > LONGEST_ANSWER {
                return Err(Fault::passing(format!("{}: the answer has no end", self.place)));
            }
            let more = self.connection.read().await.map_err(|error| self.broken(&error))?;
            if more.is_empty() {
                return Err(Fault::passing(format!("{}: the server hung up", self.place)));
            }
            self.unread.extend(more);
        }
    }

    fn broken(&self, error: &ConnectionError) -> Fault {
        Fault::passing(format!("{}: {error}", self.place))
    }

    fn lasting(&self, what: &str) -> Fault {
        Fault::lasting(format!("{}: {what}", self.place))
    }
}

/// Where the first whole answer ends.
fn whole(bytes: &[u8]) -> Option<usize> {
    let mut begin = 0;
    while let Some(length) = bytes[begin..].iter().position(|byte| *byte == b'\n') {
        let end = begin + length + 1;
        if bytes[begin..end].get(3) != Some(&b'-') {
            return Some(end);
        }
        begin = end;
    }
    None
}

/// The mail with its end, and a dot more at the start of lines that begin with one (RFC 5321, section
/// 4.5.2).
fn dotted(mail: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(mail.len() + 8);
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            sent.push(b'.');
        }
        sent.extend(line);
    }
    if !sent.ends_with(b"\r\n") {
        sent.extend(b"\r\n");
    }
    sent.extend(b".\r\n");
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_the_line_that_says_so() {
        assert_eq!(whole(b"250-a\r\n250 b\r\n220 c"), Some(14));
        assert_eq!(whole(b"250-a\r\n250-b\r\n"), None);
        assert_eq!(whole(b"250\r\n"), Some(5));
        assert_eq!(whole(b"250 a"), None);
    }

    #[test]
    fn a_dot_at_the_start_of_a_line_does_not_end_the_mail() {
        assert_eq!(dotted(b"a\r\n.\r\n..b\r\n"), b"a\r\n..\r\n...b\r\n.\r\n");
        assert_eq!(dotted(b"a"), b"a\r\n.\r\n");
    }
}
