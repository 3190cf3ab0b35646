//! What a well-formed file means: names that exist, edges that make sense, params that fit.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    Config, JobSettings, chains, check_edges, check_hooks,
    diagnostic::{Problem, nearest},
    edges::{self, Edge, EdgeLists},
    grants,
    hooks::PlacedHook,
    joins::{self, PlacedJoin},
    key_from, limits,
    parse::{Document, NameLists},
    reader::{Placed, Reader},
    schema, table,
};
use cascade_model::{Loading, PluginLoader, Registry};

/// What is known of the plugins that a text names.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// What the process has loaded so far.
    pub plugins: &'a dyn PluginLoader,
    /// Job types and views.
    pub registry: &'a Registry,
    /// Whether these are all: no library is left out.
    pub complete: bool,
    /// Whether the text comes into force, so that what it names may be looked at.
    pub loading: Loading,
}

pub(super) fn check(
    path: &Path,
    mut document: Document,
    mut problems: Vec<Problem>,
    known: Known,
) -> (Config, usize, Vec<Problem>) {
    let Known { registry, complete, loading, .. } = known;
    let mut reader = Reader::default();
    for (job, told) in &mut document.jobs {
        let (path, base) = (format!("jobs.{}", job.value), defaults(registry, &job.value));
        told.settings = table::read(&mut reader, &path, &told.entries, base);
    }
    problems.extend(reader.problems);
    chains::check(&document.chains, &document.joins, &mut problems);
    limits::check(&document.limits, &document.jobs, &mut problems);
    let mut known = KnownJobs { known, told: BTreeSet::new(), problems: &mut problems };
    for (up, downs) in &document.chains {
        known.require("CASCADE_CHAINS", up);
        for down in downs {
            known.require(&format!("CASCADE_CHAINS.{}", up.value), &down.job);
        }
    }
    for join in &document.joins {
        known.require("CASCADE_JOINS", &join.job);
        for named in &join.all_of {
            known.require(&format!("CASCADE_JOINS.{}.all_of", join.job.value), named);
        }
    }
    for (job, _) in &document.data_map {
        known.require("JOB_TO_DATA_MAP", job);
    }
    for placed in &document.hooks {
        known.require(&format!("hooks.{}", placed.name.value), &placed.job());
    }
    let triggered = triggered_without_args(&document);
    let base = path.parent().unwrap_or(Path::new(""));
    let (files, secrets) = document.grants.resolve(base);
    if loading == Loading::Allowed {
        document.grants.check_folders(base, known.problems);
    }
    for (job, table) in &document.jobs {
        if known.require("jobs", job)
            && let Some(job_type) = registry.job(&job.value)
        {
            let schema = &job_type.descriptor().params_schema;
            schema::check(job, table, schema, known.problems);
            let schedule = &table.settings.schedule;
            let is_triggered = schedule.is_some() || triggered.contains(job.value.as_str());
            let args = &job_type.descriptor().args_schema;
            schema::check_args(job, table, args, is_triggered, known.problems);
            key_from::check(job, table, args, known.problems);
            let granted = (&files, &secrets);
            grants::check_params(base, granted, job, table, schema, known.problems);
        }
    }
    check_data_keys(&document.data_map, registry, complete, &mut problems);
    check_missing_params(&document, registry, &mut problems);
    let unknown = check_edges::check(&document.chains, registry, &mut problems)
        + joins::check(&document.chains, &document.joins, registry, &mut problems);
    let (projects, env) = (&document.projects, &document.grants.env);
    let around = check_hooks::Around { registry, projects, env, loading };
    check_hooks::check(&document.hooks, &around, &mut problems);
    (assemble(path, document, registry), unknown, problems)
}

struct KnownJobs<'a> {
    known: Known<'a>,
    /// Job types that a warning was given of.
    told: BTreeSet<String>,
    problems: &'a mut Vec<Problem>,
}

impl KnownJobs<'_> {
    /// Whether some plugin brings the job type. That none does is an error if all plugins are there, or
    /// if one has brought it that is not named any more; or else a library that is not there yet may.
    fn require(&mut self, table: &str, job: &Placed<String>) -> bool {
        let Known { plugins, registry, complete, loading } = self.known;
        let name = &job.value;
        if registry.job(name).is_some() {
            return true;
        }
        let key = format!("{table}.{name}");
        let names = || registry.jobs().map(|job| job.descriptor().name.as_str());
        if complete || plugins.has_brought(name) {
            self.problems.push(
                Problem::error(&key, job.span.clone(), format!("unknown job type `{name}`"))
                    .label("no plugin has this name")
                    .suggest(name, names()),
            );
        } else if loading == Loading::Allowed && self.told.insert(name.clone()) {
            let message = format!("no plugin that is loaded brings the job type `{name}`");
            let warning = Problem::warning(&key, job.span.clone(), message)
                .label("its runs wait until one does");
            let near = nearest(name, &names().collect::<Vec<_>>());
            self.problems.push(match near {
                Some(near) => warning.help(format!("did you mean `{near}`?")),
                None => warning,
            });
        }
        false
    }
}

/// What holds of a job where the file says nothing.
fn defaults(registry: &Registry, job: &str) -> JobSettings {
    JobSettings::without_file(registry.job(job).map(|job| job.descriptor()))
}

/// A key that no view serves may still have a hand-made screen: a warning, not an error.
fn check_data_keys(
    data_map: &NameLists,
    registry: &Registry,
    complete: bool,
    problems: &mut Vec<Problem>,
) {
    for (job, keys) in data_map {
        let at = format!("JOB_TO_DATA_MAP.{}", job.value);
        let mut seen = BTreeSet::new();
        for key in keys {
            if !seen.insert(&key.value) {
                let message = format!("duplicate data key `{}`", key.value);
                problems.push(Problem::error(&at, key.span.clone(), message));
            } else if complete && registry.view(&key.value).is_none() {
                let message = format!("no view serves the data key `{}`", key.value);
                let views = registry.views().map(|view| view.descriptor().key.as_str());
                problems.push(
                    Problem::warning(&at, key.span.clone(), message).suggest(&key.value, views),
                );
            }
        }
    }
}

/// A job that is only named in a chain runs with empty params; they must do.
fn check_missing_params(document: &Document, registry: &Registry, problems: &mut Vec<Problem>) {
    let own: BTreeSet<&str> = document.jobs.iter().map(|(job, _)| job.value.as_str()).collect();
    let triggered = triggered_without_args(document);
    let mut seen = BTreeSet::new();
    let of_hooks: Vec<_> = document.hooks.iter().map(PlacedHook::job).collect();
    for job in named(&document.chains, &document.joins).chain(&of_hooks) {
        if own.contains(job.value.as_str()) || !seen.insert(job.value.as_str()) {
            continue;
        }
        if let Some(job_type) = registry.job(&job.value) {
            let schema = &job_type.descriptor().params_schema;
            schema::check(job, &Default::default(), schema, problems);
            let is_triggered = triggered.contains(job.value.as_str());
            let args = &job_type.descriptor().args_schema;
            schema::check_args(job, &Default::default(), args, is_triggered, problems);
        }
    }
}

/// The jobs that edges, joins and hooks lead to which give no args.
fn triggered_without_args<'a>(document: &'a Document) -> BTreeSet<&'a str> {
    let edges = document.chains.iter().flat_map(|(_, edges)| edges);
    let without_args = edges.filter(|placed| placed.edge.args.is_none());
    let joins = document.joins.iter().filter(|placed| placed.join.args.is_none());
    let joined = joins.map(|placed| placed.job.value.as_str());
    let hooks = document.hooks.iter().filter(|placed| placed.hook.args.is_none());
    let of_hooks = hooks.map(|placed| placed.hook.job.as_str());
    let of_edges = without_args.map(|placed| placed.edge.job.as_str());
    of_edges.chain(joined).chain(of_hooks).collect()
}

/// The jobs that chains and joins name.
fn named<'a>(
    chains: &'a EdgeLists,
    joins: &'a [PlacedJoin],
) -> impl Iterator<Item = &'a Placed<String>> {
    let edges = chains
        .iter()
        .flat_map(|(up, downs)| std::iter::once(up).chain(downs.iter().map(|placed| &placed.job)));
    edges.chain(joins.iter().flat_map(|join| std::iter::once(&join.job).chain(&join.all_of)))
}

fn assemble(path: &Path, document: Document, registry: &Registry) -> Config {
    let (files, secrets) = document.grants.resolve(path.parent().unwrap_or(Path::new("")));
    let plain = |lists: NameLists| -> BTreeMap<String, Vec<String>> {
        let names = |list: Vec<Placed<String>>| list.into_iter().map(|item| item.value).collect();
        lists.into_iter().map(|(key, list)| (key.value, names(list))).collect()
    };
    let mut jobs = BTreeMap::new();
    for (name, table) in document.jobs {
        jobs.insert(name.value, table.settings);
    }
    let data_map = plain(document.data_map);
    let graph = joins::Graph::of(&document.chains, &document.joins);
    let joins: BTreeMap<_, _> = joins::joins(document.joins.clone(), &graph).into_iter().collect();
    let edges: BTreeMap<String, Vec<Edge>> = document
        .chains
        .into_iter()
        .map(|(up, edges)| (up.value, edges.into_iter().map(|placed| placed.edge).collect()))
        .collect();
    let chains: BTreeMap<_, _> =
        edges.iter().map(|(up, edges)| (up.clone(), edges::names(edges))).collect();
    let named = chains.iter().flat_map(|(up, downs)| std::iter::once(up).chain(downs));
    let joined = joins.iter().flat_map(|(job, join)| std::iter::once(job).chain(&join.all_of));
    let hooks: BTreeMap<_, _> =
        document.hooks.into_iter().map(|placed| (placed.name.value, placed.hook)).collect();
    let of_hooks = hooks.values().map(|hook| &hook.job);
    for job in named.chain(joined).chain(data_map.keys()).chain(of_hooks) {
        jobs.entry(job.clone()).or_insert_with(|| defaults(registry, job));
    }
    Config {
        path: path.into(),
        chains,
        edges,
        joins,
        data_map,
        jobs,
        limits: document.limits.into_iter().map(|(name, limit)| (name.value, limit)).collect(),
        projects: document.projects,
        hooks,
        retention: document.retention,
        http: document.http,
        files,
        secrets,
    }
}
