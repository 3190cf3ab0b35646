//! A whole cascade that is cancelled while it goes on.

use cascade_engine::{CancelTrace, Engine};
use cascade_model::{ClaimedRun, Follow, RunState, ScheduledStatus, Success, Visible};
use cascade_store::{Queries, TraceActivity};
use uuid::Uuid;

use crate::{
    steps::{LEASE, claim, claim_until, claim_up, scheduled, success},
    traces::{fan_out, made},
};

const NOTHING: TraceActivity = TraceActivity { unfinished: 0, pending: 0 };

async fn state(engine: &Engine, run: Uuid) -> RunState {
    engine.store().run(&Visible::All, run).await.unwrap().unwrap().state
}

/// A run of `up` that has made three runs of `last` and triggered `down`; one of the three is under way.
async fn begun(engine: &Engine) -> (ClaimedRun, ClaimedRun) {
    let up = claim_up(engine).await;
    let mut end = fan_out(3);
    end.follow.downstream.push("down".into());
    engine.complete(&up.lease, end).await.unwrap();
    engine.set_status("down", up.project.id, ScheduledStatus::Paused).await.unwrap();
    let one = engine.claim("worker-a", 1, LEASE, &[]).await.unwrap().remove(0);
    assert_eq!((one.job_type.as_str(), one.trace_id), ("last", up.trace_id));
    (up, one)
}

pub(super) async fn what_waits_is_cancelled_what_runs_is_asked_and_nothing_follows(
    engine: &Engine,
) {
    let (up, running) = begun(engine).await;
    let (trace, project) = (up.trace_id, up.project.id);
    let pending = engine.pending_of_trace(trace, project).await.unwrap();
    assert_eq!(pending, ["down"]);
    let mut of = CancelTrace::new(trace, project);
    let part = engine.cancel_trace(&mut of).await.unwrap();
    assert_eq!((part.cancelled.len(), part.over), (2, false));
    assert_eq!((part.asked, part.forgotten), (vec![running.lease.run_id], vec!["down".to_owned()]));
    assert_eq!(scheduled(engine, "down", "one").await.next_run_at, None);
    assert!(engine.pending_of_trace(trace, project).await.unwrap().is_empty());
    let again = engine.cancel_trace(&mut of).await.unwrap();
    assert!(again.asked.is_empty() && !again.over, "it is asked once");
    engine.cancel(&running.lease).await.unwrap();
    assert!(engine.cancel_trace(&mut of).await.unwrap().over);
    assert_eq!(state(engine, running.lease.run_id).await, RunState::Cancelled);
    assert_eq!(state(engine, up.lease.run_id).await, RunState::Completed);
    assert_eq!(engine.store().trace_activity(trace, project).await.unwrap(), NOTHING);
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn what_a_run_leads_to_that_succeeds_although_it_was_asked_to_stop_is_cancelled_too(
    engine: &Engine,
) {
    let (up, running) = begun(engine).await;
    let mut of = CancelTrace::new(up.trace_id, up.project.id);
    engine.cancel_trace(&mut of).await.unwrap();
    engine.set_status("down", up.project.id, ScheduledStatus::Active).await.unwrap();
    let runs = vec![made("last", 7)];
    let follow = Follow { runs, downstream: vec!["down".into()], ..Follow::default() };
    engine.complete(&running.lease, Success { follow, ..Success::default() }).await.unwrap();
    let part = engine.cancel_trace(&mut of).await.unwrap();
    assert_eq!((part.cancelled.len(), part.forgotten.len(), part.over), (1, 1, true));
    assert!(claim(engine).await.is_empty());
}

pub(super) async fn what_another_trace_has_triggered_too_stays_due(engine: &Engine) {
    let ups: Vec<_> = claim(engine).await;
    let up = ups.iter().find(|run| run.project.slug == "one").unwrap();
    engine.complete(&up.lease, success(&["down"])).await.unwrap();
    engine.run_now("last", up.project.id).await.unwrap();
    // The run of `down` is made, so that the next trigger waits on its schedule.
    let runs = claim_until(engine, 2).await;
    let (down, other): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.job_type == "down");
    assert_ne!(down[0].trace_id, other[0].trace_id);
    engine.run_now("up", up.project.id).await.unwrap();
    let again = claim(engine).await.remove(0);
    engine.complete(&other[0].lease, success(&["down"])).await.unwrap();
    engine.complete(&again.lease, success(&["down"])).await.unwrap();
    let mut of = CancelTrace::new(again.trace_id, up.project.id);
    let part = engine.cancel_trace(&mut of).await.unwrap();
    assert_eq!((part.forgotten, part.over), (vec!["down".to_owned()], true));
    engine.complete(&down[0].lease, success(&[])).await.unwrap();
    let next = claim(engine).await.remove(0);
    assert_eq!((next.job_type.as_str(), next.trace_id), ("down", other[0].trace_id));
    assert_eq!(next.payload.triggers.len(), 1);
}

pub(super) async fn nothing_is_left_of_a_cascade_that_grows_while_it_is_cancelled(engine: &Engine) {
    let up = claim_up(engine).await;
    let (trace, project) = (up.trace_id, up.project.id);
    engine.complete(&up.lease, fan_out(4)).await.unwrap();
    // Each run makes two more and triggers a schedule, down to a depth.
    let worker = async {
        let mut done = 0;
        loop {
            let runs = engine.claim("worker-b", 3, LEASE, &[]).await.unwrap();
            for run in runs.into_iter().filter(|run| run.trace_id == trace) {
                let depth = run.request.as_ref().map_or(5, |request| {
                    u32::try_from(request.args["n"].as_u64().unwrap()).unwrap()
                });
                let runs = if depth < 6 {
                    vec![made("last", depth + 1), made("down", depth + 1)]
                } else {
                    Vec::new()
                };
                let follow = Follow { runs, downstream: vec!["down".into()], ..Follow::default() };
                let end = Success { follow, ..Success::default() };
                match engine.complete(&run.lease, end).await {
                    Ok(_) | Err(cascade_store::StoreError::LostLease) => done += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            if done > 0 && engine.store().trace_activity(trace, project).await.unwrap() == NOTHING {
                return done;
            }
            tokio::task::yield_now().await;
        }
    };
    let cancel = async {
        let mut of = CancelTrace::new(trace, project);
        // Not before something has begun.
        while engine.store().trace_activity(trace, project).await.unwrap().unfinished < 5 {
            tokio::task::yield_now().await;
        }
        while !engine.cancel_trace(&mut of).await.unwrap().over {
            tokio::task::yield_now().await;
        }
        let left = engine.store().trace_activity(trace, project).await.unwrap();
        assert_eq!(left, NOTHING, "when it said that it is over");
    };
    let (done, ()) = tokio::join!(worker, cancel);
    assert!(done > 0);
    let later = claim(engine).await;
    assert!(later.iter().all(|run| run.trace_id != trace), "{later:?}");
}
