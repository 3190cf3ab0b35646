use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use cascade_config::ConfigState;

/// Job types that came up and that this worker cannot run, since none of its plugins has them or its
/// jobs.toml does not name them: their runs are left to other workers until that changes.
#[derive(Default)]
pub struct MissingJobs(Mutex<BTreeSet<String>>);

impl MissingJobs {
    /// One more.
    pub fn add(&self, job_type: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job_type.to_owned());
    }

    /// Those that are still missing.
    pub fn list(&self, state: &ConfigState) -> Vec<String> {
        let mut missing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ConfigState { config, registry, .. } = state;
        missing.retain(|job| registry.job(job).is_none() || !config.jobs.contains_key(job));
        missing.iter().cloned().collect()
    }
}
