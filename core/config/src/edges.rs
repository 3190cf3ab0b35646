//! Edges of CASCADE_CHAINS: a downstream job's name, or a table that also says when it is triggered and what
//! its runs are asked for.

mod one;
mod read;

use std::{collections::BTreeMap, ops::Range, time::Duration};

use cascade_expr::{Expression, Fault};
use cascade_model::{Debounce, On};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{diagnostic::Problem, reader::Placed};
pub(super) use read::{Keys, args, compile, read};

/// The keys of an edge that is written as a table: name, kind and description.
pub const EDGE_KEYS: [(&str, &str, &str); 9] = [
    ("job", "text", "The downstream job."),
    (
        "on",
        "text",
        "After which ends it is triggered: \"success\" if left out, \"failure\" (of the last attempt), \
         \"always\" or \"recovered\" (a success after a failure).",
    ),
    (
        "when",
        "text",
        "An expression over `output`, `args` and `run`, such as \"output.new > 0\": if it is false, the job is \
         not triggered.",
    ),
    (
        "each",
        "text",
        "An expression whose value is a list, such as \"output.new_ids\": a run is made for each element, which \
         `key` and `args` call `item`.",
    ),
    (
        "args",
        "table",
        "What the run is asked for: a text is an expression, such as \"item\", any other value is itself.",
    ),
    (
        "key",
        "text",
        "An expression whose value is the run's key, such as \"string(item)\": runs of a key follow one another.",
    ),
    ("after", "duration", "How long after the end the run may begin, such as \"30s\"."),
    (
        "debounce",
        "duration",
        "The run begins when nothing has triggered it for so long; until then triggers of its key make one run.",
    ),
    (
        "at_most",
        "duration",
        "How long after its first trigger a debounced run begins at the latest; 10 times `debounce` if left out.",
    ),
];

/// An edge of a job: what may follow its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edge {
    /// The downstream job.
    pub job: String,
    /// After which ends.
    pub on: On,
    /// Taken only if this is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Expression>,
    /// The list that has a run made of each element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<Expression>,
    /// What runs are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<BTreeMap<String, EdgeArg>>,
    /// The key of its runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Expression>,
    /// How long after the end a run may begin.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub after: Option<Duration>,
    /// How long nothing may have triggered a run before it begins.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub debounce: Option<Duration>,
    /// How long after its first trigger a debounced run begins at the latest.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub at_most: Option<Duration>,
}

/// The value of one of the args that an edge gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EdgeArg {
    /// The value of this.
    Expression(Expression),
    /// This itself.
    Value(Value),
}

impl Edge {
    /// One that is taken after each success.
    pub fn plain(job: impl Into<String>) -> Self {
        Self {
            job: job.into(),
            on: On::Success,
            when: None,
            each: None,
            args: None,
            key: None,
            after: None,
            debounce: None,
            at_most: None,
        }
    }

    /// Whether it is taken after each success, and does nothing else than to make its job due.
    pub fn is_plain(&self) -> bool {
        let triggers_at_once = !self.makes_runs() && self.debounce.is_none();
        self.on == On::Success && self.when.is_none() && triggers_at_once
    }

    /// Whether it makes runs of its own. One that does not makes the schedule of its job due.
    pub fn makes_runs(&self) -> bool {
        self.each.is_some() || self.args.is_some() || self.key.is_some() || self.after.is_some()
    }

    /// Whether an expression is to be evaluated before it is taken.
    pub fn evaluates(&self) -> bool {
        self.when.is_some() || self.makes_runs()
    }

    /// How its triggers become one run.
    pub fn debounced(&self) -> Option<Debounce> {
        let quiet = self.debounce?;
        Some(Debounce { quiet, at_most: self.at_most.unwrap_or(quiet * Debounce::AT_MOST_TIMES) })
    }
}

// Serde asks for a reference.
#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn as_text<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    duration.map(|it| humantime::format_duration(it).to_string()).serialize(serializer)
}

/// The downstream jobs of a list, each once.
pub(super) fn names(edges: &[Edge]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for Edge { job, .. } in edges {
        if !names.contains(job) {
            names.push(job.clone());
        }
    }
    names
}

/// An edge with its places in the file.
#[derive(Debug, Clone)]
pub(super) struct PlacedEdge {
    pub edge: Edge,
    /// Of the job's name.
    pub job: Placed<String>,
    /// Of the values, by key; those of args by `args.NAME`.
    pub places: BTreeMap<String, Range<usize>>,
}

/// Edges by job.
pub(super) type EdgeLists = Vec<(Placed<String>, Vec<PlacedEdge>)>;

/// A fault of an expression, in its place.
pub(super) fn problem(key: &str, span: Range<usize>, Fault { message, help }: Fault) -> Problem {
    // Beyond the table and the job; an arg may have dots in its name.
    let name = key.splitn(3, '.').nth(2).unwrap_or(key);
    let problem = Problem::error(key, span, format!("`{name}`: {message}"));
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// The JSON Schema of a job's list.
pub(super) fn schema() -> Value {
    let property = |(name, kind, about): (&str, &str, &str)| {
        let mut schema = match kind {
            "table" => json!({"type": "object"}),
            "duration" => json!({"type": "string", "x-kind": kind}),
            _ => json!({"type": "string"}),
        };
        schema["description"] = about.into();
        if name == "on" {
            schema["enum"] = json!(On::NAMES);
            schema["default"] = On::default().as_str().into();
        }
        (name.to_owned(), schema)
    };
    let properties: serde_json::Map<_, _> = EDGE_KEYS.into_iter().map(property).collect();
    json!({
        "type": "array",
        "items": {"anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": properties,
                "required": ["job"],
                "additionalProperties": false,
            },
        ]},
    })
}

#[cfg(test)]
mod tests;
