use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cascade_config::{Config, ConfigState};

/// Job types whose runs this worker leaves to others: those that came up and that it cannot run, since none of
/// its plugins has them or its jobs.toml does not name them, until that changes; and those that need labels which
/// it does not have.
#[derive(Default)]
pub struct MissingJobs(Mutex<Left>);

#[derive(Default)]
struct Left {
    missing: BTreeSet<String>,
    /// Those that need other labels, of this jobs.toml.
    labelled: Option<(Arc<Config>, Vec<String>)>,
}

impl MissingJobs {
    /// One more.
    pub fn add(&self, job_type: &str) {
        self.left().missing.insert(job_type.to_owned());
    }

    /// Those that are still missing, and those that need more than `labels`.
    pub fn list(&self, state: &ConfigState, labels: &[String]) -> Vec<String> {
        let mut left = self.left();
        let ConfigState { config, registry, .. } = state;
        left.missing.retain(|job| registry.job(job).is_none() || !config.jobs.contains_key(job));
        let of_others = match &left.labelled {
            Some((of, jobs)) if Arc::ptr_eq(of, config) => jobs.clone(),
            _ => {
                let jobs = needing_more(config, labels);
                left.labelled = Some((config.clone(), jobs.clone()));
                jobs
            }
        };
        left.missing.iter().cloned().chain(of_others).collect()
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The jobs of which a worker with these labels runs none.
fn needing_more(config: &Config, labels: &[String]) -> Vec<String> {
    let jobs = config.jobs.iter();
    let more = jobs.filter(|(_, job)| job.needs_labels.iter().any(|label| !labels.contains(label)));
    more.map(|(name, _)| name.clone()).collect()
}
