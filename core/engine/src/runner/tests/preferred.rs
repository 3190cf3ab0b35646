//! Workers that a job prefers. The one that works here has the label `eu`.

use super::{
    limits::{ask, ended},
    *,
};
use cascade_model::{Load, Presence};

const FILE: &str = "[jobs.one]\nprefers_labels = { gpu = 10, eu = 5 }\nprefers_for = \"1h\"\n\
                    [jobs.other]\nprefers_labels = { gpu = 10 }\nprefers_for = \"1s\"\n\
                    [jobs.plain]\nprefers_labels = { gpu = -10, eu = 5 }\nprefers_for = \"1h\"\n";

/// A worker that has told of itself, and takes nothing: as one that is busy.
fn busy(name: &str) -> Presence {
    Presence {
        name: name.into(),
        version: "1.0.0".into(),
        host: None,
        pid: 1,
        concurrency: 1,
        plugins: vec!["test 1.0.0".into()],
        labels: vec!["gpu".into()],
        load: Load::default(),
    }
}

/// A worker beside one that `one` and `other` prefer.
async fn beside_a_better_one() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("db")).await.unwrap();
    store.migrate(&[]).await.unwrap();
    store.tell_presence(&busy("best")).await.unwrap();
    let done: Work = |_| Box::pin(async { Outcome::done().erased() });
    let jobs = ["one", "other", "plain"].map(|name| job(name, line!(), done));
    let times = (Duration::from_secs(30), Duration::from_secs(5));
    Bench::start_on(store, folder, FILE, jobs.into(), times).await
}

async fn end(bench: Bench) {
    bench.stop.cancel();
    bench.worker.await.unwrap();
}

/// The tick is an hour: only the time for which they are left says when the worker is to look again.
#[tokio::test]
async fn runs_are_left_to_a_better_worker_that_is_busy_for_some_time_and_no_longer() {
    let bench = beside_a_better_one().await;
    for job in ["one", "other", "plain"] {
        ask(&bench, job, 1).await;
    }
    bench.run("plain", RunState::Completed).await;
    let taken = bench.run("other", RunState::Completed).await;
    let waited = taken.started_at.unwrap() - taken.queued_at;
    assert!(waited >= chrono::TimeDelta::milliseconds(990), "{waited}");
    let waits = bench.run("one", RunState::Available).await;
    assert_eq!(waits.attempt, 0, "it was never taken");
    let why = bench.engine.why_run(&bench.config.state(), &Visible::All, waits.id).await.unwrap();
    let [reason] = &why.waits[..] else { panic!("{why:?}") };
    assert_eq!(reason.told.code, "preferred_workers", "{reason:?}");
    end(bench).await;
}

#[tokio::test]
async fn nothing_is_left_to_a_worker_that_has_ended() {
    let bench = beside_a_better_one().await;
    ask(&bench, "one", 1).await;
    bench.store.forget_presence("best").await.unwrap();
    // It looks at the others now and then.
    let taken = async {
        while ended(&bench, "one").await == 0 {
            bench.wake.wake();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), taken).await.unwrap();
    end(bench).await;
}
