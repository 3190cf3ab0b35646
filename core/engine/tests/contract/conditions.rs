//! Runs by what is in their args and their output.

use cascade_engine::Engine;
use cascade_model::{Enqueue, OnDuplicate, RunRequest, Success, Visible};
use cascade_sdk::sql;
use cascade_store::{Queries, RunFilter};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::steps::{claim, project, success};

/// A run of `last` that has ended, with args and perhaps an output.
async fn ended(engine: &Engine, args: Value, output: Option<Value>) -> Uuid {
    let request =
        RunRequest { key: None, args, priority: 0, run_at: None, asked_by: None, tags: Vec::new() };
    let project_id = project(engine, "one").await;
    let on_duplicate = OnDuplicate::Queue;
    let asked = Enqueue { job_type: "last".into(), project_id, request, on_duplicate };
    let id = engine.enqueue(&[asked], None).await.unwrap()[0].run_id();
    let run = claim(engine).await.remove(0);
    assert_eq!(run.lease.run_id, id);
    let output = output.map(|output| output.to_string());
    engine.complete(&run.lease, Success { output, ..success(&[]) }).await.unwrap();
    id
}

fn of(conditions: &[&str]) -> RunFilter {
    let conditions = conditions.iter().map(|text| text.parse().unwrap()).collect();
    RunFilter { conditions, job_types: vec!["last".into()], ..RunFilter::default() }
}

async fn found(engine: &Engine, conditions: &[&str]) -> Vec<Uuid> {
    let filter = of(conditions);
    let page = engine.store().runs(&filter).await.unwrap();
    let mut listed: Vec<_> = page.items.iter().map(|run| run.id).collect();
    listed.sort();
    assert_eq!(page.total, listed.len() as u64, "{conditions:?}");
    let mut ids = engine.store().run_ids(&filter, 10).await.unwrap();
    ids.sort();
    assert_eq!(ids, listed, "{conditions:?}");
    listed
}

/// Three ended runs, in the order in which they were asked for.
async fn three(engine: &Engine) -> [Uuid; 3] {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let a = ended(
        engine,
        json!({"level": 2, "invoice": {"id": 7, "tags": ["red", "Blue", 5]}, "done": true, "note": null}),
        Some(json!({
            "new": 3, "ratio": 0.4, "sources": [{"name": "inbox"}, {"name": "chat"}], "odd.name": "x",
        })),
    )
    .await;
    let b = ended(
        engine,
        json!({"level": 10, "invoice": {"id": "7"}, "done": false, "note": "Naïve 50%"}),
        Some(json!({"new": 0, "at": "2026-01-02"})),
    )
    .await;
    [a, b, ended(engine, json!({}), None).await]
}

pub(super) async fn runs_are_found_by_what_is_in_their_args_and_output(engine: &Engine) {
    let [a, b, c] = three(engine).await;
    let cases: [(&str, &[Uuid]); 46] = [
        ("args.level=2", &[a]),
        ("args.level=2.0", &[a]),
        ("args.level!=2", &[b]),
        ("args.level>=2", &[a, b]),
        ("args.level > 2", &[b]),
        ("args.level<=10", &[a, b]),
        ("args.level<10", &[a]),
        ("args.level<2", &[]),
        // Written without quotes a number may be a text, which has another size.
        ("args.invoice.id=7", &[a, b]),
        ("args.invoice.id=\"7\"", &[b]),
        ("args.invoice.id!=7", &[]),
        ("args.invoice.id>6", &[a]),
        ("args.invoice.id~7", &[b]),
        ("args.invoice=7", &[]),
        ("args.done=true", &[a]),
        ("args.done=false", &[b]),
        ("args.done!=true", &[b]),
        ("args.done=\"true\"", &[]),
        ("args.done=1", &[]),
        ("args.note=null", &[a, c]),
        ("args.note!=null", &[b]),
        ("args.note!=x", &[a, b]),
        ("args.note~NA", &[b]),
        ("args.note~50%", &[b]),
        ("args.note~5%%", &[]),
        ("args.note=Naïve 50%", &[b]),
        ("args.invoice.tags~red", &[a]),
        ("args.invoice.tags~Red", &[]),
        ("args.invoice.tags~re", &[]),
        ("args.invoice.tags~5", &[a]),
        ("args.invoice.tags[1]=Blue", &[a]),
        ("args.invoice.tags.1=Blue", &[a]),
        ("args.invoice.tags[3]=Blue", &[]),
        ("output.new>0", &[a]),
        ("output.new=0", &[b]),
        ("output.new=null", &[c]),
        ("output.ratio<0.5", &[a]),
        ("output.sources.1.name=chat", &[a]),
        ("output.sources.name=chat", &[]),
        ("output[\"odd.name\"]=x", &[a]),
        ("output.at>=2026-01-01", &[b]),
        ("output.at<2026-01-02", &[]),
        ("output.new>-1e300", &[a, b]),
        ("output.new<18446744073709551615", &[a, b]),
        ("args.level=2' OR '1'='1", &[]),
        ("args[\"x') OR 1=1 --\"]=1", &[]),
    ];
    for (condition, wanted) in cases {
        assert_eq!(found(engine, &[condition]).await, wanted, "{condition}");
    }
    assert_eq!(found(engine, &["args.level>1", "output.new>0"]).await, [a]);
    assert!(found(engine, &["args.level>1", "output.new>5"]).await.is_empty());
    let up_to =
        async |most| engine.store().count_runs_up_to(&of(&["args.level>1"]), most).await.unwrap();
    assert_eq!((up_to(10).await, up_to(1).await), (2, 1), "counted no further than asked");
    let other = RunFilter { job_types: vec!["up".into()], ..of(&["args.level=2"]) };
    assert_eq!(engine.store().runs(&other).await.unwrap().total, 0, "all filters must fit");
    let nobody = RunFilter { visible: Visible::Only(Vec::new()), ..of(&["args.level=2"]) };
    assert_eq!(engine.store().runs(&nobody).await.unwrap().total, 0);
}

/// The type json of PostgreSQL, which `cascade_enqueue` takes, allows what jsonb cannot hold.
pub(super) async fn args_that_a_database_cannot_look_into_hide_no_others(engine: &Engine) {
    let [a, b, c] = three(engine).await;
    let odd = sql("UPDATE run_requests SET args = $1 WHERE run_id = $2");
    let odd = odd.bind(r#"{"level": 3, "note": "\u0000", "half": "\ud800"}"#).bind(c);
    engine.store().database().batch(vec![odd]).await.unwrap();
    let level = found_ids(engine, "args.level>=0").await;
    assert!(level.contains(&a) && level.contains(&b), "{level:?}");
}

/// Their rows need not be readable.
async fn found_ids(engine: &Engine, condition: &str) -> Vec<Uuid> {
    engine.store().run_ids(&of(&[condition]), 10).await.unwrap()
}
