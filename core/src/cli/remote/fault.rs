//! Why a command against a running host did not do what it was asked, and the exit code that says so.

use std::{io, process::ExitCode, time::Duration};

use serde_json::{Value, json};

/// The exit codes, as docs/command-line.md lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Who reads the output wants no more of it.
    Closed = 0,
    /// The host failed, or what answered is not Cascade.
    Other = 1,
    /// The command line is wrong, or the host refused its values.
    Usage = 2,
    /// The run, job or project is not there, or not for the one who asks.
    NotFound = 3,
    /// Not allowed, or not in this state.
    Refused = 4,
    /// The run that was waited for failed or was cancelled.
    RunFailed = 5,
    /// The host was not reached, or is not ready.
    Unreachable = 6,
    /// `--timeout` passed first.
    Unfinished = 7,
}

/// What went wrong, for people and for programs.
#[derive(Debug)]
pub struct Fault {
    pub kind: Kind,
    message: String,
    help: Option<String>,
    /// When it is worth asking again, of a host that was asked too often.
    pub retry_after: Option<Duration>,
    /// The request was sent, and its answer did not come.
    pub is_lost: bool,
}

pub type Result<T, E = Fault> = std::result::Result<T, E>;

impl Fault {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, retry_after: None, is_lost: false }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether the same request may succeed a moment later.
    pub fn is_passing(&self) -> bool {
        self.kind == Kind::Unreachable || self.retry_after.is_some()
    }

    /// Tells it on standard error, as JSON if the command was to print JSON.
    pub fn tell(&self, as_json: bool) {
        let Self { kind, message, help, .. } = self;
        match (kind, as_json) {
            (Kind::Closed, _) => {}
            (_, true) => {
                let mut error = json!({ "exit_code": *kind as u8, "message": message });
                if let Some(help) = help {
                    error["help"] = Value::from(help.as_str());
                }
                eprintln!("{}", json!({ "error": error }));
            }
            (_, false) => {
                eprintln!("error: {}", super::text::lines(message));
                if let Some(help) = help {
                    eprintln!("  = help: {}", super::text::lines(help));
                }
            }
        }
    }
}

impl From<Kind> for ExitCode {
    fn from(kind: Kind) -> Self {
        Self::from(kind as u8)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Kind::Closed, "the output is closed"),
            _ => Self::new(Kind::Other, format!("cannot write the output: {error}")),
        }
    }
}
