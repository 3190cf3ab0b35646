//! Reads hooks from the file.

use std::{collections::BTreeMap, time::Duration};

use cascade_expr::Expression;
use toml::{Spanned, de::DeTable};

use super::{Hook, HookScheme, PlacedHook};
use crate::{
    Rate,
    diagnostic::Problem,
    edges, keys,
    kind::Kind,
    rate::RateText,
    reader::{Placed, Reader, TomlValue},
};

/// The longest name of a hook, bytes.
const LONGEST_NAME: usize = 64;
/// The most secrets of a hook: each is tried on each delivery.
const MOST_SECRETS: usize = 8;

/// Reads the whole table.
pub(crate) fn read(reader: &mut Reader, value: &TomlValue) -> Vec<PlacedHook> {
    let Some(entries) = reader.table("hooks", value) else { return Vec::new() };
    let read = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, &TomlValue)| {
        let name = Placed { value: key.get_ref().to_string(), span: key.span() };
        hook(reader, name, value)
    };
    entries.iter().filter_map(read).collect()
}

fn hook(reader: &mut Reader, name: Placed<String>, value: &TomlValue) -> Option<PlacedHook> {
    let path = format!("hooks.{}", name.value);
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let length = name.value.len();
    if !(1..=LONGEST_NAME).contains(&length) || !name.value.chars().all(fits) {
        let message = format!("bad name of a hook `{}`", name.value);
        let help = "use 1 to 64 of a-z, 0-9, `-` and `_`: it stands in the address";
        reader.refuse(Problem::error(&path, name.span.clone(), message).help(help));
        return None;
    }
    let entries = reader.table(&path, value)?;
    let known = keys::under("hooks.*");
    for (key, _) in entries.iter() {
        let key_name = key.get_ref().as_ref();
        if !known.contains(&key_name) {
            reader.unknown_key(&path, key_name, key.span(), &known);
        }
    }
    let mut keys = Keys { reader, path: &path, entries, places: BTreeMap::new() };
    let project_from = keys.expression("project_from");
    let (args, key) = (keys.args(), keys.expression("key"));
    let (when, once) = (keys.expression("when"), keys.expression("once"));
    let (rate, tolerance) = (keys.rate(), keys.duration("tolerance"));
    let project = keys.text("project");
    let job = keys.required("job", "name the job that is to run: job = \"NAME\"", &name);
    let help = "say how deliveries are signed: scheme = \"github\" or \"stripe\"";
    let scheme = keys.required("scheme", help, &name);
    let (secrets, scheme) = (keys.secrets(&name), keys.scheme(scheme));
    if project.is_some() && project_from.is_some() {
        keys.fault(
            "project_from",
            "`project` and `project_from` exclude each other",
            "keep one of them",
        );
    }
    if tolerance.is_some() && scheme == Some(HookScheme::Github) {
        let help = "leave it out: GitHub signs no time";
        keys.fault("tolerance", "`tolerance` is of a hook with the scheme \"stripe\"", help);
    }
    let places = keys.places;
    let hook = Hook {
        job: job?,
        scheme: scheme?,
        secrets: secrets.iter().map(|secret| secret.value.clone()).collect(),
        project,
        project_from,
        args,
        key,
        when,
        once,
        rate: rate.unwrap_or(Hook::RATE),
        tolerance: tolerance.unwrap_or(Hook::TOLERANCE),
    };
    Some(PlacedHook { name, hook, secrets, places })
}

/// The keys of one hook.
struct Keys<'r, 'v, 'i> {
    reader: &'r mut Reader,
    path: &'r str,
    entries: &'v DeTable<'i>,
    places: BTreeMap<String, std::ops::Range<usize>>,
}

impl<'v, 'i> Keys<'_, 'v, 'i> {
    fn of(&mut self, name: &str) -> Option<(String, &'v TomlValue<'i>)> {
        let value = self.entries.get(name)?;
        self.places.insert(name.into(), value.span());
        Some((format!("{}.{name}", self.path), value))
    }

    fn fault(&mut self, name: &str, message: &str, help: &str) {
        let place = self.places.get(name).cloned().unwrap_or_default();
        let key = format!("{}.{name}", self.path);
        self.reader.refuse(Problem::error(&key, place, message).help(help));
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let (key, value) = self.of(name)?;
        self.reader.text(&key, value)
    }

    fn required(&mut self, name: &str, help: &str, hook: &Placed<String>) -> Option<String> {
        if self.entries.get(name).is_none() {
            let message = format!("the hook `{}` has no `{name}`", hook.value);
            self.reader.refuse(Problem::error(self.path, hook.span.clone(), message).help(help));
        }
        self.text(name)
    }

    fn scheme(&mut self, text: Option<String>) -> Option<HookScheme> {
        let text = text?;
        let scheme = text.parse().ok();
        if scheme.is_none() {
            let place = self.places.get("scheme").cloned().unwrap_or_default();
            let key = format!("{}.scheme", self.path);
            let problem = Problem::error(&key, place, format!("unknown scheme `{text}`"));
            self.reader.refuse(problem.suggest(&text, HookScheme::NAMES));
        }
        scheme
    }

    fn secrets(&mut self, hook: &Placed<String>) -> Vec<Placed<String>> {
        let help = "write secrets = [\"NAME\"], and the same name in `env` of `[secrets]`";
        let Some((key, value)) = self.of("secrets") else {
            let message = format!("the hook `{}` has no `secrets`", hook.value);
            self.reader.refuse(Problem::error(self.path, hook.span.clone(), message).help(help));
            return Vec::new();
        };
        let is_list = value.get_ref().as_array().is_some();
        let secrets = self.reader.text_list(&key, value);
        if is_list && secrets.is_empty() {
            self.fault("secrets", "`secrets` names no variable", help);
        } else if secrets.len() > MOST_SECRETS {
            self.fault("secrets", "`secrets` names more than 8 variables", "keep those in use");
        }
        secrets
    }

    fn rate(&mut self) -> Option<Rate> {
        let (key, value) = self.of("rate")?;
        RateText { shortest: Duration::ZERO, example: "60/1m" }.read(self.reader, &key, value)
    }

    fn duration(&mut self, name: &str) -> Option<Duration> {
        let (key, value) = self.of(name)?;
        self.reader.duration(&key, value)
    }

    fn expression(&mut self, name: &str) -> Option<Expression> {
        let (key, value) = self.of(name)?;
        let text = self.reader.text(&key, value)?;
        edges::compile(self.reader, &key, value, &text)
    }

    fn args(&mut self) -> Option<BTreeMap<String, edges::EdgeArg>> {
        let (key, value) = self.of("args")?;
        edges::args(self.reader, &key, value, &mut self.places)
    }
}
