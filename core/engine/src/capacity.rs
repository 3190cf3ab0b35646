//! How many more runs may start: the one place that says so.

mod keys;
mod rate_use;
mod shared;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, time::Duration};

use cascade_store::{Beginning, LeftJob, Limit, Limited, Limits};
use uuid::Uuid;

pub(crate) use keys::KeyRates;
pub(crate) use shared::Shared;

/// How many more runs may start, of all that has a limit.
#[derive(Debug, Default)]
pub(crate) struct Capacity {
    jobs: HashMap<String, i64>,
    projects: HashMap<Uuid, i64>,
    shared: Vec<Shared>,
    /// The places in `shared` of the limits that a job names.
    shared_by_job: HashMap<String, Vec<usize>>,
}

impl Capacity {
    /// What `limits` leave. Two claims that do not see each other's runs could both take the last place
    /// under a limit: for a claim that does not count `alone`, whatever has a limit is full.
    pub fn of(limits: Limits, alone: bool) -> Self {
        let mut capacity = Self::default();
        for Limit { of, free } in limits.each {
            let free = if alone { free } else { 0 };
            match of {
                Limited::Job(job) => capacity.jobs.insert(job, free),
                Limited::Project(project) => capacity.projects.insert(project, free),
            };
        }
        for used in limits.shared {
            let at = capacity.shared.len();
            for job in &used.jobs {
                capacity.shared_by_job.entry(job.clone()).or_default().push(at);
            }
            capacity.shared.push(Shared::of(used, alone));
        }
        capacity
    }

    /// Jobs that may not start now: those that are full, and those of `except`.
    pub fn closed_jobs(&self, except: &[LeftJob]) -> Vec<LeftJob> {
        let full = self.jobs.iter().filter(|(_, free)| **free <= 0).map(|(job, _)| job);
        let closed = self.shared.iter().filter(|limit| limit.free() <= 0);
        let full = full.chain(closed.flat_map(Shared::jobs)).map(LeftJob::from);
        let mut jobs: Vec<_> = full.chain(except.iter().cloned()).collect();
        // Of those of a job the first leaves out all of its runs, if one does.
        jobs.sort_unstable();
        jobs.dedup_by(|a, b| a.job == b.job);
        jobs
    }

    /// Projects that may not start anything now.
    pub fn full_projects(&self) -> Vec<Uuid> {
        self.projects.iter().filter(|(_, free)| **free <= 0).map(|(id, _)| *id).collect()
    }

    /// Whether a job runs as often as its own limit lets it.
    pub fn job_is_full(&self, job: &str) -> bool {
        self.jobs.get(job).is_some_and(|free| *free <= 0)
    }

    /// The limits that a job shares with others and that keep it from starting now.
    pub fn closed_for<'a>(&'a self, job: &str) -> impl Iterator<Item = &'a Shared> {
        let places = self.shared_by_job.get(job).into_iter().flatten();
        places.filter_map(|at| self.shared.get(*at)).filter(|limit| limit.free() <= 0)
    }

    /// Whether one more may start; if so, it counts from now on.
    pub fn take(&mut self, job: &str, project: Uuid) -> bool {
        let shared = self.shared_by_job.get(job).map_or(&[][..], Vec::as_slice);
        let has_room = |at: &usize| self.shared.get(*at).is_none_or(|limit| limit.free() > 0);
        if !shared.iter().all(has_room) {
            return false;
        }
        let (of_job, of_project) = (self.jobs.get_mut(job), self.projects.get_mut(&project));
        let mut of = [of_job, of_project].into_iter().flatten().collect::<Vec<_>>();
        let fits = of.iter().all(|free| **free > 0);
        if fits {
            of.iter_mut().for_each(|free| **free -= 1);
            for at in shared {
                if let Some(limit) = self.shared.get_mut(*at) {
                    limit.take();
                }
            }
        }
        fits
    }

    /// What has been taken under rates.
    pub fn beginnings(&self) -> Vec<Beginning<'_>> {
        self.shared.iter().filter_map(Shared::beginning).collect()
    }

    /// How long until a rate lets a run begin that only the rate keeps waiting.
    pub fn next_by_rate(&self) -> Option<Duration> {
        self.shared.iter().filter_map(Shared::opens_in).min()
    }
}
