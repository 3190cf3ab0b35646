//! Numbers that TOML has and JSON, which jobs read, has not: they would become null.

use toml::de::{DeTable, DeValue};

use super::{
    diagnostic::Problem,
    reader::{Reader, TomlValue},
};

/// Refuses `inf`, `nan` and integers of more than 64 bits, anywhere in the file.
pub(super) fn check(reader: &mut Reader, root: &DeTable<'_>) {
    table(reader, "", root);
}

fn table(reader: &mut Reader, path: &str, entries: &DeTable<'_>) {
    for (key, entry) in entries.iter() {
        let key = key.get_ref();
        let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        value(reader, &path, entry);
    }
}

fn value(reader: &mut Reader, path: &str, of: &TomlValue<'_>) {
    let fits = match of.get_ref() {
        DeValue::Float(number) => number.as_str().parse::<f64>().is_ok_and(f64::is_finite),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).is_ok(),
        DeValue::Array(all) => {
            all.iter().for_each(|one| value(reader, path, one));
            true
        }
        DeValue::Table(entries) => {
            table(reader, path, entries);
            true
        }
        _ => true,
    };
    // A key that takes other numbers has been told of.
    let is_told = || reader.problems.iter().any(|known| known.span == of.span());
    if !fits && !is_told() {
        let problem = Problem::error(path, of.span(), format!("`{path}` is no number of JSON"));
        reader
            .refuse(problem.help("write a finite number of at most 64 bits, or a text in quotes"));
    }
}

#[cfg(test)]
mod tests {
    use crate::parse::parse;

    #[test]
    fn numbers_that_json_does_not_have_are_refused_where_they_stand() {
        for (number, refused) in [
            ("1.5", 0),
            ("-7", 0),
            ("0xff", 0),
            ("inf", 1),
            ("nan", 1),
            ("[1, -inf]", 1),
            ("{ deep = { x = nan } }", 1),
            ("99999999999999999999", 1),
        ] {
            let text = format!("[jobs.a.params]\nx = {number}\n[jobs.a.args]\ny = 1\n");
            let problems = parse(&text).1;
            assert_eq!(problems.len(), refused, "{number}");
            assert!(problems.iter().all(|one| one.key.starts_with("jobs.a.params.x")), "{number}");
        }
    }

    #[test]
    fn a_key_that_takes_other_numbers_is_told_of_once() {
        assert_eq!(parse("[jobs.a]\nmax_attempts = inf\n").1.len(), 1);
    }
}
