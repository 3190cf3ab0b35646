use super::*;
use cascade_model::{Enqueue, OnDuplicate, RunRequest};

fn works() -> Vec<Arc<dyn DynJob>> {
    let done: Work = |_| Box::pin(async { Outcome::done().erased() });
    vec![job("one", line!(), done), job("other", line!(), done)]
}

pub(super) async fn ask<S: Store + 'static>(bench: &Bench<S>, job: &str, runs: u32) {
    let project_id = bench.store.projects(&Visible::All).await.unwrap().remove(0).id;
    let asked = |_| Enqueue {
        job_type: job.into(),
        project_id,
        request: RunRequest {
            key: None,
            args: json!({}),
            priority: 0,
            run_at: None,
            asked_by: None,
            tags: Vec::new(),
        },
        on_duplicate: OnDuplicate::Queue,
    };
    bench.engine.enqueue(&(0..runs).map(asked).collect::<Vec<_>>(), None).await.unwrap();
    bench.wake.wake_for_caller();
}

pub(super) async fn ended<S: Store + 'static>(bench: &Bench<S>, job: &str) -> u64 {
    let states = vec![RunState::Completed];
    let filter = RunFilter { job_types: vec![job.into()], states, ..Default::default() };
    bench.store.runs(&filter).await.unwrap().total
}

/// The tick is an hour: only the end of a run says that the next may begin.
#[tokio::test]
async fn the_end_of_a_run_lets_the_next_begin_that_a_limit_keeps_waiting() {
    let toml = "[jobs.one]\nconcurrency = 1\n";
    let (_server, bench) = super::ends::on_postgres(toml, works()).await;
    ask(&bench, "one", 3).await;
    let all = async {
        while ended(&bench, "one").await < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
    bench.stop.cancel();
    bench.worker.await.unwrap();
}

/// The tick is an hour: only the rate says when the worker is to look again.
#[tokio::test]
async fn a_rate_wakes_the_worker_when_the_next_may_begin() {
    let file = "[limits.api]\nrate = \"1/1s\"\n[jobs.one]\nlimits = [\"api\"]\n[jobs.other]\nlimits = [\"api\"]\n";
    let bench = Bench::start(file, works(), Duration::from_secs(5)).await;
    ask(&bench, "one", 2).await;
    ask(&bench, "other", 1).await;
    let all = async {
        while ended(&bench, "one").await + ended(&bench, "other").await < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
    bench.stop.cancel();
    bench.worker.await.unwrap();
}

#[tokio::test]
async fn a_worker_leaves_jobs_alone_whose_labels_it_does_not_have() {
    let file =
        "[jobs.one]\nneeds_labels = [\"eu\", \"gpu\"]\n[jobs.other]\nneeds_labels = [\"eu\"]\n";
    let bench = Bench::start(file, works(), Duration::from_secs(5)).await;
    ask(&bench, "one", 1).await;
    ask(&bench, "other", 1).await;
    bench.run("other", RunState::Completed).await;
    let waits = bench.run("one", RunState::Available).await;
    assert_eq!(waits.attempt, 0, "it was never taken");
    let why = bench.engine.why_run(&bench.config.state(), &Visible::All, waits.id).await.unwrap();
    let [reason] = &why.waits[..] else { panic!("{why:?}") };
    assert_eq!(reason.told.text, "no live worker has the labels `eu`, `gpu`");
    bench.stop.cancel();
    bench.worker.await.unwrap();
}
