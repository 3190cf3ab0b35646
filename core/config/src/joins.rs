//! CASCADE_JOINS: jobs that run once several others have ended.

mod check;
mod graph;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
    time::Duration,
};

use cascade_expr::Expression;
use cascade_model::{By, JoinRule, Late, Needs};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    edges::{EdgeArg, as_text},
    reader::Placed,
};
pub(super) use check::check;
pub(super) use graph::Graph;
pub(super) use read::read;

/// The keys of a join: name, kind and description.
pub const JOIN_KEYS: [(&str, &str, &str); 8] = [
    ("all_of", "list", "The jobs that it waits for."),
    (
        "within",
        "duration",
        "How long it waits for the others once a run of the first of them has ended; for ever if left out.",
    ),
    (
        "late",
        "text",
        "What becomes of it then: \"skip\" if left out, or \"run\" with what there is.",
    ),
    (
        "needs",
        "text",
        "That all of them that ran have succeeded: \"success\" if left out; or only that they have ended: \"end\".",
    ),
    (
        "by",
        "text",
        "Whether their runs belong to one cascade: \"trace\" if left out; or each is the latest since it last ran, \
         in one project: \"latest\".",
    ),
    (
        "when",
        "text",
        "An expression over `output` and `run`, such as \"output.sync.new > 0\": if it is false, the job is not \
         triggered.",
    ),
    (
        "args",
        "table",
        "What the run is asked for: a text is an expression, such as \"output.sync.new\", any other value is itself.",
    ),
    (
        "key",
        "text",
        "An expression whose value is the run's key, such as \"run.project\": runs of a key follow one another.",
    ),
];

/// A job that runs once several others have ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Join {
    /// The jobs that it waits for.
    pub all_of: Vec<String>,
    /// How long it waits for the others once the first has ended.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub within: Option<Duration>,
    /// What becomes of it then.
    pub late: Late,
    /// What it needs of them.
    pub needs: Needs,
    /// Which runs of them.
    pub by: By,
    /// Fires only if this is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Expression>,
    /// What the run is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<BTreeMap<String, EdgeArg>>,
    /// The key of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Expression>,
    /// When it fires, in this file.
    #[serde(skip)]
    pub rule: Arc<JoinRule>,
}

impl Join {
    /// Whether it makes a run of its own. One that does not makes the schedule of its job due.
    pub fn makes_runs(&self) -> bool {
        self.args.is_some() || self.key.is_some()
    }

    /// Whether an expression is to be evaluated before it fires.
    pub fn evaluates(&self) -> bool {
        self.when.is_some() || self.makes_runs()
    }
}

/// A join with its places in the file.
#[derive(Debug, Clone)]
pub(super) struct PlacedJoin {
    pub join: Join,
    /// The job that it triggers.
    pub job: Placed<String>,
    pub all_of: Vec<Placed<String>>,
    /// Of the values, by key; those of args by `args.NAME`.
    pub places: BTreeMap<String, Range<usize>>,
}

impl PlacedJoin {
    /// Where the value of a key stands.
    pub fn place(&self, key: &str) -> Range<usize> {
        self.places.get(key).unwrap_or(&self.job.span).clone()
    }
}

/// Joins by the job that they trigger, each with its rule.
pub(super) fn joins(placed: Vec<PlacedJoin>, graph: &Graph<'_>) -> Vec<(String, Join)> {
    let found = placed.into_iter().map(|PlacedJoin { mut join, job, .. }| {
        join.rule = Arc::new(rule(&job.value, &join, graph));
        (job.value, join)
    });
    found.collect()
}

fn rule(job: &str, join: &Join, graph: &Graph<'_>) -> JoinRule {
    let Join { all_of, within, late, needs, by, .. } = join.clone();
    let upstream: BTreeMap<String, BTreeSet<String>> =
        all_of.iter().map(|named| (named.clone(), graph.upstream(named))).collect();
    let roots = graph.roots(&all_of);
    JoinRule { job: job.into(), all_of, within, late, needs, by, upstream, roots }
}

/// The JSON Schema of a join.
pub(super) fn schema() -> Value {
    let property = |(name, kind, about): (&str, &str, &str)| {
        let mut schema = match kind {
            "table" => json!({"type": "object"}),
            "list" => json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
            "duration" => json!({"type": "string", "x-kind": kind}),
            _ => json!({"type": "string"}),
        };
        schema["description"] = about.into();
        let (words, default) = match name {
            "late" => (Late::NAMES, Late::default().as_str()),
            "needs" => (Needs::NAMES, Needs::default().as_str()),
            "by" => (By::NAMES, By::default().as_str()),
            _ => return (name.to_owned(), schema),
        };
        schema["enum"] = json!(words);
        schema["default"] = default.into();
        (name.to_owned(), schema)
    };
    let properties: serde_json::Map<_, _> = JOIN_KEYS.into_iter().map(property).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": ["all_of"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests;
