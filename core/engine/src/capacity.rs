use std::collections::HashMap;

use cascade_store::{Limit, Limited};
use uuid::Uuid;

/// How many more runs may start, of each job type and each project that has a limit.
#[derive(Debug, Default)]
pub(crate) struct Capacity {
    jobs: HashMap<String, i64>,
    projects: HashMap<Uuid, i64>,
}

impl Capacity {
    /// What `limits` leave. Two claims that do not see each other's runs could both take the last place
    /// under a limit: for a claim that does not count `alone`, whatever has a limit is full.
    pub fn of(limits: Vec<Limit>, alone: bool) -> Self {
        let mut capacity = Self::default();
        for Limit { of, free } in limits {
            let free = if alone { free } else { 0 };
            match of {
                Limited::Job(job) => capacity.jobs.insert(job, free),
                Limited::Project(project) => capacity.projects.insert(project, free),
            };
        }
        capacity
    }

    /// Job types that may not start now: those that are full, and those of `except`.
    pub fn closed_jobs(&self, except: &[String]) -> Vec<String> {
        let full = self.jobs.iter().filter(|(_, free)| **free <= 0).map(|(job, _)| job);
        full.chain(except).cloned().collect()
    }

    /// Projects that may not start anything now.
    pub fn full_projects(&self) -> Vec<Uuid> {
        self.projects.iter().filter(|(_, free)| **free <= 0).map(|(id, _)| *id).collect()
    }

    /// Whether one more may start; if so, it counts from now on.
    pub fn take(&mut self, job: &str, project: Uuid) -> bool {
        let (job, project) = (self.jobs.get_mut(job), self.projects.get_mut(&project));
        let mut of = [job, project].into_iter().flatten().collect::<Vec<_>>();
        let fits = of.iter().all(|free| **free > 0);
        if fits {
            of.iter_mut().for_each(|free| **free -= 1);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);

    fn limits() -> Vec<Limit> {
        let job = Limit { of: Limited::Job("a".into()), free: 2 };
        vec![job, Limit { of: Limited::Project(ONE), free: 1 }]
    }

    #[test]
    fn a_run_counts_for_its_job_and_for_its_project() {
        let mut capacity = Capacity::of(limits(), true);
        assert!(capacity.take("a", ONE));
        assert_eq!(capacity.full_projects(), [ONE]);
        assert!(!capacity.take("b", ONE), "the project is full");
        assert!(!capacity.take("a", ONE), "what does not start takes no place");
        assert!(capacity.take("a", TWO));
        assert_eq!(capacity.closed_jobs(&["c".into()]), ["a", "c"]);
        assert!(!capacity.take("a", TWO) && capacity.take("b", TWO), "`b` has no limit");
    }

    #[test]
    fn who_does_not_count_alone_starts_nothing_that_has_a_limit() {
        let mut capacity = Capacity::of(limits(), false);
        assert!(!capacity.take("a", TWO) && !capacity.take("b", ONE) && capacity.take("b", TWO));
    }
}
