//! What people do with runs that are over: mark them as done, and run them once more.

use std::{collections::BTreeMap, sync::Arc};

use cascade_config::{ArgsSchemas, ConfigState, Edge};
use cascade_engine::{Engine, RERUN_OF, preview};
use cascade_expr::Expression;
use cascade_model::{
    ClaimedRun, Fault, On, ProblemState, Registry, RunNow, RunState, ScheduledStatus, Visible,
};
use cascade_sdk::sql;
use cascade_store::{Queries, StoreError};
use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use crate::{
    chain,
    steps::{claim, claim_up, events_after, success},
    traces::fan_out,
};

/// `up` leads to `down`, and to `last` if its output says so, and to `last` once it has recovered.
fn config() -> ConfigState {
    let when = Some(Expression::compile("output.new > 0").unwrap());
    let mut config = chain::config();
    config.edges.insert(
        "up".into(),
        vec![
            Edge::plain("down"),
            Edge { when, ..Edge::plain("last") },
            Edge { on: On::Failure, ..Edge::plain("last") },
        ],
    );
    let registry = Arc::new(Registry::default());
    ConfigState {
        config: Arc::new(config),
        registry: registry.clone(),
        args_schemas: Arc::new(ArgsSchemas::new(registry)),
        revision: "r".into(),
        text: "".into(),
        loaded_at: Utc::now(),
        rejected: None,
    }
}

async fn fail(engine: &Engine, run: &ClaimedRun) {
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&run.lease, fault).await.unwrap();
}

async fn done(engine: &Engine, run: Uuid) -> Result<Vec<String>, StoreError> {
    engine.mark_done(&config(), &Visible::All, run, "ann", "paid by hand").await
}

pub(super) async fn the_preview_of_an_edge_refuses_a_disabled_job(engine: &Engine) {
    let up = claim_up(engine).await;
    let run = engine.store().run(&Visible::All, up.lease.run_id).await.unwrap().unwrap();
    let made = Edge { args: Some(BTreeMap::new()), ..Edge::plain("last") };
    for edge in [Edge::plain("last"), made] {
        let follow = |enabled| {
            let mut state = config();
            let mut config = (*state.config).clone();
            config.jobs.get_mut("last").unwrap().enabled = enabled;
            state.config = Arc::new(config);
            preview(&state, &edge, &run, json!({}), Some(&json!({})))
        };
        assert!(follow(true).decisions[0].taken);
        let refused = follow(false);
        let decision = &refused.decisions[0];
        assert_eq!(decision.reason.as_ref().map(|why| &*why.code), Some("disabled"));
        assert_eq!((decision.taken, decision.runs), (false, None));
        assert!(refused.downstream.is_empty() && refused.runs.is_empty(), "{refused:?}");
    }
}

pub(super) async fn a_run_that_is_marked_as_done_is_completed_and_its_edges_are_taken(
    engine: &Engine,
) {
    let store = engine.store();
    let up = claim_up(engine).await;
    let id = up.lease.run_id;
    let early = done(engine, id).await;
    assert!(matches!(early, Err(StoreError::WrongState(_))), "it runs: {early:?}");
    fail(engine, &up).await;
    let ended = store.run(&Visible::All, id).await.unwrap().unwrap().finished_at;
    let before = store.event_range().await.unwrap().1;
    let preview = engine.preview_done(&config(), &Visible::All, id).await.unwrap();
    assert!(claim(engine).await.is_empty(), "a preview changes nothing");

    assert_eq!(done(engine, id).await.unwrap(), ["down"]);
    let run = store.run(&Visible::All, id).await.unwrap().unwrap();
    assert_eq!((run.state, run.finished_at), (RunState::Completed, ended));
    assert_eq!(run.summary.as_deref(), Some("marked as done by ann: paid by hand"));
    let kept = store.decisions(&Visible::All, id).await.unwrap().unwrap();
    assert_eq!((kept.failed, &kept.edges), (false, &preview), "as it was said before");
    let taken: Vec<_> = kept.edges.iter().map(|edge| edge.taken).collect();
    assert_eq!(taken, [true, false, false]);
    let reason = kept.edges[1].reason.as_ref().unwrap();
    assert!(reason.text.contains("output.new"), "{reason}");
    let next = claim(engine).await.remove(0);
    assert_eq!((next.job_type.as_str(), next.trace_id), ("down", up.trace_id));
    assert_eq!(next.payload.triggers[0].run_id, Some(id));
    assert!(!events_after(engine, before, 10).await.unwrap().is_empty(), "it is told");
    let log = store.run_logs(&Visible::All, id, 10).await.unwrap();
    assert!(log.last().unwrap().message.starts_with("marked as done by ann"));
    let open = store.problems(&Visible::All, ProblemState::Open).await.unwrap();
    assert!(open.is_empty(), "what it failed of is handled");
    let last = store.last_ends(&Visible::All, vec!["up".into()]).await.unwrap();
    assert_eq!(last[0].state, RunState::Completed);
    let again = done(engine, id).await;
    assert!(matches!(again, Err(StoreError::WrongState(_))), "{again:?}");
    let hidden = engine.mark_done(&config(), &Visible::Only(vec![]), id, "ann", "x").await;
    assert!(matches!(hidden, Err(StoreError::NoRun(_))));
}

pub(super) async fn marking_as_done_and_its_audit_entry_are_both_there_or_neither(engine: &Engine) {
    let up = claim_up(engine).await;
    fail(engine, &up).await;
    let noting = engine.noting(sql("INSERT INTO no_such_table VALUES (1)"));
    assert!(matches!(done(&noting, up.lease.run_id).await, Err(StoreError::Audit(_))));
    let run = engine.store().run(&Visible::All, up.lease.run_id).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Failed);
    assert!(claim(engine).await.is_empty(), "nothing follows");
}

pub(super) async fn a_cancelled_run_with_args_is_marked_as_done(engine: &Engine) {
    let up = claim_up(engine).await;
    engine.complete(&up.lease, fan_out(1)).await.unwrap();
    let last = claim(engine).await.remove(0);
    engine.cancel(&last.lease).await.unwrap();
    assert!(done(engine, last.lease.run_id).await.unwrap().is_empty(), "no edge leads on");
    let run = engine.store().run(&Visible::All, last.lease.run_id).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Completed);
}

async fn rerun(engine: &Engine, run: Uuid) -> RunNow {
    engine.rerun(&Visible::All, run, "ann").await.unwrap()
}

pub(super) async fn a_rerun_has_the_args_of_the_run_and_a_trace_of_its_own(engine: &Engine) {
    let up = claim_up(engine).await;
    engine.complete(&up.lease, fan_out(1)).await.unwrap();
    let last = claim(engine).await.remove(0);
    let of = last.lease.run_id;
    fail(engine, &last).await;
    let RunNow::Queued(id) = rerun(engine, of).await else { panic!() };
    let again = claim(engine).await.remove(0);
    assert_eq!((again.lease.run_id, again.job_type.as_str(), again.trace_id), (id, "last", id));
    let (asked, before) = (again.request.unwrap(), last.request.unwrap());
    assert_eq!((&asked.args, &asked.key), (&before.args, &before.key));
    assert_eq!(asked.asked_by.as_deref(), Some("ann"));
    assert_eq!(again.payload.rest[RERUN_OF], json!(of));
    assert_eq!(engine.store().reruns(of).await.unwrap(), [id]);
    assert!(engine.store().reruns(id).await.unwrap().is_empty());
    let run = engine.store().run(&Visible::All, of).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Failed, "it stays as it was");
}

pub(super) async fn a_rerun_of_a_schedule_s_run_is_as_a_request_to_run_it_now(engine: &Engine) {
    let up = claim_up(engine).await;
    let (of, one) = (up.lease.run_id, up.project.id);
    assert_eq!(rerun(engine, of).await, RunNow::AfterCurrent, "it is under way");
    engine.complete(&up.lease, success(&[])).await.unwrap();
    let next = claim(engine).await.remove(0);
    assert_eq!((next.trace_id, &next.payload.rest[RERUN_OF]), (next.lease.run_id, &json!(of)));
    assert_eq!(engine.store().reruns(of).await.unwrap(), [next.lease.run_id]);
    engine.complete(&next.lease, success(&[])).await.unwrap();

    engine.set_status("up", one, ScheduledStatus::Paused).await.unwrap();
    let RunNow::Queued(waits) = rerun(engine, of).await else { panic!() };
    assert_eq!(engine.store().reruns(of).await.unwrap(), [waits, next.lease.run_id]);
    assert_eq!(rerun(engine, of).await, RunNow::Merged(waits), "the run that waits serves it too");
    let run = engine.store().run(&Visible::All, waits).await.unwrap().unwrap();
    assert_eq!((run.payload.requests, run.trace_id), (2, waits));
    let ghost = engine.rerun(&Visible::All, Uuid::nil(), "ann").await;
    assert!(matches!(ghost, Err(StoreError::NoRun(_))));
}
