//! What the value of a key may be: how it is read, how it is shown, and its JSON Schema.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use cascade_model::{
    HIGHEST_PRIORITY,
    tag::{self, LONGEST_TAG, MOST_TAGS},
};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::{
    diagnostic::Problem,
    reader::{Placed, Reader, TomlValue, to_json},
};

/// The kind of a value.
pub(crate) trait Kind {
    /// What it is read into.
    type Value;
    /// What completion calls it.
    const NAME: &'static str;
    /// Its JSON Schema, without the words of the key.
    fn schema(&self) -> Value;
    /// Says what is wrong with a value that does not fit.
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Self::Value>;
    /// The same, where a table says only some of its keys; the others are those of `base`.
    fn read_over(
        &self,
        reader: &mut Reader,
        key: &str,
        value: &TomlValue,
        _base: &Self::Value,
    ) -> Option<Self::Value> {
        self.read(reader, key, value)
    }
    /// As JSON; null for what the file need not say.
    fn write(&self, value: &Self::Value) -> Value;
}

/// `true` or `false`.
pub(crate) struct Flag;

impl Kind for Flag {
    type Value = bool;
    const NAME: &'static str = "boolean";
    fn schema(&self) -> Value {
        json!({"type": "boolean"})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<bool> {
        reader.boolean(key, value)
    }
    fn write(&self, value: &bool) -> Value {
        (*value).into()
    }
}

/// Any text.
pub(crate) struct Text;

impl Kind for Text {
    type Value = String;
    const NAME: &'static str = "text";
    fn schema(&self) -> Value {
        json!({"type": "string"})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<String> {
        reader.text(key, value)
    }
    fn write(&self, value: &String) -> Value {
        value.as_str().into()
    }
}

/// A duration, such as `"1h 30m"`.
pub(crate) struct Span;

impl Kind for Span {
    type Value = Duration;
    const NAME: &'static str = "duration";
    fn schema(&self) -> Value {
        json!({"type": "string", "x-kind": Self::NAME})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Duration> {
        reader.duration(key, value)
    }
    fn write(&self, value: &Duration) -> Value {
        humantime::format_duration(*value).to_string().into()
    }
}

/// A whole number from 1 to this.
pub(crate) struct Count(pub u32);

impl Kind for Count {
    type Value = u32;
    const NAME: &'static str = "integer";
    fn schema(&self) -> Value {
        json!({"type": "integer", "minimum": 1, "maximum": self.0})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<u32> {
        reader.count(key, value, self.0)
    }
    fn write(&self, value: &u32) -> Value {
        (*value).into()
    }
}

/// A priority other than the lowest.
pub(crate) struct Priority;

impl Kind for Priority {
    type Value = u8;
    const NAME: &'static str = "integer";
    fn schema(&self) -> Value {
        json!({"type": "integer", "minimum": 1, "maximum": HIGHEST_PRIORITY})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<u8> {
        let priority = reader.count(key, value, HIGHEST_PRIORITY.into())?;
        u8::try_from(priority).ok()
    }
    fn write(&self, value: &u8) -> Value {
        (*value).into()
    }
}

/// A number in this range.
pub(crate) struct Number(pub Range<f64>);

impl Kind for Number {
    type Value = f64;
    const NAME: &'static str = "number";
    fn schema(&self) -> Value {
        json!({"type": "number", "minimum": self.0.start, "exclusiveMaximum": self.0.end})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<f64> {
        reader.number(key, value, self.0.clone())
    }
    fn write(&self, value: &f64) -> Value {
        (*value).into()
    }
}

/// The IANA name of a time zone.
pub(crate) struct TimeZone;

impl Kind for TimeZone {
    type Value = Tz;
    const NAME: &'static str = "time_zone";
    fn schema(&self) -> Value {
        json!({"type": "string", "x-kind": Self::NAME})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Tz> {
        let name = reader.text(key, value)?;
        let zone = name.parse().ok();
        if zone.is_none() {
            let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            let mut problem =
                Problem::error(key, value.span(), format!("unknown time zone \"{name}\""))
                    .suggest(&name, known);
            // Six hundred names are no help.
            problem.help =
                problem.help.filter(|help| help.starts_with("did you mean")).or_else(|| {
                    Some("write an IANA name, such as \"UTC\" or \"Europe/Berlin\"".into())
                });
            reader.refuse(problem);
        }
        zone
    }
    fn write(&self, value: &Tz) -> Value {
        value.name().into()
    }
}

/// Words by which runs are found.
pub(crate) struct Tags;

impl Kind for Tags {
    type Value = Vec<String>;
    const NAME: &'static str = "list";
    fn schema(&self) -> Value {
        let tag = json!({"type": "string", "minLength": 1, "maxLength": LONGEST_TAG});
        json!({"type": "array", "items": tag, "maxItems": MOST_TAGS})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Vec<String>> {
        let given = reader.text_list(key, value);
        let mut tags = Vec::with_capacity(given.len());
        for Placed { value: tag, span } in given {
            if let Some(fault) = tag::fault(&tag) {
                reader.refuse(Problem::error(key, span, fault));
                return None;
            }
            tags.push(tag);
        }
        match tag::tags(tags) {
            Ok(tags) => Some(tags),
            Err(fault) => {
                reader.refuse(Problem::error(key, value.span(), fault));
                None
            }
        }
    }
    fn write(&self, value: &Vec<String>) -> Value {
        if value.is_empty() { Value::Null } else { value.clone().into() }
    }
}

/// The longest name of a limit or a label, bytes.
const LONGEST_NAME: usize = 64;

/// What [`is_name`] takes.
const NAME_PATTERN: &str = "^[A-Za-z0-9._-]{1,64}$";

/// Whether a text can name a limit or a label.
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=LONGEST_NAME).contains(&text.len()) && text.chars().all(fits)
}

/// A list of short names, each once.
pub(crate) struct Names;

impl Names {
    /// What a name may be.
    pub const HELP: &'static str = "use 1 to 64 letters, digits, `-`, `_` and `.`";
}

impl Kind for Names {
    type Value = Vec<String>;
    const NAME: &'static str = "list";
    fn schema(&self) -> Value {
        let item = json!({"type": "string", "pattern": NAME_PATTERN});
        json!({"type": "array", "items": item, "uniqueItems": true})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for Placed { value: name, span } in reader.text_list(key, value) {
            if names.contains(&name) {
                let message = format!("`{key}` names `{name}` twice");
                reader.refuse(Problem::error(key, span, message).help("remove one of the two"));
            } else if is_name(&name) {
                names.push(name);
            } else {
                let message = format!("bad name \"{name}\" in `{key}`");
                reader.refuse(Problem::error(key, span, message).help(Self::HELP));
            }
        }
        Some(names)
    }
    fn write(&self, value: &Vec<String>) -> Value {
        value.as_slice().into()
    }
}

/// The greatest weight of a label, and the least one below zero.
const GREATEST_WEIGHT: i32 = 1000;

/// Weights of names, none of them zero.
pub(crate) struct Weights;

impl Kind for Weights {
    type Value = BTreeMap<String, i32>;
    const NAME: &'static str = "table";
    fn schema(&self) -> Value {
        let (least, most) = (-GREATEST_WEIGHT, GREATEST_WEIGHT);
        let no_zero = json!({"const": 0});
        let weight = json!({"type": "integer", "minimum": least, "maximum": most, "not": no_zero});
        json!({
            "type": "object",
            "propertyNames": {"pattern": NAME_PATTERN},
            "additionalProperties": weight,
        })
    }
    fn read(
        &self,
        reader: &mut Reader,
        key: &str,
        value: &TomlValue,
    ) -> Option<BTreeMap<String, i32>> {
        let mut weights = BTreeMap::new();
        for (name, weight) in reader.table(key, value)?.iter() {
            let span = name.span();
            let name = name.get_ref();
            if !is_name(name) {
                let message = format!("bad name \"{name}\" in `{key}`");
                reader.refuse(Problem::error(key, span, message).help(Names::HELP));
                continue;
            }
            let number = to_json(weight.get_ref()).as_i64().and_then(|n| i32::try_from(n).ok());
            let fits = |n: &i32| *n != 0 && (-GREATEST_WEIGHT..=GREATEST_WEIGHT).contains(n);
            match number.filter(fits) {
                Some(weight) => {
                    weights.insert(name.to_string(), weight);
                }
                None => {
                    let most = GREATEST_WEIGHT;
                    let what = format!("a whole number from -{most} to {most} other than 0");
                    reader.expected(&format!("{key}.{name}"), weight, &what);
                }
            }
        }
        Some(weights)
    }
    fn write(&self, value: &BTreeMap<String, i32>) -> Value {
        json!(value)
    }
}

/// A table whose keys another schema knows.
pub(crate) struct Open;

impl Kind for Open {
    type Value = Value;
    const NAME: &'static str = "table";
    fn schema(&self) -> Value {
        json!({"type": "object"})
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Value> {
        reader.table(key, value).map(|_| to_json(value.get_ref()))
    }
    fn write(&self, value: &Value) -> Value {
        value.clone()
    }
}

impl Open {
    pub fn empty() -> Value {
        Map::new().into()
    }
}

/// What may be left out without anything in its place.
pub(crate) struct Optional<K>(pub K);

impl<K: Kind> Kind for Optional<K> {
    type Value = Option<K::Value>;
    const NAME: &'static str = K::NAME;
    fn schema(&self) -> Value {
        self.0.schema()
    }
    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Self::Value> {
        self.0.read(reader, key, value).map(Some)
    }
    fn write(&self, value: &Self::Value) -> Value {
        value.as_ref().map_or(Value::Null, |value| self.0.write(value))
    }
}
