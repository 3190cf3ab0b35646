//! A run once more, from here: a new run of the same job, asked for the same, in a trace of its own.

use cascade_model::{Enqueue, Enqueued, OnDuplicate, Payload, RunNow, RunRequest, Visible};
use cascade_store::{Connections, Queries, Result, StoreError, Tx, rerun_noted};
use chrono::Utc;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Engine, bulk,
    enqueue::{self, Beside},
    request,
};

/// Names in the payload of a run the one that it is once more.
pub const RERUN_OF: &str = "rerun_of";

impl Engine {
    /// Makes a run that is `run` once more, asked for by `by`: one with args is made once more, behind those of its key;
    /// for one of a schedule it is as [`Engine::run_now`].
    ///
    /// # Errors
    /// [`StoreError::NoRun`], [`StoreError::NotScheduled`], [`StoreError::WrongState`] for a job that jobs.toml
    /// disables, or the database's.
    pub async fn rerun(&self, visible: &Visible, run: Uuid, by: &str) -> Result<RunNow> {
        let of = self.store.run(visible, run).await?.ok_or(StoreError::NoRun(run))?;
        let Some(asked) = of.request else {
            let mut tx = self.store.begin(Connections::Shared).await?;
            let done = of_schedule(&mut *tx, (&of.job_type, of.project_id), run, by).await;
            return self.finish(tx, done).await;
        };
        let request = RunRequest { run_at: None, asked_by: Some(by.to_owned()), ..*asked };
        let asked = Enqueue {
            job_type: of.job_type,
            project_id: of.project_id,
            request,
            on_duplicate: OnDuplicate::Queue,
        };
        let facts = self.schedules_of(std::slice::from_ref(&asked)).await?;
        let schedule = facts.get(&(asked.job_type.clone(), asked.project_id));
        let mut new = enqueue::run(&asked, schedule)?;
        let payload = &mut new.run.payload;
        payload.add_request(schedule.map_or_else(Utc::now, |schedule| schedule.now));
        payload.rest.insert(RERUN_OF.into(), Value::String(run.to_string()));
        let mut tx = self.store.begin(Connections::Shared).await?;
        let mut beside = Beside::default();
        let mut done =
            enqueue::enqueue(&mut *tx, vec![(new, OnDuplicate::Queue)], true, &mut beside).await;
        if let Ok([told]) = done.as_deref()
            && let Err(error) = tx.execute(&rerun_noted(told.run_id(), run)).await
        {
            done = Err(StoreError::Query(error));
        }
        let told = self.finish(tx, done).await?;
        let told = told.first().copied().map(Enqueued::run_id);
        told.map(RunNow::Queued).ok_or(StoreError::NoRun(run))
    }
}

async fn of_schedule(
    tx: &mut dyn Tx,
    (job, project): (&str, Uuid),
    of: Uuid,
    by: &str,
) -> Result<RunNow> {
    let found = tx.lock_schedules(project, &[job.to_owned()]).await?.pop();
    let mut schedule = found.ok_or_else(|| StoreError::NotScheduled { job: job.into() })?;
    // It is the run's that is made, now or after the one under way.
    schedule.payload.rest.insert(RERUN_OF.into(), Value::String(of.to_string()));
    request::run(&schedule)?;
    let started = bulk::start(tx, &[schedule], Some(by)).await?.pop();
    started.ok_or_else(|| StoreError::NotScheduled { job: job.into() })
}

/// Notes that a new run of a schedule is another once more, if it is: it may be made long after that was asked for.
pub(crate) async fn note(tx: &mut dyn Tx, run: Uuid, payload: &Payload) -> Result<()> {
    let of = payload.rest.get(RERUN_OF).and_then(Value::as_str);
    if let Some(of) = of.and_then(|of| of.parse().ok()) {
        tx.execute(&rerun_noted(run, of)).await.map_err(StoreError::Query)?;
    }
    Ok(())
}
