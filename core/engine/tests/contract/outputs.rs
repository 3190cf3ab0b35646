//! What runs give out.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{KeepFor, Success};
use cascade_store::{Queries, StoreError};

use crate::steps::{claim_up, success};

pub(super) async fn an_output_is_kept_with_its_run_and_removed_with_it(engine: &Engine) {
    let output = Some(r#"{"new":[1,2],"text":"naïve"}"#.to_owned());
    let run = claim_up(engine).await;
    let id = run.lease.run_id;
    let mut stale = run.lease.clone();
    stale.attempt += 1;
    let given = Success { output: output.clone(), ..success(&["down"]) };
    let lost = engine.complete(&stale, given.clone()).await;
    assert!(matches!(lost, Err(StoreError::LostLease)));
    assert!(engine.store().outputs(&[id]).await.unwrap().is_empty(), "nothing of a lost lease");
    engine.complete(&run.lease, given).await.unwrap();
    let kept = engine.store().outputs(&[uuid::Uuid::nil(), id]).await.unwrap();
    assert_eq!((kept.len(), kept.get(&id)), (1, output.as_ref()));
    let long = Duration::from_secs(86_400);
    let keep = KeepFor { runs: Duration::ZERO, logs: long, events: long, stats: long };
    // It is old once the database's clock has moved on.
    while engine.store().prune(&keep, 10).await.unwrap().runs == 0 {
        tokio::task::yield_now().await;
    }
    assert!(engine.store().outputs(&[id]).await.unwrap().is_empty());
}
