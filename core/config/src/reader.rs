//! Reads typed values out of a parsed TOML document, keeping the place of each.

use std::{ops::Range, time::Duration};

use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::diagnostic::Problem;

/// A value with its place in the text.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub value: T,
    pub span: Range<usize>,
}

pub(super) type TomlValue<'i> = Spanned<DeValue<'i>>;

/// Collects problems while it reads, so that one pass finds them all.
#[derive(Default)]
pub(super) struct Reader {
    pub problems: Vec<Problem>,
}

impl Reader {
    pub fn refuse(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub fn expected(&mut self, key: &str, value: &TomlValue, what: &str) {
        let found = value.get_ref().type_str();
        self.refuse(
            Problem::error(key, value.span(), format!("`{key}` must be {what}"))
                .label(format!("found {found}")),
        );
    }

    pub fn table<'v, 'i>(
        &mut self,
        key: &str,
        value: &'v TomlValue<'i>,
    ) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.expected(key, value, "a table");
        }
        table
    }

    pub fn text(&mut self, key: &str, value: &TomlValue) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.expected(key, value, "a text in quotes");
        }
        text
    }

    pub fn boolean(&mut self, key: &str, value: &TomlValue) -> Option<bool> {
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.expected(key, value, "true or false");
        }
        boolean
    }

    pub fn number(&mut self, key: &str, value: &TomlValue, range: Range<f64>) -> Option<f64> {
        match to_json(value.get_ref()).as_f64().filter(|n| range.contains(n)) {
            Some(number) => Some(number),
            None => {
                let what = format!("a number from {} to {}", range.start, range.end);
                self.expected(key, value, &what);
                None
            }
        }
    }

    pub fn count(&mut self, key: &str, value: &TomlValue, max: u32) -> Option<u32> {
        let count = to_json(value.get_ref()).as_u64().and_then(|n| u32::try_from(n).ok());
        match count.filter(|n| (1..=max).contains(n)) {
            Some(count) => Some(count),
            None => {
                self.expected(key, value, &format!("a whole number from 1 to {max}"));
                None
            }
        }
    }

    pub fn duration(&mut self, key: &str, value: &TomlValue) -> Option<Duration> {
        let text = self.text(key, value)?;
        let example = "write a number and a unit, such as \"30s\", \"15m\" or \"1h 30m\"";
        match humantime::parse_duration(&text) {
            Ok(duration) if duration > cascade_model::LONGEST => {
                self.refuse(
                    Problem::error(key, value.span(), format!("`{key}` is over a year"))
                        .help(example),
                );
                None
            }
            Ok(duration) if !duration.is_zero() => Some(duration),
            Ok(_) => {
                self.refuse(
                    Problem::error(key, value.span(), format!("`{key}` must be more than zero"))
                        .help(example),
                );
                None
            }
            Err(error) => {
                self.refuse(
                    Problem::error(key, value.span(), format!("bad duration \"{text}\""))
                        .label(error.to_string())
                        .help(example),
                );
                None
            }
        }
    }

    pub fn text_list(&mut self, key: &str, value: &TomlValue) -> Vec<Placed<String>> {
        let Some(array) = value.get_ref().as_array() else {
            self.expected(key, value, "a list of names");
            return Vec::new();
        };
        let mut list = Vec::new();
        for item in array.iter() {
            if let Some(text) = self.text(key, item) {
                list.push(Placed { value: text, span: item.span() });
            }
        }
        list
    }

    pub fn unknown_key(&mut self, table: &str, key: &str, span: Range<usize>, known: &[&str]) {
        let path = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
        let place =
            if table.is_empty() { "at top level".into() } else { format!("in `[{table}]`") };
        self.refuse(
            Problem::error(&path, span, format!("unknown key `{key}` {place}"))
                .suggest(key, known.iter().copied()),
        );
    }
}

/// A TOML value as JSON; dates become their text.
pub(super) fn to_json(value: &DeValue) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(boolean) => (*boolean).into(),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Array(array) => array.iter().map(|item| to_json(item.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref())))
            .collect(),
    }
}
