use std::sync::atomic::AtomicBool;

use super::{
    limits::{ask, ended},
    *,
};
use cascade_model::ScheduledStatus;

/// So many runs of a job, as if their worker had been lost while they were young.
async fn ask_for_alone(bench: &Bench, job: &str, runs: u32) {
    let project = bench.store.projects(&Visible::All).await.unwrap().remove(0).id;
    bench.engine.set_status(job, project, ScheduledStatus::Paused).await.unwrap();
    ask(bench, job, runs).await;
    let mark = sql("UPDATE queue_runs SET loss_counts = 0 WHERE job_type = $1").bind(job);
    bench.store.database().batch(vec![mark]).await.unwrap();
    bench.engine.set_status(job, project, ScheduledStatus::Active).await.unwrap();
    bench.wake.wake();
}

async fn all_ended(bench: &Bench, runs: u64) {
    let wait = async {
        while ended(bench, "one").await + ended(bench, "other").await < runs {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
}

#[tokio::test]
async fn what_is_begun_alone_begins_while_nothing_else_is_young() {
    static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let alone: Work = |_| {
        Box::pin(async {
            MOST.fetch_max(UNDER_WAY.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
            // The others that wait would begin meanwhile.
            tokio::time::sleep(Duration::from_millis(20)).await;
            MOST.fetch_max(UNDER_WAY.fetch_sub(1, Ordering::SeqCst) - 1, Ordering::SeqCst);
            Outcome::done().erased()
        })
    };
    let beside: Work = |_| {
        Box::pin(async {
            UNDER_WAY.fetch_add(1, Ordering::SeqCst);
            UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
            Outcome::done().erased()
        })
    };
    let jobs = vec![job("one", line!(), alone), job("other", line!(), beside)];
    let bench = Bench::start("[jobs.one]\n[jobs.other]\n", jobs, GRACE).await;
    ask_for_alone(&bench, "one", 6).await;
    ask(&bench, "other", 6).await;
    all_ended(&bench, 12).await;
    assert_eq!(MOST.load(Ordering::SeqCst), 0, "beside one that was begun alone");
}

/// A run may last for hours: others wait for its first second alone.
#[tokio::test]
async fn others_begin_beside_one_that_is_no_longer_young() {
    static OTHER_HAS_BEGUN: AtomicBool = AtomicBool::new(false);
    let waits: Work = |_| {
        Box::pin(async {
            while !OTHER_HAS_BEGUN.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Outcome::done().erased()
        })
    };
    let begins: Work = |_| {
        Box::pin(async {
            OTHER_HAS_BEGUN.store(true, Ordering::SeqCst);
            Outcome::done().erased()
        })
    };
    let jobs = vec![job("one", line!(), waits), job("other", line!(), begins)];
    let bench = Bench::start("[jobs.one]\n[jobs.other]\n", jobs, GRACE).await;
    ask_for_alone(&bench, "one", 2).await;
    ask(&bench, "other", 1).await;
    all_ended(&bench, 3).await;
}

/// Those that are claimed before there is a thread for them wait until there is one, and none is lost meanwhile.
#[tokio::test]
async fn what_is_to_begin_alone_waits_for_a_thread() {
    // Longer than several runs are young one after another.
    let lasts: Work = |_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Outcome::done().erased()
        })
    };
    let alone: Work = |_| Box::pin(async { Outcome::done().erased() });
    let jobs = vec![job("other", line!(), lasts), job("one", line!(), alone)];
    let bench = Bench::start("[jobs.one]\n[jobs.other]\n", jobs, GRACE).await;
    // As many as there are threads.
    ask(&bench, "other", 4).await;
    bench.run("other", RunState::Running).await;
    ask_for_alone(&bench, "one", 4).await;
    all_ended(&bench, 8).await;
    let runs = bench.store.runs(&RunFilter::default()).await.unwrap().items;
    assert!(runs.iter().all(|run| run.attempt == 1), "{runs:#?}");
}
