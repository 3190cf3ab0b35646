//! One action on many jobs of a project.

use cascade_engine::{Engine, Many};
use cascade_model::{RunState, ScheduledStatus, Visible};
use cascade_store::{Queries, RunFilter, ScheduleFilter, StoreError};

use crate::chain::config;
use crate::steps::{claim, project, scheduled};

fn jobs(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

pub(super) async fn many_jobs_are_run_once_each_however_they_stand(engine: &Engine) {
    let one = project(engine, "one").await;
    let mut file = config();
    file.jobs.get_mut("last").unwrap().enabled = false;
    engine.reconcile(&file).await.unwrap();
    // `up` runs, `down` waits.
    claim(engine).await;
    engine.run_now("down", one).await.unwrap();
    let asked = jobs(&["up", "down", "last", "unknown", "nul\0"]);
    let done = engine.run_many(&asked, one).await.unwrap();
    assert_eq!(done, Many { done: jobs(&["down", "up"]), disabled: jobs(&["last"]) });
    let up = scheduled(engine, "up", "one").await;
    assert_eq!((up.payload.requests, up.current_run.unwrap().state), (1, RunState::Running));
    let down = scheduled(engine, "down", "one").await.current_run.unwrap();
    assert_eq!((down.payload.requests, down.state), (2, RunState::Available));
    let filter = RunFilter { job_types: jobs(&["down", "last"]), ..RunFilter::default() };
    assert_eq!(engine.store().runs(&filter).await.unwrap().total, 1);
}

pub(super) async fn many_jobs_are_paused_and_resumed_in_one_project(engine: &Engine) {
    let one = project(engine, "one").await;
    let asked = jobs(&["up", "last"]);
    let status = async |job, slug| scheduled(engine, job, slug).await.status;
    for set in [ScheduledStatus::Paused, ScheduledStatus::Active] {
        let done = engine.set_status_of_many(&asked, one, set).await.unwrap();
        assert_eq!(done.done, jobs(&["last", "up"]));
        assert_eq!((status("up", "one").await, status("last", "one").await), (set, set));
        let rest = (status("down", "one").await, status("up", "two").await);
        assert_eq!(rest, (ScheduledStatus::Active, ScheduledStatus::Active));
    }
    let none = engine.set_status_of_many(&jobs(&["unknown"]), one, ScheduledStatus::Paused).await;
    assert!(matches!(none, Err(StoreError::NotScheduled { .. })), "{none:?}");
}

pub(super) async fn schedules_are_listed_in_pages(engine: &Engine) {
    let page = async |page, jobs: Vec<String>| {
        let filter =
            ScheduleFilter { visible: Visible::All, job_types: jobs, page: Some((page, 2)) };
        let total = engine.store().count_scheduled(&filter).await.unwrap();
        let found = engine.store().scheduled(&filter).await.unwrap();
        let names = found.into_iter().map(|one| format!("{}/{}", one.project_slug, one.job_type));
        (names.collect::<Vec<_>>().join(" "), total)
    };
    claim(engine).await;
    assert_eq!(page(1, Vec::new()).await, ("one/down one/last".into(), 6));
    assert_eq!(page(2, Vec::new()).await, ("one/up two/down".into(), 6));
    assert_eq!(page(4, Vec::new()).await, (String::new(), 6));
    assert_eq!(page(1, jobs(&["up"])).await, ("one/up two/up".into(), 2));
}
