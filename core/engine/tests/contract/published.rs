//! A publication of all tables, as logical replication and change capture make it.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{Fault, KeepFor, RunState, Visible};
use cascade_sdk::{Dialect, Level, LogLine, sql};
use cascade_store::Queries;
use serde_json::json;

use crate::steps::{claim, claim_until, events_after, keyless, success};

/// PostgreSQL refuses to change or remove rows of a published table that has no primary key.
pub(super) async fn all_that_a_run_writes_may_be_published(engine: &Engine) {
    let database = engine.store().database();
    if database.dialect() == Dialect::Postgres {
        let publish = sql("CREATE PUBLICATION everything FOR ALL TABLES");
        database.batch(vec![publish]).await.unwrap();
    }
    let runs = claim(engine).await;
    let line = LogLine {
        at: chrono::Utc::now(),
        level: Level::Info,
        message: "said".into(),
        fields: json!(null),
    };
    engine.record(runs[0].lease.run_id, vec![line], None).await.unwrap();
    engine.complete(&runs[0].lease, success(&["down"])).await.unwrap();
    let fault = |retry_in| Fault { error: "no luck".into(), retry_in };
    engine.fail(&runs[1].lease, fault(Some(Duration::ZERO))).await.unwrap();
    let again = claim_until(engine, 2).await;
    engine.request_cancel(&Visible::All, again[0].lease.run_id).await.unwrap();
    engine.cancel(&again[0].lease).await.unwrap();
    engine.fail_all(&[(again[1].lease.clone(), fault(None))]).await.unwrap();
    engine.retry(&Visible::All, again[1].lease.run_id).await.unwrap();
    let retried = claim_until(engine, 1).await.remove(0);
    engine.release(&retried.lease).await.unwrap();
    assert_eq!(engine.give_up_unlisted("worker-a", &[]).await.unwrap(), 0);
    let mut asked = keyless("last", runs[0].project.id, json!({}));
    (asked.request.key, asked.request.tags) = (Some("k".into()), vec!["a tag".into()]);
    let told = engine.enqueue(&[asked], None).await.unwrap();
    let left = claim_until(engine, 2).await;
    for run in &left {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let shown = engine.store().run(&Visible::All, told[0].run_id()).await.unwrap().unwrap();
    assert_eq!(shown.state, RunState::Completed);
    events_after(engine, 0, 100).await.unwrap();
    let nothing = Duration::ZERO;
    let keep = KeepFor { runs: nothing, logs: nothing, events: nothing, stats: nothing };
    let mut pruned = 0;
    while pruned < 4 {
        pruned += engine.store().prune(&keep, 100).await.unwrap().runs;
    }
}
