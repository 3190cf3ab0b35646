//! Jobs whose runs this worker leaves for a while to others that they prefer.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cascade_config::{Config, ConfigState, JobSettings};
use cascade_model::Worker;
use cascade_store::{LeftJob, Queries, Store};
use tokio::{sync::Mutex, time::Instant};

use crate::preference::{is_left, weighed};

/// How long what was read of the other workers holds, unless one says that it drains or ends.
const EVERY: Duration = Duration::from_secs(3);

/// What this worker leaves, as the other workers were when it last looked. It looks only while jobs.toml has a job
/// that could prefer another.
#[derive(Default)]
pub struct PreferredWorkers(Mutex<Option<Known>>);

struct Known {
    at: Instant,
    of: Arc<Config>,
    left: Vec<LeftJob>,
}

impl PreferredWorkers {
    /// Jobs that this worker, with these labels, leaves to others until a run could have begun for `prefers_for`.
    pub(super) async fn list(
        &self,
        store: &dyn Store,
        state: &ConfigState,
        labels: &[String],
    ) -> Vec<LeftJob> {
        let mut known = self.0.lock().await;
        let holds =
            |known: &&Known| known.at.elapsed() < EVERY && Arc::ptr_eq(&known.of, &state.config);
        if let Some(known) = known.as_ref().filter(holds) {
            return known.left.clone();
        }
        let mut workers = Vec::new();
        if could_leave(&state.config.jobs, labels).next().is_some() {
            workers = store.live_workers().await.unwrap_or_else(|error| {
                tracing::debug!(%error, "runs are left to no other worker, as none is known");
                Vec::new()
            });
        }
        let left = left(state, labels, &workers);
        *known = Some(Known { at: Instant::now(), of: state.config.clone(), left: left.clone() });
        left
    }

    /// The others are not as they were.
    pub(crate) async fn look_again(&self) {
        *self.0.lock().await = None;
    }
}

/// The jobs of which a worker with these labels may run some, and than which another may weigh more.
fn could_leave<'a>(
    jobs: &'a BTreeMap<String, JobSettings>,
    labels: &'a [String],
) -> impl Iterator<Item = (&'a String, &'a JobSettings)> {
    jobs.iter().filter(|(_, job)| {
        let most = job.prefers_labels.values().filter(|weight| **weight > 0);
        let most: i64 = most.map(|weight| i64::from(*weight)).sum();
        !job.prefers_labels.is_empty()
            && job.needs_labels.iter().all(|label| labels.contains(label))
            && job.weight(labels) < most
    })
}

fn left(state: &ConfigState, labels: &[String], workers: &[Worker]) -> Vec<LeftJob> {
    let left = could_leave(&state.config.jobs, labels).filter(|(name, settings)| {
        state.registry.job(name).is_some_and(|job| {
            let plugin = &job.descriptor().origin.plugin;
            is_left(settings.weight(labels), weighed(workers, settings, plugin))
        })
    });
    left.map(|(name, job)| LeftJob { job: name.clone(), until: Some(job.prefers_for) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preference::tests::settings;

    #[test]
    fn who_has_all_labels_that_a_job_prefers_need_not_know_the_others() {
        let jobs = [
            ("prefers", settings(&[("gpu", 10), ("eu", 5)], &[])),
            ("avoids", settings(&[("spot", -5)], &[])),
            ("not_its", settings(&[("gpu", 10)], &["ssd"])),
            ("plain", settings(&[], &[])),
        ];
        let jobs = BTreeMap::from(jobs.map(|(name, settings)| (name.to_owned(), settings)));
        let could = |labels: &[&str]| {
            let labels: Vec<_> = labels.iter().map(|&label| label.to_owned()).collect();
            let could = could_leave(&jobs, &labels).map(|(name, _)| name.clone());
            could.collect::<Vec<_>>()
        };
        assert_eq!(could(&["gpu", "eu"]), [""; 0]);
        assert_eq!(could(&["gpu"]), ["prefers"]);
        assert_eq!(could(&["spot"]), ["avoids", "prefers"]);
    }
}
