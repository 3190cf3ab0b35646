//! What jobs.toml may say: the keys, for suggestions here, for completion in editors, and as a JSON Schema.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{
    Backoff, JobSettings, KeySettings, ProjectSettings, Retention, SharedLimit, edges, hooks,
    job::OF_PLUGINS, joins, kind::Kind, table::Table,
};

/// A key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Dotted; `*` stands for a name that the file chooses.
    pub path: String,
    /// `text`, `duration`, `time_zone`, `integer`, `number`, `boolean`, `list` or `table`.
    pub kind: &'static str,
    /// One sentence.
    pub description: String,
    /// The JSON Schema of its value. One with a `title` has a field in forms, whose words in Russian are
    /// `x-ru`; `x-kind` is the kind of a text, and `x-alone` the key that a table's place may hold alone.
    pub schema: Value,
}

impl Key {
    /// A key of a [`Table`]. `words` are those of its field in forms: title, title and text in Russian.
    pub(super) fn declared<K: Kind>(
        path: &str,
        kind: &K,
        about: &str,
        words: &[&str],
        default: &K::Value,
    ) -> Self {
        let (mut schema, default) = (kind.schema(), kind.write(default));
        schema["description"] = about.into();
        if let [title, title_ru, about_ru] = words {
            schema["title"] = (*title).into();
            schema["x-ru"] = json!({"title": title_ru, "description": about_ru});
        }
        let mut description = about.to_owned();
        let says_nothing = default.is_null() || default == "" || default == json!([]);
        if !says_nothing {
            if !default.is_object() {
                let own = if is_of_plugins(path) { "the plugin's default or " } else { "" };
                description =
                    format!("{}; {own}{default} if left out.", about.trim_end_matches('.'));
            }
            schema["default"] = default;
        }
        Self { path: path.into(), kind: K::NAME, description, schema }
    }

    /// A key that is read by code of its own.
    fn plain(&(path, kind, description): &(&str, &'static str, &str)) -> Self {
        let mut schema = match kind {
            _ if path == "hooks.*.scheme" => {
                json!({"type": "string", "enum": hooks::HookScheme::NAMES})
            }
            "text" => json!({"type": "string"}),
            "duration" => json!({"type": "string", "x-kind": kind}),
            _ if path == "CASCADE_CHAINS.*" => edges::schema(),
            _ if path == "CASCADE_JOINS.*" => joins::schema(),
            "list" => json!({"type": "array", "items": {"type": "string"}}),
            "table" => json!({"type": "object"}),
            other => json!({"type": other}),
        };
        schema["description"] = description.into();
        Self { path: path.into(), kind, description: description.into(), schema }
    }
}

/// All of them; a table stands before its keys.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    PLAIN.iter().chain(&hooks::KEYS).map(Key::plain).flat_map(with_keys).collect()
});

/// Where the numbers of a key stand.
const KEY_VALUE: &str = "jobs.*.keys.*";

/// Where a program says what holds without a setting of the file.
const OF_PROGRAMS: &str = "jobs.*.executable.defaults";

/// Whether a plugin may have another default for a key than the host.
fn is_of_plugins(path: &str) -> bool {
    let name = path.strip_prefix("jobs.*.").and_then(|path| path.split('.').next());
    name.is_some_and(|name| OF_PLUGINS.contains(&name))
}

fn with_keys(table: Key) -> Vec<Key> {
    let below = match &*table.path {
        "jobs.*" => JobSettings::keys(),
        "jobs.*.backoff" => Backoff::keys(),
        "jobs.*.keys" => vec![Key::plain(&(KEY_VALUE, "table", "Numbers of one key."))],
        KEY_VALUE => KeySettings::keys(),
        // The keys of which a plugin may say something, as a program says it.
        OF_PROGRAMS => {
            let keys = JobSettings::keys().into_iter().flat_map(with_keys);
            let of_programs = keys.filter(|key| is_of_plugins(&key.path));
            let moved = |key: Key| Key { path: key.path.replacen("jobs.*", OF_PROGRAMS, 1), ..key };
            return std::iter::once(table).chain(of_programs.map(moved)).collect();
        }
        "limits.*" => SharedLimit::keys(),
        "projects.*" => ProjectSettings::keys(),
        "retention" => Retention::keys(),
        _ => Vec::new(),
    };
    std::iter::once(table).chain(below.into_iter().flat_map(with_keys)).collect()
}

/// The JSON Schema of jobs.toml.
pub fn schema() -> Value {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jobs.toml",
        "type": "object",
    });
    for key in KEYS.iter() {
        let mut at = &mut root;
        for name in key.path.split('.') {
            at = match name {
                "*" => &mut at["additionalProperties"],
                name => {
                    at["additionalProperties"] = false.into();
                    &mut at["properties"][name]
                }
            };
        }
        *at = key.schema.clone();
    }
    root
}

/// Path, kind and description of the keys that code of their own reads.
const PLAIN: [(&str, &str, &str); 41] = [
    ("http", "table", "What plugins may connect to beside public addresses."),
    (
        "http.allow",
        "list",
        "Addresses, networks and host names, such as \"127.0.0.1\" or \"10.0.0.0/8\".",
    ),
    ("files", "table", "Which files plugins may read."),
    (
        "files.allow",
        "list",
        "Folders beneath which plugins read files; the folder of jobs.toml if left out.",
    ),
    ("secrets", "table", "Which secrets of the host's environment plugins may read."),
    ("secrets.env", "list", "Names of environment variables, such as \"OPENAI_API_KEY\"."),
    ("CASCADE_CHAINS", "table", "Which jobs a job makes due, in the same project, when it ends."),
    (
        "CASCADE_CHAINS.*",
        "list",
        "The jobs that follow this one: names, or tables such as { job = \"NAME\", when = \"output.new > 0\" }.",
    ),
    ("CASCADE_JOINS", "table", "Which jobs run once several others have ended."),
    (
        "CASCADE_JOINS.*",
        "table",
        "What this job waits for, such as { all_of = [\"NAME\", \"OTHER\"], within = \"1h\" }.",
    ),
    ("JOB_TO_DATA_MAP", "table", "What a screen must refetch when a job is done."),
    ("JOB_TO_DATA_MAP.*", "list", "The data keys that this job changes."),
    ("jobs", "table", "One table for each job that needs more than the defaults."),
    ("jobs.*", "table", "Settings of one job."),
    ("jobs.*.executable", "table", "Makes this job an external program."),
    ("jobs.*.executable.command", "list", "The program and its arguments."),
    ("jobs.*.executable.description", "text", "One sentence about the job."),
    ("jobs.*.executable.version", "text", "The program's version."),
    ("jobs.*.executable.env", "table", "Environment variables that the program is given."),
    ("jobs.*.executable.limits", "table", "What the program may use."),
    ("jobs.*.executable.limits.memory", "text", "Memory, such as \"512MiB\"."),
    ("jobs.*.executable.limits.cpu", "duration", "Processor time, such as \"1m\"."),
    ("jobs.*.executable.limits.open_files", "integer", "Open files at a time."),
    (
        "jobs.*.executable.limits.file_size",
        "text",
        "The largest file it may write, such as \"2GB\".",
    ),
    ("jobs.*.executable.params_schema", "table", "The JSON Schema of its params."),
    ("jobs.*.executable.args_schema", "table", "The JSON Schema of the args of a run."),
    ("jobs.*.executable.output_schema", "table", "The JSON Schema of its output."),
    (OF_PROGRAMS, "table", "Settings that hold where the job's own table says nothing."),
    ("jobs.*.executable.view", "table", "Keeps the rows that it gives out, for screens."),
    ("jobs.*.executable.view.key", "text", "The data key that JOB_TO_DATA_MAP and the screen use."),
    ("jobs.*.executable.view.description", "text", "One sentence about the rows."),
    ("jobs.*.executable.view.row_schema", "table", "The JSON Schema of a row."),
    (
        "jobs.*.executable.view.keep",
        "integer",
        "How many rows are kept for each project; 1000 if left out.",
    ),
    (
        "limits",
        "table",
        "Limits that jobs share, by name: they hold for all jobs together that name them in `limits`.",
    ),
    ("limits.*", "table", "One limit."),
    ("projects", "table", "Projects by short name; each job runs for each of them by itself."),
    ("projects.*", "table", "One project."),
    ("retention", "table", "For how long what is over is kept."),
    ("plugins_dir", "text", "A folder of shared libraries that bring plugins."),
    ("plugin_files", "list", "Shared libraries that bring plugins."),
    (
        "allow_world_writable_plugins",
        "boolean",
        "Whether a library that anybody may change is loaded all the same.",
    ),
];

/// Names of the keys directly in a table; "" is the top of the file.
pub(super) fn under(table: &str) -> Vec<&'static str> {
    let keys: &'static Vec<Key> = &KEYS;
    let inside = |path: &'static str| match table {
        "" => Some(path),
        table => path.strip_prefix(table)?.strip_prefix('.'),
    };
    keys.iter().filter_map(|key| inside(&key.path)).filter(|name| !name.contains('.')).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::parse_and_check;
    use cascade_model::Registry;
    use cascade_registry::Plugins;

    #[test]
    fn the_parser_knows_every_key() {
        for Key { path, .. } in KEYS.iter() {
            // A wrong type, or none: whatever is said of it, it is not said to be unknown.
            let text = format!("{} = 1979-05-27\n", path.replace('*', "x"));
            let plugins = Plugins::from(Registry::default());
            let said = parse_and_check(Path::new("jobs.toml"), &text, &plugins).result.err();
            let said = said.map(|problems| problems.to_string()).unwrap_or_default();
            assert!(!said.contains("unknown key"), "{text}\n{said}");
        }
        assert_eq!(under("retention"), ["runs", "logs", "events", "stats", "hooks"]);
        assert_eq!(under("jobs.*.backoff"), ["initial", "max", "factor"]);
    }

    #[test]
    fn the_schema_says_what_the_declarations_say() {
        let schema = schema();
        let job = &schema["properties"]["jobs"]["additionalProperties"];
        assert_eq!(job["additionalProperties"], false);
        assert_eq!(job["properties"]["timeout"]["default"], "10m");
        assert_eq!(job["properties"]["max_attempts"]["maximum"], 1000);
        assert_eq!(job["properties"]["backoff"]["properties"]["factor"]["default"], 2.0);
        assert_eq!(
            job["properties"]["params"],
            json!({
                "type": "object",
                "description": "What the job itself takes: `cascade plugin list --schema NAME`.",
                "default": {},
            })
        );
        let key = |path: &str| KEYS.iter().find(|key| key.path == path).unwrap();
        let timeout = &key("jobs.*.timeout").description;
        assert_eq!(
            timeout,
            "How long one attempt may take; the plugin's default or \"10m\" if left out."
        );
    }

    #[test]
    fn the_schema_takes_the_file_that_the_parser_takes() {
        let valid = jsonschema::validator_for(&schema()).unwrap();
        let read = |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap());
        let sample = include_str!("../../../jobs.toml");
        let errors: Vec<_> =
            valid.iter_errors(&read(sample).unwrap()).map(|e| e.to_string()).collect();
        assert_eq!(errors, [""; 0]);
        for text in ["[jobs.a]\ntimout = \"1m\"", "[jobs.a]\nmax_attempts = 0", "[http]\nallow = 1"]
        {
            assert!(!valid.is_valid(&read(text).unwrap()), "{text}");
        }
        assert!(valid.is_valid(&read("[jobs.a]\nbackoff = \"1s\"").unwrap()));
    }
}
