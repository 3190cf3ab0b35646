//! Runs that their worker has lost track of.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{Done, Fault, Renewal, RunState, Success, Visible};
use cascade_sdk::sql;
use cascade_store::{Queries, StoreError};

use crate::chain::config;
use crate::steps::{LEASE, break_off, claim, claim_until, events_after, renew, success};

pub(super) async fn what_its_owner_does_not_list_comes_back_although_it_lives(engine: &Engine) {
    let runs = claim(engine).await;
    let (kept, lost) = (&runs[0].lease, &runs[1].lease);
    assert_eq!(engine.give_up_unlisted("worker-b", &[]).await.unwrap(), 0, "those of others stay");
    let all = [kept.clone(), lost.clone()];
    assert_eq!(engine.give_up_unlisted("worker-a", &all).await.unwrap(), 0);
    let listed = std::slice::from_ref(kept);
    engine.renew(listed, LEASE).await.unwrap();
    assert_eq!(engine.give_up_unlisted("worker-a", listed).await.unwrap(), 1);
    let shown = engine.store().run(&Visible::All, lost.run_id).await.unwrap().unwrap();
    assert_eq!(shown.state, RunState::Retryable);
    assert!(shown.error.unwrap().contains("lost track of it"));
    let again = claim(engine).await;
    assert_eq!((again.len(), again[0].lease.run_id), (1, lost.run_id));
    assert_eq!(again[0].lease.attempt, 2);
    assert!(matches!(engine.complete(lost, success(&[])).await, Err(StoreError::LostLease)));
    // An attempt that is not the listed one is not listed; this one was the last.
    assert_eq!(engine.give_up_unlisted("worker-a", &all).await.unwrap(), 1);
    let shown = engine.store().run(&Visible::All, lost.run_id).await.unwrap().unwrap();
    assert_eq!(shown.state, RunState::Failed);
    assert_eq!(events_after(engine, 0, 10).await.unwrap().len(), 1);
    // One that was to be cancelled is cancelled.
    engine.request_cancel(&Visible::All, kept.run_id).await.unwrap();
    assert_eq!(engine.give_up_unlisted("worker-a", &[]).await.unwrap(), 1);
    let shown = engine.store().run(&Visible::All, kept.run_id).await.unwrap().unwrap();
    assert_eq!(shown.state, RunState::Cancelled);
    assert!(claim(engine).await.is_empty());
}

/// As after a pause of the whole process that was longer than the lease: the renewal comes late.
pub(super) async fn an_owner_does_not_give_up_its_own_leases(engine: &Engine) {
    let runs = engine.claim("worker-a", 10, Duration::ZERO, &[]).await.unwrap();
    assert_eq!(runs.len(), 2);
    // Long enough for the clock to move on.
    for _ in 0..20 {
        assert!(engine.claim("worker-a", 10, LEASE, &[]).await.unwrap().is_empty());
    }
    let due = engine.next_due("worker-a", &[]).await.unwrap();
    assert_eq!(due, None, "its own leases are no reason to look");
    assert_eq!(renew(engine, &runs[0].lease).await, Renewal::Held);
    let others = engine.claim("worker-b", 10, LEASE, &[]).await.unwrap();
    // What was renewed as late as that is renewed for all of a worker on PostgreSQL.
    assert!(others.iter().all(|run| run.lease.run_id != runs[0].lease.run_id));
}

/// The end of one run is refused while another one goes on: what the worker lists no longer contains it.
pub(super) async fn an_end_that_could_not_be_stored_comes_back_from_a_busy_worker(engine: &Engine) {
    let runs = claim(engine).await;
    let (busy, ended) = (&runs[0].lease, &runs[1].lease);
    let table = sql("CREATE TABLE note (text text NOT NULL)");
    engine.store().database().batch(vec![table]).await.unwrap();
    let staged = vec![sql("INSERT INTO note VALUES ($1)").bind(None::<&str>)];
    let refused = engine.complete(ended, Success { staged, ..success(&["down"]) }).await;
    assert!(matches!(refused, Err(StoreError::Staged(_))), "{refused:?}");
    // The worker goes on claiming and renewing.
    for _ in 0..3 {
        assert!(claim(engine).await.is_empty(), "it is not taken while it is leased");
        assert_eq!(renew(engine, busy).await, Renewal::Held);
    }
    let listed = std::slice::from_ref(busy);
    assert_eq!(engine.give_up_unlisted("worker-a", listed).await.unwrap(), 1);
    let again = claim_until(engine, 1).await.remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (ended.run_id, 2));
    let late = engine.complete(ended, success(&["down"])).await;
    assert!(matches!(late, Err(StoreError::LostLease)), "{late:?}");
    engine.complete(busy, success(&[])).await.unwrap();
    engine.complete(&again.lease, success(&[])).await.unwrap();
    let attempts = [1, 2].map(|attempt| (RunState::Completed, attempt));
    for (lease, ended) in [busy, ended].into_iter().zip(attempts) {
        let shown = engine.store().run(&Visible::All, lease.run_id).await.unwrap().unwrap();
        assert_eq!((shown.state, shown.attempt), ended);
    }
}

/// The database takes no ends for a while; each is stored by the same attempt once it does.
pub(super) async fn an_end_that_is_not_stored_yet_keeps_its_lease(engine: &Engine) {
    let runs = claim(engine).await;
    let rename = async |from: &str, to: &str| {
        let statement = sql(format!("ALTER TABLE {from} RENAME TO {to}"));
        engine.store().database().batch(vec![statement]).await.unwrap();
    };
    let outbox = if engine.store().kind() == "sqlite" { "events" } else { "pending_events" };
    for table in ["run_logs", outbox] {
        rename(table, "gone").await;
        let fault = Fault { error: "no luck".into(), retry_in: None };
        let error = engine.fail(&runs[0].lease, fault).await.unwrap_err();
        assert!(error.may_pass(), "{error}");
        rename("gone", table).await;
    }
    rename("events", "gone").await;
    let done = Done {
        lease: runs[1].lease.clone(),
        job_type: runs[1].job_type.clone(),
        project_id: runs[1].project.id,
        summary: None,
        ran: Duration::ZERO,
    };
    let error = engine.complete_all(std::slice::from_ref(&done)).await.unwrap_err();
    assert!(error.may_pass(), "{error}");
    for run in &runs {
        assert_eq!(renew(engine, &run.lease).await, Renewal::Held);
    }
    rename("gone", "events").await;
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&runs[0].lease, fault).await.unwrap();
    assert!(engine.complete_all(&[done]).await.unwrap()[0].is_some());
    assert_eq!(events_after(engine, 0, 10).await.unwrap().len(), 2, "each told once");
    let logs = engine.store().run_logs(&Visible::All, runs[0].lease.run_id, 10).await.unwrap();
    assert_eq!(logs.len(), 1, "and logged once");
}

pub(super) async fn a_claim_whose_answer_did_not_arrive_comes_back(engine: &Engine) {
    let lost = claim(engine).await;
    assert_eq!(lost.len(), 2);
    assert!(claim(engine).await.is_empty(), "the database takes it for held");
    assert!(engine.renew(&[], LEASE).await.unwrap().is_empty());
    assert_eq!(engine.give_up_unlisted("worker-a", &[]).await.unwrap(), 2);
    let again = claim_until(engine, 2).await;
    assert!(again.iter().all(|run| run.lease.attempt == 2), "{again:?}");
    for run in &lost {
        assert_eq!(renew(engine, &run.lease).await, Renewal::Lost);
    }
}

/// Wherever a claim was when the connection broke, its runs are free or come back to the list.
pub(super) async fn a_claim_that_is_broken_off_loses_no_run(engine: &Engine) {
    let mut config = config();
    config.jobs.get_mut("up").unwrap().max_attempts = 1_000;
    engine.reconcile(&config).await.unwrap();
    for steps in 0..25 {
        break_off(steps, engine.claim("worker-a", 10, LEASE, &[])).await;
        let (mut runs, mut listed) = (Vec::new(), Vec::new());
        while runs.len() < 2 {
            // PostgreSQL may still be at work on it: the next look finds what it takes after this one.
            engine.give_up_unlisted("worker-a", &listed).await.unwrap();
            runs.extend(claim(engine).await);
            listed = runs.iter().map(|run| run.lease.clone()).collect();
        }
        let mut projects: Vec<_> = runs.iter().map(|run| run.project.slug.as_str()).collect();
        projects.sort_unstable();
        assert_eq!(projects, ["one", "two"]);
        for lease in &listed {
            engine.release(lease).await.unwrap();
        }
    }
}
