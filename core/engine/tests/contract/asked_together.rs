//! Runs of one key that are asked for at once, for different times.

use cascade_engine::Engine;
use cascade_model::{Enqueue, RunState, Visible};
use cascade_sdk::sql;
use cascade_store::Queries;
use chrono::{TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{begun, claim, ids, keyless, project, success};

/// Asks for runs of one key, each in so many hours from now, in one transaction.
async fn ask(engine: &Engine, project: Uuid, key: &str, hours: &[i64]) -> Vec<Uuid> {
    let asked = hours.iter().map(|hours| {
        let mut asked = keyless("last", project, json!({"hours": hours}));
        asked.request.key = Some(key.into());
        asked.request.run_at = (*hours != 0).then(|| Utc::now() + TimeDelta::hours(*hours));
        asked
    });
    let asked: Vec<Enqueue> = asked.collect();
    let told = engine.enqueue(&asked, None).await.unwrap();
    told.iter().map(|told| told.run_id()).collect()
}

async fn scheduled(engine: &Engine, run: Uuid) -> bool {
    let run = engine.store().run(&Visible::All, run).await.unwrap().unwrap();
    run.state == RunState::Scheduled
}

pub(super) async fn what_may_begin_now_does_not_wait_for_what_is_for_later(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let one = project(engine, "one").await;
    for runs_per_key in [1, 2] {
        let mut config = config();
        config.jobs.get_mut("last").unwrap().runs_per_key = runs_per_key;
        engine.reconcile(&config).await.unwrap();
        // A time that has passed is now, and those that may begin now keep their order.
        let runs = ask(engine, one, &format!("now {runs_per_key}"), &[24, 0, -1, 0, 0]).await;
        for together in runs[1..].chunks(runs_per_key as usize) {
            let begun = begun(engine).await;
            assert_eq!(ids(&begun), together, "{runs_per_key}");
            for run in begun {
                engine.complete(&run.lease, success(&[])).await.unwrap();
            }
        }
        assert!(begun(engine).await.is_empty());
        assert!(scheduled(engine, runs[0]).await);
    }
}

pub(super) async fn of_those_for_later_the_soonest_is_first(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let one = project(engine, "one").await;
    let runs = ask(engine, one, "later", &[24, 1, 2]).await;
    let moved = format!("UPDATE queue_runs SET available_at = queued_at WHERE id = '{}'", runs[1]);
    engine.store().database().batch(vec![sql(moved)]).await.unwrap();
    assert_eq!(ids(&begun(engine).await), [runs[1]]);
    assert!(scheduled(engine, runs[0]).await && scheduled(engine, runs[2]).await);
}
