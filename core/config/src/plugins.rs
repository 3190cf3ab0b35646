//! What jobs.toml says of plugins: `plugins_dir`, `plugin_files`, and jobs that are programs.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
    time::Duration,
};

use cascade_sdk::{Backoff, Defaults};
use serde_json::{Value, json};

use super::{
    diagnostic::Problem,
    job::Growing,
    keys,
    kind::Kind,
    reader::{Placed, Reader, TomlValue, to_json},
};
use cascade_model::{
    Limits, MOST_ATTEMPTS, MOST_RUNS, PluginFault, PluginSources, Program, RowsView, Source,
};

/// Plugin sources with their places.
#[derive(Default)]
pub(super) struct PlacedSources {
    pub folder: Option<Placed<String>>,
    pub files: Vec<Placed<String>>,
    pub allow_world_writable: bool,
    pub programs: Vec<Placed<Program>>,
}

/// Rows of a program's view that are kept for each project, if it does not say.
const KEEP: u32 = 1000;
/// A view's rows are sorted in memory.
const MOST_KEPT: u32 = 10_000;

impl PlacedSources {
    /// With paths that start at the folder of jobs.toml.
    pub fn resolve(&self, base: &Path) -> PluginSources {
        let program =
            |placed: &Placed<Program>| Program { folder: base.to_owned(), ..placed.value.clone() };
        PluginSources {
            folder: self.folder.as_ref().map(|folder| base.join(&folder.value)),
            files: self.files.iter().map(|file| base.join(&file.value)).collect(),
            allow_world_writable: self.allow_world_writable,
            programs: self.programs.iter().map(program).collect(),
        }
    }

    /// A fault in the place that named the plugin.
    pub fn problem(&self, source: Source, fault: &PluginFault) -> Problem {
        let folder = || self.folder.as_ref().map(|folder| ("plugins_dir".into(), &folder.span));
        let (key, span): (String, _) = match source {
            Source::Folder => folder(),
            Source::File(at) => self.files.get(at).map(|file| ("plugin_files".into(), &file.span)),
            Source::Program(at) => self
                .programs
                .get(at)
                .map(|program| (format!("jobs.{}.executable", program.value.job), &program.span)),
        }
        .map_or((String::new(), 0..0), |(key, span): (String, &Range<usize>)| (key, span.clone()));
        let problem = match fault.leaves_open() {
            true => Problem::warning(&key, span, fault.to_string()),
            false => Problem::error(&key, span, fault.to_string()),
        };
        problem.help(fault.help())
    }
}

/// A `[jobs.NAME.executable]` table.
pub(super) fn executable(
    reader: &mut Reader,
    job: &str,
    path: &str,
    value: &TomlValue,
) -> Option<Program> {
    let mut program = Program {
        job: job.to_owned(),
        description: "An external program.".into(),
        version: "0".into(),
        command: Vec::new(),
        folder: Default::default(),
        env: BTreeMap::new(),
        secrets: BTreeSet::new(),
        limits: Limits::default(),
        params_schema: json!({}),
        args_schema: json!({}),
        output_schema: json!({}),
        defaults: Defaults::new(),
        view: None,
    };
    for (key, value) in reader.table(path, value)?.iter() {
        let name = key.get_ref().as_ref();
        let at = format!("{path}.{name}");
        match name {
            "command" => {
                let words = reader.text_list(&at, value);
                program.command = words.into_iter().map(|word| word.value).collect();
            }
            "description" => program.description = reader.text(&at, value).unwrap_or_default(),
            "version" => program.version = reader.text(&at, value).unwrap_or_default(),
            "env" => program.env = environment(reader, &at, value),
            "limits" => program.limits = limits(reader, &at, value),
            "params_schema" | "args_schema" | "output_schema" => {
                let Some(schema) = schema(reader, &at, value) else { continue };
                match name {
                    "params_schema" => program.params_schema = schema,
                    "args_schema" => program.args_schema = schema,
                    _ => program.output_schema = schema,
                }
            }
            "defaults" => program.defaults = defaults(reader, &at, value),
            "view" => program.view = view(reader, &at, value),
            other => reader.unknown_key(path, other, key.span(), &keys::under("jobs.*.executable")),
        }
    }
    if program.command.is_empty() {
        let message = format!("`{path}` needs a `command`");
        reader.refuse(Problem::error(&format!("{path}.command"), value.span(), message).help(
            "a list of the program and its arguments: command = [\"python3\", \"check.py\"]",
        ));
        return None;
    }
    Some(program)
}

fn environment(reader: &mut Reader, path: &str, value: &TomlValue) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let Some(entries) = reader.table(path, value) else { return env };
    for (key, value) in entries.iter() {
        let name = key.get_ref().to_string();
        if let Some(text) = reader.text(&format!("{path}.{name}"), value) {
            env.insert(name, text);
        }
    }
    env
}

fn limits(reader: &mut Reader, path: &str, value: &TomlValue) -> Limits {
    let mut limits = Limits::default();
    let Some(entries) = reader.table(path, value) else { return limits };
    for (key, value) in entries.iter() {
        let name = key.get_ref().as_ref();
        let at = format!("{path}.{name}");
        match name {
            "memory" => limits.memory = bytes(reader, &at, value),
            "file_size" => limits.file_size = bytes(reader, &at, value),
            "cpu" => {
                limits.cpu =
                    reader.duration(&at, value).map(|time| time.max(Duration::from_secs(1)))
            }
            "open_files" => limits.open_files = reader.count(&at, value, 1_000_000),
            other => reader.unknown_key(
                path,
                other,
                key.span(),
                &keys::under("jobs.*.executable.limits"),
            ),
        }
    }
    limits
}

fn defaults(reader: &mut Reader, path: &str, value: &TomlValue) -> Defaults {
    const KNOWN: &str = "jobs.*.executable.defaults";
    let mut defaults = Defaults::new();
    let Some(entries) = reader.table(path, value) else { return defaults };
    for (key, value) in entries.iter() {
        let name = key.get_ref().as_ref();
        let at = format!("{path}.{name}");
        match name {
            "timeout" => defaults.timeout = reader.duration(&at, value),
            "max_attempts" => defaults.max_attempts = reader.count(&at, value, MOST_ATTEMPTS),
            "concurrency" => defaults.concurrency = reader.count(&at, value, MOST_RUNS),
            "backoff" => {
                let backoff = Growing.read(reader, &at, value);
                let of_plugin = |b: super::Backoff| Backoff::new(b.initial, b.max).factor(b.factor);
                defaults.backoff = backoff.map(of_plugin);
            }
            other => reader.unknown_key(path, other, key.span(), &keys::under(KNOWN)),
        }
    }
    defaults
}

fn bytes(reader: &mut Reader, path: &str, value: &TomlValue) -> Option<u64> {
    let text = reader.text(path, value)?;
    match text.parse::<bytesize::ByteSize>() {
        Ok(size) if size.as_u64() > 0 => Some(size.as_u64()),
        _ => {
            reader.refuse(
                Problem::error(path, value.span(), format!("bad size \"{text}\""))
                    .help("write a number and a unit, such as \"512MiB\" or \"2GB\""),
            );
            None
        }
    }
}

fn schema(reader: &mut Reader, path: &str, value: &TomlValue) -> Option<Value> {
    reader.table(path, value)?;
    let schema = to_json(value.get_ref());
    match jsonschema::validator_for(&schema) {
        Ok(_) => Some(schema),
        Err(error) => {
            let message = format!("`{path}` is no JSON Schema: {error}");
            reader.refuse(Problem::error(path, value.span(), message));
            None
        }
    }
}

fn view(reader: &mut Reader, path: &str, value: &TomlValue) -> Option<RowsView> {
    let mut key_name = None;
    let mut view = RowsView {
        key: String::new(),
        description: "What the program gave out.".into(),
        row_schema: json!({}),
        keep: KEEP,
    };
    for (key, value) in reader.table(path, value)?.iter() {
        let name = key.get_ref().as_ref();
        let at = format!("{path}.{name}");
        match name {
            "key" => key_name = reader.text(&at, value),
            "description" => view.description = reader.text(&at, value).unwrap_or_default(),
            "row_schema" => {
                if let Some(schema) = schema(reader, &at, value) {
                    view.row_schema = schema;
                }
            }
            "keep" => view.keep = reader.count(&at, value, MOST_KEPT).unwrap_or(KEEP),
            other => {
                reader.unknown_key(path, other, key.span(), &keys::under("jobs.*.executable.view"))
            }
        }
    }
    match key_name {
        Some(key) => Some(RowsView { key, ..view }),
        None => {
            let message = format!("`{path}` needs a `key`");
            reader.refuse(
                Problem::error(path, value.span(), message)
                    .help("the data key that JOB_TO_DATA_MAP and the screen use"),
            );
            None
        }
    }
}
