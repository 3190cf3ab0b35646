//! Checks a job's params against its plugin's JSON Schema, and finds the place of each fault.

use std::ops::Range;

use jsonschema::error::ValidationErrorKind;
use serde_json::Value;
use toml::de::DeValue;

use super::{
    diagnostic::Problem,
    parse::JobTable,
    reader::{Placed, TomlValue},
};

pub(super) fn check(
    job: &Placed<String>,
    table: &JobTable,
    schema: &Value,
    problems: &mut Vec<Problem>,
) {
    let key = format!("jobs.{}.params", job.value);
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => {
            let message = format!("the plugin's own params schema is not valid: {error}");
            problems.push(Problem::error(&key, job.span.clone(), message));
            return;
        }
    };
    for error in validator.iter_errors(&table.settings.params) {
        let path = error.instance_path().to_string();
        let at = format!("{key}{}", path.replace('/', "."));
        let place = table.params().and_then(|params| find(params, &path));
        let span = place.map_or(job.span.clone(), TomlValue::span);
        if let ValidationErrorKind::AdditionalProperties { unexpected } = error.kind() {
            for name in unexpected {
                let span = place.and_then(|p| key_span(p, name)).unwrap_or(span.clone());
                let known = known_keys(schema, error.schema_path().as_str());
                problems.push(
                    Problem::error(
                        &format!("{at}.{name}"),
                        span,
                        format!("unknown key `{name}` in `{at}`"),
                    )
                    .suggest(name, known.iter().map(String::as_str)),
                );
            }
            continue;
        }
        problems.push(
            Problem::error(&at, span, format!("`{at}`: {error}"))
                .help(format!("`cascade plugin list --schema {}` shows what it takes", job.value)),
        );
    }
}

/// Runs have empty args: a job that needs some could only fail.
pub(super) fn check_args(job: &Placed<String>, schema: &Value, problems: &mut Vec<Problem>) {
    let key = format!("jobs.{}", job.value);
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => {
            let message = format!("the plugin's own args schema is not valid: {error}");
            problems.push(Problem::error(&key, job.span.clone(), message));
            return;
        }
    };
    if let Err(error) = validator.validate(&Value::Object(serde_json::Map::new())) {
        let message = format!("`{}` needs args, and nothing supplies them: {error}", job.value);
        problems.push(
            Problem::error(&key, job.span.clone(), message)
                .help("give each arg a default in the plugin"),
        );
    }
}

/// Follows a JSON pointer through the TOML document.
pub(super) fn find<'v, 'i>(params: &'v TomlValue<'i>, pointer: &str) -> Option<&'v TomlValue<'i>> {
    let mut value = params;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        value = match value.get_ref() {
            DeValue::Table(table) => table.get(part.as_str())?,
            DeValue::Array(array) => array.get(part.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

fn key_span(table: &TomlValue, name: &str) -> Option<Range<usize>> {
    let table = table.get_ref().as_table()?;
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(key, _)| key.span())
}

/// The properties beside the `additionalProperties` that refused a key.
fn known_keys(schema: &Value, schema_path: &str) -> Vec<String> {
    let parent = schema_path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let properties = schema.pointer(&format!("{parent}/properties")).and_then(Value::as_object);
    properties.map(|p| p.keys().cloned().collect()).unwrap_or_default()
}
