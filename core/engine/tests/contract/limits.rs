//! How many runs may run at a time.

use std::time::Duration;

use cascade_engine::Engine;

use crate::chain::config;
use crate::steps::{LEASE, claim, project, success};

pub(super) async fn limits_hold_for_job_types_and_projects(engine: &Engine) {
    let mut config = config();
    config.jobs.get_mut("up").unwrap().concurrency = Some(1);
    engine.reconcile(&config).await.unwrap();
    let first = claim(engine).await;
    assert_eq!(first.len(), 1, "`up` of one of the two projects");
    assert!(claim(engine).await.is_empty());
    let next = engine.next_due("another", &[]).await.unwrap().unwrap();
    assert!(next > Duration::from_secs(1), "what may not start is no reason to look again");
    engine.complete(&first[0].lease, success(&[])).await.unwrap();
    let second = claim(engine).await;
    assert_eq!(second.len(), 1);
    assert_ne!(first[0].project.id, second[0].project.id);

    config.jobs.get_mut("up").unwrap().concurrency = None;
    config.projects.get_mut("two").unwrap().concurrency = Some(1);
    engine.reconcile(&config).await.unwrap();
    engine.complete(&second[0].lease, success(&[])).await.unwrap();
    let (one, two) = (project(engine, "one").await, project(engine, "two").await);
    for job in ["up", "down", "last"] {
        engine.run_now(job, one).await.unwrap();
        engine.run_now(job, two).await.unwrap();
    }
    let (a, b) = tokio::join!(engine.claim("a", 10, LEASE, &[]), engine.claim("b", 10, LEASE, &[]));
    let mut runs = [a.unwrap(), b.unwrap()].concat();
    // A claim that could not be sure that there was room left something to the next.
    runs.extend(claim(engine).await);
    let of = |id| runs.iter().filter(|run| run.project.id == id).count();
    assert_eq!((of(one), of(two)), (3, 1));
}
