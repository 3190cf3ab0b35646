//! `key_from` of a job: the arg whose value is the key of a run that is asked for without one.

#[cfg(test)]
mod tests;

use cascade_model::{JsonStep, key_of_args};
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
        return;
    }
    let parts = gathered(schema, parts);
    if parts.iter().any(|part| may_be_key(part)) {
        let given = |value: &str| parts.iter().any(|part| may_give(part, value));
        let values = table.settings.keys.keys().filter(|value| !given(value));
        problems.extend(values.map(|value| never_given(job, table, path, value)));
    } else {
        let message = format!("`{path}` can be no key");
        let help = "name an arg that is a text, a whole number, or true or false";
        problems.push(refuse(message).help(help));
    }
}

/// Told of a key with numbers that the arg never gives: a caller may still name it.
fn never_given(job: &Placed<String>, table: &JobTable, path: &str, value: &str) -> Problem {
    let place = |keys: &TomlValue| {
        let (name, _) = keys.get_ref().as_table()?.get_key_value(value)?;
        Some(name.span())
    };
    let span = table.entries.get("keys").and_then(place).unwrap_or(job.span.clone());
    let key = format!("jobs.{}.keys.{value}", job.value);
    Problem::warning(&key, span, format!("`{path}` is never `{value}`"))
        .label("only a request that names this key has it")
        .help("change or remove it")
}

fn gathered<'s>(root: &'s Value, parts: Vec<&'s Value>) -> Vec<&'s Value> {
    let mut all = Vec::new();
    parts.into_iter().for_each(|part| secrets::gather(root, part, &mut all));
    all
}

/// Whether a part of a schema lets a value be one that gives this key.
fn may_give(part: &Value, key: &str) -> bool {
    let gives = |value: &Value| key_of_args("it", &json!({"it": value})).as_deref() == Some(key);
    if let Some(values) = part["enum"].as_array() {
        return values.iter().any(gives);
    }
    let fits = |name: &Value| match name.as_str() {
        Some("string") => true,
        Some("integer") => key.parse::<i64>().is_ok_and(|number| gives(&number.into())),
        Some("boolean") => ["true", "false"].contains(&key),
        _ => false,
    };
    match &part["type"] {
        Value::Array(types) => types.iter().any(fits),
        Value::Null => may_be_key(part),
        name => fits(name),
    }
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
