//! Checks the expressions of edges against what their jobs say of args and output, and the args that edges give
//! against what the downstream jobs take.

use cascade_expr::{Expression, RunFacts, Scope, Wanted};
use cascade_model::{On, Registry};
use serde_json::{Map, Value, json};

use super::{
    diagnostic::Problem,
    edges::{self, EdgeArg, EdgeLists, PlacedEdge},
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
        if let (Some(schema), Some(_)) = (schema, &edge.args) {
            self.fit(schema);
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

    /// Whether the args are those that the downstream job takes, as far as they are known: their names, and the
    /// values that are no expressions.
    fn fit(&mut self, schema: &Value) {
        let args = || self.placed.edge.args.iter().flatten();
        let job = &self.placed.edge.job;
        let key = format!("{}.args", self.path);
        let Some(fields) = object(schema) else { return };
        let known = fields.get("properties").and_then(Value::as_object);
        let names: Vec<&str> = known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let closed = match fields.get("additionalProperties") {
            Some(others) => *others == Value::Bool(false),
            None => known.is_some() && !fields.contains_key("patternProperties"),
        };
        let mut found = Vec::new();
        for (name, _) in args() {
            if closed && !names.contains(&name.as_str()) {
                let place = self.placed.place(&format!("args.{name}"));
                let message = format!("`{job}` takes no arg `{name}`");
                let problem = Problem::error(&format!("{key}.{name}"), place, message);
                found.push(problem.suggest(name, names.iter().copied()));
            }
        }
        let required = fields.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if args().all(|(given, _)| given != name) {
                let message =
                    format!("`{job}` needs the arg `{name}`, and the edge does not give it");
                let help = format!("write args = {{ {name} = .. }}");
                found.push(Problem::error(&key, self.placed.place("args"), message).help(help));
            }
        }
        for (name, arg) in args() {
            let (EdgeArg::Value(value), Some(of)) = (arg, known.and_then(|all| all.get(name)))
            else {
                continue;
            };
            // References point into the whole schema.
            let mut alone = json!({"properties": {name: of}});
            for defs in ["$defs", "definitions"] {
                if let Some(found) = schema.get(defs) {
                    alone[defs] = found.clone();
                }
            }
            let given = json!({name: value});
            let faults = jsonschema::validator_for(&alone);
            let fault = faults.ok().and_then(|it| it.validate(&given).err().map(|e| e.to_string()));
            if let Some(fault) = fault {
                let place = self.placed.place(&format!("args.{name}"));
                found.push(Problem::error(&format!("{key}.{name}"), place, fault));
            }
        }
        self.problems.extend(found);
    }
}

/// The schema of an object, or what a reference of the whole leads to.
fn object(schema: &Value) -> Option<&Map<String, Value>> {
    let mut at = schema;
    for _ in 0..8 {
        let fields = at.as_object()?;
        let Some(reference) = fields.get("$ref").and_then(Value::as_str) else {
            return Some(fields);
        };
        at = schema.pointer(reference.strip_prefix('#')?)?;
    }
    None
}
