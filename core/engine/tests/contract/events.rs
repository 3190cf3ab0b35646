//! The outbox.

use cascade_engine::Engine;
use cascade_store::Queries;

use crate::steps::{claim, events_after, success};

pub(super) async fn events_replay_in_order(engine: &Engine) {
    assert_eq!(engine.store().event_range().await.unwrap(), (1, 0));
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let ids: Vec<_> = events_after(engine, 0, 10).await.unwrap().iter().map(|e| e.id).collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(events_after(engine, 1, 10).await.unwrap().len(), 1);
    assert_eq!(events_after(engine, 0, 1).await.unwrap()[0].id, 1);
    assert_eq!(engine.store().event_range().await.unwrap(), (1, 2));
}
