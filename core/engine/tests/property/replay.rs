//! Does what a sequence says, and compares each answer and all that there is with the model.

use std::time::Duration;

use cascade_config::{Config, JobSettings, Schedule};
use cascade_engine::Engine;
use cascade_model::{
    CancelRequest, ClaimedRun, Done, Failed, Fault, Follow, Lease, Renewal, RunNow, RunState,
    ScheduledStatus, Success, Visible,
};
use cascade_store::{LeftJob, Queries, StoreError};
use uuid::Uuid;

use crate::{
    chain::config,
    model::{Key, Model},
    observed,
    verb::{JOBS, PROJECTS, Verb, WORKERS},
};

pub(crate) const LEASE: Duration = Duration::from_secs(600);

pub(crate) async fn replay(engine: &Engine, verbs: &[Verb]) {
    observed::clear(engine).await;
    let mut replay = Replay { engine, model: Model::default() };
    replay.reconcile(0).await;
    for verb in verbs {
        replay.apply(verb).await;
        let seen = observed::jobs(engine).await;
        assert_eq!(seen, replay.model.jobs, "after {verb:?}");
    }
    let ended =
        replay.model.ended.iter().map(|(id, ended)| (*id, (ended.run.state, ended.run.attempt)));
    assert_eq!(observed::ended(engine).await, ended.collect());
    assert_eq!(observed::events(engine).await, replay.model.events, "ends that were told");
}

struct Replay<'a> {
    engine: &'a Engine,
    model: Model,
}

/// One of the latest of a list, if there is any.
pub(crate) fn late<T: Clone>(list: &[T], nth: usize) -> Option<T> {
    list.iter().rev().nth(nth % list.len().max(1)).cloned()
}

fn key(job: usize, project: usize) -> Key {
    (JOBS[job].into(), PROJECTS[project].into())
}

fn is_lost<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::LostLease)), "the lease is lost: {answer:?}");
}

fn is_refused<T: std::fmt::Debug>(answer: Result<T, StoreError>, why: &str) {
    let said = answer.unwrap_err();
    assert!(matches!(said, StoreError::WrongState(_)) && said.to_string().contains(why), "{said}");
}

fn job<'a>(config: &'a mut Config, name: &str) -> &'a mut JobSettings {
    config.jobs.get_mut(name).unwrap()
}

/// A version of jobs.toml.
pub(crate) fn variant(nth: usize) -> Config {
    let mut config = config();
    let every = |seconds| Some(Schedule::Every(Duration::from_secs(seconds)));
    match nth {
        1 => job(&mut config, "up").schedule = every(1800),
        2 => job(&mut config, "down").enabled = false,
        3 => drop(config.jobs.remove("up")),
        4 => drop(config.projects.remove("two")),
        5 => job(&mut config, "up").concurrency = Some(1),
        6 => config.projects.get_mut("one").unwrap().concurrency = Some(1),
        7 => config.jobs.values_mut().for_each(|job| job.max_attempts = 1),
        8 => job(&mut config, "last").schedule = every(3600),
        9 => job(&mut config, "up").schedule = None,
        _ => {}
    }
    config
}

impl Replay<'_> {
    async fn apply(&mut self, verb: &Verb) {
        match *verb {
            Verb::RunNow { job, project } => self.run_now(&key(job, project)).await,
            Verb::Claim { worker, limit } => self.claim(WORKERS[worker], limit).await,
            Verb::Expire { worker } => self.expire(WORKERS[worker]).await,
            Verb::Pause { job, project } => self.pause(&key(job, project)).await,
            Verb::Resume { job, project } => self.resume(&key(job, project)).await,
            Verb::Reconcile { variant } => self.reconcile(variant).await,
            Verb::Retry { run } => {
                if let Some(run) = late(&self.model.runs, run) {
                    self.retry(run).await;
                }
            }
            Verb::RequestCancel { run } => {
                if let Some(run) = late(&self.model.runs, run) {
                    self.request_cancel(run).await;
                }
            }
            Verb::Succeed { lease, .. }
            | Verb::Fail { lease, .. }
            | Verb::Stop { lease }
            | Verb::Release { lease }
            | Verb::Renew { lease }
            | Verb::LoseTrack { lease } => {
                if let Some(lease) = late(&self.model.leases, lease) {
                    let held = self.model.held(&lease);
                    self.work(verb, &lease, held).await;
                }
            }
        }
    }

    async fn project(&self, slug: &str) -> Uuid {
        let projects = self.engine.store().projects(&Visible::All).await.unwrap();
        projects.into_iter().find(|project| project.slug == slug).unwrap().id
    }

    async fn reconcile(&mut self, nth: usize) {
        let config = variant(nth);
        self.engine.reconcile(&config).await.unwrap();
        self.model.reconcile(&config);
    }

    async fn run_now(&mut self, key: &Key) {
        let answer = self.engine.run_now(&key.0, self.project(&key.1).await).await;
        let seen = self.model.jobs.get_mut(key).unwrap();
        if !seen.enabled {
            return is_refused(answer, "jobs.toml disables this job");
        }
        match (answer.unwrap(), &mut seen.open) {
            (RunNow::Merged(run), Some(open)) if open.state == RunState::Available => {
                assert_eq!(run, open.id);
                open.causes.requests += 1;
            }
            (RunNow::AfterCurrent, Some(open)) if open.state != RunState::Available => {
                seen.waits.requests += 1;
                seen.due = crate::model::Due::Now;
            }
            (RunNow::Queued(run), None) => {
                seen.waits.requests += 1;
                self.model.make_run(key, run);
            }
            (answer, open) => panic!("{answer:?} with {open:?}"),
        }
    }

    async fn claim(&mut self, owner: &str, limit: u32) {
        let runs = self.engine.claim(owner, limit, LEASE, &[]).await.unwrap();
        assert!(runs.len() <= limit as usize, "{} runs of {limit}", runs.len());
        for run in &runs {
            self.start(run, owner);
        }
        self.fire().await;
        if runs.is_empty() {
            let left: Vec<_> =
                self.model.jobs.keys().filter(|key| self.model.starts(key)).collect();
            assert!(left.is_empty(), "nothing was claimed, and {left:?} wait");
        }
    }

    fn start(&mut self, run: &ClaimedRun, owner: &str) {
        let key = (run.job_type.clone(), run.project.slug.clone());
        if self.model.fires(&key) {
            self.model.fire(&key, run.lease.run_id);
        }
        assert!(self.model.starts(&key), "{key:?} may not start");
        let open = self.model.open_mut(&key);
        (open.state, open.owner) = (RunState::Running, Some(owner.into()));
        open.attempt += 1;
        let lease = Lease {
            run_id: open.id,
            kind: cascade_model::RunKind::Schedule,
            owner: owner.into(),
            attempt: open.attempt,
        };
        assert_eq!((&run.lease, run.max_attempts), (&lease, open.max_attempts));
        assert_eq!(observed::causes_of(&run.payload), open.causes);
        // The attempt of a run that was released comes again.
        self.model.leases.retain(|other| *other != lease);
        self.model.leases.push(lease);
    }

    /// A claim may leave runs that it made to others.
    async fn fire(&mut self) {
        for (key, seen) in observed::jobs(self.engine).await {
            if let Some(open) = seen.open.filter(|_| self.model.fires(&key)) {
                self.model.fire(&key, open.id);
            }
        }
    }

    async fn expire(&mut self, owner: &str) {
        let leases = self.model.leases_of(owner);
        if leases.is_empty() {
            return;
        }
        let renewed = self.engine.renew(&leases, Duration::ZERO).await.unwrap();
        assert!(!renewed.contains(&Renewal::Lost), "{renewed:?}");
        let keys: Vec<_> = leases.iter().filter_map(|lease| self.model.held(lease)).collect();
        let except = JOBS.map(LeftJob::from);
        // The lease is over when the clock has moved on by its smallest step.
        loop {
            assert!(self.engine.claim("looker", 1, LEASE, &except).await.unwrap().is_empty());
            let seen = observed::jobs(self.engine).await;
            let mut runs = keys.iter().filter_map(|key| seen[key].open.as_ref());
            if runs.all(|open| open.state != RunState::Running) {
                break;
            }
            tokio::task::yield_now().await;
        }
        for key in &keys {
            self.model.give_up(key);
        }
        self.fire().await;
    }

    async fn pause(&mut self, key: &Key) {
        let project = self.project(&key.1).await;
        self.engine.set_status(&key.0, project, ScheduledStatus::Paused).await.unwrap();
        self.model.jobs.get_mut(key).unwrap().paused = true;
    }

    async fn resume(&mut self, key: &Key) {
        let project = self.project(&key.1).await;
        self.engine.set_status(&key.0, project, ScheduledStatus::Active).await.unwrap();
        self.model.resume(key);
    }

    async fn retry(&mut self, run: Uuid) {
        let answer = self.engine.retry(&Visible::All, run).await;
        let ended = self.model.ended.get(&run).cloned();
        let Some(ended) = ended.filter(|ended| ended.run.state != RunState::Completed) else {
            return is_refused(answer, "only a failed or cancelled run");
        };
        let seen = self.model.jobs.get_mut(&ended.key).unwrap();
        if !seen.enabled {
            return is_refused(answer, "jobs.toml disables this job");
        }
        if seen.open.is_some() {
            return is_refused(answer, "another unfinished run");
        }
        answer.unwrap();
        let mut open = ended.run;
        open.state = RunState::Available;
        open.max_attempts = open.max_attempts.max(open.attempt + 1);
        seen.open = Some(open);
        self.model.ended.remove(&run);
    }

    async fn request_cancel(&mut self, run: Uuid) {
        let answer = self.engine.request_cancel(&Visible::All, run).await;
        let Some(key) = self.model.open(run) else {
            return is_refused(answer, "has ended already");
        };
        let open = self.model.open_mut(&key);
        if open.state == RunState::Running {
            open.cancel_requested = true;
            assert_eq!(answer.unwrap(), CancelRequest::Requested);
        } else {
            self.model.end(&key, RunState::Cancelled);
            assert_eq!(answer.unwrap(), CancelRequest::Cancelled);
        }
    }

    /// What a worker does with a run that it holds, or held once.
    async fn work(&mut self, verb: &Verb, lease: &Lease, held: Option<Key>) {
        let engine = self.engine;
        match *verb {
            Verb::Succeed { cascade: true, .. } => self.succeed(lease, held).await,
            Verb::Succeed { .. } => self.succeed_in_a_batch(lease, held).await,
            Verb::Fail { again, .. } => {
                let retry_in = again.then_some(Duration::ZERO);
                let failed = engine.fail(lease, Fault { error: "no luck".into(), retry_in }).await;
                let Some(key) = held else { return is_lost(failed) };
                if again {
                    assert_eq!(failed.unwrap(), Failed::WillRetry);
                    self.model.try_again(&key);
                } else {
                    assert_eq!(failed.unwrap(), Failed::ForGood);
                    self.model.end(&key, RunState::Failed);
                }
            }
            Verb::Stop { .. } => {
                let stopped = engine.cancel(lease).await;
                let Some(key) = held else { return is_lost(stopped) };
                stopped.unwrap();
                self.model.end(&key, RunState::Cancelled);
            }
            Verb::Release { .. } => {
                let released = engine.release(lease).await;
                let Some(key) = held else { return is_lost(released) };
                released.unwrap();
                let open = self.model.open_mut(&key);
                (open.state, open.owner) = (RunState::Available, None);
                (open.attempt, open.cancel_requested) = (open.attempt - 1, false);
            }
            Verb::LoseTrack { .. } => {
                let mut listed = self.model.leases_of(&lease.owner);
                listed.retain(|other| other != lease);
                let count = engine.give_up_unlisted(&lease.owner, &listed).await.unwrap();
                assert_eq!(count, u64::from(held.is_some()));
                if let Some(key) = held {
                    self.model.give_up(&key);
                }
            }
            _ => {
                let renewed = engine.renew(std::slice::from_ref(lease), LEASE).await.unwrap();
                let expected =
                    held.map(|key| Renewal::held(self.model.open_mut(&key).cancel_requested));
                assert_eq!(renewed, [expected.unwrap_or(Renewal::Lost)]);
            }
        }
    }

    async fn succeed(&mut self, lease: &Lease, held: Option<Key>) {
        let chains = config().chains;
        let of = |job: &str| chains.get(job).cloned().unwrap_or_default();
        let downstream = held.as_ref().map(|(job, _)| of(job)).unwrap_or_default();
        let success = Success {
            follow: Follow { downstream: downstream.clone(), ..Follow::default() },
            ..Success::default()
        };
        let completed = self.engine.complete(lease, success).await;
        let Some((job, slug)) = held else { return is_lost(completed) };
        self.model.end(&(job.clone(), slug.clone()), RunState::Completed);
        let mut triggered = downstream;
        triggered.retain(|down| self.model.trigger(&job, &(down.clone(), slug.clone())));
        assert_eq!(completed.unwrap().triggered, triggered);
    }

    async fn succeed_in_a_batch(&mut self, lease: &Lease, held: Option<Key>) {
        let (job_type, slug) = held.clone().unwrap_or(("up".into(), "one".into()));
        let project_id = self.project(&slug).await;
        let (lease, ran) = (lease.clone(), Duration::ZERO);
        let done = Done { lease, job_type, project_id, summary: None, ran };
        let stored = self.engine.complete_all(&[done]).await.unwrap();
        assert_eq!(stored[0].is_some(), held.is_some());
        if let Some(key) = held {
            self.model.end(&key, RunState::Completed);
        }
    }
}
