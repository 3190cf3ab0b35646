//! The queue of a job, as its screen shows it.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{Enqueue, Fault, OnDuplicate, QueuePart, RunRequest};
use cascade_store::Queries;
use chrono::{TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::steps::{claim, project, success};

struct Asks<'e> {
    engine: &'e Engine,
    project_id: Uuid,
}

impl Asks<'_> {
    async fn ask(&self, key: Option<&str>, priority: u8, after: Option<i64>) -> Uuid {
        let request = RunRequest {
            key: key.map(Into::into),
            args: json!({ "priority": priority }),
            priority,
            run_at: after.map(|hours| Utc::now() + TimeDelta::hours(hours)),
            asked_by: Some("ann".into()),
            tags: Vec::new(),
        };
        let (job_type, on_duplicate) = ("last".into(), OnDuplicate::Queue);
        let asked = Enqueue { job_type, project_id: self.project_id, request, on_duplicate };
        self.engine.enqueue(&[asked], None).await.unwrap()[0].run_id()
    }
}

pub(super) async fn each_part_of_a_queue_is_counted_and_shown_in_its_order(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let asks = Asks { engine, project_id: project(engine, "one").await };
    let parts = async |most: u32| {
        let queue = engine.store().job_queue("last", asks.project_id, most).await.unwrap();
        assert_eq!(queue.iter().map(|part| part.part).collect::<Vec<_>>(), QueuePart::ALL);
        let shown = |runs: &[cascade_model::Run]| runs.iter().map(|run| run.id).collect::<Vec<_>>();
        queue.into_iter().map(|part| (part.count, shown(&part.runs))).collect::<Vec<_>>()
    };
    assert_eq!(parts(10).await, vec![(0, vec![]); 5]);

    let (first, second) = (asks.ask(None, 0, None).await, asks.ask(Some("k"), 0, None).await);
    let claimed = claim(engine).await;
    assert_eq!(claimed.len(), 2);
    for run in &claimed {
        if run.lease.run_id == first {
            let fault = Fault { error: "no".into(), retry_in: Some(Duration::from_secs(3600)) };
            engine.fail(&run.lease, fault).await.unwrap();
        }
    }
    let behind = [asks.ask(Some("k"), 0, None).await, asks.ask(Some("k"), 5, None).await];
    let low = [asks.ask(None, 0, None).await, asks.ask(None, 0, None).await];
    let high = asks.ask(None, 7, None).await;
    let late = asks.ask(None, 9, Some(5)).await;
    let soon = asks.ask(None, 0, Some(1)).await;
    engine.run_now("last", asks.project_id).await.unwrap();

    let all = parts(10).await;
    assert_eq!(all.iter().map(|part| part.0).collect::<Vec<_>>(), [1, 4, 2, 2, 1]);
    let [running, waiting, scheduled, queued, retryable] = [0, 1, 2, 3, 4].map(|at| &all[at].1);
    assert_eq!((running, retryable), (&vec![second], &vec![first]));
    // That of the schedule comes first.
    assert_eq!(waiting[1..], [high, low[0], low[1]]);
    assert_eq!(*scheduled, [soon, late]);
    assert_eq!(*queued, [behind[1], behind[0]], "the highest priority goes first");

    let one = parts(1).await;
    assert_eq!(one.iter().map(|part| part.0).collect::<Vec<_>>(), [1, 4, 2, 2, 1]);
    assert!(one.iter().all(|part| part.1.len() == 1));
    // The run of the schedule fails too, and is not one of those that callers asked for.
    let scheduled = waiting[0];
    let mut claimed = claim(engine).await;
    let run = claimed.extract_if(.., |run| run.lease.run_id == scheduled).next().unwrap();
    let fault = Fault { error: "no".into(), retry_in: Some(Duration::from_secs(3600)) };
    engine.fail(&run.lease, fault).await.unwrap();
    let counts = parts(1).await.iter().map(|part| part.0).collect::<Vec<_>>();
    assert_eq!(counts, [1 + claimed.len() as u64, 3 - claimed.len() as u64, 2, 2, 2]);

    let other = project(engine, "two").await;
    let empty = engine.store().job_queue("last", other, 10).await.unwrap();
    assert!(empty.iter().all(|part| part.count == 0), "of another project");
}
