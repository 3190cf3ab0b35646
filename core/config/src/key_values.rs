//! `[jobs.NAME.keys."VALUE"]`: numbers of single keys, in place of those of their job.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cascade_model::{LONGEST_KEY, MOST_RUNS_OF_KEY};
use serde_json::{Value, json};

use super::{
    diagnostic::Problem,
    kind::{Count, Kind, Optional},
    limits::SHORTEST,
    rate::{Rate, RateText},
    reader::{Reader, TomlValue},
    table::{self, table},
};

/// Keys of a job that have numbers.
const MOST_VALUES: usize = 1000;

table! {
    /// One `[jobs.NAME.keys."VALUE"]` table.
    pub struct KeySettings at "jobs.*.keys.*" {
        /// Runs of this key at a time; the job's `runs_per_key` if left out.
        #[key(Optional(Count(MOST_RUNS_OF_KEY)))]
        pub runs_per_key: Option<u32> = None,

        /// Runs of this key that may begin in any such time, such as "1000/1m"; the job's `rate_per_key` if left out.
        #[key(Optional(RateText { shortest: SHORTEST, example: "1000/1m" }))]
        pub rate_per_key: Option<Rate> = None,
    }
}

/// Tables by key.
pub(crate) struct KeyValues;

impl Kind for KeyValues {
    type Value = BTreeMap<String, KeySettings>;
    const NAME: &'static str = "table";

    fn schema(&self) -> Value {
        let name = json!({"minLength": 1, "maxLength": LONGEST_KEY});
        json!({"type": "object", "propertyNames": name, "maxProperties": MOST_VALUES})
    }

    fn read(&self, reader: &mut Reader, key: &str, value: &TomlValue) -> Option<Self::Value> {
        let entries = reader.table(key, value)?;
        if entries.len() > MOST_VALUES {
            let message = format!(
                "`{key}` has {} keys, and at most {MOST_VALUES} may have numbers of theirs",
                entries.len()
            );
            let help = "leave to the job's own numbers what most keys have";
            reader.refuse(Problem::error(key, value.span(), message).help(help));
            return None;
        }
        let mut values = BTreeMap::new();
        for (name, value) in entries.iter() {
            let path = format!("{key}.{}", name.get_ref());
            if !(1..=LONGEST_KEY).contains(&name.get_ref().len()) {
                let message = format!("a key has 1 to {LONGEST_KEY} bytes");
                let help =
                    "of a longer text that `key_from` finds the key is `sha256:` with its SHA-256";
                reader.refuse(Problem::error(&path, name.span(), message).help(help));
                continue;
            }
            let Some(entries) = reader.table(&path, value) else { continue };
            let told = reader.problems.len();
            let settings = table::read(reader, &path, entries, KeySettings::default());
            if settings == KeySettings::default() && reader.problems.len() == told {
                let message = format!("the key `{}` has no number", name.get_ref());
                let problem = Problem::error(&path, name.span(), message);
                reader.refuse(
                    problem.help("set `runs_per_key`, `rate_per_key` or both, or remove it"),
                );
            }
            values.insert(name.get_ref().to_string(), settings);
        }
        Some(values)
    }

    fn write(&self, value: &Self::Value) -> Value {
        json!(value)
    }
}
