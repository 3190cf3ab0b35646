//! What is sent to hooks, and the runs that are made of it.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{
    Delivered, Enqueue, Explanation, HookOutcome, NewDelivery, OnDuplicate, RunRequest, Visible,
    explanation,
};
use cascade_sdk::sql;
use cascade_store::{DeliveryFilter, Queries, RunFilter, StoreError};
use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::steps::project;

fn why() -> Explanation {
    explanation!("condition_false", "`{expression}` is false", expression = "body.a > 1")
}

fn delivery(identity: &str, project: Option<Uuid>, outcome: HookOutcome) -> NewDelivery {
    NewDelivery {
        id: Uuid::now_v7(),
        hook: "push".into(),
        identity: identity.into(),
        project_id: project,
        address: Some("192.0.2.1".into()),
        outcome,
        reason: (outcome != HookOutcome::Run).then(why),
        headers: "{\"x-event\":\"push\"}".into(),
        bytes: 7,
        body: Some("{\"a\":1}".into()),
        replay: None,
    }
}

/// A run of `last`, whose schedule has no timer.
fn asked(project_id: Uuid, key: Option<&str>) -> Enqueue {
    let request = RunRequest {
        key: key.map(Into::into),
        args: json!({"n": 1}),
        priority: 0,
        run_at: None,
        asked_by: Some("hook push".into()),
        tags: Vec::new(),
    };
    let on_duplicate = OnDuplicate::Queue;
    Enqueue { job_type: "last".into(), project_id, request, on_duplicate }
}

async fn made(engine: &Engine, identity: &str, project: Uuid) -> Uuid {
    let new = delivery(identity, Some(project), HookOutcome::Run);
    match engine.deliver(&new, Some(&asked(project, None))).await.unwrap() {
        Delivered::Made(run) => run,
        other => panic!("{other:?}"),
    }
}

fn all(visible: Visible) -> DeliveryFilter {
    DeliveryFilter { hook: "push".into(), visible, outcome: None, before: None, limit: 100 }
}

async fn runs_of_last(engine: &Engine) -> u64 {
    let filter = RunFilter { job_types: vec!["last".into()], ..RunFilter::default() };
    engine.store().runs(&filter).await.unwrap().total
}

pub(super) async fn a_delivery_and_its_run_are_both_there_or_neither(engine: &Engine) {
    let one = project(engine, "one").await;
    let run = made(engine, "1", one).await;
    let kept = engine.store().deliveries(&all(Visible::All)).await.unwrap().remove(0);
    assert_eq!((kept.run_id, kept.outcome, kept.times), (Some(run), HookOutcome::Run, 1));
    assert_eq!(
        (kept.project.as_deref(), kept.address.as_deref()),
        (Some("one"), Some("192.0.2.1"))
    );
    let shown = engine.store().run(&Visible::All, run).await.unwrap().unwrap();
    let request = shown.request.unwrap();
    assert_eq!((request.args, request.asked_by.as_deref()), (json!({"n": 1}), Some("hook push")));
    // The run is refused within the transaction: nothing is kept of the delivery.
    let waits = engine.enqueue(&[asked(one, Some("taken"))], None).await.unwrap()[0].run_id();
    let reject = Enqueue { on_duplicate: OnDuplicate::Reject, ..asked(one, Some("taken")) };
    let new = delivery("2", Some(one), HookOutcome::Run);
    let refused = engine.deliver(&new, Some(&reject)).await;
    assert!(matches!(refused, Err(StoreError::Duplicate { run }) if run == waits));
    assert_eq!(engine.store().delivered_before("push", "2").await.unwrap(), None);
    assert_eq!(engine.store().deliveries(&all(Visible::All)).await.unwrap().len(), 1);
    // Nor is a run made whose entry in the audit log fails.
    let noting = engine.noting(sql("INSERT INTO no_such_table (n) VALUES (1)"));
    let failed = noting.deliver(&new, Some(&asked(one, None))).await;
    assert!(matches!(failed, Err(StoreError::Audit(_))), "{failed:?}");
    assert_eq!(runs_of_last(engine).await, 2);
    assert_eq!(engine.store().deliveries(&all(Visible::All)).await.unwrap().len(), 1);
}

pub(super) async fn of_one_delivery_that_comes_many_times_a_single_run_is_made(engine: &Engine) {
    let one = project(engine, "one").await;
    let send = async |_| {
        let new = delivery("7", Some(one), HookOutcome::Run);
        engine.deliver(&new, Some(&asked(one, Some("k")))).await.unwrap()
    };
    let told = join_all((0..20).map(send)).await;
    let made: Vec<_> = told
        .iter()
        .filter_map(|told| match told {
            Delivered::Made(run) => Some(*run),
            _ => None,
        })
        .collect();
    assert_eq!(made.len(), 1, "{told:?}");
    let before = told.iter().filter(|told| **told == Delivered::Before(made[0])).count();
    assert_eq!(before, 19, "{told:?}");
    assert_eq!(runs_of_last(engine).await, 1);
    let kept = engine.store().deliveries(&all(Visible::All)).await.unwrap();
    assert_eq!((kept.len(), kept[0].times), (1, 20));
    // What would be ignored or refused by now has made its run all the same.
    for outcome in [HookOutcome::Ignored, HookOutcome::Refused] {
        let told = engine.deliver(&delivery("7", None, outcome), None).await.unwrap();
        assert_eq!(told, Delivered::Before(made[0]));
    }
    // Another hook has names of its own.
    let other = NewDelivery { hook: "other".into(), ..delivery("7", Some(one), HookOutcome::Run) };
    let told = engine.deliver(&other, Some(&asked(one, None))).await.unwrap();
    assert!(matches!(told, Delivered::Made(_)));
}

pub(super) async fn a_delivery_without_a_run_is_written_anew_when_it_comes_again(engine: &Engine) {
    let one = project(engine, "one").await;
    let refused = delivery("1", None, HookOutcome::Refused);
    assert_eq!(engine.deliver(&refused, None).await.unwrap(), Delivered::Kept);
    assert_eq!(engine.store().delivered_before("push", "1").await.unwrap(), None);
    let ignored = delivery("1", Some(one), HookOutcome::Ignored);
    assert_eq!(engine.deliver(&ignored, None).await.unwrap(), Delivered::Kept);
    let run = made(engine, "1", one).await;
    let kept = engine.store().deliveries(&all(Visible::All)).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].id, refused.id, "its address stays");
    assert_eq!((kept[0].times, kept[0].run_id, &kept[0].reason), (3, Some(run), &None));
}

pub(super) async fn deliveries_are_seen_in_their_project_page_by_page(engine: &Engine) {
    let (one, two) = (project(engine, "one").await, project(engine, "two").await);
    let mut ids = Vec::new();
    for (identity, project, outcome) in [
        ("a", Some(one), HookOutcome::Ignored),
        ("b", Some(two), HookOutcome::Ignored),
        ("c", None, HookOutcome::Refused),
        ("d", Some(one), HookOutcome::Refused),
        ("e", Some(one), HookOutcome::Refused),
    ] {
        let new = delivery(identity, project, outcome);
        engine.deliver(&new, None).await.unwrap();
        ids.insert(0, new.id);
    }
    let store = engine.store();
    let of = async |filter: DeliveryFilter| -> Vec<Uuid> {
        store.deliveries(&filter).await.unwrap().into_iter().map(|one| one.id).collect()
    };
    assert_eq!(of(all(Visible::All)).await, ids);
    let own = Visible::Only(vec![one]);
    assert_eq!(of(all(own.clone())).await, [ids[0], ids[1], ids[4]]);
    let page = DeliveryFilter { before: Some(ids[0]), limit: 1, ..all(own.clone()) };
    assert_eq!(of(page).await, [ids[1]]);
    let refused = DeliveryFilter { outcome: Some(HookOutcome::Ignored), ..all(own.clone()) };
    assert_eq!(of(refused).await, [ids[4]]);
    assert!(of(all(Visible::Only(Vec::new()))).await.is_empty());
    let whole = store.delivery(&own, "push", ids[4]).await.unwrap().unwrap();
    assert_eq!(whole.delivery.reason.as_deref(), Some("`body.a > 1` is false"));
    assert_eq!(whole.delivery.told, Some(why()));
    assert_eq!(
        (whole.body.as_deref(), &*whole.headers),
        (Some("{\"a\":1}"), "{\"x-event\":\"push\"}")
    );
    for (hook, id) in [("push", ids[3]), ("push", ids[2]), ("other", ids[4])] {
        assert!(store.delivery(&own, hook, id).await.unwrap().is_none());
    }
    let mut counts: Vec<_> = store.delivery_counts(&own).await.unwrap();
    counts.sort_by_key(|count| count.deliveries);
    let counts = counts.iter().map(|count| (count.outcome, count.deliveries));
    let expected = [(HookOutcome::Ignored, 1), (HookOutcome::Refused, 2)];
    assert_eq!(counts.collect::<Vec<_>>(), expected);
}

pub(super) async fn deliveries_are_removed_when_they_are_old(engine: &Engine) {
    let one = project(engine, "one").await;
    let run = made(engine, "old", one).await;
    let old = "UPDATE hook_deliveries SET received_at = '2026-01-01T00:00:00.000Z'";
    engine.store().database().batch(vec![sql(old)]).await.unwrap();
    made(engine, "new", one).await;
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(engine.store().prune_deliveries(day, 10).await.unwrap(), 1);
    let kept = engine.store().deliveries(&all(Visible::All)).await.unwrap();
    assert_eq!(kept.iter().map(|one| &*one.identity).collect::<Vec<_>>(), ["new"]);
    assert!(engine.store().run(&Visible::All, run).await.unwrap().is_some(), "the run stays");
}
