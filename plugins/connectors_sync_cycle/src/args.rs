use cascade_sdk::JobError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{params::Source, report::Outcome};

/// The most ids that an output names.
pub(crate) const MOST_IDS: usize = 10_000;

/// What one cycle is asked for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Args {
    /// Names of the project's sources that are read, of those in the params; all, if empty. One that is
    /// named is tried also while it would be left alone.
    pub sources: Vec<String>,
    /// Reads from the start, whatever was read before. Messages that are known are recognised.
    pub full: bool,
}

impl Args {
    /// The sources that are read.
    ///
    /// # Errors
    /// [`JobError::Fail`] for a name that the params do not have, with those that they have.
    pub(crate) fn choose<'a>(&self, all: &[&'a Source]) -> Result<Vec<&'a Source>, JobError> {
        let known = |name: &String| all.iter().any(|source| source.name == *name);
        if let Some(unknown) = self.sources.iter().find(|name| !known(name)) {
            let names: Vec<_> = all.iter().map(|source| source.name.as_str()).collect();
            let names = if names.is_empty() { "none".into() } else { names.join(", ") };
            return Err(JobError::fail(format!(
                "args: the project has no source `{unknown}`; its params name: {names}"
            )));
        }
        let chosen = |source: &&&Source| self.sources.is_empty() || self.names(source);
        Ok(all.iter().filter(chosen).copied().collect())
    }

    /// Whether a source was asked for by its name.
    pub(crate) fn names(&self, source: &Source) -> bool {
        self.sources.contains(&source.name)
    }
}

/// What one cycle found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Output {
    /// Messages that were not there before.
    pub new: u64,
    /// Messages that are not as they were.
    pub changed: u64,
    /// Items that could not be read.
    pub skipped: u64,
    /// The same by source.
    pub sources: Vec<SourceOutput>,
    /// Ids of new and changed messages, at most 10,000.
    pub message_ids: Vec<String>,
    /// Whether there are more of them.
    pub more: bool,
}

/// What one source gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SourceOutput {
    /// Its name.
    pub name: String,
    /// Messages that were not there before.
    pub new: u64,
    /// Messages that are not as they were.
    pub changed: u64,
    /// Items that could not be read.
    pub skipped: u64,
    /// Since when it fails, if it does.
    pub failing_since: Option<String>,
}

impl Output {
    pub(crate) fn of(outcomes: &[Outcome<'_>], mut message_ids: Vec<String>) -> Self {
        let more = message_ids.len() > MOST_IDS;
        message_ids.truncate(MOST_IDS);
        let source = |one: &Outcome<'_>| SourceOutput {
            name: one.source.to_owned(),
            new: one.count.new,
            changed: one.count.changed,
            skipped: one.count.skipped,
            failing_since: one.failed.as_ref().map(|failure| failure.since.clone()),
        };
        let sources: Vec<_> = outcomes.iter().map(source).collect();
        let sum = |of: fn(&SourceOutput) -> u64| sources.iter().map(of).sum();
        Self {
            new: sum(|one| one.new),
            changed: sum(|one| one.changed),
            skipped: sum(|one| one.skipped),
            sources,
            message_ids,
            more,
        }
    }
}
