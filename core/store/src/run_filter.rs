//! Which runs to list, and in what order. The names here are a closed list: what a request says
//! never becomes SQL.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use cascade_model::RunState;
use cascade_model::Visible;

use crate::Condition;

/// Which runs to list; what is left out filters nothing.
#[derive(Debug, Clone)]
pub struct RunFilter {
    /// Only of these projects.
    pub visible: Visible,
    /// Only these job types.
    pub job_types: Vec<String>,
    /// Only these states.
    pub states: Vec<RunState>,
    /// Only what this caused.
    pub trigger: Option<TriggerKind>,
    /// Only what was asked for with this key.
    pub key: Option<String>,
    /// Queued at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Queued before this time.
    pub to: Option<DateTime<Utc>>,
    /// In the error, the summary or the job type, or at the start of the id; upper and lower case
    /// are the same (in SQLite for the letters of ASCII only).
    pub text: Option<String>,
    /// Only runs of this trace.
    pub trace_id: Option<Uuid>,
    /// Only runs that this run caused. To be given with its trace, by which they are found.
    pub parent_id: Option<Uuid>,
    /// Only runs whose args and output fit all of these. Of the runs that fit everything else, each is looked
    /// into: no index has what is in them.
    pub conditions: Vec<Condition>,
    /// Only runs that have all of these tags.
    pub tags: Vec<TagFilter>,
    /// In what order.
    pub sort: RunSort,
    /// From 1.
    pub page: u32,
    /// Items on a page.
    pub per_page: u32,
}

impl Default for RunFilter {
    fn default() -> Self {
        Self {
            visible: Visible::All,
            job_types: Vec::new(),
            states: Vec::new(),
            trigger: None,
            key: None,
            from: None,
            to: None,
            text: None,
            trace_id: None,
            parent_id: None,
            conditions: Vec::new(),
            tags: Vec::new(),
            sort: RunSort::default(),
            page: 1,
            per_page: 50,
        }
    }
}

/// A tag, and the jobs that give it to each of their runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    /// The tag.
    pub tag: String,
    /// Job types.
    pub jobs: Vec<String>,
}

impl RunFilter {
    /// Items on the pages before.
    pub(super) fn offset(&self) -> i64 {
        i64::from(self.page.saturating_sub(1)) * i64::from(self.per_page)
    }
}

/// A pattern of `LIKE ... ESCAPE '\'` that stands for `text` and nothing else. NUL is U+FFFD, as in
/// all that is kept.
pub fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(if c == '\0' { char::REPLACEMENT_CHARACTER } else { c });
    }
    pattern
}

/// What causes runs, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerKind {
    /// Its own `every` or `cron`.
    Timer,
    /// A person or a program asked for it.
    Manual,
    /// An upstream job succeeded.
    Cascade,
}

impl FromStr for TriggerKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "timer" => Ok(Self::Timer),
            "manual" => Ok(Self::Manual),
            "cascade" => Ok(Self::Cascade),
            other => Err(format!("`{other}` triggers nothing; there is: timer, manual, cascade")),
        }
    }
}

/// What runs can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunColumn {
    /// When it was queued.
    QueuedAt,
    /// When its latest attempt began.
    StartedAt,
    /// When it ended.
    FinishedAt,
    /// From the beginning of the latest attempt to the end.
    Took,
    /// The job type's name.
    JobType,
    /// The state's name.
    State,
}

impl RunColumn {
    const ALL: [(&'static str, Self); 6] = [
        ("queued_at", Self::QueuedAt),
        ("started_at", Self::StartedAt),
        ("finished_at", Self::FinishedAt),
        ("took", Self::Took),
        ("job_type", Self::JobType),
        ("state", Self::State),
    ];
}

/// An order of runs. Runs that are equal in it stand in the order of their ids, so that no page
/// repeats or skips one; those that have no value come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSort {
    /// By what.
    pub column: RunColumn,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Default for RunSort {
    fn default() -> Self {
        Self { column: RunColumn::QueuedAt, descending: true }
    }
}

impl FromStr for RunSort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix('-').unwrap_or(text);
        match RunColumn::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, column)) => Ok(Self { column: *column, descending: text.starts_with('-') }),
            None => {
                let known = RunColumn::ALL.map(|(name, _)| name).join(", ");
                Err(format!("cannot sort by `{name}`; there is: {known}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_is_one_of_a_closed_list() {
        let took = RunSort { column: RunColumn::Took, descending: true };
        assert_eq!("-took".parse(), Ok(took));
        assert!("id; DROP TABLE".parse::<RunSort>().unwrap_err().contains("there is: queued_at"));
    }

    #[test]
    fn a_pattern_is_the_text_itself() {
        assert_eq!(literal(r"50% of a_b\c"), r"50\% of a\_b\\c");
    }
}
