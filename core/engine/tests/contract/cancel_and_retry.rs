//! What people ask of one run.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{CancelRequest, Fault, Renewal, RunNow, RunState, Visible};
use cascade_store::{Queries, StoreError};
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{claim, claim_up, project, renew, success};

pub(super) async fn a_waiting_run_is_cancelled_at_once_and_a_running_one_is_asked(engine: &Engine) {
    let run = claim_up(engine).await;
    let id = run.lease.run_id;
    assert_eq!(renew(engine, &run.lease).await, Renewal::Held);
    assert_eq!(engine.request_cancel(&Visible::All, id).await.unwrap(), CancelRequest::Requested);
    assert_eq!(
        renew(engine, &run.lease).await,
        Renewal::CancelRequested,
        "its worker learns of it"
    );
    assert!(
        engine.store().run(&Visible::All, id).await.unwrap().unwrap().cancel_requested_at.is_some()
    );
    engine.cancel(&run.lease).await.unwrap();
    let shown = engine.store().run(&Visible::All, id).await.unwrap().unwrap();
    assert_eq!((shown.state, shown.cancel_requested_at), (RunState::Cancelled, None));
    assert!(matches!(
        engine.request_cancel(&Visible::All, id).await,
        Err(StoreError::WrongState(_))
    ));

    let one = project(engine, "one").await;
    let RunNow::Queued(id) = engine.run_now("down", one).await.unwrap() else { panic!() };
    assert_eq!(engine.request_cancel(&Visible::All, id).await.unwrap(), CancelRequest::Cancelled);
    assert!(claim(engine).await.is_empty());
    // A worker that died before it could stop the run does not bring it back.
    engine.retry(&Visible::All, id).await.unwrap();
    while engine.claim("dead", 10, Duration::ZERO, &[]).await.unwrap().is_empty() {}
    engine.request_cancel(&Visible::All, id).await.unwrap();
    while engine.store().run(&Visible::All, id).await.unwrap().unwrap().state != RunState::Cancelled
    {
        assert!(claim(engine).await.iter().all(|run| run.lease.run_id != id));
    }
    let unknown = engine.request_cancel(&Visible::All, Uuid::nil()).await;
    assert!(matches!(unknown, Err(StoreError::NoRun(_))));
}

pub(super) async fn a_failed_run_is_retried_by_hand_unless_the_job_is_busy(engine: &Engine) {
    let run = claim_up(engine).await;
    let id = run.lease.run_id;
    assert!(
        matches!(engine.retry(&Visible::All, id).await, Err(StoreError::WrongState(_))),
        "it runs"
    );
    engine.fail(&run.lease, Fault { error: "no luck".into(), retry_in: None }).await.unwrap();
    let RunNow::Queued(other) = engine.run_now("up", run.project.id).await.unwrap() else {
        panic!()
    };
    assert!(
        matches!(engine.retry(&Visible::All, id).await, Err(StoreError::WrongState(_))),
        "another waits"
    );
    engine.request_cancel(&Visible::All, other).await.unwrap();
    engine.retry(&Visible::All, id).await.unwrap();
    let again = claim(engine).await.remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (id, 2));
    engine.complete(&again.lease, success(&[])).await.unwrap();
    assert!(
        matches!(engine.retry(&Visible::All, id).await, Err(StoreError::WrongState(_))),
        "it succeeded"
    );
    assert!(matches!(engine.retry(&Visible::All, Uuid::nil()).await, Err(StoreError::NoRun(_))));
}

/// The state comes first, then whether the job is on, then whether it is busy.
pub(super) async fn a_retry_is_refused_for_one_reason_in_one_order(engine: &Engine) {
    let refused = async |id| engine.retry(&Visible::All, id).await.unwrap_err().to_string();
    let up = claim_up(engine).await;
    let (one, failed) = (up.project.id, up.lease.run_id);
    engine.fail(&up.lease, Fault { error: "no luck".into(), retry_in: None }).await.unwrap();
    engine.run_now("up", one).await.unwrap();
    let busy = refused(failed).await;
    assert!(busy.contains("another unfinished run"), "{busy}");
    let again = claim(engine).await.remove(0);
    engine.complete(&again.lease, success(&[])).await.unwrap();
    engine.run_now("up", one).await.unwrap();

    let mut off = config();
    off.jobs.get_mut("up").unwrap().enabled = false;
    engine.reconcile(&off).await.unwrap();
    let busy_and_off = refused(failed).await;
    assert!(busy_and_off.contains("jobs.toml disables this job"), "{busy_and_off}");
    let completed = refused(again.lease.run_id).await;
    assert!(completed.contains("only a failed or cancelled run"), "{completed}");
}
