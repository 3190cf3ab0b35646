use cascade_sdk::Level;
use chrono::{DateTime, Utc};

/// Where a page of a log lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogPlace {
    /// At the end.
    #[default]
    End,
    /// Before the line of this number.
    Before(i64),
    /// Behind the line of this number.
    After(i64),
    /// At the first line of this time or later.
    From(DateTime<Utc>),
}

/// A page of the log of a run; what is left out filters nothing.
#[derive(Debug, Clone, Default)]
pub struct LogPage {
    /// Where it lies.
    pub place: LogPlace,
    /// The most lines.
    pub limit: u32,
    /// Only lines of these levels.
    pub levels: Vec<Level>,
    /// In the message or the fields; upper and lower case are the same (in SQLite for the letters of ASCII
    /// only).
    pub text: Option<String>,
    /// Written at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Written before this time.
    pub until: Option<DateTime<Utc>>,
}
