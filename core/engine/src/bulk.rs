//! One action on many jobs of a project: one transaction, with one entry in the audit log.

use cascade_model::{Pause, RunNow, ScheduledStatus};
use cascade_store::{Connections, Inserted, Result, ScheduleRow, StoreError, Tx};
use uuid::Uuid;

use crate::{Engine, made, pause, request, texts};

/// What became of many jobs of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Many {
    /// Jobs that it was done to, by name.
    pub done: Vec<String>,
    /// Jobs that it was not done to, as jobs.toml disables them.
    pub disabled: Vec<String>,
}

impl Engine {
    /// As [`Engine::run_now`] for many jobs of a project. Jobs that are not scheduled there are left out.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`] when it schedules none of them, or the database's: then nothing is done.
    pub async fn run_many(&self, jobs: &[String], project: Uuid) -> Result<Many> {
        let mut tx = self.store.begin(Connections::Queue).await?;
        let done = run_many(&mut *tx, jobs, project, self.by.as_deref()).await;
        self.finish(tx, done).await
    }

    /// As [`Engine::set_status`] for many jobs of a project. Jobs that are not scheduled there are left out.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`] when it schedules none of them, or the database's: then nothing is done.
    pub async fn set_status_of_many(
        &self,
        jobs: &[String],
        project: Uuid,
        status: ScheduledStatus,
    ) -> Result<Many> {
        self.pause_or_resume_many(jobs, project, pause::of_status(status).as_ref()).await
    }

    /// As [`Engine::set_status_of_many`], with the end of the pause and why; `None` resumes the jobs.
    ///
    /// # Errors
    /// As there.
    pub async fn pause_or_resume_many(
        &self,
        jobs: &[String],
        project: Uuid,
        pause: Option<&Pause>,
    ) -> Result<Many> {
        let mut tx = self.store.begin(Connections::Shared).await?;
        let done = pause_or_resume(&mut *tx, jobs, project, pause).await;
        self.finish(tx, done).await
    }
}

async fn lock(tx: &mut dyn Tx, jobs: &[String], project: Uuid) -> Result<Vec<ScheduleRow>> {
    let kept = jobs.iter().filter(|job| texts::of_job(job).is_ok()).cloned().collect::<Vec<_>>();
    let found = tx.lock_schedules(project, &kept).await?;
    match (found.is_empty(), jobs.first()) {
        (true, Some(job)) => Err(StoreError::NotScheduled { job: job.clone() }),
        _ => Ok(found),
    }
}

async fn run_many(
    tx: &mut dyn Tx,
    jobs: &[String],
    project: Uuid,
    by: Option<&str>,
) -> Result<Many> {
    let found = lock(tx, jobs, project).await?;
    let (enabled, disabled): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.enabled);
    start(tx, &enabled, by).await?;
    Ok(Many { done: names(enabled), disabled: names(disabled) })
}

async fn pause_or_resume(
    tx: &mut dyn Tx,
    jobs: &[String],
    project: Uuid,
    pause: Option<&Pause>,
) -> Result<Many> {
    let found = lock(tx, jobs, project).await?;
    let rows = pause::save(tx, found, pause).await?;
    Ok(Many { done: names(rows), disabled: Vec::new() })
}

fn names(schedules: Vec<ScheduleRow>) -> Vec<String> {
    let mut names: Vec<_> = schedules.into_iter().map(|schedule| schedule.job_type).collect();
    names.sort_unstable();
    names
}

/// Runs jobs as soon as they may, whose schedules are locked, as `by` asks for it; what became of each request.
///
/// # Errors
/// [`StoreError::WrongState`] for a job that jobs.toml disables, or the database's.
pub(crate) async fn start(
    tx: &mut dyn Tx,
    schedules: &[ScheduleRow],
    by: Option<&str>,
) -> Result<Vec<RunNow>> {
    let mut runs: Vec<_> = schedules.iter().map(request::run).collect::<Result<_>>()?;
    for run in &mut runs {
        run.payload.requested_by = by.map(ToOwned::to_owned);
    }
    let inserted = tx.insert_runs(&runs, true).await?;
    let (mut answers, mut changed) = (Vec::new(), Vec::new());
    for ((schedule, run), inserted) in schedules.iter().zip(runs).zip(inserted) {
        let (answer, after) = match inserted {
            Inserted::Made => {
                made::keep_beside(tx, run.id, &run.payload).await?;
                (RunNow::Queued(run.id), request::served(schedule))
            }
            Inserted::Waits(mut waits) => {
                waits.payload.join();
                tx.save_run(waits.state, &waits).await?;
                answers.push(RunNow::Merged(waits.id));
                continue;
            }
            Inserted::Busy => (RunNow::AfterCurrent, request::postponed(schedule, run)),
        };
        answers.push(answer);
        if after != *schedule {
            changed.push(after);
        }
    }
    if !changed.is_empty() {
        tx.save_schedules(&changed).await?;
    }
    Ok(answers)
}
