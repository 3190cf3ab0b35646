//! Runs that a run asks for, until it ends.

use std::{collections::HashMap, sync::Arc};

use cascade_config::{ArgsSchema, Config};
use cascade_model::{HIGHEST_PRIORITY, Registry, border};
use cascade_sdk::{EnqueueError, NewRun};

/// The most runs that one run asks for.
const MOST: usize = 10_000;
/// The most bytes of their args together.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The most bytes of a key.
const LONGEST_KEY: usize = 256;

/// What a run has asked for so far.
#[derive(Debug, Default)]
pub(super) struct Children {
    runs: Vec<NewRun>,
    bytes: usize,
    schemas: HashMap<String, Arc<ArgsSchema>>,
}

impl Children {
    /// All of them; none is left.
    pub fn take(&mut self) -> Vec<NewRun> {
        std::mem::take(&mut self.runs)
    }

    /// One more, unless `config` would not let anybody ask for it.
    pub fn add(
        &mut self,
        mut run: NewRun,
        config: &Config,
        registry: &Registry,
    ) -> Result<(), EnqueueError> {
        let job = run.job.clone();
        let refused = |why: String| EnqueueError(format!("`{job}`: {why}"));
        if self.runs.len() == MOST {
            return Err(refused(format!("a run asks for at most {MOST} others")));
        }
        let Some(settings) = config.jobs.get(&run.job) else {
            return Err(refused("jobs.toml has no such job".into()));
        };
        if !settings.enabled {
            return Err(refused("jobs.toml disables this job".into()));
        }
        let key = run.key.take().map(border::clean);
        if key.as_ref().is_some_and(|key| !(1..=LONGEST_KEY).contains(&key.len())) {
            return Err(refused(format!("a key has 1 to {LONGEST_KEY} bytes")));
        }
        if run.priority > HIGHEST_PRIORITY {
            return Err(refused(format!("a priority is 0 to {HIGHEST_PRIORITY}")));
        }
        let args = border::args(std::mem::take(&mut run.args)).map_err(&refused)?;
        let schema = self.schema(&run.job, registry).map_err(&refused)?;
        schema.check(&args).map_err(&refused)?;
        let bytes = args.to_string().len();
        if self.bytes + bytes > MOST_BYTES {
            return Err(refused(format!("args of more than {MOST_BYTES} bytes in all")));
        }
        self.bytes += bytes;
        (run.key, run.args) = (key, args);
        self.runs.push(run);
        Ok(())
    }

    fn schema(&mut self, job: &str, registry: &Registry) -> Result<Arc<ArgsSchema>, String> {
        if let Some(known) = self.schemas.get(job) {
            return Ok(known.clone());
        }
        let loaded = registry.job(job).ok_or("its plugin is not loaded")?;
        let schema = Arc::new(ArgsSchema::of(&loaded.descriptor().args_schema)?);
        self.schemas.insert(job.into(), schema.clone());
        Ok(schema)
    }
}
