//! What there should be. It knows the rules by itself and asks the engine nothing.

use std::collections::BTreeMap;

use cascade_config::{Config, Schedule as Every};
use cascade_model::{Lease, RunState};
use uuid::Uuid;

/// A job of a project.
pub(crate) type Key = (String, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    Later,
    Never,
}

/// What a run serves, or the next one will.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Causes {
    pub requests: u32,
    pub triggers: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    pub id: Uuid,
    pub state: RunState,
    pub attempt: u32,
    pub max_attempts: u32,
    pub causes: Causes,
    pub owner: Option<String>,
    pub cancel_requested: bool,
}

/// What can be seen of a job of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub enabled: bool,
    pub paused: bool,
    pub due: Due,
    pub waits: Causes,
    pub open: Option<Open>,
}

#[derive(Debug, Clone)]
struct Settings {
    every: Option<Every>,
    max_attempts: u32,
    concurrency: Option<u32>,
}

/// A run that has ended, and whose it was.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub key: Key,
    pub run: Open,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub jobs: BTreeMap<Key, Seen>,
    settings: BTreeMap<Key, Settings>,
    /// Limits of projects.
    projects: BTreeMap<String, Option<u32>>,
    pub ended: BTreeMap<Uuid, Ended>,
    /// Every lease that was given, the latest last.
    pub leases: Vec<Lease>,
    /// Every run, the latest last.
    pub runs: Vec<Uuid>,
    /// How many ends were told.
    pub events: u64,
}

impl Model {
    pub fn reconcile(&mut self, config: &Config) {
        for (slug, project) in &config.projects {
            self.projects.insert(slug.clone(), project.concurrency);
        }
        for slug in config.projects.keys() {
            for (job, wanted) in &config.jobs {
                let key = (job.clone(), slug.clone());
                let new = Settings {
                    every: wanted.schedule.clone(),
                    max_attempts: wanted.max_attempts,
                    concurrency: wanted.concurrency,
                };
                let root = config.chains.values().flatten().all(|downstream| downstream != job);
                match (self.jobs.get_mut(&key), self.settings.get(&key)) {
                    (Some(seen), Some(old)) => {
                        if wanted.enabled && !seen.enabled {
                            seen.resume(new.every.is_some());
                        }
                        seen.enabled = wanted.enabled;
                        if old.every != new.every && seen.due != Due::Now {
                            seen.due = if new.every.is_some() { Due::Later } else { Due::Never };
                        }
                    }
                    _ => {
                        let due = match &new.every {
                            Some(_) if root => Due::Now,
                            Some(_) => Due::Later,
                            None => Due::Never,
                        };
                        let (waits, open) = (Causes::default(), None);
                        let enabled = wanted.enabled;
                        self.jobs
                            .insert(key.clone(), Seen { enabled, paused: false, due, waits, open });
                    }
                }
                self.settings.insert(key, new);
            }
        }
        for ((job, slug), seen) in &mut self.jobs {
            seen.enabled &= config.jobs.contains_key(job) && config.projects.contains_key(slug);
        }
    }

    fn has_timer(&self, key: &Key) -> bool {
        self.settings.get(key).is_some_and(|settings| settings.every.is_some())
    }

    /// What waited for the next run of a job became that run.
    pub fn make_run(&mut self, key: &Key, id: Uuid) {
        let (timer, max_attempts) = (self.has_timer(key), self.settings[key].max_attempts);
        let seen = self.jobs.get_mut(key).unwrap();
        assert!(seen.open.is_none(), "a second unfinished run of {key:?}");
        let causes = std::mem::take(&mut seen.waits);
        if seen.due == Due::Now && !timer {
            seen.due = Due::Never;
        }
        let (state, attempt, owner) = (RunState::Available, 0, None);
        let cancel_requested = false;
        seen.open =
            Some(Open { id, state, attempt, max_attempts, causes, owner, cancel_requested });
        self.runs.push(id);
    }

    /// A schedule that is due became a run.
    pub fn fire(&mut self, key: &Key, id: Uuid) {
        assert!(self.fires(key), "{key:?} is not due");
        self.make_run(key, id);
        if self.has_timer(key) {
            self.jobs.get_mut(key).unwrap().due = Due::Later;
        }
    }

    /// Whether a claim makes a run of a schedule.
    pub fn fires(&self, key: &Key) -> bool {
        let seen = &self.jobs[key];
        seen.is_on() && seen.due == Due::Now && seen.open.is_none()
    }

    /// Whether a claim may start a run of it now.
    pub fn starts(&self, key: &Key) -> bool {
        let seen = &self.jobs[key];
        let waits = seen.open.as_ref().is_some_and(|open| open.state != RunState::Running);
        seen.is_on() && (waits || self.fires(key)) && self.has_room(key)
    }

    fn has_room(&self, (job, slug): &Key) -> bool {
        let running = |fits: &dyn Fn(&Key) -> bool| {
            let all = self.jobs.iter().filter(|(key, _)| fits(key));
            let open = all.filter_map(|(_, seen)| seen.open.as_ref());
            open.filter(|open| open.state == RunState::Running).count()
        };
        let of_job = self.settings.iter().filter(|((other, _), _)| other == job);
        let of_job = of_job.filter_map(|(_, settings)| settings.concurrency).min();
        of_job.is_none_or(|most| running(&|key: &Key| key.0 == *job) < most as usize)
            && self.projects[slug]
                .is_none_or(|most| running(&|key: &Key| key.1 == *slug) < most as usize)
    }

    /// The job whose run it still is, if the lease holds.
    pub fn held(&self, lease: &Lease) -> Option<Key> {
        let holds = |open: &Open| {
            open.id == lease.run_id
                && open.state == RunState::Running
                && open.attempt == lease.attempt
                && open.owner.as_ref() == Some(&lease.owner)
        };
        let mut jobs = self.jobs.iter();
        jobs.find(|(_, seen)| seen.open.as_ref().is_some_and(holds)).map(|(key, _)| key.clone())
    }

    /// The job with this unfinished run.
    pub fn open(&self, run: Uuid) -> Option<Key> {
        let mut jobs = self.jobs.iter();
        jobs.find(|(_, seen)| seen.open.as_ref().is_some_and(|open| open.id == run))
            .map(|(key, _)| key.clone())
    }

    /// Leases of a worker that hold.
    pub fn leases_of(&self, owner: &str) -> Vec<Lease> {
        let all = self.leases.iter().filter(|lease| lease.owner == owner);
        all.filter(|lease| self.held(lease).is_some()).cloned().collect()
    }

    pub fn open_mut(&mut self, key: &Key) -> &mut Open {
        self.jobs.get_mut(key).unwrap().open.as_mut().unwrap()
    }

    pub fn end(&mut self, key: &Key, state: RunState) {
        let mut run = self.jobs.get_mut(key).unwrap().open.take().unwrap();
        (run.state, run.owner, run.cancel_requested) = (state, None, false);
        self.events += u64::from(state != RunState::Cancelled);
        self.ended.insert(run.id, Ended { key: key.clone(), run });
    }

    /// The run waits for its next attempt.
    pub fn try_again(&mut self, key: &Key) {
        let open = self.open_mut(key);
        (open.state, open.owner, open.cancel_requested) = (RunState::Retryable, None, false);
    }

    /// Its worker is gone, or has lost track of it.
    pub fn give_up(&mut self, key: &Key) {
        let open = self.open_mut(key);
        if open.cancel_requested {
            self.end(key, RunState::Cancelled);
        } else if open.attempt < open.max_attempts {
            self.try_again(key);
        } else {
            self.end(key, RunState::Failed);
        }
    }

    /// Whether the success of `upstream` makes the job due; if so, it is.
    pub fn trigger(&mut self, upstream: &str, key: &Key) -> bool {
        let Some(seen) = self.jobs.get_mut(key).filter(|seen| seen.is_on()) else { return false };
        seen.waits.triggers.push(upstream.into());
        seen.due = Due::Now;
        true
    }

    pub fn resume(&mut self, key: &Key) {
        let timer = self.has_timer(key);
        let seen = self.jobs.get_mut(key).unwrap();
        if seen.paused {
            seen.resume(timer);
        }
        seen.paused = false;
    }
}

impl Seen {
    pub fn is_on(&self) -> bool {
        self.enabled && !self.paused
    }

    /// A time that passed while it was off does not count, unless something waits since before.
    fn resume(&mut self, timer: bool) {
        if timer && self.due == Due::Now && self.waits == Causes::default() {
            self.due = Due::Later;
        }
    }
}
