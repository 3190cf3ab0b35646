//! What is removed with time.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{KeepFor, Pruned};
use cascade_sdk::{Level, LogLine};
use cascade_store::{Queries, RunFilter};
use serde_json::json;

use crate::steps::{claim, events_after, success};

pub(super) async fn what_is_old_is_pruned_in_steps_and_the_end_of_the_outbox_stays(
    engine: &Engine,
) {
    let runs = claim(engine).await;
    for run in &runs {
        let line = LogLine {
            at: chrono::Utc::now() - chrono::Duration::days(9),
            level: Level::Info,
            message: "old".into(),
            fields: json!(null),
        };
        engine.record(run.lease.run_id, vec![line], None).await.unwrap();
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let events = events_after(engine, 0, 10).await.unwrap();
    let day = Duration::from_secs(86400);
    let mut keep = KeepFor { runs: day, logs: day, events: day, stats: day };
    let step = engine.store().prune(&keep, 1).await.unwrap();
    assert_eq!(
        step,
        Pruned { runs: 0, logs: 1, events: 0, stats: 0 },
        "a step takes no more than it may"
    );
    assert_eq!(engine.store().prune(&keep, 10).await.unwrap().logs, 1);
    keep =
        KeepFor { runs: Duration::ZERO, logs: day, events: Duration::ZERO, stats: Duration::ZERO };
    let mut all = Pruned::default();
    while all.runs < 2 || all.events < 1 {
        let step = engine.store().prune(&keep, 10).await.unwrap();
        all.runs += step.runs;
        all.events += step.events;
    }
    assert_eq!(engine.store().runs(&RunFilter::default()).await.unwrap().total, 0);
    let newest = events.last().unwrap().id;
    assert_eq!(engine.store().event_range().await.unwrap(), (newest, newest));
    let pool = engine.store().pools().remove(0);
    assert!(pool.size >= pool.idle && pool.max >= pool.size);
}
