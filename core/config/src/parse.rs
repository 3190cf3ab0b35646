//! From text to typed values with their places. What the values mean is checked in `check`.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use serde_json::Value;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Backoff, Egress, ProjectSettings, Retention, Schedule,
    diagnostic::Problem,
    grants::PlacedGrants,
    keys,
    plugins::{self, PlacedSources},
    reader::{Placed, Reader, TomlValue, to_json},
};
use cascade_model::{MOST_ATTEMPTS, MOST_RUNS, Program};

/// Names by key, each with its place: the shape of both upper-case tables.
pub(super) type NameLists = Vec<(Placed<String>, Vec<Placed<String>>)>;

/// The file's content before its meaning is checked.
#[derive(Default)]
pub(super) struct Document<'i> {
    pub chains: NameLists,
    pub data_map: NameLists,
    pub jobs: Vec<(Placed<String>, JobTable<'i>)>,
    pub projects: BTreeMap<String, ProjectSettings>,
    pub retention: Retention,
    pub http: Egress,
    pub grants: PlacedGrants,
    pub plugins: PlacedSources,
}

/// A `[jobs.NAME]` table.
#[derive(Default)]
pub(super) struct JobTable<'i> {
    pub schedule: Option<Schedule>,
    pub enabled: Option<bool>,
    pub timeout: Option<Duration>,
    pub max_attempts: Option<u32>,
    pub concurrency: Option<u32>,
    pub backoff: BackoffTable,
    pub params: Option<TomlValue<'i>>,
}

/// The keys of a `backoff`; those that are left out are the plugin's or the host's.
#[derive(Default)]
pub(super) struct BackoffTable {
    pub initial: Option<Duration>,
    pub max: Option<Placed<Duration>>,
    pub factor: Option<f64>,
}

impl BackoffTable {
    /// With what holds for the keys that are left out.
    pub fn over(&self, defaults: Backoff) -> Backoff {
        let initial = self.initial.unwrap_or(defaults.initial);
        let max = self.max.as_ref().map_or(defaults.max.max(initial), |max| max.value);
        Backoff { initial, max, factor: self.factor.unwrap_or(defaults.factor) }
    }
}

impl JobTable<'_> {
    pub fn params_json(&self) -> Value {
        let params = self.params.as_ref().map(|value| to_json(value.get_ref()));
        params.unwrap_or_else(|| Value::Object(serde_json::Map::new()))
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
            name @ "CASCADE_CHAINS" => document.chains = name_lists(&mut reader, name, value),
            name @ "JOB_TO_DATA_MAP" => document.data_map = name_lists(&mut reader, name, value),
            "jobs" => document.jobs = jobs(&mut reader, value, &mut document.plugins.programs),
            "projects" => document.projects = projects(&mut reader, value),
            "retention" => document.retention = retention(&mut reader, value),
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
    let mut job = JobTable::default();
    let Some(entries) = reader.table(path, value) else { return job };
    let (mut every, mut cron, mut zone) = (None, None, None);
    for (key, value) in entries.iter() {
        let name = key.get_ref().as_ref();
        let at = format!("{path}.{name}");
        match name {
            "every" => every = Some((key.span(), reader.duration(&at, value))),
            "cron" => cron = reader.text(&at, value).map(|line| (key.span(), line, value.span())),
            "timezone" => zone = Some((key.span(), time_zone(reader, &at, value))),
            "enabled" => job.enabled = reader.boolean(&at, value),
            "timeout" => job.timeout = reader.duration(&at, value),
            "max_attempts" => job.max_attempts = reader.count(&at, value, MOST_ATTEMPTS),
            "concurrency" => job.concurrency = reader.count(&at, value, MOST_RUNS),
            "backoff" => {
                job.backoff = backoff(reader, &at, value, "jobs.*.backoff").unwrap_or_default();
            }
            "params" if reader.table(&at, value).is_some() => job.params = Some(value.clone()),
            // The executable is read by itself.
            "params" | "executable" => {}
            other => reader.unknown_key(path, other, key.span(), &keys::under("jobs.*")),
        }
    }
    if let (Some((span, _)), Some(_)) = (&every, &cron) {
        reader.refuse(
            Problem::error(
                &format!("{path}.every"),
                span.clone(),
                "both `every` and `cron` are set",
            )
            .help("keep one of them"),
        );
    }
    if let (Some((span, _)), None) = (&zone, &cron) {
        reader.refuse(
            Problem::error(&format!("{path}.timezone"), span.clone(), "`timezone` without `cron`")
                .help("add `cron`, or remove `timezone`: `every` needs none"),
        );
    }
    let zone = zone.map_or(Some(chrono_tz::UTC), |(_, zone)| zone);
    job.schedule = match (cron, every) {
        // A bad zone has been told; the line is still checked.
        (Some((_, line, span)), _) => {
            cron_line(reader, path, &line, span, zone.unwrap_or(chrono_tz::UTC))
        }
        (None, every) => every.and_then(|(_, pause)| pause).map(Schedule::Every),
    };
    job
}

fn cron_line(
    reader: &mut Reader,
    path: &str,
    line: &str,
    span: Range<usize>,
    zone: chrono_tz::Tz,
) -> Option<Schedule> {
    match Schedule::cron(line, zone) {
        Ok(schedule) => {
            if schedule.next_after(chrono::Utc::now()).is_none() {
                reader.refuse(
                    Problem::warning(
                        &format!("{path}.cron"),
                        span,
                        "the last time of this cron line has passed",
                    )
                    .label("the job no longer runs by itself")
                    .help("change the year (the seventh field), or remove `cron`"),
                );
            }
            Some(schedule)
        }
        Err(error) => {
            reader.refuse(
                Problem::error(&format!("{path}.cron"), span, format!("bad cron line \"{line}\""))
                    .label(error)
                    .help("five fields: minute hour day-of-month month day-of-week, as in \"0 6 * * 1-5\""),
            );
            None
        }
    }
}

fn time_zone(reader: &mut Reader, path: &str, value: &TomlValue) -> Option<chrono_tz::Tz> {
    let name = reader.text(path, value)?;
    let zone = name.parse().ok();
    if zone.is_none() {
        let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let mut problem =
            Problem::error(path, value.span(), format!("unknown time zone \"{name}\""))
                .suggest(&name, known);
        // Six hundred names are no help.
        problem.help = problem
            .help
            .filter(|help| help.starts_with("did you mean"))
            .or_else(|| Some("write an IANA name, such as \"UTC\" or \"Europe/Berlin\"".into()));
        reader.refuse(problem);
    }
    zone
}

/// Reads a table, whose known keys stand under `known`, or the first pause alone.
pub(super) fn backoff(
    reader: &mut Reader,
    path: &str,
    value: &TomlValue,
    known: &str,
) -> Option<BackoffTable> {
    let mut backoff = BackoffTable::default();
    if let DeValue::String(_) = value.get_ref() {
        backoff.initial = reader.duration(path, value);
        return Some(backoff);
    }
    for (key, value) in reader.table(path, value)?.iter() {
        let name = key.get_ref().as_ref();
        let at = format!("{path}.{name}");
        match name {
            "initial" => backoff.initial = reader.duration(&at, value),
            "max" => {
                let max = reader.duration(&at, value);
                backoff.max = max.map(|max| Placed { value: max, span: value.span() });
            }
            "factor" => backoff.factor = reader.number(&at, value, 1.0..100.0),
            other => reader.unknown_key(path, other, key.span(), &keys::under(known)),
        }
    }
    Some(backoff)
}

fn retention(reader: &mut Reader, value: &TomlValue) -> Retention {
    let mut retention = Retention::default();
    let Some(entries) = reader.table("retention", value) else { return retention };
    for (key, value) in entries.iter() {
        let name = key.get_ref().as_ref();
        let at = format!("retention.{name}");
        let kept = match name {
            "runs" => &mut retention.runs,
            "logs" => &mut retention.logs,
            "events" => &mut retention.events,
            other => {
                reader.unknown_key("retention", other, key.span(), &keys::under("retention"));
                continue;
            }
        };
        if let Some(duration) = reader.duration(&at, value) {
            *kept = duration;
        }
    }
    retention
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
        let (mut name, mut concurrency) = (slug.clone(), None);
        let Some(entries) = reader.table(&path, value) else { continue };
        for (key, value) in entries.iter() {
            match key.get_ref().as_ref() {
                "name" => {
                    if let Some(text) = reader.text(&format!("{path}.name"), value) {
                        name = text;
                    }
                }
                "concurrency" => {
                    concurrency = reader.count(&format!("{path}.concurrency"), value, MOST_RUNS);
                }
                other => reader.unknown_key(&path, other, key.span(), &keys::under("projects.*")),
            }
        }
        projects.insert(slug, ProjectSettings { name, concurrency });
    }
    projects
}
