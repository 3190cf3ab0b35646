//! Reads joins from the file.

use std::str::FromStr;

use toml::Spanned;

use super::{JOIN_KEYS, Join, PlacedJoin};
use crate::{
    diagnostic::Problem,
    edges::Keys,
    reader::{Placed, Reader, TomlValue},
};
use cascade_model::{By, Late, Needs};

/// Reads the whole table.
pub(crate) fn read(reader: &mut Reader, table: &str, value: &TomlValue) -> Vec<PlacedJoin> {
    let Some(entries) = reader.table(table, value) else { return Vec::new() };
    let read = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &TomlValue)| {
        let job = Placed { value: key.get_ref().to_string(), span: key.span() };
        join(reader, &format!("{table}.{}", job.value), job, value)
    };
    entries.iter().filter_map(read).collect()
}

fn join(
    reader: &mut Reader,
    path: &str,
    job: Placed<String>,
    value: &TomlValue,
) -> Option<PlacedJoin> {
    let entries = reader.table(path, value)?;
    let known = JOIN_KEYS.map(|(name, _, _)| name);
    for (key, _) in entries.iter() {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            reader.unknown_key(path, name, key.span(), &known);
        }
    }
    let Some(named) = entries.get("all_of") else {
        let problem = Problem::error(path, job.span, "a join without `all_of`");
        reader.refuse(problem.help("name the jobs that it waits for: { all_of = [\"NAME\", ..] }"));
        return None;
    };
    let all_of = reader.text_list(&format!("{path}.all_of"), named);
    if all_of.is_empty() {
        let problem = Problem::error(path, named.span(), "`all_of` names no job");
        reader.refuse(problem.help("name the jobs that it waits for"));
        return None;
    }
    let mut keys = Keys::of_table(reader, path, entries);
    let join = Join {
        all_of: all_of.iter().map(|named| named.value.clone()).collect(),
        within: keys.duration("within"),
        late: word::<Late>(&mut keys, "late", Late::NAMES),
        needs: word::<Needs>(&mut keys, "needs", Needs::NAMES),
        by: word::<By>(&mut keys, "by", By::NAMES),
        when: keys.expression("when"),
        args: keys.args(),
        key: keys.expression("key"),
        rule: Default::default(),
    };
    if !entries.contains_key("within") && entries.contains_key("late") {
        keys.refuse("late", "`late` is of a join with `within`", "write `within` too");
    }
    let places = keys.places;
    Some(PlacedJoin { join, job, all_of, places })
}

fn word<T: FromStr + Default>(keys: &mut Keys, name: &str, words: &[&'static str]) -> T {
    keys.word(name, words).and_then(|word| word.parse().ok()).unwrap_or_default()
}
