//! What jobs.toml may say: the keys, for suggestions here and for completion in editors.

use serde::Serialize;

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Key {
    /// Dotted; `*` stands for a name that the file chooses.
    pub path: &'static str,
    /// `text`, `duration`, `integer`, `number`, `boolean`, `list` or `table`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// One sentence.
    pub description: &'static str,
}

const fn key(path: &'static str, kind: &'static str, description: &'static str) -> Key {
    Key { path, kind, description }
}

/// All of them.
pub const KEYS: [Key; 61] = [
    key("http", "table", "What plugins may connect to beside public addresses."),
    key(
        "http.allow",
        "list",
        "Addresses, networks and host names, such as \"127.0.0.1\" or \"10.0.0.0/8\".",
    ),
    key("files", "table", "Which files plugins may read."),
    key(
        "files.allow",
        "list",
        "Folders beneath which plugins read files; the folder of jobs.toml if left out.",
    ),
    key("secrets", "table", "Which secrets of the host's environment plugins may read."),
    key("secrets.env", "list", "Names of environment variables, such as \"OPENAI_API_KEY\"."),
    key(
        "CASCADE_CHAINS",
        "table",
        "Which jobs a job makes due, in the same project, when it succeeds.",
    ),
    key("CASCADE_CHAINS.*", "list", "The jobs that follow this one."),
    key("JOB_TO_DATA_MAP", "table", "What a screen must refetch when a job is done."),
    key("JOB_TO_DATA_MAP.*", "list", "The data keys that this job changes."),
    key("jobs", "table", "One table for each job that needs more than the defaults."),
    key("jobs.*", "table", "Settings of one job."),
    key("jobs.*.every", "duration", "A pause between runs, such as \"15m\" or \"1h 30m\"."),
    key(
        "jobs.*.cron",
        "text",
        "Minute, hour, day of month, month, day of week; six fields start with seconds.",
    ),
    key("jobs.*.timezone", "text", "The time zone of `cron`; \"UTC\" if left out."),
    key("jobs.*.enabled", "boolean", "false: it neither runs nor is triggered."),
    key(
        "jobs.*.timeout",
        "duration",
        "How long one attempt may take; the plugin's default or \"10m\" if left out.",
    ),
    key(
        "jobs.*.max_attempts",
        "integer",
        "How many attempts a run has; the plugin's default or 3 if left out.",
    ),
    key(
        "jobs.*.concurrency",
        "integer",
        "Runs of this job at a time, over all workers and projects; the plugin's default or no limit if left out.",
    ),
    key("jobs.*.backoff", "table", "The pause between attempts; a duration alone sets the first."),
    key(
        "jobs.*.backoff.initial",
        "duration",
        "The pause after the first failed attempt; the plugin's default or \"10s\" if left out.",
    ),
    key(
        "jobs.*.backoff.max",
        "duration",
        "The longest pause; the plugin's default or \"10m\" if left out.",
    ),
    key(
        "jobs.*.backoff.factor",
        "number",
        "How much longer each pause is than the one before; the plugin's default or 2.0 if left out.",
    ),
    key("jobs.*.params", "table", "What the job itself takes."),
    key("jobs.*.executable", "table", "Makes this job an external program."),
    key("jobs.*.executable.command", "list", "The program and its arguments."),
    key("jobs.*.executable.description", "text", "One sentence about the job."),
    key("jobs.*.executable.version", "text", "The program's version."),
    key("jobs.*.executable.env", "table", "Environment variables that the program is given."),
    key("jobs.*.executable.limits", "table", "What the program may use."),
    key("jobs.*.executable.limits.memory", "text", "Memory, such as \"512MiB\"."),
    key("jobs.*.executable.limits.cpu", "duration", "Processor time, such as \"1m\"."),
    key("jobs.*.executable.limits.open_files", "integer", "Open files at a time."),
    key(
        "jobs.*.executable.limits.file_size",
        "text",
        "The largest file it may write, such as \"2GB\".",
    ),
    key("jobs.*.executable.params_schema", "table", "The JSON Schema of its params."),
    key("jobs.*.executable.args_schema", "table", "The JSON Schema of the args of a run."),
    key("jobs.*.executable.output_schema", "table", "The JSON Schema of its output."),
    key(
        "jobs.*.executable.defaults",
        "table",
        "Settings that hold where the job's own table says nothing.",
    ),
    key("jobs.*.executable.defaults.timeout", "duration", "How long one attempt may take."),
    key("jobs.*.executable.defaults.max_attempts", "integer", "How many attempts a run has."),
    key("jobs.*.executable.defaults.concurrency", "integer", "Runs of this job at a time."),
    key("jobs.*.executable.defaults.backoff", "table", "The pause between attempts."),
    key("jobs.*.executable.defaults.backoff.initial", "duration", "The first pause."),
    key("jobs.*.executable.defaults.backoff.max", "duration", "The longest pause."),
    key(
        "jobs.*.executable.defaults.backoff.factor",
        "number",
        "How much longer each pause is than the one before.",
    ),
    key("jobs.*.executable.view", "table", "Keeps the rows that it gives out, for screens."),
    key(
        "jobs.*.executable.view.key",
        "text",
        "The data key that JOB_TO_DATA_MAP and the screen use.",
    ),
    key("jobs.*.executable.view.description", "text", "One sentence about the rows."),
    key("jobs.*.executable.view.row_schema", "table", "The JSON Schema of a row."),
    key(
        "jobs.*.executable.view.keep",
        "integer",
        "How many rows are kept for each project; 1000 if left out.",
    ),
    key("projects", "table", "Projects by short name; each job runs for each of them by itself."),
    key("projects.*", "table", "One project."),
    key("projects.*.name", "text", "The name for people."),
    key(
        "projects.*.concurrency",
        "integer",
        "Runs of this project at a time, over all workers; no limit if left out.",
    ),
    key("retention", "table", "For how long what is over is kept."),
    key(
        "retention.runs",
        "duration",
        "Ended runs, with their logs and outputs; \"30d\" if left out.",
    ),
    key("retention.logs", "duration", "Log lines of runs that are kept; \"14d\" if left out."),
    key("retention.events", "duration", "Events, which streams replay from; \"3d\" if left out."),
    key("plugins_dir", "text", "A folder of shared libraries that bring plugins."),
    key("plugin_files", "list", "Shared libraries that bring plugins."),
    key(
        "allow_world_writable_plugins",
        "boolean",
        "Whether a library that anybody may change is loaded all the same.",
    ),
];

/// Names of the keys directly in a table; "" is the top of the file.
pub(super) fn under(table: &str) -> Vec<&'static str> {
    let inside = |path: &'static str| match table {
        "" => Some(path),
        table => path.strip_prefix(table)?.strip_prefix('.'),
    };
    KEYS.iter().filter_map(|key| inside(key.path)).filter(|name| !name.contains('.')).collect()
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
        for Key { path, .. } in KEYS {
            // A wrong type, or none: whatever is said of it, it is not said to be unknown.
            let text = format!("{} = 1979-05-27\n", path.replace('*', "x"));
            let plugins = Plugins::from(Registry::default());
            let said = parse_and_check(Path::new("jobs.toml"), &text, &plugins).result.err();
            let said = said.map(|problems| problems.to_string()).unwrap_or_default();
            assert!(!said.contains("unknown key"), "{text}\n{said}");
        }
        assert_eq!(under("retention"), ["runs", "logs", "events"]);
        assert_eq!(under("jobs.*.backoff"), ["initial", "max", "factor"]);
    }
}
