//! `jobs.toml`: parse, diagnose, watch.
//!
//! The file is the one source of truth for cascades, data keys, schedules, params and projects. A
//! [`Config`] exists only if the whole file is right: [`load`] reports every problem at once and
//! nothing is half-applied. [`LiveConfig`] holds the one in force.

mod args;
mod chains;
mod check;
mod check_edges;
mod check_hooks;
mod diagnostic;
mod edges;
pub mod edit;
mod egress;
pub mod environment;
pub mod file;
mod given_args;
mod grants;
mod hooks;
mod job;
mod joins;
mod key_from;
mod key_values;
mod keys;
mod kind;
mod limits;
mod live;
mod numbers;
mod parse;
mod plugins;
mod rate;
mod reach;
mod reader;
mod redact;
mod schedule;
mod schema;
mod secrets;
mod shown;
mod table;
#[cfg(test)]
mod test_job;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::Serialize;

pub use args::{ArgsSchema, ArgsSchemas};
pub use diagnostic::nearest;
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use edges::{EDGE_KEYS, Edge, EdgeArg};
pub use egress::{Allowed, Egress};
pub use grants::{FileGrants, SecretGrants};
pub use hooks::{Hook, HookScheme};
pub use job::{Backoff, JobSettings};
pub use joins::{JOIN_KEYS, Join};
pub use key_values::KeySettings;
pub use keys::{KEYS, Key, schema};
pub use kind::is_name;
use kind::{Count, Optional, Span, Text};
pub use limits::SharedLimit;
pub use live::{ConfigState, LiveConfig, Prepare, PrepareError, Rejected};
pub use rate::Rate;
pub use reach::Reach;
pub use redact::{NothingBehindMask, all_masked, masked_text, restored};
pub use schedule::Schedule;
pub use secrets::{is_secret, left_out, masked, masked_place};
use table::table;

use cascade_model::{Loading, MOST_RUNS, Needs, On, PluginLoader, PluginSources, Registry};

/// A jobs.toml that passed every check.
#[derive(Debug, Clone, Serialize)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// Job to its downstream jobs, each once.
    #[serde(rename = "CASCADE_CHAINS")]
    pub chains: BTreeMap<String, Vec<String>>,
    /// Job to its edges, in the order of the file.
    pub edges: BTreeMap<String, Vec<Edge>>,
    /// Jobs that run once several others have ended, by the job.
    #[serde(rename = "CASCADE_JOINS")]
    pub joins: BTreeMap<String, Join>,
    /// Job to the data keys that a screen must refetch when it is done.
    #[serde(rename = "JOB_TO_DATA_MAP")]
    pub data_map: BTreeMap<String, Vec<String>>,
    /// Settings by job. Every job that the file mentions is here, with defaults where it has no
    /// table of its own.
    pub jobs: BTreeMap<String, JobSettings>,
    /// Limits that jobs share, by name.
    pub limits: BTreeMap<String, SharedLimit>,
    /// Projects by slug.
    pub projects: BTreeMap<String, ProjectSettings>,
    /// What others may have run by POST, by the name of the hook.
    pub hooks: BTreeMap<String, Hook>,
    /// For how long what is over is kept.
    pub retention: Retention,
    /// Where plugins may connect to.
    pub http: Egress,
    /// Which files plugins may read.
    pub files: FileGrants,
    /// Which variables of the environment plugins may read.
    pub secrets: SecretGrants,
}

impl Config {
    /// The edges that lead from `job`.
    pub fn edges(&self, job: &str) -> &[Edge] {
        self.edges.get(job).map_or(&[], Vec::as_slice)
    }

    /// The jobs that the end of `job` may trigger.
    pub fn downstream(&self, job: &str) -> &[String] {
        self.chains.get(job).map_or(&[], Vec::as_slice)
    }

    /// The jobs that a success of `job` would have led to and that its failure does not, the nearest first.
    pub fn not_reached(&self, job: &str) -> Vec<String> {
        let of = |edges: &[Edge], fits: fn(On) -> bool| -> Vec<String> {
            edges.iter().filter(|edge| fits(edge.on)).map(|edge| edge.job.clone()).collect()
        };
        let reached = of(self.edges(job), On::takes_failures);
        let mut found: Vec<String> = Vec::new();
        let mut beyond = of(self.edges(job), |on| on == On::Success);
        beyond.extend(self.joins_of_success(job));
        let mut next = 0;
        loop {
            for job in beyond {
                if !found.contains(&job) && !reached.contains(&job) {
                    found.push(job);
                }
            }
            let Some(job) = found.get(next) else { return found };
            beyond = of(self.edges(job), |on| matches!(on, On::Success | On::Always));
            beyond.extend(self.joins_of_success(job));
            next += 1;
        }
    }

    /// The jobs whose joins need a success of `job`.
    fn joins_of_success<'a>(&'a self, job: &'a str) -> impl Iterator<Item = String> + 'a {
        let needs = move |join: &Join| join.needs == Needs::Success && join.rule.names(job);
        self.joins.iter().filter(move |(_, join)| needs(join)).map(|(of, _)| of.clone())
    }

    /// The jobs whose end may trigger `job`.
    pub fn upstream<'a>(&'a self, job: &'a str) -> impl Iterator<Item = &'a str> {
        let triggers = move |(_, down): &(&String, &Vec<String>)| down.iter().any(|d| d == job);
        self.chains.iter().filter(triggers).map(|(up, _)| up.as_str())
    }

    /// The joins that must know of the runs of `job`.
    pub fn joins_regarding<'a>(
        &'a self,
        job: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a Join)> {
        self.joins.iter().filter(move |(_, join)| join.rule.regards(job))
    }

    /// The folder of the file: relative paths in params start there.
    pub fn base_dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

table! {
    /// The `[retention]` table: what is older is pruned.
    pub struct Retention at "retention" {
        /// Ended runs, with their logs and outputs.
        #[key(Span)]
        pub runs: Duration = days(30),

        /// Log lines of runs that are kept.
        #[key(Span)]
        pub logs: Duration = days(14),

        /// Events, which streams replay from.
        #[key(Span)]
        pub events: Duration = days(3),

        /// Figures of runs: by minute for two days, then by hour.
        #[key(Span)]
        pub stats: Duration = days(30),

        /// What was sent to hooks; for as long a delivery that is sent again makes no second run.
        #[key(Span)]
        pub hooks: Duration = days(14),
    }
}

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86400)
}

table! {
    /// One `[projects.SLUG]` table.
    pub struct ProjectSettings at "projects.*" {
        /// The name for people; the short name if left out.
        #[key(Text)]
        pub name: String = String::new(),

        /// Runs of this project at a time, over all workers; no limit if left out.
        #[key(Optional(Count(MOST_RUNS)))]
        pub concurrency: Option<u32> = None,
    }
}

/// A jobs.toml that passed every check, with the plugins it names.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What it says.
    pub config: Arc<Config>,
    /// All job types and views there are under it.
    pub registry: Arc<Registry>,
    /// The file's text.
    pub text: Arc<str>,
    /// Of how many fields in its expressions nothing can be known before a run.
    pub unknown_fields: usize,
}

/// The outcome of a check, good or bad, with the plugin files to watch either way.
pub struct Verdict {
    /// The config, with its warnings; or all its problems.
    pub result: Result<(Checked, Diagnostics), Diagnostics>,
    /// Where the text says that plugins are.
    pub sources: PluginSources,
}

/// Reads and checks a file; loads the plugins it names.
pub fn load(path: &Path, plugins: &dyn PluginLoader) -> Verdict {
    match std::fs::read_to_string(path) {
        Ok(text) => parse_and_check(path, &text, plugins),
        Err(error) => Verdict {
            result: Err(Diagnostics::unreadable(path, &error)),
            sources: PluginSources::default(),
        },
    }
}

/// Checks a text as if it stood in the file `path`; loads the plugins it names.
pub fn parse_and_check(path: &Path, text: &str, plugins: &dyn PluginLoader) -> Verdict {
    judge(path, text, plugins, Loading::Allowed)
}

/// As [`parse_and_check`], but runs no code that is not in this process yet, and does not look into
/// folders that the text names: what depends on a library that is not loaded passes, with a warning.
pub fn check_only(path: &Path, text: &str, plugins: &dyn PluginLoader) -> Verdict {
    judge(path, text, plugins, Loading::Refused)
}

fn judge(path: &Path, text: &str, plugins: &dyn PluginLoader, loading: Loading) -> Verdict {
    let (document, mut problems) = parse::parse(text);
    let sources = document.plugins.resolve(path.parent().unwrap_or(Path::new("")));
    let (registry, faults) = plugins.gather_as(&sources, loading);
    let complete = !faults.iter().any(|(_, fault)| fault.leaves_open());
    problems.extend(faults.iter().map(|(source, fault)| document.plugins.problem(*source, fault)));
    let known = check::Known { plugins, registry: &registry, complete, loading };
    // Problems quote the text, and go into the log and to browsers.
    let secrets = redact::secrets_of(text, &registry);
    let quoted = redact::blanked(text, &registry);
    let (config, unknown_fields, problems) = check::check(path, document, problems, known);
    let diagnostics = Diagnostics::new(path, &quoted, problems).without(&secrets);
    let result = if diagnostics.has_errors() {
        Err(diagnostics)
    } else {
        let (config, registry) = (Arc::new(config), Arc::new(registry));
        Ok((Checked { config, registry, text: text.into(), unknown_fields }, diagnostics))
    };
    Verdict { result, sources }
}

/// Whether a text has nothing but white space and comments.
pub fn says_nothing(text: &str) -> bool {
    text.lines().map(str::trim_start).all(|line| line.is_empty() || line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &Path, text: &str) -> Result<(Checked, Diagnostics), Diagnostics> {
        parse_and_check(path, text, &cascade_registry::Plugins::from(Registry::default())).result
    }

    #[test]
    fn limits_and_retention_are_read_and_a_bad_one_is_named() {
        let path = Path::new("jobs.toml");
        let text = "[retention]\nevents = \"6h\"\n[projects.one]\nconcurrency = 2\n";
        let (Checked { config, .. }, _) = check(path, text).unwrap();
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!((config.retention.events, config.retention.runs), (hours(6), hours(720)));
        assert_eq!(config.projects["one"].concurrency, Some(2));

        let text = "[retention]\nlog = \"1d\"\n[projects.one]\nconcurrency = 0\n";
        let said = check(path, text).unwrap_err().to_string();
        for part in ["jobs.toml:2:1", "did you mean `logs`?", "jobs.toml:4:15", "from 1 to 10000"] {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
    }

    #[test]
    fn what_http_may_reach_is_read_and_a_bad_entry_is_named() {
        let path = Path::new("jobs.toml");
        let text = "[http]\nallow = [\"10.0.0.0/8\", \"127.0.0.1\", \"intranet.example\"]\n";
        let (Checked { config, .. }, _) = check(path, text).unwrap();
        let served = serde_json::to_value(&config.http).unwrap();
        let allowed = ["10.0.0.0/8", "127.0.0.1/32", "intranet.example"];
        assert_eq!(served, serde_json::json!({"allow": allowed}));

        let text = "[http]\nallow = [\"http://x/\"]\nalow = []\n";
        let said = check(path, text).unwrap_err().to_string();
        for part in ["jobs.toml:2:10", "without scheme", "jobs.toml:3:1", "did you mean `allow`?"] {
            assert!(said.contains(part), "{part} is not in\n{said}");
        }
    }

    #[test]
    fn a_refused_file_is_quoted_without_what_programs_get_in_their_environment() {
        let text =
            "[jobs.x.executable]\ncommand = 7\nenv = { KEY = \"secret-key\", N = 7, K = \"x\" }\n";
        let problems = check(Path::new("jobs.toml"), text).unwrap_err();
        let said = format!("{problems} {problems:?}");
        assert!(said.contains("***") && !said.contains("secret-key"), "{said}");
    }

    #[test]
    fn what_a_plugin_says_holds_where_the_file_says_nothing() {
        let seconds = Duration::from_secs;
        let mut job = test_job::descriptor("work", serde_json::json!({}));
        job.defaults = cascade_sdk::Defaults::new()
            .timeout(seconds(60))
            .concurrency(2)
            .backoff(cascade_sdk::Backoff::new(seconds(1), seconds(20)).factor(3.0));
        let plugins = test_job::plugins(job);
        let check = |text| parse_and_check(Path::new("jobs.toml"), text, &plugins).result;
        for text in ["[jobs.work]\n", "[CASCADE_CHAINS]\nwork = []\n"] {
            let (Checked { config, .. }, _) = check(text).unwrap();
            let JobSettings { timeout, max_attempts, concurrency, .. } = config.jobs["work"];
            assert_eq!((timeout, max_attempts, concurrency), (seconds(60), 3, Some(2)), "{text}");
        }
        let text = "[jobs.work]\ntimeout = \"5s\"\nconcurrency = 7\nbackoff = { max = \"9s\" }\n";
        let (Checked { config, .. }, _) = check(text).unwrap();
        let settings = &config.jobs["work"];
        assert_eq!((settings.timeout, settings.concurrency), (seconds(5), Some(7)));
        let backoff = Backoff { initial: seconds(1), max: seconds(9), factor: 3.0 };
        assert_eq!(settings.backoff, backoff, "key by key");
        let said = check("[jobs.work.backoff]\nmax = \"1ms\"\n").unwrap_err().to_string();
        assert!(said.contains("`max` is shorter than `initial`"), "{said}");
    }

    #[test]
    fn a_job_whose_args_nothing_supplies_is_refused() {
        let schema = |required: &[&str]| serde_json::json!({"type": "object", "required": required, "properties": {"n": {}}});
        for (required, text) in [
            (&["n"][..], "[jobs.work]\nevery = \"1h\"\n"),
            (&["n"], "[CASCADE_CHAINS]\nother = [\"work\"]\n"),
            (&[], "[jobs.work]\nevery = \"1h\"\n"),
        ] {
            let mut job = test_job::descriptor("work", serde_json::json!({}));
            job.args_schema = schema(required);
            let other = test_job::descriptor("other", serde_json::json!({}));
            let plugins = test_job::plugins_of([job, other]);
            let said = parse_and_check(Path::new("jobs.toml"), text, &plugins).result;
            let said = said.err().map(|problems| problems.to_string()).unwrap_or_default();
            assert_eq!(said.contains("`work` needs args"), !required.is_empty(), "{said}");
        }
    }

    #[test]
    fn args_of_the_file_are_checked_and_their_secrets_are_masked() {
        let mut job = test_job::descriptor("work", serde_json::json!({}));
        job.args_schema = serde_json::json!({
            "type": "object", "required": ["n"], "additionalProperties": false,
            "properties": {"n": {"type": "integer"}, "token": {"type": "string", "writeOnly": true}},
        });
        let plugins = test_job::plugins(job);
        let check = |text| parse_and_check(Path::new("jobs.toml"), text, &plugins).result;
        let text = "[jobs.work.args]\nn = 2\ntoken = \"secret-args\"\n";
        let (Checked { config, registry, .. }, _) = check(text).unwrap();
        assert_eq!(config.jobs["work"].args["n"], 2);
        let shown = serde_json::to_string(&config.masked(&registry)).unwrap();
        assert!(!shown.contains("secret-args") && shown.contains("***"), "{shown}");
        let masked = masked_text(text, &registry);
        assert!(!masked.contains("secret-args"), "{masked}");
        assert_eq!(restored(&masked, text, &registry).unwrap(), text);
        for (text, said) in [
            ("[jobs.work.args]\nn = \"two\"\n", ["`jobs.work.args.n`", "jobs.toml:2:5"]),
            ("[jobs.work.args]\nn = 1\nm = 2\n", ["unknown key `m`", "jobs.toml:3:1"]),
            ("[jobs.work.args]\n", ["`jobs.work.args`", "\"n\" is a required property"]),
            (
                "[jobs.work]\nevery = \"1h\"\n",
                ["needs args, and nothing supplies them", "[jobs.work.args]"],
            ),
        ] {
            let problems = check(text).unwrap_err().to_string();
            for part in said {
                assert!(problems.contains(part), "{part} is not in\n{problems}");
            }
        }
    }

    #[test]
    fn a_program_has_defaults_in_its_description() {
        let text = "[jobs.p.executable]\ncommand = [\"p\"]\n\
                    defaults = { timeout = \"1m\", backoff = \"2s\" }\n[jobs.p]\nmax_attempts = 9\n";
        let (Checked { config, .. }, _) = check(Path::new("jobs.toml"), text).unwrap();
        let JobSettings { timeout, max_attempts, backoff, .. } = &config.jobs["p"];
        assert_eq!((*timeout, *max_attempts), (Duration::from_secs(60), 9));
        assert_eq!(backoff.initial, Duration::from_secs(2));
        let wrong = "[jobs.p.executable]\ncommand = [\"p\"]\n\
                     defaults = { backoff = { initial = \"5s\", max = \"1s\" } }\n";
        let said = check(Path::new("jobs.toml"), wrong).unwrap_err().to_string();
        assert!(said.contains("the longest not below the first"), "{said}");
    }
}
