//! `cascade plugin list`.

use std::{fmt::Write as _, io::Write as _, path::Path, process::ExitCode, sync::Arc};

use cascade_sdk::{Backoff, Defaults, JobDescriptor, ViewDescriptor};
use humantime::format_duration;
use serde_json::{Value, json};

use cascade_config::{self, Checked, Config, Schedule};
use cascade_model::{On, PluginLoader, Registry};
use cascade_registry::Plugins;

pub(super) fn list(file: &Path, as_json: bool, plugins: &Plugins) -> ExitCode {
    let (registry, config, status) = gather(file, plugins);
    if as_json {
        let jobs = registry.jobs().map(|job| {
            let job = job.descriptor();
            json!({"job": job, "triggers": config.as_ref().map(|config| triggers(config, &job.name))})
        });
        let views = registry.views().map(|view| view.descriptor());
        let all = json!({"jobs": jobs.collect::<Vec<_>>(), "views": views.collect::<Vec<_>>()});
        print(&format!("{all:#}\n"));
        return status;
    }
    let jobs = registry.jobs().map(|job| about_job(job.descriptor(), config.as_deref()));
    let views = registry.views().map(|view| about_view(view.descriptor(), config.as_deref()));
    print(&jobs.chain(views).collect::<Vec<_>>().join("\n"));
    status
}

/// A reader that has seen enough, such as `head`, is no fault.
fn print(text: &str) {
    std::io::stdout().write_all(text.as_bytes()).ok();
}

pub(super) fn schema(file: &Path, name: &str, plugins: &Plugins) -> ExitCode {
    let (registry, _, _) = gather(file, plugins);
    match registry.job(name) {
        Some(job) => {
            print(&format!("{:#}\n", job.descriptor().params_schema));
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("error: there is no job type `{name}`; `cascade plugin list` shows them");
            ExitCode::FAILURE
        }
    }
}

/// What there is under the file; without a sound file, what there is all the same.
fn gather(file: &Path, plugins: &Plugins) -> (Arc<Registry>, Option<Arc<Config>>, ExitCode) {
    if !file.exists() {
        eprintln!("note: {} is not there: compiled-in plugins only\n", file.display());
        let (registry, _) = plugins.gather(&Default::default());
        return (Arc::new(registry), None, ExitCode::SUCCESS);
    }
    let verdict = cascade_config::load(file, plugins);
    match verdict.result {
        Ok((Checked { config, registry, .. }, warnings)) => {
            if !warnings.is_empty() {
                eprintln!("{warnings}\n");
            }
            (registry, Some(config), ExitCode::SUCCESS)
        }
        Err(problems) => {
            eprintln!("{problems}\n\n{}: {}\n", file.display(), problems.count());
            let (registry, _) = plugins.gather(&verdict.sources);
            (Arc::new(registry), None, ExitCode::FAILURE)
        }
    }
}

/// Everything that makes a job run.
fn triggers(config: &Config, job: &str) -> Vec<String> {
    let settings = config.jobs.get(job);
    let schedule = settings.and_then(|settings| settings.schedule.as_ref());
    let mut all: Vec<String> = schedule.map(Schedule::to_string).into_iter().collect();
    for (upstream, edges) in &config.edges {
        let of_job = edges.iter().filter(|edge| edge.job == job);
        all.extend(of_job.map(|edge| match edge.on {
            On::Success => format!("success of {upstream}"),
            On::Failure => format!("failure of {upstream}"),
            On::Always => format!("end of {upstream}"),
            On::Recovered => format!("recovery of {upstream}"),
        }));
    }
    if let Some(join) = config.joins.get(job) {
        all.push(format!("join of {}", join.all_of.join(", ")));
    }
    let hooks = config.hooks.iter().filter(|(_, hook)| hook.job == job);
    all.extend(hooks.map(|(name, _)| format!("hook {name}")));
    if settings.is_some_and(|settings| !settings.enabled) {
        return vec!["nothing: it is not enabled".into()];
    }
    all.push("a person".into());
    all
}

fn about_job(job: &JobDescriptor, config: Option<&Config>) -> String {
    let mut text = format!("job   {:<32} {}\n      {}\n", job.name, job.origin, job.description);
    let params = fields(&job.params_schema);
    let params = if params.is_empty() { "none".into() } else { params.join(", ") };
    writeln!(text, "      params: {params}").ok();
    let defaults = defaults(&job.defaults);
    if !defaults.is_empty() {
        writeln!(text, "      defaults: {}", defaults.join(", ")).ok();
    }
    if let Some(config) = config {
        writeln!(text, "      triggered by: {}", triggers(config, &job.name).join(", ")).ok();
        let downstream = config.downstream(&job.name);
        if !downstream.is_empty() {
            writeln!(text, "      triggers: {}", downstream.join(", ")).ok();
        }
    }
    text
}

/// What the plugin says of settings, as jobs.toml would.
fn defaults(defaults: &Defaults) -> Vec<String> {
    let backoff = |Backoff { initial, max, factor }: Backoff| {
        let (initial, max) = (format_duration(initial), format_duration(max));
        format!("backoff {initial} to {max}, factor {factor}")
    };
    let said = [
        defaults.timeout.map(|timeout| format!("timeout {}", format_duration(timeout))),
        defaults.max_attempts.map(|attempts| format!("max_attempts {attempts}")),
        defaults.backoff.map(backoff),
        defaults.concurrency.map(|runs| format!("concurrency {runs}")),
    ];
    said.into_iter().flatten().collect()
}

fn about_view(view: &ViewDescriptor, config: Option<&Config>) -> String {
    let mut text = format!("view  {:<32} {}\n      {}\n", view.key, view.origin, view.description);
    writeln!(text, "      columns: {}", fields(&view.row_schema).join(", ")).ok();
    if let Some(config) = config {
        let refreshed = config.data_map.iter().filter(|(_, keys)| keys.contains(&view.key));
        let jobs: Vec<_> = refreshed.map(|(job, _)| job.as_str()).collect();
        if !jobs.is_empty() {
            writeln!(text, "      refreshed by: {}", jobs.join(", ")).ok();
        }
    }
    text
}

/// `name: type`, with `?` for what may be left out.
fn fields(schema: &Value) -> Vec<String> {
    let required = schema["required"].as_array();
    let describe = |(name, field): (&String, &Value)| {
        let must = required.is_some_and(|list| list.iter().any(|item| item == name));
        let mut kinds = Vec::new();
        add_kinds(schema, field, 0, &mut kinds);
        let kind = if kinds.is_empty() { "any".into() } else { kinds.join("|") };
        format!("{name}{}: {kind}", if must { "" } else { "?" })
    };
    let properties = schema["properties"].as_object();
    properties.map(|all| all.iter().map(describe).collect()).unwrap_or_default()
}

/// The JSON types that a schema lets through, but for null.
fn add_kinds<'a>(root: &'a Value, schema: &'a Value, depth: u32, kinds: &mut Vec<&'a str>) {
    if let Some(target) = schema["$ref"].as_str()
        && let Some(target) = root.pointer(target.trim_start_matches('#'))
        && depth < 8
    {
        add_kinds(root, target, depth + 1, kinds);
    }
    let named = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    for kind in named {
        if kind != "null" && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    for key in ["anyOf", "oneOf"] {
        for choice in schema[key].as_array().into_iter().flatten() {
            add_kinds(root, choice, depth, kinds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_through_references_and_alternatives() {
        let schema = json!({
            "required": ["a"],
            "properties": {
                "a": {"$ref": "#/$defs/A"},
                "b": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]},
                "c": {"type": ["integer", "null"]},
                "d": true
            },
            "$defs": {"A": {"oneOf": [{"type": "string"}, {"type": "object"}]}}
        });
        assert_eq!(
            fields(&schema),
            ["a: string|object", "b?: string|object", "c?: integer", "d?: any"]
        );
    }
}
