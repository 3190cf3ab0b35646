//! Checks the expressions of edges and joins against what their jobs say of args and output.

use std::{collections::BTreeMap, ops::Range};

use cascade_expr::{Expression, RunFacts, Scope, Wanted};
use cascade_model::{On, Registry};
use serde_json::{Value, json};

use super::{
    diagnostic::Problem,
    edges::{self, EdgeArg, EdgeLists},
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
            let edge = &placed.edge;
            let expressions = Expressions {
                path,
                by: "the edge",
                job: &edge.job,
                when: edge.when.as_ref(),
                each: edge.each.as_ref(),
                key: edge.key.as_ref(),
                args: edge.args.as_ref(),
                places: &placed.places,
                job_place: &placed.job.span,
            };
            unknown += expressions.check(scope, registry, problems);
        }
    }
    unknown
}

/// What an edge or a join evaluates before it triggers a job.
pub(super) struct Expressions<'a> {
    /// Of the edge or join, as problems name it.
    pub path: String,
    /// The same in words.
    pub by: &'static str,
    /// The job that it triggers.
    pub job: &'a str,
    pub when: Option<&'a Expression>,
    pub each: Option<&'a Expression>,
    pub key: Option<&'a Expression>,
    pub args: Option<&'a BTreeMap<String, EdgeArg>>,
    /// Where their values stand, by key; where the job's name stands.
    pub places: &'a BTreeMap<String, Range<usize>>,
    pub job_place: &'a Range<usize>,
}

impl<'a> Expressions<'a> {
    /// Finds their faults; returns of how many fields nothing can be known before a run.
    pub fn check(
        self,
        scope: Scope<'a>,
        registry: &Registry,
        problems: &mut Vec<Problem>,
    ) -> usize {
        let mut checked = Checked { of: self, scope, unknown: 0, problems };
        checked.check(registry);
        checked.unknown
    }

    fn place(&self, key: &str) -> Range<usize> {
        self.places.get(key).unwrap_or(self.job_place).clone()
    }
}

struct Checked<'a, 'p> {
    of: Expressions<'a>,
    scope: Scope<'a>,
    unknown: usize,
    problems: &'p mut Vec<Problem>,
}

impl Checked<'_, '_> {
    fn check(&mut self, registry: &Registry) {
        let Expressions { job, when, each, key, args, .. } = self.of;
        if let Some(when) = when {
            self.expression("when", when, &Wanted::Boolean);
        }
        if let Some(each) = each {
            self.expression("each", each, &Wanted::List);
        }
        self.scope.each = each;
        if let Some(key) = key {
            self.expression("key", key, &Wanted::Text);
        }
        let schema = registry.job(job).map(|job| &job.descriptor().args_schema);
        for (name, arg) in args.into_iter().flatten() {
            if let EdgeArg::Expression(expression) = arg {
                let any = Value::Bool(true);
                let wanted = Wanted::Property(schema.unwrap_or(&any), name);
                self.expression(&format!("args.{name}"), expression, &wanted);
            }
        }
        if let (Some(schema), Some(args)) = (schema, args) {
            let place = |key: &str| self.of.place(key);
            let Expressions { path, by, .. } = &self.of;
            GivenArgs { job, args, path, by, place: &place }.check(schema, self.problems);
        }
    }

    fn expression(&mut self, name: &str, expression: &Expression, wanted: &Wanted) {
        match expression.check(&self.scope, wanted) {
            Ok(checked) => self.unknown += checked.unknown,
            Err(faults) => {
                let (key, place) = (format!("{}.{name}", self.of.path), self.of.place(name));
                let faults = faults.into_iter();
                let told = faults.map(|fault| edges::problem(&key, place.clone(), fault));
                self.problems.extend(told);
            }
        }
    }
}
