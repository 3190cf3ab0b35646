//! What people ask for. Each action is one transaction, with its entry in the audit log.
//!
//! Whoever has locked a schedule waits for no run: a run is locked before its schedule, or stepped over
//! where it is being taken or ended. The end of a run, which waits for the schedules that it triggers, is
//! thus never waited for by one who has locked these.

use std::collections::BTreeSet;

use cascade_config::ConfigState;
use cascade_model::{
    CancelRequest, Enqueue, Enqueued, Follow, JoinKey, OnDuplicate, Pause, Run, RunKind, RunNow,
    RunState, ScheduledStatus, StatKind, Visible,
};
use cascade_sdk::Statement;
use cascade_store::{
    Connections, Ended, IdempotencyKey, NewRequest, Queries, Result, RunRow, ScheduleRow,
    SchedulesByJob, StoreError, Tx, change_key, keep_key,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    Engine, bulk, cancel,
    enqueue::{self, Beside},
    figures::UnseenEnd,
    follow::{Ending, follow},
    joins, pause, request, retry,
    settle::{Made, RunEnd, Settled},
    texts,
};

/// How often a request is tried that others keep from its locks.
pub(crate) const TRIES: u32 = 5;

impl Engine {
    /// The same engine, which writes `entry` of the audit log in the transaction of each action: either
    /// both are there or neither, so that an action can be asked for again when its answer was a fault.
    pub fn noting(&self, entry: Statement) -> Self {
        Self { entry: Some(texts::of_statement(entry)), ..self.clone() }
    }

    /// Runs a scheduled job as soon as it may: now, by the run of it that waits already, or once more
    /// after its current run, however many ask meanwhile. Workers of other processes are told. The run of
    /// a paused job waits until the job is resumed.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`], or [`StoreError::WrongState`] for a job that jobs.toml disables.
    pub async fn run_now(&self, job: &str, project: Uuid) -> Result<RunNow> {
        let mut tx = self.store.begin(Connections::Queue).await?;
        let done = run_now(&mut *tx, job, project, self.by.as_deref()).await;
        self.finish(tx, done).await
    }

    /// Makes runs that wait, one for each of `asked` unless its rule for duplicates says otherwise: all of them, or
    /// none. With a `key`, a single request that was answered before is not carried out again.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`], [`StoreError::WrongState`] for a job that jobs.toml disables,
    /// [`StoreError::Duplicate`], [`StoreError::KeyUsed`], or the database's.
    pub async fn enqueue(
        &self,
        asked: &[Enqueue],
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<Enqueued>> {
        for _ in 1..TRIES {
            match self.try_to_enqueue(asked, key).await {
                Err(error) if error.is_deadlock() => {}
                done => return done,
            }
        }
        self.try_to_enqueue(asked, key).await
    }

    async fn try_to_enqueue(
        &self,
        asked: &[Enqueue],
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<Enqueued>> {
        let requests = self.requests(asked).await?;
        let first = requests.first().map(|(one, _)| one.run.id).unwrap_or_default();
        let mut tx = self.store.begin(Connections::Shared).await?;
        let dialect = self.store.database().dialect();
        if let Some(key) = key
            && tx.execute(&keep_key(dialect, key, first)).await.map_err(StoreError::Query)? == 0
        {
            tx.rollback().await?;
            return self.answered_before(key).await;
        }
        let mut beside = Beside::default();
        let mut done = enqueue::enqueue(&mut *tx, requests, true, &mut beside).await;
        if let (Ok(told), Some(key)) = (&done, key)
            && let Some(run) = told.first().map(|told| told.run_id()).filter(|run| *run != first)
            && let Err(error) = tx.execute(&change_key(key, run)).await
        {
            done = Err(StoreError::Query(error));
        }
        let told = self.finish(tx, done).await?;
        self.count_unseen(&beside.replaced);
        Ok(told)
    }

    /// The runs that are to serve these requests.
    pub(crate) async fn requests(
        &self,
        asked: &[Enqueue],
    ) -> Result<Vec<(NewRequest, OnDuplicate)>> {
        let facts = self.schedules_of(asked).await?;
        let request = |one: &Enqueue| {
            let schedule = facts.get(&(one.job_type.clone(), one.project_id));
            let mut new = enqueue::run(one, schedule)?;
            new.run.payload.add_request(schedule.map_or_else(Utc::now, |schedule| schedule.now));
            Ok((new, one.on_duplicate))
        };
        asked.iter().map(request).collect()
    }

    async fn answered_before(&self, key: &IdempotencyKey) -> Result<Vec<Enqueued>> {
        match self.store.earlier_request(key).await? {
            Some(earlier) if earlier.digest == key.digest => {
                Ok(vec![Enqueued::Duplicate(earlier.run_id)])
            }
            Some(earlier) => Err(StoreError::KeyUsed { run: earlier.run_id }),
            None => Err(StoreError::WrongState("its idempotency key has just ended; ask again")),
        }
    }

    /// The schedules that these requests are about.
    pub(crate) async fn schedules_of(&self, asked: &[Enqueue]) -> Result<SchedulesByJob> {
        let jobs: BTreeSet<_> = asked.iter().map(|one| one.job_type.clone()).collect();
        let projects: BTreeSet<_> = asked.iter().map(|one| one.project_id).collect();
        let (jobs, projects) =
            (jobs.into_iter().collect(), projects.into_iter().collect::<Vec<_>>());
        self.store.schedule_facts(jobs, &projects).await
    }

    /// Cancels a run that waits, or asks for the end of one that runs.
    ///
    /// # Errors
    /// [`StoreError::NoRun`], or [`StoreError::WrongState`] when it has ended.
    pub async fn request_cancel(&self, visible: &Visible, run: Uuid) -> Result<CancelRequest> {
        joins::again(|| self.try_to_cancel(visible, run)).await
    }

    async fn try_to_cancel(&self, visible: &Visible, run: Uuid) -> Result<CancelRequest> {
        let follow = match self.with_joins(visible, run).await? {
            Some((config, run)) => {
                follow(&*self.store, &config, &Ending::from(&run).cancelled()).await?
            }
            None => Follow::default(),
        };
        let made = self.made(run, Vec::new(), &follow).await?;
        let at = match follow.joins.is_empty() {
            true => None,
            false => Some(self.store.now().await?),
        };
        let mut tx = self.store.begin(Connections::Shared).await?;
        let done = self.cancel_in(&mut *tx, visible, (run, at), follow, made).await;
        let (answer, settled) = self.finish(tx, done).await?;
        if let Some((ended, settled)) = settled {
            self.count_unseen(&[ended]);
            settled.map(|settled| self.count_settled(settled));
        }
        Ok(answer)
    }

    /// Also tells the end of a run that waited.
    async fn cancel_in(
        &self,
        tx: &mut dyn Tx,
        visible: &Visible,
        (run, at): (Uuid, Option<DateTime<Utc>>),
        follow: Follow,
        made: Made,
    ) -> Result<(CancelRequest, Option<(UnseenEnd, Option<Settled>)>)> {
        // In the order of an end: two that lead to runs of one key do not wait for each other.
        made.lock(tx, Some(run), &follow).await?;
        let run = lock_run(tx, visible, run).await?;
        let state = run.state;
        let asked = cancel::requested(run)?;
        tx.save_run(state, &asked).await?;
        if asked.state == RunState::Running {
            return Ok((CancelRequest::Requested, None));
        }
        if asked.kind == RunKind::Queue {
            tx.advance_keys(&[asked.id]).await?;
        }
        let mut settled = None;
        if let Some(at) = at {
            let (job_type, project_id) = (asked.job_type.clone(), asked.project_id);
            let trace_id = asked.payload.trace_of(asked.id);
            let ended = Ended { job_type, project_id, trace_id, at };
            let of = RunEnd { run: asked.id, ended: &ended, how: joins::End::Cancelled };
            settled = Some(self.settle(tx, of, follow, made, None).await?);
        }
        let unseen = (asked.job_type, asked.project_id, StatKind::Cancelled);
        Ok((CancelRequest::Cancelled, Some((unseen, settled))))
    }

    /// Gives a failed or cancelled run one more attempt, now.
    ///
    /// # Errors
    /// [`StoreError::NoRun`], or [`StoreError::WrongState`] when it has not failed, jobs.toml disables the
    /// job, or the job has another unfinished run: the first of these that is so.
    pub async fn retry(&self, visible: &Visible, run: Uuid) -> Result<()> {
        let keys = self.joins_that_wait(visible, run).await?;
        let mut tx = self.store.begin(Connections::Shared).await?;
        let done = retry(&mut *tx, visible, run, &keys).await;
        self.finish(tx, done).await
    }

    /// The joins that are to wait for a run which is tried again.
    async fn joins_that_wait(&self, visible: &Visible, run: Uuid) -> Result<Vec<JoinKey>> {
        match self.with_joins(visible, run).await? {
            Some((config, run)) => joins::waiting_for(&*self.store, &config, &run).await,
            None => Ok(Vec::new()),
        }
    }

    /// The run with jobs.toml, if that has joins.
    async fn with_joins(&self, visible: &Visible, run: Uuid) -> Result<Option<(ConfigState, Run)>> {
        let config = self.config.as_ref().map(|config| config.state());
        let Some(config) = config.filter(|config| !config.config.joins.is_empty()) else {
            return Ok(None);
        };
        Ok(self.store.run(visible, run).await?.map(|run| (config, run)))
    }

    /// Pauses or resumes a scheduled job. Nothing of a paused job starts: its timers and cascades do
    /// nothing, and its runs that wait, to be tried again or for the first time, wait on.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`], or the database's.
    pub async fn set_status(
        &self,
        job: &str,
        project: Uuid,
        status: ScheduledStatus,
    ) -> Result<()> {
        self.pause_or_resume(job, project, pause::of_status(status).as_ref()).await
    }

    /// As [`Engine::set_status`], with the end of the pause and why; `None` resumes the job.
    ///
    /// # Errors
    /// As there.
    pub async fn pause_or_resume(
        &self,
        job: &str,
        project: Uuid,
        pause: Option<&Pause>,
    ) -> Result<()> {
        let mut tx = self.store.begin(Connections::Shared).await?;
        let done = pause_or_resume(&mut *tx, job, project, pause).await;
        self.finish(tx, done).await
    }

    /// Commits what was done, with its entry in the audit log. What was refused is rolled back before
    /// anybody is told: a lock that outlives the answer would have the next claim step over the run.
    pub(crate) async fn finish<T>(&self, mut tx: Box<dyn Tx>, mut done: Result<T>) -> Result<T> {
        if let (Ok(_), Some(entry)) = (&done, &self.entry)
            && let Err(error) = tx.execute(entry).await
        {
            done = Err(StoreError::Audit(error));
        }
        match done {
            Ok(answer) => tx.commit().await.map(|()| answer),
            Err(error) => {
                // Without a connection there is no transaction either.
                tx.rollback().await.ok();
                Err(error)
            }
        }
    }
}

async fn run_now(tx: &mut dyn Tx, job: &str, project: Uuid, by: Option<&str>) -> Result<RunNow> {
    let schedule = lock_schedule(tx, job, project).await?;
    request::run(&schedule)?;
    let started = bulk::start(tx, &[schedule], by).await?.pop();
    started.ok_or_else(|| StoreError::NotScheduled { job: job.into() })
}

async fn retry(tx: &mut dyn Tx, visible: &Visible, run: Uuid, joins: &[JoinKey]) -> Result<()> {
    let run = lock_run(tx, visible, run).await?;
    if run.kind == RunKind::Queue {
        tx.lock_key_of(run.id).await?;
    }
    let (state, job) = (run.state, std::slice::from_ref(&run.job_type));
    let schedule = tx.lock_schedules(run.project_id, job).await?.pop();
    let again = retry::requested(run, schedule.as_ref())?;
    if tx.save_run(state, &again).await? {
        return joins::reopen(tx, &again, joins).await;
    }
    Err(StoreError::WrongState("the job has another unfinished run in this project"))
}

async fn pause_or_resume(
    tx: &mut dyn Tx,
    job: &str,
    project: Uuid,
    pause: Option<&Pause>,
) -> Result<()> {
    let schedule = lock_schedule(tx, job, project).await?;
    pause::save(tx, vec![schedule], pause).await.map(drop)
}

async fn lock_schedule(tx: &mut dyn Tx, job: &str, project: Uuid) -> Result<ScheduleRow> {
    let found = tx.lock_schedules(project, &[texts::of_job(job)?.to_owned()]).await?.pop();
    found.ok_or_else(|| StoreError::NotScheduled { job: job.into() })
}

pub(crate) async fn lock_run(tx: &mut dyn Tx, visible: &Visible, run: Uuid) -> Result<RunRow> {
    let mut found = tx.lock_run(run).await?;
    if found.is_none() {
        // PostgreSQL keeps ended runs in another table: a statement that has waited for the end of this one
        // still looks where it stood before. The next statement sees it.
        found = tx.lock_run(run).await?;
    }
    found.filter(|found| visible.includes(found.project_id)).ok_or(StoreError::NoRun(run))
}
