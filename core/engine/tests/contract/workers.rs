//! Workers that tell of themselves, and those that do not.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{KeepFor, Load, Presence, Visible, Worker};
use cascade_sdk::{Statement, rfc3339, sql};
use cascade_store::{Queries, StoreError};
use chrono::{DateTime, TimeDelta, Utc};

use crate::steps::{claim, project};

fn presence(name: &str) -> Presence {
    Presence {
        name: name.into(),
        version: "1.2.3".into(),
        host: Some("machine".into()),
        pid: 4321,
        concurrency: 8,
        plugins: vec!["mail 0.1.0".into(), "notify 0.2.0".into()],
        labels: vec!["gpu".into(), "eu".into()],
        load: Load {
            memory_bytes: Some(123_456_789),
            cpu_share: Some(1.25),
            programs_memory_bytes: Some(0),
            programs_cpu_share: None,
        },
    }
}

fn entry(action: &str) -> Statement {
    sql("INSERT INTO audit_log (at, user_name, action, target, detail)
         VALUES ('2026-11-28T09:20:00Z', 'ann', $1, 'w', '{}')")
    .bind(action)
}

async fn listed(engine: &Engine, visible: &Visible) -> Vec<Worker> {
    engine.store().workers(visible).await.unwrap()
}

pub(super) async fn a_worker_tells_of_itself_until_it_ends(engine: &Engine) {
    let store = engine.store();
    for _ in 0..2 {
        assert!(!store.tell_presence(&presence("worker-a")).await.unwrap());
    }
    assert_eq!(claim(engine).await.len(), 2);
    let one = Visible::Only(vec![project(engine, "one").await]);
    let found = listed(engine, &one).await.remove(0);
    assert_eq!((found.version.as_deref(), found.pid), (Some("1.2.3"), Some(4321)));
    assert_eq!((found.host.as_deref(), found.concurrency), (Some("machine"), Some(8)));
    assert_eq!(found.plugins, Some(presence("w").plugins));
    assert_eq!((&found.labels, found.load), (&presence("w").labels, presence("w").load));
    assert!(found.started_at <= found.seen_at && found.seen_s.is_some_and(|seconds| seconds < 60));
    assert_eq!((found.running, found.runs[0].count, found.runs.len()), (2, 1, 1), "what is theirs");
    assert_eq!((&*found.runs[0].job_type, found.drain_at), ("up", None));
    store.forget_presence("worker-a").await.unwrap();
    let found = listed(engine, &Visible::All).await.remove(0);
    assert_eq!((found.version, found.running), (None, 2), "its runs are still there");
}

pub(super) async fn a_worker_of_an_older_version_is_known_by_its_runs(engine: &Engine) {
    claim(engine).await;
    let found = listed(engine, &Visible::All).await;
    let expected = Worker { name: "worker-a".into(), running: 2, ..Worker::default() };
    let runs = found[0].runs.clone();
    assert_eq!(found, [Worker { runs, ..expected }]);
    assert_eq!(found[0].runs[0].count, 2);
    let drained = engine.store().drain_worker("worker-a", Some("ann"), entry("drain")).await;
    assert!(!drained.unwrap(), "it would not hear of it");
}

pub(super) async fn a_worker_that_ended_without_a_word_is_forgotten_after_an_hour(engine: &Engine) {
    let store = engine.store();
    let seen = |name: &str, at: DateTime<Utc>| {
        sql("INSERT INTO worker_processes (name, seen_at) VALUES ($1, $2)")
            .bind(name)
            .bind(rfc3339(at))
    };
    let now = store.now().await.unwrap();
    let rows =
        vec![seen("old", now - TimeDelta::minutes(61)), seen("late", now - TimeDelta::minutes(59))];
    store.database().batch(rows).await.unwrap();
    let names = |found: Vec<Worker>| found.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(listed(engine, &Visible::All).await), ["late"]);
    let long = Duration::from_secs(86_400);
    let keep = KeepFor { runs: long, logs: long, events: long, stats: long };
    store.prune(&keep, 10).await.unwrap();
    let left = sql("SELECT name FROM worker_processes");
    assert_eq!(store.database().query(left).await.unwrap().len(), 1);
}

pub(super) async fn a_drain_is_heard_once_and_undone_with_an_entry_each(engine: &Engine) {
    let store = engine.store();
    store.tell_presence(&presence("w")).await.unwrap();
    let drain = |by: Option<&'static str>, action| store.drain_worker("w", by, entry(action));
    assert!(drain(Some("ann"), "drain").await.unwrap());
    assert!(!drain(Some("bob"), "again").await.unwrap(), "it is asked already");
    let asked = listed(engine, &Visible::All).await.remove(0);
    assert_eq!((asked.drain_by.as_deref(), asked.drain_seen_at), (Some("ann"), None));
    assert!(store.tell_presence(&presence("w")).await.unwrap());
    let heard = listed(engine, &Visible::All).await.remove(0).drain_seen_at;
    assert!(heard.is_some() && store.tell_presence(&presence("w")).await.unwrap());
    let still = listed(engine, &Visible::All).await.remove(0);
    assert_eq!((still.drain_seen_at, still.drain_at), (heard, asked.drain_at));
    let broken = store.drain_worker("w", None, sql("INSERT INTO nowhere VALUES (1)")).await;
    assert!(matches!(broken, Err(StoreError::Audit(_))), "{broken:?}");
    assert!(store.tell_presence(&presence("w")).await.unwrap(), "neither, or both");
    assert!(drain(None, "undrain").await.unwrap());
    assert!(!store.tell_presence(&presence("w")).await.unwrap());
    let free = listed(engine, &Visible::All).await.remove(0);
    assert_eq!((free.drain_at, free.drain_by, free.drain_seen_at), (None, None, None));
}
