//! Tags of runs: kept, looked for, suggested, removed with their runs.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{Enqueue, KeepFor, OnDuplicate, RunRequest, Visible};
use cascade_store::{Queries, RunFilter, TagFilter};
use serde_json::json;
use uuid::Uuid;

use crate::steps::{claim, project, success};

fn asked(project_id: Uuid, key: Option<&str>, tags: &[&str]) -> Enqueue {
    let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
    let key = key.map(Into::into);
    let (args, asked_by) = (json!({}), None);
    let request = RunRequest { key, args, priority: 0, run_at: None, asked_by, tags };
    let on_duplicate = OnDuplicate::Merge;
    Enqueue { job_type: "last".into(), project_id, request, on_duplicate }
}

fn with(tags: &[&str], jobs: &[&str]) -> RunFilter {
    let jobs: Vec<_> = jobs.iter().map(|&job| job.to_owned()).collect();
    let tag = |tag: &&str| TagFilter { tag: (*tag).to_owned(), jobs: jobs.clone() };
    RunFilter { tags: tags.iter().map(tag).collect(), per_page: 1000, ..RunFilter::default() }
}

async fn found(engine: &Engine, filter: &RunFilter) -> Vec<Uuid> {
    let mut ids: Vec<_> =
        engine.store().runs(filter).await.unwrap().items.iter().map(|run| run.id).collect();
    ids.sort_unstable();
    assert_eq!(engine.store().run_ids(filter, 1000).await.unwrap().len(), ids.len());
    ids
}

pub(super) async fn runs_are_found_by_their_tags_and_those_of_their_jobs(engine: &Engine) {
    let up: Vec<_> = claim(engine).await.iter().map(|run| run.lease.run_id).collect();
    let one = project(engine, "one").await;
    let many = (0..300).map(|n| asked(one, None, &["batch", &format!("n {n}")]));
    let told = engine.enqueue(&many.collect::<Vec<_>>(), None).await.unwrap();
    let shown = engine.store().run(&Visible::All, told[7].run_id()).await.unwrap().unwrap();
    assert_eq!(shown.request.unwrap().tags, ["batch", "n 7"]);
    assert_eq!(found(engine, &with(&["n 7", "batch"], &[])).await, [told[7].run_id()]);
    assert_eq!(engine.store().count_runs_up_to(&with(&["batch"], &[]), 1000).await.unwrap(), 300);
    assert!(found(engine, &with(&["batc"], &[])).await.is_empty());
    // What jobs.toml gives to a job its runs of both kinds have.
    let mut of_up = found(engine, &with(&["nightly"], &["up"])).await;
    of_up.sort_unstable();
    assert_eq!(of_up.len(), 2);
    assert!(up.iter().all(|run| of_up.contains(run)));
    let of_last = with(&["nightly", "n 3"], &["last"]);
    assert_eq!(found(engine, &of_last).await.len(), 300, "each has both from its job");
}

pub(super) async fn a_run_that_serves_a_request_too_has_its_tags_as_far_as_there_is_room(
    engine: &Engine,
) {
    let one = project(engine, "one").await;
    let first = engine.enqueue(&[asked(one, Some("k"), &["a", "b"])], None).await.unwrap()[0];
    let more: Vec<_> = (0..16).map(|n| format!("m{n:02}")).collect();
    let more: Vec<_> = more.iter().map(String::as_str).collect();
    for tags in [vec!["b", "c"], more] {
        let merged = engine.enqueue(&[asked(one, Some("k"), &tags)], None).await.unwrap()[0];
        assert_eq!(merged.run_id(), first.run_id());
    }
    let run = engine.store().run(&Visible::All, first.run_id()).await.unwrap().unwrap();
    let tags = run.request.unwrap().tags;
    assert_eq!((tags.len(), &tags[..4]), (16, &["a", "b", "c", "m00"].map(String::from)[..]));
}

pub(super) async fn tags_are_suggested_of_what_may_be_seen_and_go_with_their_runs(engine: &Engine) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let (one, two) = (project(engine, "one").await, project(engine, "two").await);
    let requests = [
        asked(one, None, &["red", "Rot", "100%"]),
        asked(one, None, &["red", "rose"]),
        asked(two, None, &["reed"]),
    ];
    engine.enqueue(&requests, None).await.unwrap();
    let suggested = async |visible: &Visible, prefix: &str, most: u32| {
        engine.store().tags(visible, prefix, most).await.unwrap()
    };
    assert_eq!(suggested(&Visible::All, "r", 10).await, ["red", "reed", "rose"]);
    assert_eq!(suggested(&Visible::All, "", 3).await, ["100%", "Rot", "red"]);
    assert_eq!(suggested(&Visible::Only(vec![two]), "r", 10).await, ["reed"]);
    assert!(suggested(&Visible::Only(Vec::new()), "", 10).await.is_empty());
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let of = Duration::ZERO;
    let keep = KeepFor { runs: of, logs: of, events: of, stats: of };
    // A run that has just ended is as old as nothing once the clock has moved on.
    while !suggested(&Visible::All, "", 10).await.is_empty() {
        engine.store().prune(&keep, 100).await.unwrap();
    }
}
