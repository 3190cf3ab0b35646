//! Checks a job's params and args against its plugin's JSON Schemas, and finds the place of each fault.

use std::ops::Range;

use jsonschema::{Validator, error::ValidationErrorKind};
use serde_json::Value;
use toml::de::DeValue;

use super::{
    diagnostic::Problem,
    parse::JobTable,
    reader::{Placed, TomlValue},
};

/// Checks the params of a job.
pub(super) fn check(
    job: &Placed<String>,
    table: &JobTable,
    schema: &Value,
    problems: &mut Vec<Problem>,
) {
    let Some(validator) = validator(job, "params", schema, problems) else { return };
    let told = Told { job, name: "params", place: table.table("params") };
    told.check(&validator, &table.settings.params, schema, problems);
}

/// Checks the args of the runs that a timer or an edge without args starts. A job that needs some, is given
/// none and is started so (`is_triggered`) could only fail.
pub(super) fn check_args(
    job: &Placed<String>,
    table: &JobTable,
    schema: &Value,
    is_triggered: bool,
    problems: &mut Vec<Problem>,
) {
    let Some(validator) = validator(job, "args", schema, problems) else { return };
    let place = table.table("args");
    if place.is_some() {
        let told = Told { job, name: "args", place };
        told.check(&validator, &table.settings.args, schema, problems);
    } else if is_triggered && let Err(error) = validator.validate(&table.settings.args) {
        let message = format!("`{}` needs args, and nothing supplies them: {error}", job.value);
        let help = format!(
            "write them under [jobs.{}.args], or give each a default in the plugin",
            job.value
        );
        let key = format!("jobs.{}", job.value);
        problems.push(Problem::error(&key, job.span.clone(), message).help(help));
    }
}

fn validator(
    job: &Placed<String>,
    name: &str,
    schema: &Value,
    problems: &mut Vec<Problem>,
) -> Option<Validator> {
    match jsonschema::validator_for(schema) {
        Ok(validator) => Some(validator),
        Err(error) => {
            let message = format!("the plugin's own {name} schema is not valid: {error}");
            let key = format!("jobs.{}.{name}", job.value);
            problems.push(Problem::error(&key, job.span.clone(), message));
            None
        }
    }
}

/// A table of a job that a schema of its plugin knows.
struct Told<'a, 'i> {
    job: &'a Placed<String>,
    name: &'a str,
    place: Option<&'a TomlValue<'i>>,
}

impl Told<'_, '_> {
    fn check(
        &self,
        validator: &Validator,
        value: &Value,
        schema: &Value,
        problems: &mut Vec<Problem>,
    ) {
        let key = format!("jobs.{}.{}", self.job.value, self.name);
        for error in validator.iter_errors(value) {
            let path = error.instance_path().to_string();
            let at = format!("{key}{}", path.replace('/', "."));
            let place = self.place.and_then(|table| find(table, &path));
            let span = place.map_or(self.job.span.clone(), TomlValue::span);
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
            let shows =
                format!("`cascade plugin list --schema {}` shows what it takes", self.job.value);
            problems.push(Problem::error(&at, span, format!("`{at}`: {error}")).help(shows));
        }
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
