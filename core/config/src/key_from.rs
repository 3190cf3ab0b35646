//! `key_from` of a job: the arg whose value is the key of a run that is asked for without one.

#[cfg(test)]
mod tests;

use cascade_model::JsonStep;
use serde_json::{Map, Value, json};

use super::{
    diagnostic::Problem,
    kind::Kind,
    parse::JobTable,
    reader::{Placed, Reader, TomlValue},
    secrets,
};

/// The most bytes of a path.
const LONGEST: usize = 256;

/// The dotted path of an arg, such as `customer.id`.
pub(crate) struct ArgPath;

impl Kind for ArgPath {
    type Value = String;
    const NAME: &'static str = "text";

    fn schema(&self) -> Value {
        json!({"type": "string", "pattern": r"^[^.\s]+(\.[^.\s]+)*$", "maxLength": LONGEST})
    }

    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<String> {
        let path = reader.text(key, value)?;
        let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
        if path.len() <= LONGEST && path.split('.').all(is_name) {
            return Some(path);
        }
        let message = format!("bad path \"{path}\" of an arg");
        reader.refuse(
            Problem::error(key, value.span(), message)
                .help("write names with dots between them, such as \"customer.id\""),
        );
        None
    }

    fn write(&self, value: &String) -> Value {
        value.as_str().into()
    }
}

/// Refuses a path that leads to no arg that the job takes, or to one that can be no key.
pub(super) fn check(
    job: &Placed<String>,
    table: &JobTable,
    schema: &Value,
    problems: &mut Vec<Problem>,
) {
    let Some(path) = &table.settings.key_from else { return };
    let key = format!("jobs.{}.key_from", job.value);
    let span = table.entries.get("key_from").map_or(job.span.clone(), TomlValue::span);
    let refuse = |message: String| Problem::error(&key, span.clone(), message);
    let mut parts = vec![schema];
    let mut at = String::new();
    for name in path.split('.') {
        let all = gathered(schema, parts);
        let fields = || all.iter().filter_map(|part| part["properties"].as_object());
        let found: Vec<_> = fields().filter_map(|fields| fields.get(name)).collect();
        if found.is_empty() {
            let of = if at.is_empty() { "arg".to_owned() } else { format!("field of `{at}`") };
            let message = format!("`{}` takes no {of} `{name}`", job.value);
            let mut known: Vec<_> = fields().flat_map(Map::keys).map(String::as_str).collect();
            known.sort_unstable();
            problems.push(match &*known {
                [] => refuse(message).help(format!(
                    "declare it in the job's args_schema; `cascade plugin list --schema {}` shows what there is",
                    job.value
                )),
                known => refuse(message).suggest(name, known.iter().copied()),
            });
            return;
        }
        at = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        parts = found;
    }
    let steps: Vec<_> = path.split('.').map(|name| JsonStep::Field(name.into())).collect();
    if secrets::is_secret(schema, &steps) {
        let message = format!("`{path}` is a secret, and keys are shown");
        problems.push(refuse(message).help("name another arg"));
    } else if !gathered(schema, parts).iter().any(|part| may_be_key(part)) {
        let message = format!("`{path}` can be no key");
        let help = "name an arg that is a text, a whole number, or true or false";
        problems.push(refuse(message).help(help));
    }
}

fn gathered<'s>(root: &'s Value, parts: Vec<&'s Value>) -> Vec<&'s Value> {
    let mut all = Vec::new();
    parts.into_iter().for_each(|part| secrets::gather(root, part, &mut all));
    all
}

/// Whether a part of a schema lets a value be one that gives a key: it says so, or nothing of types and structure.
fn may_be_key(part: &Value) -> bool {
    let fits = |name: &Value| matches!(name.as_str(), Some("string" | "integer" | "boolean"));
    match &part["type"] {
        Value::Array(types) => types.iter().any(fits),
        Value::Null => {
            let around = ["$ref", "allOf", "anyOf", "oneOf", "properties", "items"];
            around.iter().all(|name| part.get(name).is_none())
        }
        name => fits(name),
    }
}
