//! Reads the history of a span.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use cascade_config::{Config, ConfigState, Edge, Join, all_masked, masked};
use cascade_model::{ConfigHistory, KEY_OF_SCHEDULE, On, Registry, Run, RunState, ScheduledStatus};
use cascade_store::{Queries, RunColumn, RunFilter, RunSort};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{
    History, PastRun, PastSchedule, RehearseError,
    joins::{fired_at, join_of},
};
use crate::Engine;

/// The longest span.
pub const LONGEST: Duration = Duration::from_secs(92 * 24 * 60 * 60);
/// Runs that a span may have.
pub const MOST_RECORDED: u32 = 100_000;
/// Bytes of args and outputs that a span may have.
pub const MOST_BYTES: usize = 256 << 20;
/// Runs that are read at a time.
const PAGE: usize = 1_000;
/// The latest runs among which the one before the span is looked for, of each job.
const LATEST: u32 = 500;

impl Engine {
    /// What is kept of the runs of the `last` span, as far as the two files need it. Secrets are masked, so that no
    /// expression can tell them.
    ///
    /// # Errors
    /// [`RehearseError::TooMany`], [`RehearseError::TooLarge`], or the database's.
    pub async fn history(
        &self,
        in_force: &ConfigState,
        candidate: &Config,
        last: Duration,
    ) -> Result<History, RehearseError> {
        let to = self.store.now().await?;
        let files = self.store.config_history(1, 100).await?;
        let from = since(to, last.min(in_force.config.retention.runs), &files);
        let ids = self.ids(from, to).await?;
        let reads = |job: &str| [&*in_force.config, candidate].iter().any(|it| reads(it, job));
        let (mut runs, mut bytes) = (Vec::with_capacity(ids.len()), 0);
        for page in ids.chunks(PAGE) {
            let mut found = self.store.runs_of_ids(page).await?;
            found.retain(|run| run.queued_at < to);
            let of_readers = found.iter().filter(|run| reads(&run.job_type));
            let of_readers: Vec<_> = of_readers.map(|run| run.id).collect();
            let mut outputs = self.store.outputs(&of_readers).await?;
            for run in found {
                let output = outputs.remove(&run.id);
                bytes += output.as_ref().map_or(0, String::len);
                let args = run.request.as_ref().map(|request| request.args.to_string().len());
                bytes += args.unwrap_or(0);
                runs.push(past(run, output, &in_force.registry));
            }
            if bytes > MOST_BYTES {
                return Err(RehearseError::TooLarge { most: MOST_BYTES });
            }
        }
        runs.sort_by_key(|run| (run.queued_at, run.id));
        self.add_attempts(&mut runs).await?;
        self.mark_children(&in_force.config, &mut runs).await?;
        let schedules = self.store.due_schedules().await?.into_iter();
        let schedules = schedules.map(|due| PastSchedule {
            job: due.job_type,
            project: due.slug,
            next_run_at: due.next_run_at,
            paused: due.status == ScheduledStatus::Paused,
        });
        let changes = files.items.iter().filter(|file| file.at > from).count();
        Ok(History {
            from,
            to,
            runs,
            schedules: schedules.collect(),
            failed_before: self.failed_before(&in_force.config, candidate, from).await?,
            changes: u32::try_from(changes).unwrap_or(u32::MAX),
        })
    }

    /// The runs of the span, and those under way when it began.
    async fn ids(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Uuid>, RehearseError> {
        let since = |from| RunFilter { from: Some(from), ..RunFilter::default() };
        let mut ids = self.store.run_ids(&since(from), MOST_RECORDED + 1).await?;
        ids.extend(self.store.runs_under_way(from, MOST_RECORDED).await?);
        if ids.len() <= MOST_RECORDED as usize {
            return Ok(ids);
        }
        let mut fits = (to - from).to_std().unwrap_or_default() / 2;
        while fits > Duration::from_secs(3600)
            && self.store.count_runs_up_to(&since(to - fits), MOST_RECORDED).await? == MOST_RECORDED
        {
            fits /= 2;
        }
        Err(RehearseError::TooMany { most: MOST_RECORDED as usize, fits: Some(fits) })
    }

    /// Adds when the first attempt of each run began, and the pauses between its attempts.
    async fn add_attempts(&self, runs: &mut [PastRun]) -> Result<(), RehearseError> {
        let several = runs.iter().filter(|run| run.attempts > 1).map(|run| run.id);
        let several: Vec<_> = several.collect();
        let mut times = HashMap::new();
        for page in several.chunks(PAGE) {
            times.extend(self.store.attempt_times(page).await?);
        }
        for run in runs {
            let Some(attempts) = times.get(&run.id) else { continue };
            let next = attempts.iter().skip(1).map(|(began, _)| *began).chain([run.began_at]);
            let pauses = attempts.iter().zip(next);
            let pause = |((_, ended), next): (&(_, DateTime<Utc>), Option<DateTime<Utc>>)| {
                next.map(|next| next - *ended).filter(|pause| *pause > TimeDelta::zero())
            };
            run.paused = pauses.filter_map(pause).sum();
            let first = attempts.first().and_then(|(began, _)| *began);
            run.began_at = first.into_iter().chain(run.began_at).min();
        }
        Ok(())
    }

    /// Tells runs that the code of a run asked for from those that its edges made: of those that a run led to, the
    /// ones by its code have the first ids, and its decisions say how many edges made. What code asks for does not
    /// become one with a run that an earlier one has led to.
    async fn mark_children(
        &self,
        config: &Config,
        runs: &mut [PastRun],
    ) -> Result<(), RehearseError> {
        let mut led: BTreeMap<(Uuid, String), Vec<usize>> = BTreeMap::new();
        for (at, run) in runs.iter().enumerate().filter(|(_, run)| run.request.is_some()) {
            for parent in deciding(config, run) {
                led.entry((parent, run.job.clone())).or_default().push(at);
            }
        }
        let parents: BTreeSet<_> = led.keys().map(|(parent, _)| *parent).collect();
        let parents: Vec<_> = parents.into_iter().collect();
        let mut by_edges: HashMap<(Uuid, String), usize> = HashMap::new();
        for page in parents.chunks(PAGE) {
            for (parent, decisions) in self.store.decisions_of(page).await? {
                for edge in decisions.edges {
                    let made = edge.runs.unwrap_or(0) as usize;
                    *by_edges.entry((parent, edge.job)).or_default() += made;
                }
            }
        }
        for (of, mut children) in led {
            children.sort_by_key(|at| runs[*at].id);
            let by_code = children.len().saturating_sub(by_edges.get(&of).copied().unwrap_or(0));
            let first = |at: &usize| runs[*at].payload.triggers.first()?.run_id;
            children.retain(|at| first(at) == Some(of.0));
            for at in children.into_iter().take(by_code) {
                runs[at].by_code = true;
            }
        }
        Ok(())
    }

    /// Which jobs that have an edge for recoveries had failed before the span.
    async fn failed_before(
        &self,
        in_force: &Config,
        candidate: &Config,
        from: DateTime<Utc>,
    ) -> Result<Vec<(String, String, String)>, RehearseError> {
        let recovers = |edges: &[Edge]| edges.iter().any(|edge| edge.on == On::Recovered);
        let all = in_force.edges.iter().chain(&candidate.edges);
        let jobs: BTreeSet<_> = all.filter(|(_, it)| recovers(it)).map(|(job, _)| job).collect();
        let mut found = Vec::new();
        for job in jobs {
            let filter = RunFilter {
                job_types: vec![job.clone()],
                states: vec![RunState::Completed, RunState::Failed],
                to: Some(from),
                sort: RunSort { column: RunColumn::FinishedAt, descending: true },
                per_page: LATEST,
                ..RunFilter::default()
            };
            let mut seen = BTreeSet::new();
            for run in self.store.runs(&filter).await?.items {
                let key = match &run.request {
                    None => Some(KEY_OF_SCHEDULE.to_owned()),
                    Some(request) => request.key.clone(),
                };
                let ended = run.finished_at.is_some_and(|at| at < from);
                let Some(key) = key.filter(|_| ended) else { continue };
                if seen.insert((run.project_slug.clone(), key.clone()))
                    && run.state == RunState::Failed
                {
                    found.push((job.clone(), run.project_slug, key));
                }
            }
        }
        Ok(found)
    }
}

/// Where a span begins: not before the first jobs.toml came into force, as far as `files` tell. Timers would run there,
/// and nothing else would.
fn since(to: DateTime<Utc>, last: Duration, files: &ConfigHistory) -> DateTime<Utc> {
    let from = to - last.min(LONGEST);
    let first = files.items.last().filter(|_| files.total <= files.items.len() as u64);
    first.map_or(from, |first| from.max(first.at)).min(to)
}

/// The runs whose decisions tell of a run that they have led to: of a join the last one, if it was not late.
fn deciding(config: &Config, run: &PastRun) -> BTreeSet<Uuid> {
    let triggers = &run.payload.triggers;
    let Some(join) = join_of(config, run) else {
        return triggers.iter().filter_map(|note| note.run_id).collect();
    };
    let fired = fired_at(join, run);
    let last = triggers.iter().rev().find(|note| fired == Some(note.at));
    last.and_then(|note| note.run_id).into_iter().collect()
}

/// Whether an edge of a job, or a join that waits for it, may ask for what its runs gave out.
fn reads(config: &Config, job: &str) -> bool {
    let of_join = |join: &Join| join.evaluates() && join.rule.names(job);
    config.edges(job).iter().any(Edge::evaluates) || config.joins.values().any(of_join)
}

/// The args of a run of `job` without their secrets.
pub(super) fn masked_args(registry: &Registry, job: &str, args: &Value) -> Value {
    match registry.job(job) {
        Some(job) => masked(&job.descriptor().args_schema, args),
        None => all_masked(args),
    }
}

fn past(run: Run, output: Option<String>, registry: &Registry) -> PastRun {
    let descriptor = registry.job(&run.job_type).map(|job| job.descriptor());
    let mask_output = |value: &Value| match descriptor {
        Some(job) => masked(&job.output_schema, value),
        None => all_masked(value),
    };
    let traces = run.all_traces();
    let output = output.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let request = run.request.map(|mut request| {
        request.args = masked_args(registry, &run.job_type, &request.args);
        *request
    });
    PastRun {
        id: run.id,
        job: run.job_type,
        project: run.project_slug,
        state: run.state,
        attempts: run.attempt,
        queued_at: run.queued_at,
        began_at: run.started_at,
        finished_at: run.finished_at,
        paused: TimeDelta::zero(),
        payload: run.payload,
        traces,
        request,
        error: run.error,
        summary: run.summary,
        output: output.map(|output| mask_output(&output).to_string()),
        by_code: false,
    }
}
