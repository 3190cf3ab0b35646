//! Checks what joins wait for, and their expressions against the outputs of the jobs that they wait for.

use std::collections::BTreeSet;

use cascade_expr::{RunFacts, Scope};
use cascade_model::{By, Registry};
use serde_json::{Map, Value, json};

use super::{Graph, PlacedJoin};
use crate::{check_edges::Expressions, diagnostic::Problem, edges::EdgeLists};

/// Finds the faults of all joins; returns of how many fields nothing can be known before a run.
pub(crate) fn check(
    chains: &EdgeLists,
    joins: &[PlacedJoin],
    registry: &Registry,
    problems: &mut Vec<Problem>,
) -> usize {
    let graph = Graph::of(chains, joins);
    let (run, nothing) = (RunFacts::schema(), json!({"type": "null"}));
    let mut unknown = 0;
    for placed in joins {
        check_shape(placed, &graph, registry, problems);
        let output = outputs(placed, registry);
        let scope = Scope { output: Some(&output), args: Some(&nothing), run: &run, each: None };
        let join = &placed.join;
        let expressions = Expressions {
            path: format!("CASCADE_JOINS.{}", placed.job.value),
            by: "the join",
            job: &placed.job.value,
            when: join.when.as_ref(),
            each: None,
            key: join.key.as_ref(),
            args: join.args.as_ref(),
            places: &placed.places,
            job_place: &placed.job.span,
        };
        unknown += expressions.check(scope, registry, problems);
    }
    unknown
}

fn check_shape(
    placed: &PlacedJoin,
    graph: &Graph<'_>,
    registry: &Registry,
    problems: &mut Vec<Problem>,
) {
    let job = &placed.job.value;
    let key = format!("CASCADE_JOINS.{job}.all_of");
    let mut seen = BTreeSet::new();
    let mut fits = true;
    for named in &placed.all_of {
        let fault = if named.value == *job {
            Some((format!("`{job}` waits for itself"), "remove it"))
        } else if !seen.insert(&named.value) {
            Some((format!("`{}` is named twice", named.value), "name it once"))
        } else {
            None
        };
        if let Some((message, help)) = fault {
            fits = false;
            problems.push(Problem::error(&key, named.span.clone(), message).help(help));
        }
    }
    let join = &placed.join;
    // Of a name that no plugin has nothing follows: that it is unknown is told where names are checked.
    fits &= join.all_of.iter().all(|named| registry.job(named).is_some());
    if fits && join.by == By::Trace && graph.roots(&join.all_of).is_empty() {
        let span = placed.place("by");
        let message =
            format!("`{job}` never runs by this join: no job leads to all that it waits for");
        let help = "draw edges from one job to all of them, or write by = \"latest\" for the latest \
                    success of each, whatever its cause";
        problems.push(Problem::warning(&key, span, message).help(help));
    }
}

/// The schema of `output`: what each job gives out, by its name.
fn outputs(placed: &PlacedJoin, registry: &Registry) -> Value {
    let of_job = |job: &String| {
        let schema = registry.job(job).map(|job| job.descriptor().output_schema.clone());
        let mut schema = schema.unwrap_or(Value::Bool(true));
        move_references(&mut schema, &format!("#/properties/{}", escaped(job)));
        (job.clone(), schema)
    };
    let properties: Map<_, _> = placed.join.all_of.iter().map(of_job).collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// A name in a JSON Pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// References point into the schema that they stand in, which stands at `place` of another one from now on.
fn move_references(schema: &mut Value, place: &str) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("$ref", Value::String(reference)) if reference.starts_with('#') => {
                        reference.replace_range(..1, place);
                    }
                    (_, value) => move_references(value, place),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| move_references(item, place)),
        _ => {}
    }
}
