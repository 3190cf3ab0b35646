//! Leases that expire.

use std::time::Duration;

use cascade_config::JobSettings;
use cascade_engine::Engine;
use cascade_model::{Fault, Renewal, RunNow, RunState, Visible};
use cascade_store::{Queries, RunFilter, StoreError};

use crate::chain::config;
use crate::steps::{
    LEASE, break_off, claim, claim_until, claim_up, events_after, project, renew, success,
};

pub(super) async fn an_expired_lease_is_reclaimed_and_the_zombie_is_fenced_off(engine: &Engine) {
    let zombies = engine.claim("zombie", 10, LEASE, &[]).await.unwrap();
    let leases: Vec<_> = zombies.iter().map(|run| run.lease.clone()).collect();
    engine.renew(&leases, Duration::ZERO).await.unwrap();
    let zombie = zombies.iter().find(|run| run.project.slug == "one").unwrap();
    let taken = claim_until(engine, 2).await;
    let heir = taken.iter().find(|run| run.lease.run_id == zombie.lease.run_id).unwrap();
    assert_eq!(heir.lease.attempt, 2);
    let lost = engine.complete(&zombie.lease, success(&["down"])).await;
    assert!(matches!(lost, Err(StoreError::LostLease)));
    assert_eq!(renew(engine, &zombie.lease).await, Renewal::Lost);
    assert!(events_after(engine, 0, 10).await.unwrap().is_empty());
    assert_eq!(renew(engine, &heir.lease).await, Renewal::Held);
    engine.complete(&heir.lease, success(&["down"])).await.unwrap();
}

/// Nobody knows which of the runs of a lost worker has ended it, if one has.
pub(super) async fn a_young_run_of_a_lost_worker_is_to_be_begun_alone_and_uses_up_no_attempt(
    engine: &Engine,
) {
    let lost = engine.claim("lost", 10, Duration::ZERO, &[]).await.unwrap();
    assert!(lost.iter().all(|run| !run.alone && run.lease.attempt == 1));
    let again = claim_until(engine, 2).await;
    assert!(again.iter().all(|run| run.alone && run.lease.attempt == 1), "{again:?}");
    let [kept, released] = &again[..] else { panic!("{again:?}") };
    let late = engine.complete(&lost[0].lease, success(&["down"])).await;
    assert!(matches!(late, Err(StoreError::LostLease)), "{late:?}");
    let log = engine.store().run_logs(&Visible::All, kept.lease.run_id, 10).await.unwrap();
    assert!(log[0].message.contains("the attempt does not count"), "{log:?}");
    let shown = engine.store().run(&Visible::All, kept.lease.run_id).await.unwrap().unwrap();
    assert_eq!(shown.error, None);
    // One that is given back before it begins is still to be begun alone.
    engine.release(&released.lease).await.unwrap();
    let released = claim_until(engine, 1).await.remove(0);
    assert!(released.alone && released.lease.attempt == 1, "{released:?}");
    // One whose plugin has failed is none that ends a worker.
    let fault = Fault { error: "no luck".into(), retry_in: Some(Duration::ZERO) };
    engine.fail(&released.lease, fault).await.unwrap();
    let failed = claim_until(engine, 1).await.remove(0);
    assert!(!failed.alone && failed.lease.attempt == 2, "{failed:?}");
    engine.complete(&failed.lease, success(&[])).await.unwrap();
    // Begun alone, it uses up its attempt.
    engine.renew(std::slice::from_ref(&kept.lease), Duration::ZERO).await.unwrap();
    let heir = loop {
        let mut runs = engine.claim("heir", 10, LEASE, &[]).await.unwrap();
        if let Some(run) = runs.pop() {
            break run;
        }
    };
    assert_eq!((heir.lease.run_id, heir.lease.attempt, heir.alone), (kept.lease.run_id, 2, false));
}

pub(super) async fn an_expired_last_attempt_fails(engine: &Engine) {
    let mut config = config();
    config.jobs.get_mut("down").unwrap().max_attempts = 1;
    engine.reconcile(&config).await.unwrap();
    claim(engine).await;
    let one = project(engine, "one").await;
    let RunNow::Queued(id) = engine.run_now("down", one).await.unwrap() else { panic!() };
    engine.claim("zombie", 10, Duration::ZERO, &[]).await.unwrap();
    loop {
        assert!(claim(engine).await.is_empty());
        if engine.store().run(&Visible::All, id).await.unwrap().unwrap().state == RunState::Failed {
            break;
        }
    }
    assert_eq!(events_after(engine, 0, 10).await.unwrap().len(), 1);
}

/// What many expired leases cost is spread over claims.
pub(super) async fn a_claim_gives_up_a_hundred_expired_leases_at_most(engine: &Engine) {
    let mut config = config();
    for nth in 0..148 {
        let more = JobSettings { max_attempts: 1, ..config.jobs["up"].clone() };
        config.jobs.insert(format!("more_{nth}"), more);
    }
    config.jobs.get_mut("up").unwrap().max_attempts = 1;
    config.projects.remove("two");
    engine.reconcile(&config).await.unwrap();
    let mut runs = Vec::new();
    while runs.len() < 149 {
        runs.extend(engine.claim("silent", 149, Duration::ZERO, &[]).await.unwrap());
    }
    let expired = async || {
        let filter = RunFilter { states: vec![RunState::Failed], ..Default::default() };
        engine.store().runs(&filter).await.unwrap().total
    };
    let (mut before, mut claims) = (0, 0);
    while before < 149 {
        assert!(claim(engine).await.is_empty());
        let now = expired().await;
        assert!(now - before <= 100, "{before}, then {now}");
        (before, claims) = (now, claims + 1);
    }
    assert!(claims >= 2);
}

/// A renewal did not arrive, the lease ended, and another worker has the run.
pub(super) async fn a_worker_whose_renewal_was_lost_is_told_and_refused(engine: &Engine) {
    let run = claim_up(engine).await;
    let lost = &run.lease;
    // The last one that arrived is over.
    engine.renew(std::slice::from_ref(lost), Duration::ZERO).await.unwrap();
    let heir = loop {
        let runs = engine.claim("worker-b", 10, LEASE, &[]).await.unwrap();
        if let Some(run) = runs.into_iter().find(|run| run.lease.run_id == lost.run_id) {
            break run;
        }
    };
    assert_eq!(renew(engine, lost).await, Renewal::Lost);
    let fault = Fault { error: "late".into(), retry_in: None };
    let (fail, cancel) = (engine.fail(lost, fault).await, engine.cancel(lost).await);
    assert!(matches!(fail, Err(StoreError::LostLease)), "{fail:?}");
    assert!(matches!(cancel, Err(StoreError::LostLease)), "{cancel:?}");
    let (release, complete) =
        (engine.release(lost).await, engine.complete(lost, success(&[])).await);
    assert!(matches!(release, Err(StoreError::LostLease)), "{release:?}");
    assert!(matches!(complete, Err(StoreError::LostLease)), "{complete:?}");
    let unlisted = engine.give_up_unlisted("worker-a", &[]).await.unwrap();
    assert!(unlisted <= 1, "the run of the other project alone may still be its own");
    let shown = engine.store().run(&Visible::All, lost.run_id).await.unwrap().unwrap();
    assert_eq!((shown.state, shown.attempt), (RunState::Running, 2));
    assert_eq!(renew(engine, &heir.lease).await, Renewal::Held);
    engine.complete(&heir.lease, success(&[])).await.unwrap();
}

/// Wherever it was when the connection broke, the lease is as it was or longer.
pub(super) async fn a_renewal_that_is_broken_off_takes_nothing_away(engine: &Engine) {
    let run = claim_up(engine).await;
    for steps in 0..12 {
        break_off(steps, engine.renew(std::slice::from_ref(&run.lease), LEASE)).await;
        assert!(engine.claim("worker-b", 10, LEASE, &[]).await.unwrap().is_empty());
    }
    assert_eq!(renew(engine, &run.lease).await, Renewal::Held);
    engine.complete(&run.lease, success(&[])).await.unwrap();
}
