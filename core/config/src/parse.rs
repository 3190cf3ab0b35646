//! From text to typed values with their places. What the values mean is checked in `check`.

use std::collections::BTreeMap;

use toml::{Spanned, de::DeTable};

use super::{
    Egress, JobSettings, ProjectSettings, Retention, SharedLimit,
    diagnostic::Problem,
    edges::{self, EdgeLists},
    grants::PlacedGrants,
    hooks::{self, PlacedHook},
    joins::{self, PlacedJoin},
    keys, limits, numbers,
    plugins::{self, PlacedSources},
    reader::{Placed, Reader, TomlValue},
    table,
};
use cascade_model::Program;

/// Names by key, each with its place.
pub(super) type NameLists = Vec<(Placed<String>, Vec<Placed<String>>)>;

/// The file's content before its meaning is checked.
#[derive(Default)]
pub(super) struct Document<'i> {
    pub chains: EdgeLists,
    pub joins: Vec<PlacedJoin>,
    pub data_map: NameLists,
    pub jobs: Vec<(Placed<String>, JobTable<'i>)>,
    pub limits: Vec<(Placed<String>, SharedLimit)>,
    pub projects: BTreeMap<String, ProjectSettings>,
    pub hooks: Vec<PlacedHook>,
    pub retention: Retention,
    pub http: Egress,
    pub grants: PlacedGrants,
    pub plugins: PlacedSources,
}

/// A `[jobs.NAME]` table.
#[derive(Default)]
pub(super) struct JobTable<'i> {
    /// As they stand in the text: they are read over what the plugin says, once it is known.
    pub entries: DeTable<'i>,
    pub settings: JobSettings,
}

impl<'i> JobTable<'i> {
    /// `params` or `args`, if that is a table.
    pub fn table(&self, name: &str) -> Option<&TomlValue<'i>> {
        self.entries.get(name).filter(|value| value.get_ref().as_table().is_some())
    }
}

pub(super) fn parse(text: &str) -> (Document<'_>, Vec<Problem>) {
    let mut reader = Reader::default();
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
        reader.refuse(Problem::error("", span, format!("syntax error: {message}")));
    }
    let mut document = Document::default();
    for (key, value) in root.get_ref().iter() {
        match key.get_ref().as_ref() {
            name @ "CASCADE_CHAINS" => document.chains = edges::read(&mut reader, name, value),
            name @ "CASCADE_JOINS" => document.joins = joins::read(&mut reader, name, value),
            name @ "JOB_TO_DATA_MAP" => document.data_map = name_lists(&mut reader, name, value),
            "jobs" => document.jobs = jobs(&mut reader, value, &mut document.plugins.programs),
            "limits" => document.limits = limits::read(&mut reader, value),
            "projects" => document.projects = projects(&mut reader, value),
            name @ "retention" => {
                let entries = reader.table(name, value);
                document.retention = entries
                    .map(|e| table::read(&mut reader, name, e, Retention::default()))
                    .unwrap_or_default();
            }
            "hooks" => document.hooks = hooks::read(&mut reader, value),
            "http" => document.http = http(&mut reader, value),
            "files" => document.grants.read_files(&mut reader, value),
            "secrets" => document.grants.read_secrets(&mut reader, value),
            name @ "plugins_dir" => {
                let text = reader.text(name, value);
                document.plugins.folder =
                    text.map(|text| Placed { value: text, span: value.span() });
            }
            name @ "plugin_files" => document.plugins.files = reader.text_list(name, value),
            name @ "allow_world_writable_plugins" => {
                document.plugins.allow_world_writable =
                    reader.boolean(name, value).unwrap_or_default();
            }
            name => reader.unknown_key("", name, key.span(), &keys::under("")),
        }
    }
    for program in &mut document.plugins.programs {
        program.value.secrets = document.grants.env.iter().map(|name| name.value.clone()).collect();
    }
    numbers::check(&mut reader, root.get_ref());
    (document, reader.problems)
}

fn name_lists(reader: &mut Reader, table: &str, value: &TomlValue) -> NameLists {
    let Some(entries) = reader.table(table, value) else { return Vec::new() };
    let read = |(key, value): (&Spanned<_>, &TomlValue)| {
        let name = placed_key(key);
        let list = reader.text_list(&format!("{table}.{}", name.value), value);
        (name, list)
    };
    entries.iter().map(read).collect()
}

fn placed_key(key: &Spanned<std::borrow::Cow<'_, str>>) -> Placed<String> {
    Placed { value: key.get_ref().to_string(), span: key.span() }
}

fn jobs<'i>(
    reader: &mut Reader,
    value: &TomlValue<'i>,
    programs: &mut Vec<Placed<Program>>,
) -> Vec<(Placed<String>, JobTable<'i>)> {
    let Some(entries) = reader.table("jobs", value) else { return Vec::new() };
    let read = |(key, value): (&Spanned<_>, &TomlValue<'i>)| {
        let name = placed_key(key);
        let path = format!("jobs.{}", name.value);
        let table = job(reader, &path, value);
        let executable = value.get_ref().as_table().and_then(|table| table.get("executable"));
        let program = executable.and_then(|executable| {
            plugins::executable(reader, &name.value, &format!("{path}.executable"), executable)
        });
        programs.extend(program.map(|program| Placed { value: program, span: name.span.clone() }));
        (name, table)
    };
    entries.iter().map(read).collect()
}

fn job<'i>(reader: &mut Reader, path: &str, value: &TomlValue<'i>) -> JobTable<'i> {
    let entries = reader.table(path, value).cloned().unwrap_or_default();
    JobTable { entries, ..JobTable::default() }
}

fn http(reader: &mut Reader, value: &TomlValue) -> Egress {
    let mut egress = Egress::default();
    let Some(entries) = reader.table("http", value) else { return egress };
    for (key, value) in entries.iter() {
        let name = key.get_ref().as_ref();
        if name != "allow" {
            reader.unknown_key("http", name, key.span(), &["allow"]);
            continue;
        }
        for Placed { value: text, span } in reader.text_list("http.allow", value) {
            match text.parse() {
                Ok(allowed) => egress.allow.push(allowed),
                Err(()) => reader.refuse(
                    Problem::error("http.allow", span, format!("`{text}` is no address and no host"))
                        .help("write an address, a network such as \"10.0.0.0/8\", or a host name without scheme and port"),
                ),
            }
        }
    }
    egress
}

fn projects(reader: &mut Reader, value: &TomlValue) -> BTreeMap<String, ProjectSettings> {
    let mut projects = BTreeMap::new();
    let Some(entries) = reader.table("projects", value) else { return projects };
    for (key, value) in entries.iter() {
        let slug = key.get_ref().to_string();
        let path = format!("projects.{slug}");
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if slug.is_empty() || slug.len() > 64 || !slug.chars().all(fits) {
            reader.refuse(
                Problem::error(&path, key.span(), format!("bad project name `{slug}`")).help(
                    "use 1 to 64 of a-z, 0-9, `-` and `_`; the display name goes into `name`",
                ),
            );
        }
        let Some(entries) = reader.table(&path, value) else { continue };
        let mut settings = table::read(reader, &path, entries, ProjectSettings::default());
        if settings.name.is_empty() {
            settings.name.clone_from(&slug);
        }
        projects.insert(slug, settings);
    }
    projects
}
