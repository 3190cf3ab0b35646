//! Nothing starts of jobs that are paused, disabled, or no longer in jobs.toml, and what passed meanwhile
//! is not made up for.

use std::time::Duration;

use cascade_config::Schedule;
use cascade_engine::Engine;
use cascade_model::{Fault, Pause, RunNow, RunState, ScheduledStatus, Visible};
use cascade_sdk::{rfc3339, sql};
use cascade_store::{Queries, StoreError};
use chrono::TimeDelta;

use crate::chain::config;
use crate::steps::{claim, claim_until, claim_up, project, scheduled, success};

fn later() -> Fault {
    Fault { error: "no luck".into(), retry_in: Some(Duration::ZERO) }
}

pub(super) async fn runs_of_a_paused_job_wait_until_it_is_resumed(engine: &Engine) {
    wait_until_resumed(engine).await;
}

pub(super) async fn runs_of_a_paused_job_wait_where_there_are_limits(engine: &Engine) {
    let mut config = config();
    config.jobs.get_mut("up").unwrap().concurrency = Some(10);
    engine.reconcile(&config).await.unwrap();
    wait_until_resumed(engine).await;
}

async fn wait_until_resumed(engine: &Engine) {
    let up = claim_up(engine).await;
    let one = up.project.id;
    for job in ["up", "down"] {
        engine.set_status(job, one, ScheduledStatus::Paused).await.unwrap();
    }
    // One that is to be tried again, and one that was accepted meanwhile.
    engine.fail(&up.lease, later()).await.unwrap();
    let RunNow::Queued(down) = engine.run_now("down", one).await.unwrap() else { panic!() };
    for _ in 0..3 {
        assert!(claim(engine).await.is_empty());
    }
    assert_eq!(engine.next_due("worker-a", &[]).await.unwrap(), None, "no reason to look");
    let state = async |id| engine.store().run(&Visible::All, id).await.unwrap().unwrap().state;
    assert_eq!(state(up.lease.run_id).await, RunState::Retryable, "it is seen to wait");
    assert_eq!(state(down).await, RunState::Available);
    // What is not paused goes on.
    let RunNow::Queued(last) = engine.run_now("last", one).await.unwrap() else { panic!() };
    assert_eq!(claim(engine).await[0].lease.run_id, last);

    for job in ["up", "down"] {
        engine.set_status(job, one, ScheduledStatus::Active).await.unwrap();
    }
    assert_eq!(engine.next_due("worker-a", &[]).await.unwrap(), Some(Duration::ZERO));
    let mut runs = claim_until(engine, 2).await;
    runs.sort_by_key(|run| run.job_type != "up");
    let ids: Vec<_> = runs.iter().map(|run| (run.lease.run_id, run.lease.attempt)).collect();
    assert_eq!(ids, [(up.lease.run_id, 2), (down, 1)]);
}

pub(super) async fn a_pause_with_an_end_is_over_at_that_time(engine: &Engine) {
    let one = project(engine, "one").await;
    let pause = |hours| Pause {
        until: Some(chrono::Utc::now() + chrono::TimeDelta::hours(hours)),
        reason: Some("the source moves".into()),
        by: Some("ann".into()),
        at: None,
    };
    assert_eq!(engine.next_end_of_pause().await.unwrap(), None);
    engine.pause_or_resume("up", one, Some(&pause(2))).await.unwrap();
    let kept = scheduled(engine, "up", "one").await;
    let noted = kept.pause.unwrap();
    assert_eq!((kept.status, noted.by.as_deref()), (ScheduledStatus::Paused, Some("ann")));
    assert_eq!(noted.reason.as_deref(), Some("the source moves"));
    assert!(noted.at.is_some());
    let hours = engine.next_end_of_pause().await.unwrap().unwrap().as_secs_f64() / 3600.0;
    assert!((1.9..2.1).contains(&hours), "{hours}");
    assert_eq!(engine.end_pauses().await.unwrap(), 0, "it is not over");
    let RunNow::Queued(waits) = engine.run_now("up", one).await.unwrap() else { panic!() };
    assert!(claim(engine).await.iter().all(|run| run.lease.run_id != waits));

    // Its time comes.
    engine.pause_or_resume_many(&["up".into()], one, Some(&pause(-1))).await.unwrap();
    assert_eq!(engine.next_end_of_pause().await.unwrap(), Some(Duration::ZERO));
    assert_eq!(engine.end_pauses().await.unwrap(), 1);
    let kept = scheduled(engine, "up", "one").await;
    assert_eq!((kept.status, kept.pause), (ScheduledStatus::Active, None));
    assert_eq!(engine.next_end_of_pause().await.unwrap(), None);
    let runs = claim_until(engine, 1).await;
    assert!(runs.iter().any(|run| run.lease.run_id == waits));

    // A version that knows only the status resumes and pauses: the end of the pause before is not that of this one.
    engine.pause_or_resume("up", one, Some(&pause(-1))).await.unwrap();
    for status in ["active", "paused"] {
        let set =
            sql("UPDATE scheduled_jobs SET status = $1 WHERE job_type = 'up' AND project_id = $2");
        let set = set.bind(status).bind(one);
        assert_eq!(engine.store().database().batch(vec![set]).await.unwrap(), [1]);
    }
    assert_eq!(engine.end_pauses().await.unwrap(), 0);
    assert_eq!(scheduled(engine, "up", "one").await.status, ScheduledStatus::Paused);
}

pub(super) async fn runs_of_a_disabled_or_removed_job_wait_until_it_is_back(engine: &Engine) {
    let up = claim_up(engine).await;
    let (one, id) = (up.project.id, up.lease.run_id);
    let RunNow::Queued(last) = engine.run_now("last", one).await.unwrap() else { panic!() };
    let run = claim(engine).await.remove(0);
    engine.fail(&run.lease, Fault { error: "no luck".into(), retry_in: None }).await.unwrap();
    let (mut disabled, mut removed) = (config(), config());
    disabled.jobs.values_mut().for_each(|job| job.enabled = false);
    removed.jobs.clear();
    for file in [&disabled, &removed] {
        engine.reconcile(file).await.unwrap();
        if engine.store().run(&Visible::All, id).await.unwrap().unwrap().state == RunState::Running
        {
            engine.fail(&up.lease, later()).await.unwrap();
        }
        assert!(claim(engine).await.is_empty());
        assert_eq!(
            engine.store().run(&Visible::All, id).await.unwrap().unwrap().state,
            RunState::Retryable
        );
        let asked = engine.run_now("down", one).await;
        assert!(matches!(asked, Err(StoreError::WrongState(_))), "{asked:?}");
        let retried = engine.retry(&Visible::All, last).await;
        assert!(matches!(retried, Err(StoreError::WrongState(_))), "{retried:?}");
    }
    engine.reconcile(&config()).await.unwrap();
    let again = claim_until(engine, 1).await;
    assert!(again.iter().any(|run| run.lease.run_id == id && run.lease.attempt == 2));
    engine.retry(&Visible::All, last).await.unwrap();
}

/// Lets the time of `up` of project `one` pass: an hour and a half ago, so that a timer of every hour is next due in
/// half an hour.
async fn let_it_pass(engine: &Engine) {
    let passed = engine.store().now().await.unwrap() - TimeDelta::minutes(90);
    let passed = sql("UPDATE scheduled_jobs SET next_run_at = $1
         WHERE job_type = 'up' AND project_id = (SELECT id FROM projects WHERE slug = 'one')")
    .bind(rfc3339(passed));
    assert_eq!(engine.store().database().batch(vec![passed]).await.unwrap(), [1]);
}

pub(super) async fn a_job_that_was_off_waits_for_its_next_scheduled_time(engine: &Engine) {
    let one = project(engine, "one").await;
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let cron = Schedule::cron("0 6 * * *", chrono_tz::UTC).unwrap();
    for schedule in [cron, Schedule::Every(Duration::from_secs(3600))] {
        let mut config = config();
        config.jobs.get_mut("up").unwrap().schedule = Some(schedule);
        engine.reconcile(&config).await.unwrap();
        let ahead = async || {
            let next = scheduled(engine, "up", "one").await.next_run_at.unwrap();
            next > chrono::Utc::now() && claim(engine).await.is_empty()
        };

        engine.set_status("up", one, ScheduledStatus::Paused).await.unwrap();
        let_it_pass(engine).await;
        engine.set_status("up", one, ScheduledStatus::Active).await.unwrap();
        assert!(ahead().await, "resumed: {config:?}");

        config.jobs.get_mut("up").unwrap().enabled = false;
        engine.reconcile(&config).await.unwrap();
        let_it_pass(engine).await;
        config.jobs.get_mut("up").unwrap().enabled = true;
        engine.reconcile(&config).await.unwrap();
        assert!(ahead().await, "enabled again: {config:?}");

        // Nothing was off: what is due stays due.
        let_it_pass(engine).await;
        engine.set_status("up", one, ScheduledStatus::Active).await.unwrap();
        engine.reconcile(&config).await.unwrap();
        let run = claim_up(engine).await;
        assert_eq!(run.project.id, one);
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
}

pub(super) async fn what_was_triggered_before_a_pause_runs_after_it(engine: &Engine) {
    let mut config = config();
    let every = Some(Schedule::Every(Duration::from_secs(3600)));
    config.jobs.get_mut("down").unwrap().schedule = every;
    engine.reconcile(&config).await.unwrap();
    let run = claim_up(engine).await;
    let one = project(engine, "one").await;
    assert_eq!(run.project.id, one);
    engine.complete(&run.lease, success(&["down"])).await.unwrap();
    engine.set_status("down", one, ScheduledStatus::Paused).await.unwrap();
    assert!(claim(engine).await.iter().all(|run| run.job_type != "down"));
    engine.set_status("down", one, ScheduledStatus::Active).await.unwrap();
    let run = claim(engine).await.remove(0);
    assert_eq!((run.job_type.as_str(), run.project.id), ("down", one));
}
