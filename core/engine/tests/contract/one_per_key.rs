//! Many ask for runs of a few keys, of which one goes at a time, while others end, cancel and retry them.

use std::cell::Cell;

use cascade_engine::Engine;
use cascade_model::{ClaimedRun, Enqueue, Fault, OnDuplicate, Success, Visible};
use cascade_sdk::{NewRun, sql};
use cascade_store::{Result, StoreError};
use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::steps::{LEASE, claim, keyless, project, success};

const KEYS: [&str; 2] = ["a", "b"];
const ASKERS: usize = 12;
const REQUESTS: usize = 12;
/// Claims that find nothing one after another once nobody asks any more: what is left then is stuck.
const IDLE: usize = 500;

/// Does it again while PostgreSQL has broken it off, as each of several waited for another.
async fn again<T, F: Future<Output = Result<T>>>(work: impl Fn() -> F) -> Result<T> {
    loop {
        match work().await {
            Err(error) if error.is_deadlock() => {}
            done => return done,
        }
    }
}

/// Unless it has come too late.
fn or_late<T>(done: Result<T>) {
    match done {
        Ok(_) | Err(StoreError::WrongState(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

async fn ask(engine: &Engine, project: Uuid, nth: usize) {
    for n in 0..REQUESTS {
        let on_duplicate = match n % 6 {
            3 => OnDuplicate::Merge,
            5 => OnDuplicate::Replace,
            _ => OnDuplicate::Queue,
        };
        let mut asked = Enqueue { on_duplicate, ..keyless("last", project, json!({ "n": n })) };
        asked.request.key = Some(KEYS[(nth + n) % KEYS.len()].into());
        let run = engine.enqueue(&[asked], None).await.unwrap()[0].run_id();
        if n % 4 == 1 {
            or_late(again(|| engine.request_cancel(&Visible::All, run)).await);
        }
    }
}

/// Every third run fails and is tried again, every fourth asks for another of its key.
async fn end(engine: &Engine, run: &ClaimedRun, nth: usize) {
    if nth.is_multiple_of(3) && run.lease.attempt == 1 {
        let fault = || Fault { error: "no luck".into(), retry_in: None };
        again(|| engine.fail(&run.lease, fault())).await.unwrap();
        return or_late(again(|| engine.retry(&Visible::All, run.lease.run_id)).await);
    }
    let asked = run.request.as_ref().unwrap();
    let child = json!({ "job": "last", "key": asked.key, "priority": 1 });
    let of_caller = asked.args["n"].is_number();
    let child =
        (nth.is_multiple_of(4) && of_caller).then(|| serde_json::from_value(child).unwrap());
    let enqueue: Vec<NewRun> = child.into_iter().collect();
    let success = || Success { enqueue: enqueue.clone(), ..success(&[]) };
    again(|| engine.complete(&run.lease, success())).await.unwrap();
}

/// Runs what there is until nobody asks any more and nothing is left.
async fn work(engine: &Engine, name: &str, asking: &Cell<usize>) {
    let left = "SELECT id FROM queue_runs WHERE state IN ('available', 'running', 'retryable')";
    let (mut ended, mut idle) = (0, 0);
    loop {
        let runs = engine.claim(name, 2, LEASE, &[]).await.unwrap();
        idle = if runs.is_empty() && asking.get() == 0 { idle + 1 } else { 0 };
        if idle > 0 {
            let left = engine.store().database().query(sql(left)).await.unwrap();
            if left.is_empty() {
                return;
            }
            assert!(idle < IDLE, "nothing begins of {left:?}");
        }
        for run in runs {
            ended += 1;
            end(engine, &run, ended).await;
        }
    }
}

pub(super) async fn whatever_happens_at_once_no_run_stays_behind_none(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let one = project(engine, "one").await;
    let asking = Cell::new(ASKERS);
    let ask_all = (0..ASKERS).map(async |nth| {
        ask(engine, one, nth).await;
        asking.set(asking.get() - 1);
    });
    let workers = join_all(["w1", "w2", "w3", "w4"].map(|name| work(engine, name, &asking)));
    tokio::join!(join_all(ask_all), workers);
}
