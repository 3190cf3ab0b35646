//! Runs that a run asks for, until it ends.

use cascade_config::{ArgsSchemas, Config};
use cascade_model::{HIGHEST_PRIORITY, LONGEST_KEY, NOT_KEPT, border, is_kept, tag};
use cascade_sdk::{EnqueueError, NewRun};

/// The most runs that one run asks for.
const MOST: usize = 10_000;

/// What a run has asked for so far.
#[derive(Debug, Default)]
pub(super) struct Children {
    runs: Vec<NewRun>,
    bytes: usize,
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
        schemas: &ArgsSchemas,
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
        if run.priority == 0 {
            run.priority = settings.priority.unwrap_or(0);
        }
        let key = run.key.take().map(border::clean);
        if key.as_ref().is_some_and(|key| !(1..=LONGEST_KEY).contains(&key.len())) {
            return Err(refused(format!("a key has 1 to {LONGEST_KEY} bytes")));
        }
        if run.priority > HIGHEST_PRIORITY {
            return Err(refused(format!("a priority is 0 to {HIGHEST_PRIORITY}")));
        }
        if run.run_at.is_some_and(|at| !is_kept(at)) {
            return Err(refused(format!("run_at: {NOT_KEPT}")));
        }
        if !run.args.is_object() {
            return Err(refused("args have to be an object".into()));
        }
        run.tags = tag::tags(std::mem::take(&mut run.tags)).map_err(&refused)?;
        let args = border::args(std::mem::take(&mut run.args)).map_err(&refused)?;
        let schema = schemas.of(&run.job).map_err(&refused)?;
        schema.check(&args).map_err(&refused)?;
        let bytes = args.to_string().len();
        if self.bytes + bytes > border::CHILDREN {
            return Err(refused(format!("args of more than {} bytes in all", border::CHILDREN)));
        }
        self.bytes += bytes;
        (run.key, run.args) = (key, args);
        self.runs.push(run);
        Ok(())
    }
}
