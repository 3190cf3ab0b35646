//! Projects are served in turn.

use cascade_config::{JobSettings, ProjectSettings};
use cascade_engine::Engine;
use cascade_model::{RunKind, RunNow, ScheduledStatus, Visible};
use cascade_store::Queries;
use serde_json::json;

use crate::chain::config;
use crate::steps::{LEASE, claim, keyless, project};

pub(super) async fn a_claim_serves_projects_in_turn_however_many_there_are(engine: &Engine) {
    claim(engine).await;
    let mut config = config();
    for nth in 0..40 {
        let name = format!("p{nth}");
        config
            .projects
            .insert(name.clone(), ProjectSettings { name: name.clone(), concurrency: None });
    }
    engine.reconcile(&config).await.unwrap();
    let projects = engine.store().projects(&Visible::All).await.unwrap();
    for project in &projects {
        for job in ["down", "last"] {
            engine.run_now(job, project.id).await.unwrap();
        }
    }
    // By three and by seven: whichever project a claim begins with, none is served twice before all
    // are served once.
    let mut served = std::collections::HashMap::new();
    for limit in [3, 7, 3, 7].into_iter().cycle() {
        let runs = engine.claim("w", limit, LEASE, &["up".into()]).await.unwrap();
        for run in &runs {
            *served.entry(run.project.id).or_insert(0) += 1;
        }
        let (most, least) = (served.values().max(), served.values().min());
        assert!(served.len() == projects.len() || most == Some(&1), "{served:?}");
        if runs.is_empty() {
            assert_eq!((most, least), (Some(&2), Some(&2)), "every run came");
            break;
        }
    }
}

pub(super) async fn a_project_with_much_to_do_does_not_starve_another(engine: &Engine) {
    nobody_starves(engine, None).await;
}

pub(super) async fn nor_does_it_where_there_are_limits(engine: &Engine) {
    nobody_starves(engine, Some(50)).await;
}

/// With room for so many runs of the jobs that a project has much of.
async fn nobody_starves(engine: &Engine, concurrency: Option<u32>) {
    let mut config = config();
    let settings = JobSettings { concurrency, ..config.jobs["up"].clone() };
    for nth in 0..100 {
        config.jobs.insert(format!("more_{nth}"), settings.clone());
    }
    engine.reconcile(&config).await.unwrap();
    // A hundred are due in the one project before the other has anything.
    let two = project(engine, "two").await;
    for job in config.jobs.keys().filter(|job| *job != "last") {
        engine.set_status(job, two, ScheduledStatus::Paused).await.unwrap();
    }
    let RunNow::Queued(id) = engine.run_now("last", two).await.unwrap() else { panic!() };
    let mut before = 0;
    loop {
        let runs = engine.claim("w", 4, LEASE, &[]).await.unwrap();
        assert!(!runs.is_empty(), "it never came");
        if runs.iter().any(|run| run.lease.run_id == id) {
            break;
        }
        before += runs.len();
    }
    assert!(before <= 8, "{before} of the other project came first");
}

/// Both kinds wait, and a caller asks before each claim of one run.
pub(super) async fn schedules_have_their_turn_while_callers_ask(engine: &Engine) {
    while !claim(engine).await.is_empty() {}
    let one = project(engine, "one").await;
    let asked = vec![keyless("last", one, json!({})); 20];
    engine.enqueue(&asked, None).await.unwrap();
    let mut kinds = Vec::new();
    for job in ["down", "last"] {
        for slug in ["one", "two"] {
            engine.run_now(job, project(engine, slug).await).await.unwrap();
        }
    }
    for _ in 0..8 {
        engine.caller_has_asked();
        let runs = engine.claim("w", 1, LEASE, &["up".into()]).await.unwrap();
        kinds.extend(runs.iter().map(|run| run.lease.kind));
    }
    let schedules = kinds.iter().filter(|kind| **kind == RunKind::Schedule).count();
    assert!(kinds.len() == 8 && (3..=5).contains(&schedules), "{kinds:?}");
}
