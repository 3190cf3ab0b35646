//! What joins make of a run that is cancelled: no edge follows it.

use cascade_config::ConfigState;
use cascade_model::{ClaimedRun, Follow, Run};
use cascade_store::{Result, Store};
use uuid::Uuid;

use super::{End, JoinedEnd, foresee};

/// A run that is cancelled.
pub(crate) struct Cancelled<'a> {
    run: Uuid,
    job: &'a str,
    project: (Uuid, &'a str),
    attempts: u32,
    traces: Vec<Uuid>,
}

impl<'a> From<&'a Run> for Cancelled<'a> {
    fn from(run: &'a Run) -> Self {
        Self {
            run: run.id,
            job: &run.job_type,
            project: (run.project_id, &run.project_slug),
            attempts: run.attempt,
            traces: run.all_traces(),
        }
    }
}

impl<'a> From<&'a ClaimedRun> for Cancelled<'a> {
    fn from(run: &'a ClaimedRun) -> Self {
        Self {
            run: run.lease.run_id,
            job: &run.job_type,
            project: (run.project.id, &run.project.slug),
            attempts: run.lease.attempt,
            traces: run.all_traces(),
        }
    }
}

impl Cancelled<'_> {
    /// What joins make of it under `config`.
    ///
    /// # Errors
    /// The database's.
    pub async fn follow(self, store: &dyn Store, config: &ConfigState) -> Result<Follow> {
        let Self { run, job, project, attempts, traces } = self;
        let ending = JoinedEnd {
            run,
            job,
            project,
            traces: &traces,
            end: End::Cancelled,
            reopens: false,
            attempts,
            output: None,
            opens: &[],
        };
        let joins = foresee(store, config, &ending).await?;
        Ok(Follow { traces, joins, ..Follow::default() })
    }
}
