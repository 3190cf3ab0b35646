//! Texts of jobs.toml as they may be shown: each secret is `"***"`, and a text that comes back with that
//! gets the secret of the file again.
//!
//! Secret are the params and args that their schema calls so, those that edges, joins and hooks give among them, all
//! params and args of a job type that is not there (nobody knows which of them are secret), and what programs get in
//! their environment.

mod parts;

use std::{collections::BTreeMap, ops::Range};

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::{
    reader::{TomlValue, to_json},
    secrets::MASK,
};
use cascade_model::Registry;
use parts::parts;

/// What stands in the text for a secret.
const QUOTED_MASK: &str = "\"***\"";

/// All secrets in a text, each with its place.
fn secret_values<'v, 'i>(root: &'v DeTable<'i>, registry: &Registry) -> Vec<&'v TomlValue<'i>> {
    let mut found = Vec::new();
    parts(root).iter().for_each(|part| part.secrets(registry, &mut found));
    found.sort_by_key(|value| value.span().start);
    found
}

/// The secrets of a text, which need not be right or even TOML, as texts to look for.
pub(super) fn secrets_of(text: &str, registry: &Registry) -> Vec<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut secrets = Vec::new();
    for value in secret_values(root.get_ref(), registry) {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            other => to_json(other).to_string(),
        };
        // A fault of an expression may quote a text in it.
        secrets.extend(text.split(['\'', '"']).skip(1).step_by(2).map(ToOwned::to_owned));
        secrets.push(text);
    }
    // The longest first: it is looked for as a whole.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
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
    let by_place = |root| -> BTreeMap<_, _> {
        parts(root).into_iter().map(|part| (part.place, part.values)).collect()
    };
    let shown = by_place(shown_root.get_ref());
    let kept = by_place(file_root.get_ref());
    for part in parts(root.get_ref()) {
        let of = |all: &BTreeMap<_, _>| all.get(&part.place).cloned().unwrap_or_default();
        restore.items(|_| part.place.key.clone(), &part.values, &of(&shown), &of(&kept));
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
                let items: Vec<_> = items.iter().collect();
                let key = |at| format!("{key}.{at}");
                self.items(key, &items, &elements(shown), &elements(kept));
            }
            _ => {}
        }
    }

    /// Values of a list: each gets the secrets of the one that it was.
    fn items(
        &mut self,
        key: impl Fn(usize) -> String,
        items: &[&TomlValue],
        shown: &[&TomlValue],
        kept: &[&TomlValue],
    ) {
        let as_json: Vec<_> = shown.iter().map(|item| to_json(item.get_ref())).collect();
        for (at, item) in items.iter().enumerate() {
            let wanted = to_json(item.get_ref());
            let same_place = as_json.get(at) == Some(&wanted);
            let moved = as_json.iter().position(|item| *item == wanted);
            // One that was edited is only known by its place, if no other came or went.
            let edited = Some(at).filter(|_| items.len() == kept.len());
            let was = if same_place { Some(at) } else { moved.or(edited) };
            let old = |list: &[_]| was.and_then(|was| list.get(was).copied());
            self.walk(&key(at), item, old(shown), old(kept));
        }
    }
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
mod tests;
