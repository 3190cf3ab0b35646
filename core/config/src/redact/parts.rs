//! The parts of a text that may hold secrets.

use cascade_model::Registry;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::{TomlValue, at_pointer, field, leaves};
use crate::{
    reader::to_json,
    secrets::{self, may_hold_secret},
};

/// Which part of a text it is. An edge or a hook that leads to another job than before is another part: that
/// job may not call secret what the former one did.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'v> {
    /// Dotted path of the values, such as `jobs.sync.params`.
    pub key: String,
    /// The job that gets them.
    job: &'v str,
}

/// A part of a text that may hold secrets.
pub(super) struct Part<'v, 'i> {
    pub place: Place<'v>,
    kind: Kind,
    /// One, or the edges of a job to another in their order.
    pub values: Vec<&'v TomlValue<'i>>,
}

#[derive(Clone, Copy)]
enum Kind {
    /// The params of a job.
    Params,
    /// The args of a job.
    Args,
    /// What a program gets in its environment.
    Environment,
    /// Tables whose `args` are given to runs of the job: a text there is an expression.
    Givers,
}

impl<'v, 'i> Part<'v, 'i> {
    fn new(kind: Kind, key: String, job: &'v str, value: &'v TomlValue<'i>) -> Self {
        Self { place: Place { key, job }, kind, values: vec![value] }
    }

    /// The secrets in it.
    pub fn secrets(&self, registry: &Registry, found: &mut Vec<&'v TomlValue<'i>>) {
        let descriptor = registry.job(self.place.job).map(|job| job.descriptor());
        let schema = descriptor.and_then(|job| match self.kind {
            Kind::Params => Some(&job.params_schema),
            Kind::Args | Kind::Givers => Some(&job.args_schema),
            Kind::Environment => None,
        });
        for value in &self.values {
            match self.kind {
                Kind::Givers => {
                    let Some(args) = field(value, "args") else { continue };
                    secrets_in(schema, args, found);
                    expressions_in(schema, args, found);
                }
                _ => secrets_in(schema, value, found),
            }
        }
    }
}

/// What a schema calls secret; everything if there is none.
fn secrets_in<'v, 'i>(
    schema: Option<&Value>,
    value: &'v TomlValue<'i>,
    found: &mut Vec<&'v TomlValue<'i>>,
) {
    let Some(schema) = schema else { return leaves(value, found) };
    let mut told = to_json(value.get_ref());
    secrets::each(schema, &mut told, &mut |at, _| {
        if let Some(value) = at_pointer(value, at) {
            leaves(value, found);
        }
    });
}

/// Expressions that may make what holds a secret somewhere.
fn expressions_in<'v, 'i>(
    schema: Option<&Value>,
    args: &'v TomlValue<'i>,
    found: &mut Vec<&'v TomlValue<'i>>,
) {
    let (Some(schema), Some(args)) = (schema, args.get_ref().as_table()) else { return };
    for (name, value) in args {
        let is_expression = matches!(value.get_ref(), DeValue::String(_));
        if is_expression && may_hold_secret(schema, name.get_ref()) {
            found.push(value);
        }
    }
}

/// All parts of a text.
pub(super) fn parts<'v, 'i>(root: &'v DeTable<'i>) -> Vec<Part<'v, 'i>> {
    let mut parts = Vec::new();
    for (job, table) in tables(root, "jobs") {
        let mut add = |kind, key: &str, value: Option<&'v TomlValue<'i>>| {
            let key = format!("jobs.{job}.{key}");
            parts.extend(value.map(|value| Part::new(kind, key, job, value)));
        };
        add(Kind::Params, "params", field(table, "params"));
        add(Kind::Args, "args", field(table, "args"));
        let environment = field(table, "executable").and_then(|program| field(program, "env"));
        add(Kind::Environment, "executable.env", environment);
    }
    for (job, edges) in tables(root, "CASCADE_CHAINS") {
        edges_of(job, edges, &mut parts);
    }
    for (job, join) in tables(root, "CASCADE_JOINS") {
        parts.push(Part::new(Kind::Givers, format!("CASCADE_JOINS.{job}"), job, join));
    }
    for (name, hook) in tables(root, "hooks") {
        let job = field(hook, "job").and_then(|job| job.get_ref().as_str()).unwrap_or_default();
        parts.push(Part::new(Kind::Givers, format!("hooks.{name}"), job, hook));
    }
    parts
}

/// The edges of a job, those to each other job together.
fn edges_of<'v, 'i>(from: &str, edges: &'v TomlValue<'i>, parts: &mut Vec<Part<'v, 'i>>) {
    let before = parts.len();
    for edge in edges.get_ref().as_array().into_iter().flat_map(|edges| edges.iter()) {
        if field(edge, "args").is_none() {
            continue;
        }
        let job = field(edge, "job").and_then(|job| job.get_ref().as_str()).unwrap_or_default();
        match parts[before..].iter_mut().find(|part| part.place.job == job) {
            Some(part) => part.values.push(edge),
            None => {
                parts.push(Part::new(Kind::Givers, format!("CASCADE_CHAINS.{from}"), job, edge));
            }
        }
    }
}

/// The entries of a table.
fn tables<'v, 'i>(
    root: &'v DeTable<'i>,
    name: &str,
) -> impl Iterator<Item = (&'v str, &'v TomlValue<'i>)> {
    let table = root.get(name).and_then(|table| table.get_ref().as_table());
    let entries = table.into_iter().flat_map(|table| table.iter());
    entries.map(|(name, value)| (name.get_ref().as_ref(), value))
}
