//! What jobs.toml says, with many jobs and projects.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use cascade_config::{Config, JobSettings, ProjectSettings, Retention, Schedule};

/// Two in three are timers and one follows a cron line; a tenth is triggered by another.
pub fn config(jobs: usize, projects: usize) -> Result<Config> {
    let every = Schedule::Every(Duration::from_secs(3600));
    let cron = Schedule::cron("*/15 * * * *", "UTC".parse()?).map_err(anyhow::Error::msg)?;
    let settings = |nth: usize| JobSettings {
        schedule: Some(if nth % 3 == 2 { cron.clone() } else { every.clone() }),
        ..JobSettings::default()
    };
    let project = |nth: usize| {
        let name = format!("project_{nth:04}");
        (name.clone(), ProjectSettings { name, concurrency: None })
    };
    let chains = (0..jobs).step_by(10).filter(|nth| nth + 1 < jobs);
    Ok(Config {
        path: "jobs.toml".into(),
        chains: chains.map(|nth| (job(nth), vec![job(nth + 1)])).collect(),
        edges: BTreeMap::new(),
        joins: BTreeMap::new(),
        data_map: BTreeMap::new(),
        jobs: (0..jobs).map(|nth| (job(nth), settings(nth))).collect(),
        projects: (0..projects).map(project).collect(),
        hooks: Default::default(),
        limits: Default::default(),
        retention: Retention::default(),
        http: Default::default(),
        files: Default::default(),
        secrets: Default::default(),
    })
}

fn job(nth: usize) -> String {
    format!("job_{nth:06}")
}

/// The first `count` jobs have another schedule.
pub fn with_another_schedule(config: &Config, count: usize) -> Config {
    let mut config = config.clone();
    for settings in config.jobs.values_mut().take(count) {
        settings.schedule = Some(Schedule::Every(Duration::from_secs(1800 + count as u64)));
    }
    config
}

/// Without the job of this number.
pub fn without(config: &Config, nth: usize) -> Config {
    let mut config = config.clone();
    config.jobs.remove(&job(nth));
    config
}

/// With one more project.
pub fn with_a_project(config: &Config) -> Config {
    let mut config = config.clone();
    let project = ProjectSettings { name: "One more".into(), concurrency: None };
    config.projects.insert("one_more".into(), project);
    config
}
