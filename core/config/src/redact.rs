//! Texts of jobs.toml as they may be shown: each secret is `"***"`, and a text that comes back with that
//! gets the secret of the file again.
//!
//! Secret are the params and args that their schema calls so, all params and args of a job type that is not
//! there (nobody knows which of them are secret), and what programs get in their environment.

use std::ops::Range;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::{
    reader::{TomlValue, to_json},
    secrets::{self, MASK},
};
use cascade_model::Registry;

/// What stands in the text for a secret.
const QUOTED_MASK: &str = "\"***\"";

/// All secrets in a text, each with its place.
fn secret_values<'v, 'i>(root: &'v DeTable<'i>, registry: &Registry) -> Vec<&'v TomlValue<'i>> {
    let mut found = Vec::new();
    for (job, part, value) in parts(root) {
        let descriptor = registry.job(job).map(|job| job.descriptor());
        let schema = descriptor.and_then(|job| match part {
            Part::Params => Some(&job.params_schema),
            Part::Args => Some(&job.args_schema),
            Part::Environment => None,
        });
        match schema {
            Some(schema) => {
                let mut told = to_json(value.get_ref());
                secrets::each(schema, &mut told, &mut |at, _| {
                    if let Some(value) = at_pointer(value, at) {
                        leaves(value, &mut found);
                    }
                });
            }
            None => leaves(value, &mut found),
        }
    }
    found.sort_by_key(|value| value.span().start);
    found
}

/// The secrets of a text, which need not be right or even TOML, as texts to look for.
pub(super) fn secrets_of(text: &str, registry: &Registry) -> Vec<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let text = |value: &TomlValue| match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        other => to_json(other).to_string(),
    };
    secret_values(root.get_ref(), registry).into_iter().map(text).collect()
}

/// A text with each secret as `"***"`.
pub fn masked_text(text: &str, registry: &Registry) -> String {
    let (root, _) = DeTable::parse_recoverable(text);
    let secrets = secret_values(root.get_ref(), registry).into_iter();
    replaced(text, secrets.map(|value| (value.span(), QUOTED_MASK)).collect())
}

/// A text with its secrets blanked, byte for byte, so that places in it stay what they were. If it is no
/// TOML, values cannot be told from each other: all are blanked.
pub(super) fn blanked(text: &str, registry: &Registry) -> String {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return text.split_inclusive('\n').map(without_values).collect();
    }
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for place in secret_values(root.get_ref(), registry).into_iter().map(TomlValue::span) {
        if place.start >= end {
            shown.push_str(&text[end..place.start]);
            shown.extend(text[place.clone()].chars().flat_map(blank));
            end = place.end;
        }
    }
    shown + &text[end..]
}

/// A line of a text that is no TOML, with only what is surely no value.
fn without_values(line: &str) -> String {
    let start = line.trim_start();
    let name = |c: char| c.is_ascii_alphanumeric() || "_-. []".contains(c);
    if start.starts_with('#') || start.is_empty() {
        return line.to_owned();
    }
    if start.starts_with('[')
        && start.trim_end().ends_with(']')
        && start.trim_end().chars().all(name)
    {
        return line.to_owned();
    }
    // The key; the whole line may be part of a value.
    let key = line.find('=').filter(|at| line[..*at].chars().all(name)).map_or(0, |at| at + 1);
    line[..key].to_owned() + &line[key..].chars().flat_map(blank).collect::<String>()
}

fn blank(c: char) -> impl Iterator<Item = char> {
    let (c, count) = if c.is_whitespace() { (c, 1) } else { ('*', c.len_utf8()) };
    std::iter::repeat_n(c, count)
}

/// A `***` that stands for no secret of the file.
#[derive(Debug)]
pub struct NothingBehindMask {
    /// Bytes of the text.
    pub place: Range<usize>,
    /// Dotted path, such as `jobs.sync.params.token`.
    pub key: String,
}

/// `text`, which was made from what [`masked_text`] showed of `file`, with the secrets of `file`.
///
/// An element of a list gets the secrets of the element that it was, wherever it stands now.
///
/// # Errors
/// A secret that `file` does not have.
pub fn restored(text: &str, file: &str, registry: &Registry) -> Result<String, NothingBehindMask> {
    if !text.contains(MASK) {
        return Ok(text.to_owned());
    }
    let (root, _) = DeTable::parse_recoverable(text);
    let shown = masked_text(file, registry);
    let (file_root, _) = DeTable::parse_recoverable(file);
    let (shown_root, _) = DeTable::parse_recoverable(&shown);
    let mut restore = Restore { file, places: Vec::new(), missing: Vec::new() };
    for (job, part, value) in parts(root.get_ref()) {
        let of = |root| parts(root).find(|(j, p, _)| *j == job && *p == part).map(|found| found.2);
        let key = format!("jobs.{job}.{}", part.key());
        restore.walk(&key, value, of(shown_root.get_ref()), of(file_root.get_ref()));
    }
    let secrets = secret_values(root.get_ref(), registry);
    let secret = |missing: &NothingBehindMask| {
        secrets.iter().any(|value| value.span().start == missing.place.start)
    };
    let missing = restore.missing.into_iter().find(secret);
    match missing {
        Some(missing) => Err(missing),
        None => Ok(replaced(text, restore.places)),
    }
}

struct Restore<'f> {
    file: &'f str,
    /// What is put where.
    places: Vec<(Range<usize>, &'f str)>,
    missing: Vec<NothingBehindMask>,
}

impl Restore<'_> {
    fn walk(
        &mut self,
        key: &str,
        value: &TomlValue,
        shown: Option<&TomlValue>,
        kept: Option<&TomlValue>,
    ) {
        match value.get_ref() {
            DeValue::String(text) if text == MASK => match kept {
                Some(kept) if kept.get_ref().as_table().is_none() => {
                    self.places.push((value.span(), &self.file[kept.span()]));
                }
                _ => {
                    let (place, key) = (value.span(), key.to_owned());
                    self.missing.push(NothingBehindMask { place, key });
                }
            },
            DeValue::Table(table) => {
                for (name, value) in table.iter() {
                    let name = name.get_ref().as_ref();
                    let below = |value| Option::and_then(value, |value| field(value, name));
                    self.walk(&format!("{key}.{name}"), value, below(shown), below(kept));
                }
            }
            DeValue::Array(items) => {
                let shown: Vec<_> = elements(shown);
                let kept: Vec<_> = elements(kept);
                let as_json: Vec<_> = shown.iter().map(|item| to_json(item.get_ref())).collect();
                for (at, item) in items.iter().enumerate() {
                    let wanted = to_json(item.get_ref());
                    let same_place = as_json.get(at) == Some(&wanted);
                    let moved = as_json.iter().position(|item| *item == wanted);
                    // One that was edited is only known by its place, if no other came or went.
                    let edited = Some(at).filter(|_| items.len() == kept.len());
                    let was = if same_place { Some(at) } else { moved.or(edited) };
                    let old = |list: &[_]| was.and_then(|was| list.get(was).copied());
                    self.walk(&format!("{key}.{at}"), item, old(&shown), old(&kept));
                }
            }
            _ => {}
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Params,
    Args,
    Environment,
}

impl Part {
    fn key(self) -> &'static str {
        match self {
            Self::Params => "params",
            Self::Args => "args",
            Self::Environment => "executable.env",
        }
    }
}

/// The parts of a text that may hold secrets, each with its job.
fn parts<'v, 'i>(
    root: &'v DeTable<'i>,
) -> impl Iterator<Item = (&'v str, Part, &'v TomlValue<'i>)> {
    let jobs = root.get("jobs").and_then(|jobs| jobs.get_ref().as_table());
    jobs.into_iter().flat_map(|jobs| jobs.iter()).flat_map(|(job, table)| {
        let job = job.get_ref().as_ref();
        let told = [Part::Params, Part::Args]
            .into_iter()
            .filter_map(move |part| field(table, part.key()).map(|value| (job, part, value)));
        let environment = field(table, "executable").and_then(|program| field(program, "env"));
        told.chain(environment.map(|value| (job, Part::Environment, value)))
    })
}

fn field<'v, 'i>(value: &'v TomlValue<'i>, name: &str) -> Option<&'v TomlValue<'i>> {
    value.get_ref().as_table()?.get(name)
}

fn elements<'v, 'i>(value: Option<&'v TomlValue<'i>>) -> Vec<&'v TomlValue<'i>> {
    let array = value.and_then(|value| value.get_ref().as_array());
    array.into_iter().flat_map(|array| array.iter()).collect()
}

fn at_pointer<'v, 'i>(value: &'v TomlValue<'i>, pointer: &str) -> Option<&'v TomlValue<'i>> {
    pointer.split('/').skip(1).try_fold(value, |value, token| match value.get_ref() {
        DeValue::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => field(value, &token.replace("~1", "/").replace("~0", "~")),
    })
}

fn leaves<'v, 'i>(value: &'v TomlValue<'i>, found: &mut Vec<&'v TomlValue<'i>>) {
    match value.get_ref() {
        DeValue::Table(table) => table.iter().for_each(|(_, value)| leaves(value, found)),
        DeValue::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        _ => found.push(value),
    }
}

fn replaced(text: &str, mut places: Vec<(Range<usize>, &str)>) -> String {
    places.sort_by_key(|(place, _)| place.start);
    let (mut made, mut end) = (String::with_capacity(text.len()), 0);
    for (place, with) in places {
        if place.start >= end {
            made.push_str(&text[end..place.start]);
            made.push_str(with);
            end = place.end;
        }
    }
    made + &text[end..]
}

/// All leaves of params whose job type is not there, hidden.
pub fn all_masked(params: &Value) -> Value {
    match params {
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), all_masked(v))).collect(),
        Value::Array(items) => items.iter().map(all_masked).collect(),
        Value::Null => Value::Null,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => MASK.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_and_check;
    use cascade_model::Registry;
    use cascade_registry::Plugins;
    use std::path::Path;

    /// A program whose schema is in the text: a list of entries with a secret each.
    const TEXT: &str = r##"# top
[jobs.sync] # comment
params = { place = "shown", list = [
  { host = "a", token = "secret-a" }, # first
  { host = "b", token = """secret-b""" },
], pin = 123456, kind = { remote = { key = "secret-c" } } }
[jobs.sync.executable]
command = ["true"]
env = { KEY = "secret-env" }
[jobs.sync.executable.params_schema]
type = "object"
[jobs.sync.executable.params_schema.properties]
pin = { type = "integer", writeOnly = true }
list = { items = { properties = { token = { format = "password" } } } }
kind = { oneOf = [{ type = "string" }, { properties = { remote = { writeOnly = true } } }] }
"##;

    fn registry() -> std::sync::Arc<Registry> {
        let plugins = Plugins::from(Registry::default());
        parse_and_check(Path::new("jobs.toml"), TEXT, &plugins).result.unwrap().0.registry
    }

    #[test]
    fn a_text_is_shown_without_its_secrets_and_gets_them_back() {
        let shown = masked_text(TEXT, &registry());
        for secret in ["secret-a", "secret-b", "secret-c", "secret-env", "123456"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("{ host = \"a\", token = \"***\" }, # first"), "{shown}");
        assert_eq!(restored(&shown, TEXT, &registry()).unwrap(), TEXT);

        let edited = shown.replace("shown", "changed").replace("true", "false");
        let restored_text = restored(&edited, TEXT, &registry()).unwrap();
        assert_eq!(restored_text, TEXT.replace("shown", "changed").replace("true", "false"));
    }

    #[test]
    fn an_element_of_a_list_keeps_its_own_secret_when_others_go() {
        let shown = masked_text(TEXT, &registry());
        let one = shown.replace("  { host = \"a\", token = \"***\" }, # first\n", "");
        assert!(
            restored(&one, TEXT, &registry()).unwrap().contains("\"b\", token = \"\"\"secret-b")
        );
        // One that is new, or cannot be told from others, gets none.
        let two = one.replace("host = \"b\"", "host = \"elsewhere\"");
        let missing = restored(&two, TEXT, &registry()).unwrap_err();
        assert_eq!(missing.key, "jobs.sync.params.list.0.token");
    }

    #[test]
    fn of_a_job_type_that_is_not_there_every_param_is_secret() {
        let text = "[jobs.gone]\nparams = { a = [\"secret-a\", 1], b = { c = \"secret-c\" } }\n";
        let shown = masked_text(text, &Registry::default());
        let wanted = "[jobs.gone]\nparams = { a = [\"***\", \"***\"], b = { c = \"***\" } }\n";
        assert_eq!(shown, wanted);
        assert_eq!(restored(&shown, text, &Registry::default()).unwrap(), text);
    }

    #[test]
    fn a_text_that_breaks_off_is_quoted_without_values() {
        for broken in [
            "[jobs.sync]\nparams = { token = \"secret-a",
            "[jobs.sync]\nparams = { token = \"\"\"first\nsecret-a\n",
            "[jobs.sync.params]\ntoken = secret-a\n",
            "[jobs.sync.params]\nlist = [\n\"secret-a\"\n\"secret-a\",\n",
            "[jobs.sync.params\ntoken = \"secret-a\"\n",
            "[jobs.sync]\nparams = \"sécret\" \"secret-a\"\n",
            "[jobs.gone]\nparams = { token = \"secret-a\" }\nevery = \"x\"\n",
        ] {
            let quoted = blanked(broken, &Registry::default());
            assert_eq!(quoted.len(), broken.len());
            let plugins = Plugins::from(Registry::default());
            let verdict = parse_and_check(Path::new("jobs.toml"), broken, &plugins);
            let problems = verdict.result.unwrap_err();
            let said = format!("{problems} {problems:?}");
            assert!(!said.contains("secret-a"), "{broken}\n{said}");
            assert!(said.contains("jobs.toml:"), "{said}");
        }
    }
}
