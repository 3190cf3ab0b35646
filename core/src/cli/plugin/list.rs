//! `cascade plugin list`.

use std::{path::Path, process::ExitCode, sync::Arc};

use cascade_sdk::{JobDescriptor, ViewDescriptor};
use serde_json::{Value, json};

use crate::{
    config::{self, Checked, Config, Schedule},
    registry::{Plugins, Registry},
};

pub(super) fn list(file: &Path, as_json: bool, plugins: &Plugins) -> ExitCode {
    let (registry, config, status) = gather(file, plugins);
    if as_json {
        let jobs = registry.jobs().map(|job| {
            let job = job.descriptor();
            json!({"job": job, "triggers": config.as_ref().map(|config| triggers(config, &job.name))})
        });
        let views = registry.views().map(|view| view.descriptor());
        let all = json!({"jobs": jobs.collect::<Vec<_>>(), "views": views.collect::<Vec<_>>()});
        println!("{all:#}");
        return status;
    }
    for job in registry.jobs() {
        print_job(job.descriptor(), config.as_deref());
    }
    for view in registry.views() {
        print_view(view.descriptor(), config.as_deref());
    }
    status
}

pub(super) fn schema(file: &Path, name: &str, plugins: &Plugins) -> ExitCode {
    let (registry, _, _) = gather(file, plugins);
    match registry.job(name) {
        Some(job) => {
            println!("{:#}", job.descriptor().params_schema);
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
    let verdict = config::load(file, plugins);
    match verdict.result {
        Ok((Checked { config, registry }, _)) => (registry, Some(config), ExitCode::SUCCESS),
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
    all.extend(config.upstream(job).map(|upstream| format!("success of {upstream}")));
    if settings.is_some_and(|settings| !settings.enabled) {
        return vec!["nothing: it is not enabled".into()];
    }
    all.push("a person".into());
    all
}

fn print_job(job: &JobDescriptor, config: Option<&Config>) {
    println!("job   {:<32} {}", job.name, job.origin);
    println!("      {}", job.description);
    match fields(&job.params_schema) {
        params if params.is_empty() => println!("      params: none"),
        params => println!("      params: {}", params.join(", ")),
    }
    if let Some(config) = config {
        println!("      triggered by: {}", triggers(config, &job.name).join(", "));
        let downstream = config.downstream(&job.name);
        if !downstream.is_empty() {
            println!("      triggers: {}", downstream.join(", "));
        }
    }
    println!();
}

fn print_view(view: &ViewDescriptor, config: Option<&Config>) {
    println!("view  {:<32} {}", view.key, view.origin);
    println!("      {}", view.description);
    println!("      columns: {}", fields(&view.row_schema).join(", "));
    if let Some(config) = config {
        let refreshed = config.data_map.iter().filter(|(_, keys)| keys.contains(&view.key));
        let jobs: Vec<_> = refreshed.map(|(job, _)| job.as_str()).collect();
        if !jobs.is_empty() {
            println!("      refreshed by: {}", jobs.join(", "));
        }
    }
    println!();
}

/// `name: type`, with `?` for what may be left out.
fn fields(schema: &Value) -> Vec<String> {
    let required = schema["required"].as_array();
    let describe = |(name, field): (&String, &Value)| {
        let must = required.is_some_and(|list| list.iter().any(|item| item == name));
        let kind = match &field["type"] {
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) => {
                let kinds = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
                kinds.collect::<Vec<_>>().join("|")
            }
            _ => "any".into(),
        };
        format!("{name}{}: {kind}", if must { "" } else { "?" })
    };
    let properties = schema["properties"].as_object();
    properties.map(|all| all.iter().map(describe).collect()).unwrap_or_default()
}
