//! The `[limits.NAME]` tables: limits that several jobs share.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeSet, time::Duration};

use cascade_model::MOST_RUNS;
use toml::Spanned;

use super::{
    diagnostic::Problem,
    kind::{Count, Names, Optional, is_name},
    parse::JobTable,
    rate::{Rate, RateText},
    reader::{Placed, Reader, TomlValue},
    table::{self, table},
};

/// A rate in a shorter time says nothing that `concurrency` does not say better.
pub(super) const SHORTEST: Duration = Duration::from_secs(1);

table! {
    /// One `[limits.NAME]` table: what all jobs that name it may do together, in all projects and on all workers.
    pub struct SharedLimit at "limits.*" {
        /// Runs at a time of all jobs that name this limit; no limit if left out.
        #[key(Optional(Count(MOST_RUNS)))]
        pub concurrency: Option<u32> = None,

        /// Runs of all these jobs that may begin in any such time, such as "100/1m"; no limit if left out.
        #[key(Optional(RateText { shortest: SHORTEST, example: "100/1m" }))]
        pub rate: Option<Rate> = None,
    }
}

/// Reads the whole table.
pub(super) fn read(reader: &mut Reader, value: &TomlValue) -> Vec<(Placed<String>, SharedLimit)> {
    let Some(entries) = reader.table("limits", value) else { return Vec::new() };
    let read = |(key, value): (&Spanned<Cow<'_, str>>, &TomlValue)| {
        let name = Placed { value: key.get_ref().to_string(), span: key.span() };
        let limit = one(reader, &name, value);
        (name, limit)
    };
    entries.iter().map(read).collect()
}

fn one(reader: &mut Reader, name: &Placed<String>, value: &TomlValue) -> SharedLimit {
    let path = format!("limits.{}", name.value);
    if !is_name(&name.value) {
        let message = format!("bad name of a limit `{}`", name.value);
        let problem = Problem::error(&path, name.span.clone(), message);
        reader.refuse(problem.help(Names::HELP));
    }
    let Some(entries) = reader.table(&path, value) else { return SharedLimit::default() };
    let told = reader.problems.len();
    let limit = table::read(reader, &path, entries, SharedLimit::default());
    let says_nothing = limit.concurrency.is_none() && limit.rate.is_none();
    if says_nothing && reader.problems.len() == told {
        let message = format!("the limit `{}` limits nothing", name.value);
        let problem = Problem::error(&path, name.span.clone(), message);
        reader.refuse(problem.help("set `concurrency`, `rate` or both"));
    }
    limit
}

/// Refuses the names in `limits` of jobs that no table has, and tells of tables that no job names.
pub(super) fn check(
    limits: &[(Placed<String>, SharedLimit)],
    jobs: &[(Placed<String>, JobTable)],
    problems: &mut Vec<Problem>,
) {
    let known = || limits.iter().map(|(name, _)| name.value.as_str());
    let mut used = BTreeSet::new();
    for (job, table) in jobs {
        let key = format!("jobs.{}.limits", job.value);
        let list = table.entries.get("limits").and_then(|value| value.get_ref().as_array());
        for item in list.into_iter().flat_map(|list| list.iter()) {
            let Some(name) = item.get_ref().as_str() else { continue };
            used.insert(name);
            if known().all(|limit| limit != name) {
                let problem = Problem::error(&key, item.span(), format!("unknown limit `{name}`"))
                    .label("no table [limits.NAME] has this name");
                problems.push(match limits {
                    [] => problem.help(format!("add [limits.{name}] with `concurrency` or `rate`")),
                    _ => problem.suggest(name, known()),
                });
            }
        }
    }
    for (name, _) in limits.iter().filter(|(name, _)| !used.contains(name.value.as_str())) {
        let message = format!("no job names the limit `{}`", name.value);
        let key = format!("limits.{}", name.value);
        problems.push(
            Problem::warning(&key, name.span.clone(), message)
                .label("it limits nothing")
                .help(format!("add limits = [\"{}\"] under [jobs.NAME], or remove it", name.value)),
        );
    }
}
