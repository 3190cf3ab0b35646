//! Several at the same time: nobody waits for ever, nothing fails but what lost a race, and no run is
//! left behind.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use cascade_engine::Engine;
use cascade_model::{Done, Fault, Follow, Lease, RunState, ScheduledStatus, Success, Visible};
use cascade_store::{Queries, Result, StoreError};
use futures::future::join_all;
use uuid::Uuid;

use crate::{
    chain::config,
    observed,
    replay::{LEASE, late, variant},
    verb::{JOBS, PROJECTS, Verb, WORKERS},
};

/// Does what the sequences say, each in its order and beside the others.
pub(crate) async fn together(engine: &Engine, sequences: &[Vec<Verb>]) {
    observed::clear(engine).await;
    engine.reconcile(&variant(0)).await.unwrap();
    let projects = engine.store().projects(&Visible::All).await.unwrap();
    let projects = PROJECTS.map(|slug| projects.iter().find(|p| p.slug == slug).unwrap().id);
    let workers = Workers { engine, projects, leases: Mutex::default(), jobs: Mutex::default() };
    let one = async |verbs: &[Verb]| {
        for verb in verbs {
            match workers.apply(verb).await {
                Ok(()) | Err(StoreError::LostLease | StoreError::WrongState(_)) => {}
                Err(error) => panic!("{verb:?}: {error}"),
            }
        }
    };
    join_all(sequences.iter().map(|verbs| one(verbs))).await;
    workers.drain().await;
}

struct Workers<'a> {
    engine: &'a Engine,
    projects: [Uuid; PROJECTS.len()],
    leases: Mutex<Vec<Lease>>,
    /// Whose runs they are.
    jobs: Mutex<HashMap<Uuid, String>>,
}

impl Workers<'_> {
    fn leases(&self) -> MutexGuard<'_, Vec<Lease>> {
        self.leases.lock().unwrap()
    }

    async fn claim(&self, worker: &str, limit: u32) -> Result<usize> {
        let runs = self.engine.claim(worker, limit, LEASE, &[]).await?;
        let jobs = runs.iter().map(|run| (run.lease.run_id, run.job_type.clone()));
        self.jobs.lock().unwrap().extend(jobs);
        self.leases().extend(runs.iter().map(|run| run.lease.clone()));
        Ok(runs.len())
    }

    async fn apply(&self, verb: &Verb) -> Result<()> {
        let engine = self.engine;
        let leases = self.leases().clone();
        let lease = |nth| late(&leases, nth);
        let run = |nth| late(&leases, nth).map(|lease| lease.run_id);
        match *verb {
            Verb::RunNow { job, project } => {
                engine.run_now(JOBS[job], self.projects[project]).await.map(drop)
            }
            Verb::Claim { worker, limit } => self.claim(WORKERS[worker], limit).await.map(drop),
            Verb::Pause { job, project } => {
                let (job, project) = (JOBS[job], self.projects[project]);
                engine.set_status(job, project, ScheduledStatus::Paused).await
            }
            Verb::Resume { job, project } => {
                let (job, project) = (JOBS[job], self.projects[project]);
                engine.set_status(job, project, ScheduledStatus::Active).await
            }
            Verb::Reconcile { variant: nth } => engine.reconcile(&variant(nth)).await,
            Verb::Expire { worker } => {
                let mut own = leases;
                own.retain(|lease| lease.owner == WORKERS[worker]);
                engine.renew(&own, Duration::ZERO).await.map(drop)
            }
            Verb::Retry { run: nth } => match run(nth) {
                Some(run) => engine.retry(&Visible::All, run).await,
                None => Ok(()),
            },
            Verb::RequestCancel { run: nth } => match run(nth) {
                Some(run) => engine.request_cancel(&Visible::All, run).await.map(drop),
                None => Ok(()),
            },
            Verb::Succeed { lease: nth, .. }
            | Verb::Fail { lease: nth, .. }
            | Verb::Stop { lease: nth }
            | Verb::Release { lease: nth }
            | Verb::Renew { lease: nth }
            | Verb::LoseTrack { lease: nth } => match lease(nth) {
                Some(lease) => self.work(verb, &lease).await,
                None => Ok(()),
            },
        }
    }

    async fn work(&self, verb: &Verb, lease: &Lease) -> Result<()> {
        let engine = self.engine;
        match *verb {
            Verb::Succeed { cascade: true, .. } => {
                let job = self.jobs.lock().unwrap()[&lease.run_id].clone();
                let downstream = config().chains.remove(&job).unwrap_or_default();
                let success = Success {
                    follow: Follow { downstream, ..Follow::default() },
                    ..Success::default()
                };
                engine.complete(lease, success).await.map(drop)
            }
            Verb::Succeed { .. } => {
                let (job_type, project_id) = ("up".to_owned(), self.projects[0]);
                let (lease, ran) = (lease.clone(), Duration::ZERO);
                let done = Done { lease, job_type, project_id, summary: None, ran };
                engine.complete_all(&[done]).await.map(drop)
            }
            Verb::Fail { again, .. } => {
                let retry_in = again.then_some(Duration::ZERO);
                let fault = Fault { error: "no luck".into(), retry_in };
                engine.fail(lease, fault).await.map(drop)
            }
            Verb::Stop { .. } => engine.cancel(lease).await,
            Verb::Release { .. } => engine.release(lease).await,
            Verb::LoseTrack { .. } => engine.give_up_unlisted(&lease.owner, &[]).await.map(drop),
            _ => engine.renew(std::slice::from_ref(lease), LEASE).await.map(drop),
        }
    }

    /// Everything is on again, every worker is gone, and another one ends all that waits.
    async fn drain(&self) {
        let engine = self.engine;
        engine.reconcile(&variant(0)).await.unwrap();
        for project in self.projects {
            for job in JOBS {
                engine.set_status(job, project, ScheduledStatus::Active).await.unwrap();
            }
        }
        for worker in WORKERS {
            engine.give_up_unlisted(worker, &[]).await.unwrap();
        }
        loop {
            for run in engine.claim("looker", 10, LEASE, &[]).await.unwrap() {
                engine.complete(&run.lease, Success::default()).await.unwrap();
            }
            let jobs = observed::jobs(engine).await;
            let open: Vec<_> = jobs.values().filter_map(|seen| seen.open.as_ref()).collect();
            assert!(open.iter().all(|open| open.state != RunState::Running), "{open:?}");
            if open.is_empty() && jobs.values().all(|seen| seen.due != crate::model::Due::Now) {
                return;
            }
        }
    }
}
