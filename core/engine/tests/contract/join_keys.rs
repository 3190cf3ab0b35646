//! Runs of joins that have a key.

use cascade_engine::Engine;
use cascade_model::{CancelRequest, Enqueue, Enqueued, OnDuplicate, RunRequest, Visible};
use cascade_store::Queries;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::joins::Joins;

/// The end of `a` alone would fire the join, but it leads to `b`.
const CHAINS: &str = "root = [\"a\"]\na = [\"b\"]\n[CASCADE_JOINS]\n\
    report = { all_of = [\"a\", \"b\"], needs = \"end\", args = {}, key = \"'k'\" }\n";

/// A run of the join's job and key that begins in an hour.
async fn later(joins: &Joins) -> Uuid {
    let (run_at, asked_by) = (Some(Utc::now() + TimeDelta::hours(1)), None);
    let (key, args, tags) = (Some("k".into()), json!({}), Vec::new());
    let request = RunRequest { key, args, priority: 0, run_at, asked_by, tags };
    let on_duplicate = OnDuplicate::Queue;
    let (job_type, project_id) = ("report".into(), joins.project);
    let asked = Enqueue { job_type, project_id, request, on_duplicate };
    match joins.engine.enqueue(&[asked], None).await.unwrap()[..] {
        [Enqueued::Made(id)] => id,
        ref other => panic!("{other:?}"),
    }
}

/// A join that may make a run of the key, and does not, leaves the runs of the key as they are.
pub(super) async fn a_join_that_does_not_fire_puts_no_run_behind_it(engine: &Engine) {
    for runs_per_key in [1, 2] {
        let jobs = format!("[jobs.report]\nruns_per_key = {runs_per_key}\n");
        let joins = Joins::of(engine, &format!("{CHAINS}{jobs}")).await;
        let later = later(&joins).await;
        let behind = async || engine.store().run_waits(later).await.unwrap().unwrap().behind;
        assert!(!behind().await);
        joins.ask("root", 1).await;
        joins.ok(&joins.one("root").await, Value::Null).await;
        let a = joins.one("a").await;
        let asked = joins.engine.request_cancel(&Visible::All, a.lease.run_id).await.unwrap();
        assert_eq!(asked, CancelRequest::Requested);
        assert!(!behind().await, "{runs_per_key}: the run goes on");
        joins.ok(&a, Value::Null).await;
        assert!(!behind().await, "{runs_per_key}: `b` is to come");
        joins.ok(&joins.one("b").await, Value::Null).await;
        let report = joins.one("report").await;
        assert_eq!(behind().await, runs_per_key == 1, "the join has fired");
        joins.ok(&report, Value::Null).await;
        assert!(!behind().await);
        joins.engine.request_cancel(&Visible::All, later).await.unwrap();
    }
}
