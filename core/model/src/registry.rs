//! Every job type and view there is, by name.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cascade_sdk::{
    Defaults, DynJob, DynView, JobRegistration, MigrationSet, Origin, ViewRegistration, inventory,
};

/// The most attempts of a run.
pub const MOST_ATTEMPTS: u32 = 1000;
/// The most runs at a time of a job or a project; a limit above this is a slip of the pen.
pub const MOST_RUNS: u32 = 10_000;
/// The most runs of one key at a time. Each end of one looks at the places of all.
pub const MOST_RUNS_OF_KEY: u32 = 100;
/// The longest time that a setting may say.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Job types and views by name.
#[derive(Default, Clone)]
pub struct Registry {
    jobs: BTreeMap<String, Arc<dyn DynJob>>,
    views: BTreeMap<String, Arc<dyn DynView>>,
    migrations: Vec<MigrationSet>,
}

/// A plugin that cannot be taken in.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RegistryError {
    /// Two plugins want one name.
    #[error(
        "{kind} `{name}` is there twice: from {first} and from {second}; rename one of them or leave one plugin out"
    )]
    Duplicate {
        /// `job type` or `view`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The one that came first.
        first: Box<Origin>,
        /// The one that was refused.
        second: Box<Origin>,
    },
    /// A name that jobs.toml and addresses cannot spell.
    #[error("{kind} `{name}` from {origin}: a name is 1 to 64 of a-z, 0-9 and `_`, a letter first")]
    BadName {
        /// `job type` or `view`.
        kind: &'static str,
        /// The name.
        name: String,
        /// Where it comes from.
        origin: Box<Origin>,
    },
    /// A default setting that jobs.toml could not say either.
    #[error("job type `{name}` from {origin}: its defaults: {why}")]
    BadDefaults {
        /// The name.
        name: String,
        /// Where it comes from.
        origin: Box<Origin>,
        /// Which, and what it may be.
        why: &'static str,
    },
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (jobs, views) = (self.jobs.keys(), self.views.keys());
        f.debug_list().entries(jobs).entries(views).finish()
    }
}

impl Registry {
    /// Everything that was compiled in.
    ///
    /// # Errors
    /// All faults at once: duplicates (both origins named) and bad names.
    pub fn compiled_in() -> Result<Self, Vec<RegistryError>> {
        let mut registry = Self::default();
        let jobs =
            inventory::iter::<JobRegistration>().map(|entry| registry.add_job((entry.make)()));
        let mut faults: Vec<_> = jobs.filter_map(Result::err).collect();
        let views =
            inventory::iter::<ViewRegistration>().map(|entry| registry.add_view((entry.make)()));
        faults.extend(views.filter_map(Result::err));
        registry.migrations = inventory::iter::<MigrationSet>().copied().collect();
        if faults.is_empty() { Ok(registry) } else { Err(faults) }
    }

    /// Takes in one job type.
    ///
    /// # Errors
    /// [`RegistryError`] when its name is taken or cannot be spelt.
    pub fn add_job(&mut self, job: Arc<dyn DynJob>) -> Result<(), RegistryError> {
        let descriptor = job.descriptor();
        let taken = self.jobs.get(&descriptor.name).map(|first| &first.descriptor().origin);
        admit("job type", &descriptor.name, &descriptor.origin, taken)?;
        if let Some(why) = fault(&descriptor.defaults) {
            let (name, origin) = (descriptor.name.clone(), Box::new(descriptor.origin.clone()));
            return Err(RegistryError::BadDefaults { name, origin, why });
        }
        self.jobs.insert(descriptor.name.clone(), job);
        Ok(())
    }

    /// Takes in one view.
    ///
    /// # Errors
    /// [`RegistryError`] when its key is taken or cannot be spelt.
    pub fn add_view(&mut self, view: Arc<dyn DynView>) -> Result<(), RegistryError> {
        let descriptor = view.descriptor();
        let taken = self.views.get(&descriptor.key).map(|first| &first.descriptor().origin);
        admit("view", &descriptor.key, &descriptor.origin, taken)?;
        self.views.insert(descriptor.key.clone(), view);
        Ok(())
    }

    /// Takes in the schema that a plugin owns.
    pub fn add_migrations(&mut self, set: MigrationSet) {
        self.migrations.push(set);
    }

    /// A job type by name.
    pub fn job(&self, name: &str) -> Option<&Arc<dyn DynJob>> {
        self.jobs.get(name)
    }

    /// All job types, by name.
    pub fn jobs(&self) -> impl Iterator<Item = &Arc<dyn DynJob>> {
        self.jobs.values()
    }

    /// A view by data key.
    pub fn view(&self, key: &str) -> Option<&Arc<dyn DynView>> {
        self.views.get(key)
    }

    /// All views, by data key.
    pub fn views(&self) -> impl Iterator<Item = &Arc<dyn DynView>> {
        self.views.values()
    }

    /// The schemas that plugins own.
    pub fn migrations(&self) -> &[MigrationSet] {
        &self.migrations
    }
}

/// What is wrong with defaults, within the bounds of jobs.toml.
fn fault(defaults: &Defaults) -> Option<&'static str> {
    let lasts = |duration: &Duration| !duration.is_zero() && *duration <= LONGEST;
    let Defaults { timeout, max_attempts, backoff, concurrency, .. } = defaults;
    if timeout.is_some_and(|timeout| !lasts(&timeout)) {
        return Some("the timeout must be from 1 ms to 366 days");
    }
    if max_attempts.is_some_and(|attempts| !(1..=MOST_ATTEMPTS).contains(&attempts)) {
        return Some("there must be from 1 to 1000 attempts");
    }
    if concurrency.is_some_and(|runs| !(1..=MOST_RUNS).contains(&runs)) {
        return Some("the concurrency must be from 1 to 10000");
    }
    let backoff = backoff.as_ref()?;
    let fits = lasts(&backoff.initial) && lasts(&backoff.max) && backoff.initial <= backoff.max;
    (!fits || !(1.0..100.0).contains(&backoff.factor)).then_some(
        "the pauses of the backoff must be from 1 ms to 366 days, the longest not below the first, \
         and the factor from 1 to 100",
    )
}

fn admit(
    kind: &'static str,
    name: &str,
    origin: &Origin,
    taken: Option<&Origin>,
) -> Result<(), RegistryError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.len() > 64
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(fits)
    {
        return Err(RegistryError::BadName {
            kind,
            name: name.into(),
            origin: Box::new(origin.clone()),
        });
    }
    match taken {
        None => Ok(()),
        Some(first) => Err(RegistryError::Duplicate {
            kind,
            name: name.into(),
            first: Box::new(first.clone()),
            second: Box::new(origin.clone()),
        }),
    }
}
