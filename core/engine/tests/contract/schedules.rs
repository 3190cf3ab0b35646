//! What a changed jobs.toml does to schedules.

use std::time::Duration;

use cascade_config::Schedule;
use cascade_engine::Engine;

use crate::chain::config;
use crate::steps::{claim, scheduled};

pub(super) async fn a_changed_schedule_counts_from_now(engine: &Engine) {
    claim(engine).await;
    let before = scheduled(engine, "up", "one").await.next_run_at.unwrap();
    let mut config = config();
    engine.reconcile(&config).await.unwrap();
    assert_eq!(scheduled(engine, "up", "one").await.next_run_at, Some(before), "nothing changed");
    config.jobs.get_mut("up").unwrap().schedule = Some(Schedule::Every(Duration::from_secs(60)));
    engine.reconcile(&config).await.unwrap();
    let after = scheduled(engine, "up", "one").await;
    assert!(after.next_run_at.unwrap() < before);
    assert_eq!(after.schedule.as_deref(), Some("every 1m"));
}

pub(super) async fn what_the_file_no_longer_names_stops_running(engine: &Engine) {
    let mut config = config();
    config.jobs.remove("up");
    config.projects.remove("two");
    engine.reconcile(&config).await.unwrap();
    assert!(claim(engine).await.is_empty());
    assert!(!scheduled(engine, "up", "one").await.enabled);
    assert!(!scheduled(engine, "down", "two").await.enabled);
    assert!(scheduled(engine, "down", "one").await.enabled);
}
