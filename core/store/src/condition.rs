//! Conditions on the args and the output of runs, such as `args.invoice.id=7` and `output.new > 0`. Their text is
//! read here alone, whoever asks.

use std::str::{Chars, FromStr};

use cascade_model::{JsonStep, border};
use serde_json::Value;

/// The most conditions of one filter.
pub const MOST_CONDITIONS: usize = 4;
/// The most bytes of one condition.
pub const LONGEST_CONDITION: usize = 256;
/// The most steps of its path.
const DEEPEST: usize = 16;

/// Which JSON of a run a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// What it was asked for.
    Args,
    /// What it gave out.
    Output,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same value.
    Equal,
    /// There, with another value.
    Differs,
    /// Less.
    Less,
    /// Less or the same.
    AtMost,
    /// Greater.
    Greater,
    /// Greater or the same.
    AtLeast,
    /// A text with this in it, or a list with this item.
    Contains,
}

impl Comparison {
    /// The longer ones first, as they begin with the others.
    const ALL: [(&'static str, Self); 7] = [
        ("!=", Self::Differs),
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("=", Self::Equal),
        ("<", Self::Less),
        (">", Self::Greater),
        ("~", Self::Contains),
    ];

    /// The operator of SQL, where the comparison is one of sizes.
    pub(crate) fn by_size(self) -> Option<&'static str> {
        match self {
            Self::Less => Some("<"),
            Self::AtMost => Some("<="),
            Self::Greater => Some(">"),
            Self::AtLeast => Some(">="),
            Self::Equal | Self::Differs | Self::Contains => None,
        }
    }
}

/// A condition on one field. A run whose args or output do not have the field does not fit, but for `=null`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Args or output.
    pub document: Document,
    /// Where the field is; never empty.
    pub path: Vec<JsonStep>,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what: a text, a number, a truth value or null.
    pub value: Value,
    /// A number or truth value that stood without quotes may be meant as text too.
    pub as_text: Option<String>,
}

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadCondition {
    /// What is wrong, and where.
    pub message: String,
    /// How to fix it.
    pub help: &'static str,
}

const SYNTAX: &str = "write a field, how it is compared and a value, such as args.invoice.id=7, \
    output.new>0 or output.sources.0.name~inbox; there is: = != > >= < <= ~";

impl FromStr for Condition {
    type Err = BadCondition;

    fn from_str(text: &str) -> Result<Self, BadCondition> {
        let text = border::clean(text.to_owned());
        if text.len() > LONGEST_CONDITION {
            let shown: String = text.chars().take(40).collect();
            let message = format!("`{shown}…` is longer than {LONGEST_CONDITION} bytes");
            return Err(BadCondition {
                message,
                help: "shorten its value, or look for a part by ~",
            });
        }
        let mut reader = Reader { text: &text, rest: text.trim_start().chars() };
        let document = reader.document()?;
        let path = reader.path()?;
        let comparison = reader.comparison()?;
        let written = reader.rest.as_str().trim();
        if written.is_empty() {
            return Err(reader.refuse("has no value", "write \"\" for an empty text"));
        }
        let (value, as_text) = reader.value(written, comparison)?;
        if comparison.by_size().is_some() && !(value.is_number() || value.is_string()) {
            let wrong = format!("compares the size of {written}, which has none");
            return Err(reader.refuse(&wrong, "numbers and texts have a size; use = or !="));
        }
        Ok(Self { document, path, comparison, value, as_text })
    }
}

struct Reader<'t> {
    text: &'t str,
    rest: Chars<'t>,
}

impl Reader<'_> {
    fn refuse(&self, wrong: &str, help: &'static str) -> BadCondition {
        BadCondition { message: format!("`{}` {wrong}", self.text), help }
    }

    /// As a person counts, from 1.
    fn character(&self) -> usize {
        self.text.chars().count() - self.rest.clone().count() + 1
    }

    fn take(&mut self, wanted: &str) -> bool {
        let rest = self.rest.as_str().strip_prefix(wanted);
        rest.is_some_and(|rest| {
            self.rest = rest.chars();
            true
        })
    }

    fn document(&mut self) -> Result<Document, BadCondition> {
        for (name, document) in [("args", Document::Args), ("output", Document::Output)] {
            if self.take(name) && self.rest.as_str().starts_with(['.', '[']) {
                return Ok(document);
            }
        }
        let help = "begin with args. or output., such as args.invoice.id=7 or output.new>0";
        Err(self.refuse("names no field of args or output", help))
    }

    fn path(&mut self) -> Result<Vec<JsonStep>, BadCondition> {
        let mut path = Vec::new();
        loop {
            let step = match self.rest.clone().next() {
                Some('.') => {
                    self.rest.next();
                    self.name()?
                }
                Some('[') => {
                    self.rest.next();
                    self.in_brackets()?
                }
                _ => break,
            };
            path.push(step);
        }
        if path.len() > DEEPEST {
            let wrong = format!("names a field {} levels deep", path.len());
            return Err(self.refuse(&wrong, "name one that is at most 16 levels deep"));
        }
        Ok(path)
    }

    /// Up to what ends a name. A number is the place of an item.
    fn name(&mut self) -> Result<JsonStep, BadCondition> {
        let rest = self.rest.as_str();
        let ends = |c: char| c.is_whitespace() || ".[]!=<>~\"\\".contains(c);
        let (name, rest) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        if name.is_empty() {
            let wrong = format!("has no name at character {}", self.character());
            let help =
                "put a name with unusual characters in brackets, such as args[\"odd.name\"]=7";
            return Err(self.refuse(&wrong, help));
        }
        self.rest = rest.chars();
        Ok(item(name).map_or_else(|| JsonStep::Field(name.to_owned()), JsonStep::Item))
    }

    /// `0]` or `"name"]`.
    fn in_brackets(&mut self) -> Result<JsonStep, BadCondition> {
        let help = "write the place of an item, such as output.ids[0]=7, or a name in quotes without \
            \" and \\, such as args[\"odd.name\"]=7";
        let wrong = format!("cannot be read at character {}", self.character());
        let rest = self.rest.as_str();
        let read = match rest.strip_prefix('"') {
            Some(rest) => rest.split_once("\"]").map(|(name, rest)| {
                let plain = !name.contains(|c: char| c.is_control() || "\"\\".contains(c));
                (plain.then(|| JsonStep::Field(name.to_owned())), rest)
            }),
            None => rest.split_once(']').map(|(at, rest)| (item(at).map(JsonStep::Item), rest)),
        };
        match read {
            Some((Some(step), rest)) => {
                self.rest = rest.chars();
                Ok(step)
            }
            _ => Err(self.refuse(&wrong, help)),
        }
    }

    fn comparison(&mut self) -> Result<Comparison, BadCondition> {
        self.rest = self.rest.as_str().trim_start().chars();
        for (operator, comparison) in Comparison::ALL {
            if self.take(operator) {
                return Ok(comparison);
            }
        }
        let wrong = format!("compares nothing at character {}", self.character());
        Err(self.refuse(&wrong, SYNTAX))
    }

    /// JSON, or else plain text.
    fn value(
        &self,
        written: &str,
        comparison: Comparison,
    ) -> Result<(Value, Option<String>), BadCondition> {
        match serde_json::from_str(written) {
            // SQLite has no whole numbers of this size.
            Ok(Value::Number(number)) if number.is_u64() && number.as_i64().is_none() => {
                Ok((number.as_f64().map_or(Value::Null, Value::from), Some(written.to_owned())))
            }
            Ok(value @ (Value::Number(_) | Value::Bool(_))) => {
                Ok((value, Some(written.to_owned())))
            }
            // What is null contains nothing: a text or an item that reads so.
            Ok(Value::Null) if comparison == Comparison::Contains => Ok((written.into(), None)),
            Ok(value @ Value::Null) => Ok((value, None)),
            Ok(Value::String(text)) => Ok((border::clean(text).into(), None)),
            Ok(Value::Array(_) | Value::Object(_)) => {
                let help = "compare with a text, a number, true, false or null: one field, or one item by ~";
                Err(self.refuse("compares with a list or an object", help))
            }
            Err(_) => Ok((written.into(), None)),
        }
    }
}

/// The place of an item: a number without needless zeros.
fn item(text: &str) -> Option<u32> {
    let plain = text == "0" || (!text.starts_with('0') && text.len() <= 9);
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && digits).then(|| text.parse().ok()).flatten()
}

impl Condition {
    /// The path as both databases write it.
    pub(crate) fn json_path(&self) -> String {
        let step = |step: &JsonStep| match step {
            JsonStep::Field(name) => format!(".\"{name}\""),
            JsonStep::Item(at) => format!("[{at}]"),
        };
        std::iter::once("$".to_owned()).chain(self.path.iter().map(step)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Condition {
        text.parse().unwrap_or_else(|error: BadCondition| panic!("{error}"))
    }

    #[test]
    fn a_condition_is_a_field_a_comparison_and_a_value() {
        for (text, document, path, comparison, value, as_text) in [
            ("args.level>=2", Document::Args, "$.\"level\"", Comparison::AtLeast, json!(2), true),
            ("output.new > 0", Document::Output, "$.\"new\"", Comparison::Greater, json!(0), true),
            (
                "output.sources.0.name=inbox",
                Document::Output,
                "$.\"sources\"[0].\"name\"",
                Comparison::Equal,
                json!("inbox"),
                false,
            ),
            (
                " args[\"odd.name\"][12] ~ \"7\" ",
                Document::Args,
                "$.\"odd.name\"[12]",
                Comparison::Contains,
                json!("7"),
                false,
            ),
            ("args.a!=null", Document::Args, "$.\"a\"", Comparison::Differs, json!(null), false),
            (
                "args.naïve-one=007",
                Document::Args,
                "$.\"naïve-one\"",
                Comparison::Equal,
                json!("007"),
                false,
            ),
            ("args.007=a=b", Document::Args, "$.\"007\"", Comparison::Equal, json!("a=b"), false),
            ("args.done=true", Document::Args, "$.\"done\"", Comparison::Equal, json!(true), true),
        ] {
            let condition = read(text);
            assert_eq!(
                (condition.document, condition.comparison),
                (document, comparison),
                "{text}"
            );
            assert_eq!((condition.json_path(), &condition.value), (path.into(), &value), "{text}");
            assert_eq!(condition.as_text.is_some(), as_text, "{text}");
        }
        assert_eq!(read("args.n=18446744073709551615").value, json!(18_446_744_073_709_551_615.0));
    }

    #[test]
    fn what_is_no_condition_says_where_and_how_to_fix_it() {
        let deep = format!("args{}=1", ".a".repeat(17));
        let long = format!("args.a={}", "x".repeat(256));
        for (text, wrong, help) in [
            ("params.token=1", "`params.token=1` names no field of args or output", "args."),
            ("args=1", "names no field", "args.invoice.id=7"),
            ("args.=1", "has no name at character 6", "brackets"),
            ("args.level", "compares nothing at character 11", "= != > >= < <= ~"),
            ("args.level=", "has no value", "\"\""),
            ("args.list=[1]", "compares with a list or an object", "one item by ~"),
            ("args.done>true", "compares the size of true, which has none", "= or !="),
            ("args[\"a\\\"]=1", "cannot be read at character 6", "without \" and \\"),
            ("args[-1]=1", "cannot be read at character 6", "output.ids[0]=7"),
            (&deep, "17 levels deep", "16"),
            (&long, "longer than 256 bytes", "shorten"),
        ] {
            let refused = text.parse::<Condition>().unwrap_err();
            assert!(refused.message.contains(wrong), "{text}: {refused}");
            assert!(refused.help.contains(help), "{text}: {}", refused.help);
        }
    }
}
