//! Checks the expressions of edges against what their jobs say of args and output.

use cascade_expr::{Expression, RunFacts, Scope, Wanted};
use cascade_model::{On, Registry};
use serde_json::{Value, json};

use super::{
    diagnostic::Problem,
    edges::{self, EdgeArg, EdgeLists, PlacedEdge},
    given_args::GivenArgs,
};

/// Finds the faults of all edges; returns of how many fields nothing can be known before a run.
pub(super) fn check(chains: &EdgeLists, registry: &Registry, problems: &mut Vec<Problem>) -> usize {
    let (run, nothing) = (RunFacts::schema(), json!({"type": "null"}));
    let mut unknown = 0;
    for (up, placed) in chains {
        let descriptor = registry.job(&up.value).map(|job| job.descriptor());
        for placed in placed {
            let output: Option<&Value> = match placed.edge.on {
                On::Failure => Some(&nothing),
                _ => descriptor.map(|job| &job.output_schema),
            };
            let args = descriptor.map(|job| &job.args_schema);
            let scope = Scope { output, args, run: &run, each: None };
            let path = format!("CASCADE_CHAINS.{}", up.value);
            let mut of = OfEdge { path, placed, scope, unknown: 0, problems: &mut *problems };
            of.check(registry);
            unknown += of.unknown;
        }
    }
    unknown
}

struct OfEdge<'a, 's> {
    path: String,
    placed: &'s PlacedEdge,
    scope: Scope<'s>,
    unknown: usize,
    problems: &'a mut Vec<Problem>,
}

impl OfEdge<'_, '_> {
    fn check(&mut self, registry: &Registry) {
        let edge = &self.placed.edge;
        if let Some(when) = &edge.when {
            self.expression("when", when, &Wanted::Boolean);
        }
        if let Some(each) = &edge.each {
            self.expression("each", each, &Wanted::List);
        }
        self.scope.each = edge.each.as_ref();
        if let Some(key) = &edge.key {
            self.expression("key", key, &Wanted::Text);
        }
        let schema = registry.job(&edge.job).map(|job| &job.descriptor().args_schema);
        for (name, arg) in edge.args.iter().flatten() {
            if let EdgeArg::Expression(expression) = arg {
                let any = Value::Bool(true);
                let wanted = Wanted::Property(schema.unwrap_or(&any), name);
                self.expression(&format!("args.{name}"), expression, &wanted);
            }
        }
        if let (Some(schema), Some(args)) = (schema, &edge.args) {
            let place = |key: &str| self.placed.place(key);
            let given =
                GivenArgs { job: &edge.job, args, path: &self.path, by: "the edge", place: &place };
            given.check(schema, self.problems);
        }
    }

    fn expression(&mut self, name: &str, expression: &Expression, wanted: &Wanted) {
        match expression.check(&self.scope, wanted) {
            Ok(checked) => self.unknown += checked.unknown,
            Err(faults) => {
                let (key, place) = (format!("{}.{name}", self.path), self.placed.place(name));
                let faults = faults.into_iter();
                let told = faults.map(|fault| edges::problem(&key, place.clone(), fault));
                self.problems.extend(told);
            }
        }
    }
}
