//! Reads edges from the file.

use std::{collections::BTreeMap, time::Duration};

use cascade_expr::Expression;
use cascade_model::On;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{EDGE_KEYS, Edge, EdgeArg, EdgeLists, PlacedEdge, problem};
use crate::{
    diagnostic::Problem,
    reader::{Placed, Reader, TomlValue, to_json},
};

/// Reads the whole table.
pub(crate) fn read(reader: &mut Reader, table: &str, value: &TomlValue) -> EdgeLists {
    let Some(entries) = reader.table(table, value) else { return Vec::new() };
    let read = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &TomlValue)| {
        let name = Placed { value: key.get_ref().to_string(), span: key.span() };
        let path = format!("{table}.{}", name.value);
        let Some(list) = value.get_ref().as_array() else {
            reader.expected(&path, value, "a list of jobs");
            return (name, Vec::new());
        };
        let edges = list.iter().filter_map(|item| edge(reader, &path, item)).collect();
        (name, edges)
    };
    entries.iter().map(read).collect()
}

fn edge(reader: &mut Reader, path: &str, item: &TomlValue) -> Option<PlacedEdge> {
    if let Some(name) = item.get_ref().as_str() {
        let job = Placed { value: name.to_owned(), span: item.span() };
        return Some(PlacedEdge { edge: Edge::plain(name), job, places: BTreeMap::new() });
    }
    let Some(entries) = item.get_ref().as_table() else {
        reader.expected(path, item, "a list of names of jobs, or of tables { job = \"NAME\", .. }");
        return None;
    };
    let known = EDGE_KEYS.map(|(name, _, _)| name);
    for (key, _) in entries.iter() {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            reader.unknown_key(path, name, key.span(), &known);
        }
    }
    let Some(value) = entries.get("job") else {
        reader.refuse(
            Problem::error(path, item.span(), "an edge without `job`")
                .help("name the downstream job: { job = \"NAME\", .. }"),
        );
        return None;
    };
    let name = reader.text(&format!("{path}.job"), value)?;
    let job = Placed { value: name.clone(), span: value.span() };
    let mut keys = Keys::of_table(reader, path, entries);
    let edge = Edge {
        job: name,
        on: keys.on(),
        when: keys.expression("when"),
        each: keys.expression("each"),
        args: keys.args(),
        key: keys.expression("key"),
        after: keys.duration("after"),
        debounce: keys.duration("debounce"),
        at_most: keys.duration("at_most"),
    };
    keys.together(&edge);
    let places = keys.places;
    Some(PlacedEdge { edge, job, places })
}

/// The keys of one edge or join.
pub(crate) struct Keys<'r, 'v, 'i> {
    reader: &'r mut Reader,
    path: &'r str,
    entries: &'v DeTable<'i>,
    /// Of the values that were read.
    pub places: BTreeMap<String, std::ops::Range<usize>>,
}

impl<'r, 'v, 'i> Keys<'r, 'v, 'i> {
    pub fn of_table(reader: &'r mut Reader, path: &'r str, entries: &'v DeTable<'i>) -> Self {
        Self { reader, path, entries, places: BTreeMap::new() }
    }

    fn of(&mut self, name: &str) -> Option<(String, &'v TomlValue<'i>)> {
        let value = self.entries.get(name)?;
        self.places.insert(name.into(), value.span());
        Some((format!("{}.{name}", self.path), value))
    }

    fn on(&mut self) -> On {
        self.word("on", &On::NAMES).and_then(|word| word.parse().ok()).unwrap_or_default()
    }

    /// One of these words.
    pub fn word(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let (key, value) = self.of(name)?;
        let text = self.reader.text(&key, value)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let problem = Problem::error(&key, value.span(), format!("unknown `{name}`: `{text}`"));
            self.reader.refuse(problem.suggest(&text, words.iter().copied()));
        }
        found
    }

    /// Refuses the value of a key, which has been read.
    pub fn refuse(&mut self, name: &str, message: &str, help: &str) {
        let place = self.places.get(name).cloned().unwrap_or_default();
        let key = format!("{}.{name}", self.path);
        self.reader.refuse(Problem::error(&key, place, message).help(help));
    }

    pub fn duration(&mut self, name: &str) -> Option<Duration> {
        let (key, value) = self.of(name)?;
        self.reader.duration(&key, value)
    }

    pub fn expression(&mut self, name: &str) -> Option<Expression> {
        let (key, value) = self.of(name)?;
        let text = self.reader.text(&key, value)?;
        compile(self.reader, &key, value, &text)
    }

    pub fn args(&mut self) -> Option<BTreeMap<String, EdgeArg>> {
        let (key, value) = self.of("args")?;
        args(self.reader, &key, value, &mut self.places)
    }

    /// What of it does not go with what else it says.
    fn together(&mut self, edge: &Edge) {
        let fault = if edge.at_most.is_some() && edge.debounce.is_none() {
            Some(("at_most", "`at_most` is of an edge with `debounce`", "write `debounce` too"))
        } else if edge.debounce.is_some() && edge.after.is_some() {
            Some(("after", "`after` and `debounce` exclude each other", "keep one of them"))
        } else if edge.debounce.is_some() && edge.each.is_some() {
            Some(("each", "`each` and `debounce` exclude each other", "keep one of them"))
        } else if edge.debounce.is_some() && edge.args.is_some() && edge.key.is_none() {
            let help = "say which triggers become one run, as by key = \"run.project\"";
            Some(("debounce", "an edge with `args` and `debounce` needs a `key`", help))
        } else if edge.at_most < edge.debounce && edge.at_most.is_some() {
            let help = "`at_most` counts from the first trigger: make it longer than `debounce`";
            Some(("at_most", "`at_most` is shorter than `debounce`", help))
        } else {
            None
        };
        if let Some((key, message, help)) = fault {
            self.refuse(key, message, help);
        }
    }
}

/// Reads what runs are asked for; places are added by `args.NAME`.
pub(crate) fn args(
    reader: &mut Reader,
    key: &str,
    value: &TomlValue,
    places: &mut BTreeMap<String, std::ops::Range<usize>>,
) -> Option<BTreeMap<String, EdgeArg>> {
    let mut args = BTreeMap::new();
    for (name, value) in reader.table(key, value)?.iter() {
        let (name, key) = (name.get_ref().to_string(), format!("{key}.{}", name.get_ref()));
        places.insert(format!("args.{name}"), value.span());
        let arg = match value.get_ref() {
            DeValue::String(text) => compile(reader, &key, value, text).map(EdgeArg::Expression),
            other => Some(EdgeArg::Value(to_json(other))),
        };
        args.extend(arg.map(|arg| (name, arg)));
    }
    Some(args)
}

/// Compiles an expression; what is wrong with it is told in its place.
pub(crate) fn compile(
    reader: &mut Reader,
    key: &str,
    value: &TomlValue,
    text: &str,
) -> Option<Expression> {
    match Expression::compile(text) {
        Ok(compiled) => Some(compiled),
        Err(fault) => {
            reader.refuse(problem(key, value.span(), fault));
            None
        }
    }
}
