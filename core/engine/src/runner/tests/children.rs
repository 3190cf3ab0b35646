//! Runs that runs ask for.

use chrono::{DateTime, Utc};

use super::*;

/// Tells which invoice it is for, and who asked.
fn remind() -> Arc<dyn DynJob> {
    let origin = Origin {
        kind: OriginKind::CompiledIn,
        plugin: "test".into(),
        version: "1.0.0".into(),
        location: "children.rs".into(),
    };
    let mut descriptor = JobDescriptor::new("remind", "", origin, json!({"type": "object"}));
    descriptor.args_schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": {"invoice": {"type": "integer"}},
    });
    let work: Work = |ctx| {
        Box::pin(async move {
            let by: Vec<_> = ctx.upstream::<Value>()?.into_iter().map(|run| run.job).collect();
            let told = format!("{} {by:?}", ctx.info().args["invoice"]);
            Outcome::summary(told).erased()
        })
    };
    Arc::new(TestJob { descriptor, work })
}

fn jobs(sync: Work) -> Vec<Arc<dyn DynJob>> {
    vec![job("sync", 1, sync), remind()]
}

fn toml() -> String {
    timer("sync", "max_attempts = 2") + "[jobs.remind]\n"
}

async fn reminders(bench: &Bench) -> Vec<Run> {
    let filter = RunFilter { job_types: vec!["remind".into()], ..Default::default() };
    bench.store.runs(&filter).await.unwrap().items
}

#[tokio::test]
async fn each_run_that_is_asked_for_has_its_args_and_is_made_once() {
    let sync: Work = |ctx| {
        Box::pin(async move {
            for invoice in [7, 8, 8] {
                ctx.enqueue("remind", json!({"invoice": invoice}))
                    .key(invoice.to_string())
                    .stage()?;
            }
            // What an attempt that fails has asked for is not made.
            if ctx.attempt() == 1 {
                return Err(JobError::retry("not yet"));
            }
            Outcome::done().erased()
        })
    };
    let bench = Bench::start(&toml(), jobs(sync), GRACE).await;
    let sync = bench.run("sync", RunState::Completed).await;
    let mut summaries = loop {
        let found = reminders(&bench).await;
        if found.len() == 3 && found.iter().all(|run| run.state == RunState::Completed) {
            assert!(found.iter().all(|run| run.trace_id == sync.trace_id));
            break found.into_iter().filter_map(|run| run.summary).collect::<Vec<_>>();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    summaries.sort();
    assert_eq!(summaries, ["7 [\"sync\"]", "8 [\"sync\"]", "8 [\"sync\"]"]);
}

#[tokio::test]
async fn what_may_not_be_asked_for_is_refused_at_once() {
    let sync: Work = |ctx| {
        Box::pin(async move {
            let refused = [
                ctx.enqueue("ghost", json!({})).stage(),
                ctx.enqueue("remind", json!({"invoice": "seven"})).stage(),
                ctx.enqueue("remind", json!({"invoice": 1, "more": 2})).stage(),
                ctx.enqueue("remind", json!({})).key("").stage(),
                ctx.enqueue("remind", json!({})).priority(10).stage(),
                ctx.enqueue("remind", json!({})).run_at(DateTime::<Utc>::MAX_UTC).stage(),
                ctx.enqueue("remind", json!([1])).stage(),
            ];
            let said = refused.map(|refused| refused.unwrap_err().to_string());
            Outcome::summary(said.join(" | ")).erased()
        })
    };
    let bench = Bench::start(&toml(), jobs(sync), GRACE).await;
    let said = bench.run("sync", RunState::Completed).await.summary.unwrap();
    for part in [
        "no such job",
        "args.invoice: value is not",
        "'more' was unexpected",
        "1 to 256",
        "a priority is 0 to 9",
        "years 0000 to 9999",
        "have to be an object",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(reminders(&bench).await.len(), 0);
}

/// Asks for a run of `remind` as a caller who knows no schema, such as SQL; no worker is told.
async fn ask_with(bench: &Bench, args: Value) -> Uuid {
    let project_id = bench.run("sync", RunState::Completed).await.project_id;
    let (key, run_at, asked_by, tags) = (None, None, None, Vec::new());
    let request = cascade_model::RunRequest { key, args, priority: 0, run_at, asked_by, tags };
    let on_duplicate = cascade_model::OnDuplicate::Queue;
    let job_type = "remind".to_owned();
    let asked = cascade_model::Enqueue { job_type, project_id, request, on_duplicate };
    bench.engine.enqueue(&[asked], None).await.unwrap()[0].run_id()
}

#[tokio::test]
async fn args_that_do_not_fit_fail_the_run_for_good() {
    let sync: Work = |_| Box::pin(async { Outcome::done().erased() });
    let bench = Bench::start(&toml(), jobs(sync), GRACE).await;
    ask_with(&bench, json!({"invoice": "seven"})).await;
    bench.wake.wake();
    let run = bench.run("remind", RunState::Failed).await;
    assert_eq!((run.attempt, run.error.unwrap().contains("args.invoice: value is not")), (1, true));
}

/// Also where the job takes whatever it is given.
#[tokio::test]
async fn args_that_cannot_be_read_fail_the_run_for_good_and_say_so() {
    let work: Work = |_| Box::pin(async { Outcome::done().erased() });
    let mut descriptor = remind().descriptor().clone();
    descriptor.args_schema = json!(true);
    let jobs: Vec<Arc<dyn DynJob>> =
        vec![job("sync", 1, work), Arc::new(TestJob { descriptor, work })];
    let bench =
        Bench::start(&(timer("sync", "") + "[jobs.remind]\nmax_attempts = 3\n"), jobs, GRACE).await;
    let run = ask_with(&bench, json!({})).await;
    let spoil = sql("UPDATE run_requests SET args = $1 WHERE run_id = $2");
    let spoil = spoil.bind(r#"{"half": "\ud800"}"#).bind(run);
    bench.store.database().batch(vec![spoil]).await.unwrap();
    bench.wake.wake();
    let run = bench.run("remind", RunState::Failed).await;
    let error = run.error.unwrap();
    assert!(run.attempt == 1 && error.contains("cannot be read"), "{}: {error}", run.attempt);
    assert_eq!(run.request.unwrap().args, Value::Null);
}
