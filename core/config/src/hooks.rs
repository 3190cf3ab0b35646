//! The `[hooks.NAME]` tables: what others may have run by `POST /hooks/NAME`.

mod read;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::Range, str::FromStr, time::Duration};

use cascade_expr::Expression;
use serde::{Serialize, Serializer};

use super::{Rate, edges::EdgeArg, reader::Placed};
pub(super) use read::read;

/// Path, kind and description of their keys; the name of a hook is `*`.
pub(super) const KEYS: [(&str, &str, &str); 13] = [
    (
        "hooks",
        "table",
        "Who may have jobs run from outside, by POST /hooks/NAME; nobody if left out.",
    ),
    ("hooks.*", "table", "One hook."),
    ("hooks.*.job", "text", "The job that a delivery makes a run of."),
    (
        "hooks.*.scheme",
        "text",
        "How deliveries are signed: \"github\" (X-Hub-Signature-256) or \"stripe\" (Stripe-Signature).",
    ),
    (
        "hooks.*.secrets",
        "list",
        "Names of the variables whose values deliveries are signed with, each also in `env` of `[secrets]`; several \
         while one takes the place of another.",
    ),
    (
        "hooks.*.project",
        "text",
        "The short name of the project that runs are made in; the only one there is if left out.",
    ),
    (
        "hooks.*.project_from",
        "text",
        "An expression over `body` and `headers` whose value is the project's short name, in place of `project`.",
    ),
    (
        "hooks.*.args",
        "table",
        "What the run is asked for: a text is an expression, such as \"body.repository.full_name\", any other value \
         is itself; the args of the job if left out.",
    ),
    (
        "hooks.*.key",
        "text",
        "An expression whose value is the run's key, such as \"string(body.id)\": runs of a key follow one another.",
    ),
    (
        "hooks.*.when",
        "text",
        "An expression, such as \"body.action == 'opened'\": if it is not true, no run is made.",
    ),
    (
        "hooks.*.once",
        "text",
        "An expression whose value tells deliveries apart, such as \"body.after\", in place of what the sender calls \
         them: of the same one a single run is made.",
    ),
    (
        "hooks.*.rate",
        "text",
        "How many deliveries one address may send, such as \"60/1m\"; \"300/1m\" if left out.",
    ),
    (
        "hooks.*.tolerance",
        "duration",
        "How old the time may be that Stripe has signed; \"5m\" if left out.",
    ),
];

/// A hook: what may be sent to it, and what run comes of that.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hook {
    /// The job that a delivery makes a run of.
    pub job: String,
    /// How deliveries are signed.
    pub scheme: HookScheme,
    /// Names of the variables that hold the secrets; a signature by any of them is good.
    pub secrets: Vec<String>,
    /// The short name of the project of its runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// In place of it, what the short name is read from. With neither of both there is one project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_from: Option<Expression>,
    /// What its runs are asked for; what the job's own settings say if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<BTreeMap<String, EdgeArg>>,
    /// The key of its runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Expression>,
    /// A run is made only if this is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Expression>,
    /// What tells deliveries apart, in place of what the sender calls them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub once: Option<Expression>,
    /// How many deliveries one address may send.
    pub rate: Rate,
    /// How old a signed time may be.
    #[serde(serialize_with = "as_text")]
    pub tolerance: Duration,
}

impl Hook {
    /// How old the time may be that a sender has signed, if nothing else is said.
    pub const TOLERANCE: Duration = Duration::from_secs(300);
    /// How many deliveries one address may send, if nothing else is said.
    pub const RATE: Rate = Rate { count: 300, period: Duration::from_secs(60) };

    /// The project of its runs that is known before any delivery; `None` where each delivery says it.
    pub fn fixed_project<'a>(
        &'a self,
        projects: &'a BTreeMap<String, super::ProjectSettings>,
    ) -> Option<&'a str> {
        match &self.project_from {
            Some(_) => None,
            None => self.project.as_deref().or_else(|| projects.keys().next().map(String::as_str)),
        }
    }
}

fn as_text<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    humantime::format_duration(*duration).to_string().serialize(serializer)
}

/// How deliveries are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HookScheme {
    /// HMAC-SHA256 of the body, in `X-Hub-Signature-256`.
    Github,
    /// HMAC-SHA256 of a time and the body, in `Stripe-Signature`.
    Stripe,
}

impl HookScheme {
    /// The names of all.
    pub const NAMES: [&'static str; 2] = ["github", "stripe"];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Stripe => "stripe",
        }
    }
}

impl FromStr for HookScheme {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "github" => Ok(Self::Github),
            "stripe" => Ok(Self::Stripe),
            _ => Err(()),
        }
    }
}

/// A hook with its places in the file.
#[derive(Debug, Clone)]
pub(super) struct PlacedHook {
    pub name: Placed<String>,
    pub hook: Hook,
    /// The names of variables.
    pub secrets: Vec<Placed<String>>,
    /// Of the values, by key; those of args by `args.NAME`.
    pub places: BTreeMap<String, Range<usize>>,
}

impl PlacedHook {
    /// The job's name, with its place.
    pub fn job(&self) -> Placed<String> {
        Placed { value: self.hook.job.clone(), span: self.place("job") }
    }

    /// Where the value of a key stands.
    pub fn place(&self, key: &str) -> Range<usize> {
        self.places.get(key).unwrap_or(&self.name.span).clone()
    }
}
