//! What people do is there together with its entry in the audit log.

use cascade_access::Audited;
use cascade_engine::Engine;
use cascade_model::{ConfigOrigin, ConfigText, Fault, RunNow, RunState, ScheduledStatus, Visible};
use cascade_sdk::sql;
use cascade_store::{Queries, StoreError};
use serde_json::json;

use crate::steps::{claim_up, scheduled};

pub(super) async fn an_action_and_its_audit_entry_are_both_there_or_neither(engine: &Engine) {
    let up = claim_up(engine).await;
    let (one, id) = (up.project.id, up.lease.run_id);
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&up.lease, fault).await.unwrap();
    let entry = |action: &'static str| {
        let (detail, address) = (json!({}), None);
        let target = id.to_string();
        Audited { user_name: "ann", action, target, project: Some(one), detail, address }.entry()
    };
    // The audit log refuses an entry without a name.
    let mut refused = entry("refused");
    refused.params[1] = json!(null);
    let bad = engine.noting(refused.clone());
    let saved = ConfigText {
        revision: "r1".into(),
        text: "x".into(),
        by: None,
        comment: None,
        origin: ConfigOrigin::Ui,
    };
    let waiting = async || scheduled(engine, "down", "one").await.current_run.map(|run| run.id);
    let state = async |id| engine.store().run(&Visible::All, id).await.unwrap().unwrap().state;
    let history = async || engine.store().config_history(1, 10).await.unwrap().total;
    macro_rules! refused {
        ($($action:expr),+ $(,)?) => {$(
            let done = $action.await;
            assert!(matches!(done, Err(StoreError::Audit(_))), "{}", stringify!($action));
        )+};
    }
    refused!(
        bad.run_now("down", one),
        bad.retry(&Visible::All, id),
        bad.set_status("up", one, ScheduledStatus::Paused),
        engine.store().record_config(&saved, Some(refused)),
    );
    assert_eq!((waiting().await, state(id).await, history().await), (None, RunState::Failed, 0));
    assert_eq!(scheduled(engine, "up", "one").await.status, ScheduledStatus::Active);
    // Asked for again, each is done once.
    let RunNow::Queued(down) = engine.noting(entry("run")).run_now("down", one).await.unwrap()
    else {
        panic!()
    };
    refused!(bad.run_now("down", one), bad.request_cancel(&Visible::All, down));
    assert_eq!(state(down).await, RunState::Available);
    engine.noting(entry("cancel")).request_cancel(&Visible::All, down).await.unwrap();
    engine.noting(entry("retry")).retry(&Visible::All, id).await.unwrap();
    let paused = engine.noting(entry("pause"));
    paused.set_status("up", one, ScheduledStatus::Paused).await.unwrap();
    engine.store().record_config(&saved, Some(entry("save"))).await.unwrap();
    assert_eq!(state(down).await, RunState::Cancelled);
    assert_eq!((state(id).await, history().await), (RunState::Available, 1));
    let entries = sql("SELECT action FROM audit_log ORDER BY seq");
    let entries = engine.store().database().query(entries).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["run", "cancel", "retry", "pause", "save"]);
}
