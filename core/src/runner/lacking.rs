use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use crate::registry::Registry;

/// Job types that came up and that no plugin of this worker has: their runs are left to other
/// workers, until a plugin of theirs is loaded here.
#[derive(Default)]
pub struct Lacking(Mutex<BTreeSet<String>>);

impl Lacking {
    /// One more.
    pub fn add(&self, job_type: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job_type.to_owned());
    }

    /// Those that are still lacking.
    pub fn list(&self, registry: &Registry) -> Vec<String> {
        let mut lacking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.retain(|job| registry.job(job).is_none());
        lacking.iter().cloned().collect()
    }
}
