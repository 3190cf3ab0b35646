//! Edges of CASCADE_CHAINS: a downstream job's name, or a table that also says when it is triggered.

use std::ops::Range;

use cascade_expr::{Expression, Fault};
use cascade_model::On;
use serde::Serialize;
use serde_json::{Value, json};
use toml::Spanned;

use super::{
    diagnostic::Problem,
    reader::{Placed, Reader, TomlValue},
};

/// The keys of an edge that is written as a table: name, kind and description.
pub const EDGE_KEYS: [(&str, &str, &str); 3] = [
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
];

/// An edge of a job: what may follow its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The downstream job.
    pub job: String,
    /// After which ends.
    pub on: On,
    /// Taken only if this is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<Expression>,
}

impl Edge {
    /// One that is taken after each success.
    pub fn plain(job: impl Into<String>) -> Self {
        Self { job: job.into(), on: On::Success, when: None }
    }

    /// Whether it is taken after each success, and after nothing else.
    pub fn is_plain(&self) -> bool {
        self.on == On::Success && self.when.is_none()
    }
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
    /// Of the condition.
    pub when: Range<usize>,
}

/// Edges by job.
pub(super) type EdgeLists = Vec<(Placed<String>, Vec<PlacedEdge>)>;

/// Reads the whole table.
pub(super) fn read(reader: &mut Reader, table: &str, value: &TomlValue) -> EdgeLists {
    let Some(entries) = reader.table(table, value) else { return Vec::new() };
    let read = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &TomlValue)| {
        let name = Placed { value: key.get_ref().to_string(), span: key.span() };
        let path = format!("{table}.{}", name.value);
        let Some(list) = value.get_ref().as_array() else {
            reader.expected(&path, value, "a list of jobs");
            return (name, Vec::new());
        };
        let edges = list.iter().filter_map(|item| edge(reader, &path, item)).collect();
        (name, edges)
    };
    entries.iter().map(read).collect()
}

fn edge(reader: &mut Reader, path: &str, item: &TomlValue) -> Option<PlacedEdge> {
    if let Some(name) = item.get_ref().as_str() {
        let job = Placed { value: name.to_owned(), span: item.span() };
        return Some(PlacedEdge { edge: Edge::plain(name), job, when: 0..0 });
    }
    let Some(entries) = item.get_ref().as_table() else {
        reader.expected(path, item, "a list of names of jobs, or of tables { job = \"NAME\", .. }");
        return None;
    };
    let known = EDGE_KEYS.map(|(name, _, _)| name);
    for (key, _) in entries.iter() {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            reader.unknown_key(path, name, key.span(), &known);
        }
    }
    let Some(value) = entries.get("job") else {
        reader.refuse(
            Problem::error(path, item.span(), "an edge without `job`")
                .help("name the downstream job: { job = \"NAME\", .. }"),
        );
        return None;
    };
    let name = reader.text(&format!("{path}.job"), value)?;
    let mut edge = Edge::plain(&*name);
    if let Some(value) = entries.get("on") {
        edge.on = on(reader, &format!("{path}.on"), value);
    }
    let (when, place) = expression(reader, &format!("{path}.when"), entries.get("when"));
    edge.when = when;
    Some(PlacedEdge { edge, job: Placed { value: name, span: value.span() }, when: place })
}

fn on(reader: &mut Reader, key: &str, value: &TomlValue) -> On {
    let Some(text) = reader.text(key, value) else { return On::default() };
    text.parse().unwrap_or_else(|()| {
        let problem = Problem::error(key, value.span(), format!("unknown end `{text}`"));
        reader.refuse(problem.suggest(&text, On::NAMES));
        On::default()
    })
}

fn expression(
    reader: &mut Reader,
    key: &str,
    value: Option<&TomlValue>,
) -> (Option<Expression>, Range<usize>) {
    let Some(value) = value else { return (None, 0..0) };
    let compiled = reader.text(key, value).and_then(|text| match Expression::compile(&text) {
        Ok(compiled) => Some(compiled),
        Err(fault) => {
            reader.refuse(problem(key, value.span(), fault));
            None
        }
    });
    (compiled, value.span())
}

/// A fault of an expression, in its place.
pub(super) fn problem(key: &str, span: Range<usize>, Fault { message, help }: Fault) -> Problem {
    let name = key.rsplit('.').next().unwrap_or(key);
    let problem = Problem::error(key, span, format!("`{name}`: {message}"));
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// The JSON Schema of a job's list.
pub(super) fn schema() -> Value {
    let property = |(name, _, about): (&str, &str, &str)| {
        let mut schema = json!({"type": "string", "description": about});
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
