//! Checks the args that an edge or a hook gives against what the job takes.

use std::{collections::BTreeMap, ops::Range};

use serde_json::{Map, Value, json};

use super::{diagnostic::Problem, edges::EdgeArg};

/// The args that runs of a job are given.
pub(super) struct GivenArgs<'a> {
    pub job: &'a str,
    pub args: &'a BTreeMap<String, EdgeArg>,
    /// The dotted path of the table that has them as `args`.
    pub path: &'a str,
    /// What gives them, in words.
    pub by: &'a str,
    /// Where the value of a key of that table stands.
    pub place: &'a dyn Fn(&str) -> Range<usize>,
}

impl GivenArgs<'_> {
    /// Whether the args are those that the job takes, as far as they are known: their names, and the values that
    /// are no expressions.
    pub fn check(&self, schema: &Value, problems: &mut Vec<Problem>) {
        let job = self.job;
        let key = format!("{}.args", self.path);
        let Some(fields) = object(schema) else { return };
        let known = fields.get("properties").and_then(Value::as_object);
        let names: Vec<&str> = known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let closed = match fields.get("additionalProperties") {
            Some(others) => *others == Value::Bool(false),
            None => known.is_some() && !fields.contains_key("patternProperties"),
        };
        let mut found = Vec::new();
        for name in self.args.keys() {
            if closed && !names.contains(&name.as_str()) {
                let place = (self.place)(&format!("args.{name}"));
                let message = format!("`{job}` takes no arg `{name}`");
                let problem = Problem::error(&format!("{key}.{name}"), place, message);
                found.push(problem.suggest(name, names.iter().copied()));
            }
        }
        let required = fields.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if !self.args.contains_key(name) {
                let message =
                    format!("`{job}` needs the arg `{name}`, and {} does not give it", self.by);
                let help = format!("write args = {{ {name} = .. }}");
                found.push(Problem::error(&key, (self.place)("args"), message).help(help));
            }
        }
        for (name, arg) in self.args {
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
                let place = (self.place)(&format!("args.{name}"));
                found.push(Problem::error(&format!("{key}.{name}"), place, fault));
            }
        }
        problems.extend(found);
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
