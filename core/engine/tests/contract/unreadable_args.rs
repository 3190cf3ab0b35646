//! Args that nobody can read: what PostgreSQL's type json takes, and `cascade_enqueue()` with it.

use cascade_engine::Engine;
use cascade_model::{Enqueued, OnDuplicate};
use cascade_sdk::sql;
use cascade_store::{Queries, RunFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::chain::config;
use crate::steps::{begun, claim, ids, keyless, project, success};

async fn made(engine: &Engine, project: Uuid, key: Option<&str>) -> Uuid {
    let mut asked = keyless("last", project, json!({"n": 1}));
    asked.request.key = key.map(Into::into);
    engine.enqueue(&[asked], None).await.unwrap()[0].run_id()
}

async fn spoil(engine: &Engine, run: Uuid, args: &str) {
    let spoil = sql("UPDATE run_requests SET args = $1 WHERE run_id = $2");
    engine.store().database().batch(vec![spoil.bind(args).bind(run)]).await.unwrap();
}

pub(super) async fn they_keep_no_other_run_from_workers_and_lists(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let one = project(engine, "one").await;
    let deep = format!(r#"{{"a": {}1{}}}"#, "[".repeat(500), "]".repeat(500));
    let unreadable = [r#"{"half": "\ud800"}"#, r#"{"large": 1e999}"#, &deep];
    // Without a limit a claim is one statement, and with one it is several.
    for limit in [None, Some(10)] {
        let mut config = config();
        config.jobs.get_mut("last").unwrap().concurrency = limit;
        engine.reconcile(&config).await.unwrap();
        let mut all = Vec::new();
        for args in unreadable {
            let run = made(engine, one, None).await;
            spoil(engine, run, args).await;
            all.push(run);
        }
        all.push(made(engine, one, None).await);
        let runs = begun(engine).await;
        assert_eq!(ids(&runs), all);
        let requests: Vec<_> = runs.iter().map(|run| run.request.as_ref().unwrap()).collect();
        let args: Vec<_> = requests.iter().map(|request| request.args.clone()).collect();
        assert_eq!(args, [Value::Null, Value::Null, Value::Null, json!({"n": 1})]);
        let refused = requests[0].readable_args().unwrap_err();
        assert!(refused.contains("ask for another run"), "{refused}");
        assert_eq!(requests[3].readable_args(), Ok(&json!({"n": 1})));
        let filter = RunFilter { job_types: vec!["last".into()], ..RunFilter::default() };
        let mut listed = engine.store().runs(&filter).await.unwrap().items;
        listed.sort_by_key(|run| run.id);
        let listed = &listed[listed.len() - all.len()..];
        assert!(listed.iter().map(|run| run.id).eq(all));
        assert_eq!(listed[2].request.as_ref().unwrap().args, Value::Null);
        for run in runs {
            engine.complete(&run.lease, success(&[])).await.unwrap();
        }
    }
}

pub(super) async fn they_are_the_same_as_no_others(engine: &Engine) {
    claim(engine).await;
    let one = project(engine, "one").await;
    let waits = made(engine, one, Some("k")).await;
    spoil(engine, waits, r#"{"half": "\ud800"}"#).await;
    let mut asked = keyless("last", one, json!({"n": 1}));
    (asked.request.key, asked.on_duplicate) = (Some("k".into()), OnDuplicate::Merge);
    let told = engine.enqueue(&[asked], None).await.unwrap();
    assert!(matches!(told[0], Enqueued::Made(run) if run != waits), "{told:?}");
}
