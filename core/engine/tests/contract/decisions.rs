//! What the end of a run leads to, and what is kept of that.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{
    Decision, Decisions, Explanation, Fault, Follow, KeepFor, Lease, On, ScheduledStatus, Success,
    Visible,
};
use cascade_store::{Queries, StoreError};

use crate::steps::{claim, claim_up, project, success};

fn edge(job: &str, on: On, reason: Option<&str>) -> Decision {
    Decision {
        job: job.into(),
        on,
        when: None,
        taken: reason.is_none(),
        join: false,
        runs: None,
        reason: reason.map(|text| text.to_owned().into()),
    }
}

fn skipped(job: &str, code: &'static str, text: &str) -> Decision {
    Decision { reason: Some(Explanation::new(code, text)), ..edge(job, On::Success, Some(text)) }
}

fn conditional(job: &str, reason: Option<&str>) -> Decision {
    Decision { when: Some("output.new > 0".into()), ..edge(job, On::Success, reason) }
}

fn ends_with(decisions: Vec<Decision>) -> Success {
    Success { follow: Follow { decisions, ..Follow::default() }, ..Success::default() }
}

fn fault() -> Fault {
    Fault { error: "no luck".into(), retry_in: None }
}

async fn kept(engine: &Engine, lease: &Lease) -> Option<Decisions> {
    engine.store().decisions(&Visible::All, lease.run_id).await.unwrap()
}

pub(super) async fn a_decision_is_kept_with_its_run_and_removed_with_it(engine: &Engine) {
    let run = claim_up(engine).await;
    let decisions = vec![conditional("down", Some("`output.new > 0` was false"))];
    let given = ends_with(decisions.clone());
    let mut stale = run.lease.clone();
    stale.attempt += 1;
    let lost = engine.complete(&stale, given.clone()).await;
    assert!(matches!(lost, Err(StoreError::LostLease)));
    assert_eq!(kept(engine, &run.lease).await, None, "nothing of a lost lease");
    let done = engine.complete(&run.lease, given).await.unwrap();
    assert!(done.triggered.is_empty() && claim(engine).await.is_empty());
    let expected = Decisions { failed: false, edges: decisions };
    assert_eq!(kept(engine, &run.lease).await, Some(expected));
    let others = Visible::Only(vec![project(engine, "two").await]);
    assert_eq!(engine.store().decisions(&others, run.lease.run_id).await.unwrap(), None);
    let long = Duration::from_secs(86_400);
    let keep = KeepFor { runs: Duration::ZERO, logs: long, events: long, stats: long };
    // It is old once the database's clock has moved on.
    while engine.store().prune(&keep, 10).await.unwrap().runs == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(kept(engine, &run.lease).await, None);
}

pub(super) async fn a_plain_edge_leaves_a_decision_only_where_it_was_not_taken(engine: &Engine) {
    let run = claim_up(engine).await;
    engine.complete(&run.lease, success(&["down"])).await.unwrap();
    assert_eq!(kept(engine, &run.lease).await, None);
    let one = project(engine, "one").await;
    engine.set_status("last", one, ScheduledStatus::Paused).await.unwrap();
    let down = claim(engine).await.remove(0);
    engine.complete(&down.lease, success(&["last", "ghost"])).await.unwrap();
    let edges = vec![
        skipped("last", "paused", "it is paused"),
        skipped("ghost", "not_scheduled", "it is not scheduled for this project"),
    ];
    assert_eq!(kept(engine, &down.lease).await, Some(Decisions { failed: false, edges }));
}

pub(super) async fn a_failure_triggers_what_follows_it(engine: &Engine) {
    let run = claim_up(engine).await;
    let edges =
        vec![edge("last", On::Failure, None), edge("down", On::Success, Some("the run failed"))];
    let follow =
        Follow { downstream: vec!["last".into()], decisions: edges.clone(), ..Follow::default() };
    engine.fail_then(&run.lease, fault(), follow).await.unwrap();
    assert_eq!(kept(engine, &run.lease).await, Some(Decisions { failed: true, edges }));
    let next = claim(engine).await.remove(0);
    assert_eq!((next.job_type.as_str(), next.project.slug.as_str()), ("last", "one"));
    assert_eq!(next.trace_id, run.trace_id);
    let note = next.payload.cascade_triggered_by.unwrap();
    assert_eq!(note.job_type, "up");
}

pub(super) async fn a_run_that_ends_again_has_the_decisions_of_its_latest_end(engine: &Engine) {
    let run = claim_up(engine).await;
    let failed = vec![edge("last", On::Failure, None)];
    let follow = Follow { decisions: failed, ..Follow::default() };
    engine.fail_then(&run.lease, fault(), follow).await.unwrap();
    engine.retry(&Visible::All, run.lease.run_id).await.unwrap();
    let again = claim(engine).await.remove(0);
    let edges = vec![edge("last", On::Recovered, None)];
    let given = ends_with(edges.clone());
    engine.complete(&again.lease, given).await.unwrap();
    assert_eq!(kept(engine, &run.lease).await, Some(Decisions { failed: false, edges }));
}

pub(super) async fn the_latest_run_that_was_not_cancelled_says_whether_the_job_had_failed(
    engine: &Engine,
) {
    let one = project(engine, "one").await;
    let failed = async || engine.store().last_failed("up", one).await.unwrap();
    assert!(!failed().await, "there is none");
    let run = claim_up(engine).await;
    engine.fail(&run.lease, fault()).await.unwrap();
    assert!(failed().await);
    let two = project(engine, "two").await;
    assert!(!engine.store().last_failed("up", two).await.unwrap());
    engine.run_now("up", one).await.unwrap();
    let run = claim(engine).await.remove(0);
    engine.cancel(&run.lease).await.unwrap();
    assert!(failed().await, "a cancelled run says nothing");
    engine.run_now("up", one).await.unwrap();
    let run = claim(engine).await.remove(0);
    engine.complete(&run.lease, success(&[])).await.unwrap();
    assert!(!failed().await);
}
