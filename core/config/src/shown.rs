//! A config as it may be shown: without the secrets among params and args.

use std::{collections::BTreeMap, sync::Arc};

use cascade_model::Registry;
use cascade_sdk::JobDescriptor;
use serde_json::{Value, json};

use super::{
    Config, ConfigState, Edge, EdgeArg, Hook, all_masked, masked,
    secrets::{MASK, may_hold_secret},
};

impl Config {
    /// As it may be shown.
    pub fn masked(&self, registry: &Registry) -> Self {
        let mut shown = self.with_masked_jobs(registry);
        for edge in shown.edges.values_mut().flatten() {
            *edge = edge.masked(registry);
        }
        for (job, join) in &mut shown.joins {
            mask(registry, job, &mut join.args);
        }
        for hook in shown.hooks.values_mut() {
            *hook = hook.masked(registry);
        }
        shown
    }

    /// Without the secrets of jobs' own params and args.
    fn with_masked_jobs(&self, registry: &Registry) -> Self {
        let mut shown = self.clone();
        for (job, settings) in &mut shown.jobs {
            (settings.params, settings.args) = match registry.job(job).map(|job| job.descriptor()) {
                Some(JobDescriptor { params_schema, args_schema, .. }) => {
                    (masked(params_schema, &settings.params), masked(args_schema, &settings.args))
                }
                None => (all_masked(&settings.params), all_masked(&settings.args)),
            };
        }
        shown
    }
}

impl ConfigState {
    /// As it may be shown: without the secrets among params and args.
    pub fn masked(mut self) -> Self {
        self.config = Arc::new(self.config.masked(&self.registry));
        self
    }

    /// As it is rehearsed: without the secrets of jobs' own params and args, which expressions read. What edges,
    /// joins and hooks give has to fit its schema first: the rehearsal masks it then.
    pub fn for_rehearsal(mut self) -> Self {
        self.config = Arc::new(self.config.with_masked_jobs(&self.registry));
        self
    }
}

impl Edge {
    /// As it may be shown.
    pub fn masked(&self, registry: &Registry) -> Self {
        let mut shown = self.clone();
        mask(registry, &self.job, &mut shown.args);
        shown
    }
}

impl Hook {
    /// As it may be shown.
    pub fn masked(&self, registry: &Registry) -> Self {
        let mut shown = self.clone();
        mask(registry, &self.job, &mut shown.args);
        shown
    }
}

/// Hides the secrets among args that are given to runs of `job`: all of them if its plugin is not there.
fn mask(registry: &Registry, job: &str, args: &mut Option<BTreeMap<String, EdgeArg>>) {
    let schema = registry.job(job).map(|job| &job.descriptor().args_schema);
    for (name, arg) in args.iter_mut().flatten() {
        match (&mut *arg, schema) {
            (EdgeArg::Expression(_), Some(schema)) if !may_hold_secret(schema, name) => {}
            // Its text may have the secret.
            (EdgeArg::Expression(_), _) => *arg = EdgeArg::Value(MASK.into()),
            (EdgeArg::Value(value), Some(schema)) => {
                let mut given = masked(schema, &json!({ name: &*value }));
                *value = given.get_mut(name).map(Value::take).unwrap_or_else(|| MASK.into());
            }
            (EdgeArg::Value(value), None) => *value = all_masked(value),
        }
    }
}
