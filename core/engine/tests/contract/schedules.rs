//! What a changed jobs.toml does to schedules.

use std::time::Duration;

use cascade_config::Schedule;
use cascade_engine::Engine;
use cascade_sdk::{rfc3339, sql};
use chrono::{DateTime, Utc};

use crate::chain::config;
use crate::steps::{claim, claim_up, scheduled, success};

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

pub(super) async fn a_run_of_a_timer_knows_the_time_that_it_was_due(engine: &Engine) {
    let first = claim_up(engine).await;
    engine.complete(&first.lease, success(&["down"])).await.unwrap();
    // Late by an hour, as after an outage.
    let due: DateTime<Utc> = "2026-01-15T06:00:00Z".parse().unwrap();
    let late =
        "UPDATE scheduled_jobs SET next_run_at = $1 WHERE job_type = 'up' AND project_id = $2";
    let late = sql(late).bind(rfc3339(due)).bind(first.project.id);
    engine.store().database().batch(vec![late]).await.unwrap();
    let runs = claim(engine).await;
    let of = |job| runs.iter().find(|run| run.job_type == job).unwrap().payload.scheduled_for;
    assert_eq!((of("up"), of("down")), (Some(due), None), "a cascade is no timer");
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
