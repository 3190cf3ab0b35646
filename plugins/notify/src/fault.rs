//! Why somebody was not told.

use std::fmt;

/// What went wrong, without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    text: String,
    /// Whether somebody has to change something first, so that trying again is of no use.
    pub lasting: bool,
}

impl Fault {
    pub fn passing(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), lasting: false }
    }

    pub fn lasting(text: impl fmt::Display) -> Self {
        Self { text: text.to_string(), lasting: true }
    }

    /// Names whom it is about.
    pub fn of(self, target: &str) -> Self {
        Self { text: format!("{target}: {}", self.text), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
