//! The jobs.toml of tests: a chain of jobs.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use cascade_config::{Config, JobSettings, ProjectSettings, Retention, Schedule};

/// `up` (a timer) -> `down` -> `last`, in two projects.
pub(crate) fn config() -> Config {
    let every = Some(Schedule::Every(Duration::from_secs(3600)));
    let project = |name: &str| ProjectSettings { name: name.into(), concurrency: None };
    Config {
        hooks: Default::default(),
        limits: Default::default(),
        retention: Retention::default(),
        http: Default::default(),
        files: Default::default(),
        secrets: Default::default(),
        path: PathBuf::from("/nowhere/jobs.toml"),
        chains: BTreeMap::from([
            ("up".into(), vec!["down".into()]),
            ("down".into(), vec!["last".into()]),
        ]),
        edges: BTreeMap::new(),
        joins: BTreeMap::new(),
        data_map: BTreeMap::new(),
        jobs: BTreeMap::from([
            ("up".into(), JobSettings { schedule: every, max_attempts: 2, ..Default::default() }),
            ("down".into(), JobSettings::default()),
            ("last".into(), JobSettings::default()),
        ]),
        projects: BTreeMap::from([("one".into(), project("One")), ("two".into(), project("Two"))]),
    }
}
