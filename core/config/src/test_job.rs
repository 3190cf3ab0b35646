//! A job type that is never run, for tests of what jobs.toml says of it.

use std::sync::Arc;

use cascade_model::Registry;
use cascade_registry::Plugins;
use cascade_sdk::{
    BoxFuture, Context, DynJob, JobDescriptor, JobError, Origin, OriginKind, Outcome,
};
use serde_json::Value;

struct TestJob(JobDescriptor);

impl DynJob for TestJob {
    fn descriptor(&self) -> &JobDescriptor {
        &self.0
    }

    fn run(&self, _: Context, _: Value) -> BoxFuture<'static, Result<Outcome<Value>, JobError>> {
        Box::pin(async { Outcome::done().erased() })
    }
}

pub(crate) fn descriptor(name: &str, params_schema: Value) -> JobDescriptor {
    let origin = Origin {
        kind: OriginKind::CompiledIn,
        plugin: "test".into(),
        version: "1".into(),
        location: "here".into(),
    };
    JobDescriptor::new(name, "", origin, params_schema)
}

/// Plugins that bring this job type alone.
pub(crate) fn plugins(job: JobDescriptor) -> Plugins {
    plugins_of([job])
}

/// Plugins that bring these job types.
pub(crate) fn plugins_of(jobs: impl IntoIterator<Item = JobDescriptor>) -> Plugins {
    let mut registry = Registry::default();
    for job in jobs {
        registry.add_job(Arc::new(TestJob(job))).unwrap();
    }
    Plugins::from(registry)
}
