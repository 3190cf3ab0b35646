//! What a worker counts of its runs, and how it drains.

use super::*;
use crate::FigureWriter;
use cascade_model::{Figures, StatFilter, Worker};
use chrono::TimeDelta;

async fn figures(bench: &Bench, job: &str) -> Figures {
    let counts = bench.engine.counts().clone();
    FigureWriter::new(counts, bench.store.clone(), None).write().await.unwrap();
    let now = cascade_store::schedules::Schedules::now(&*bench.store).await.unwrap();
    let day = TimeDelta::days(1);
    let filter = StatFilter {
        visible: Visible::All,
        worker: None,
        job_type: Some(job.into()),
        from: now - day,
        to: now + day,
    };
    let steps = bench.store.stats(&filter, Duration::from_secs(86_400)).await.unwrap();
    let mut total = Figures::default();
    steps.values().for_each(|step| total.merge(step));
    total
}

#[tokio::test]
async fn every_end_of_a_run_is_counted_once() {
    let good: Work = |_| Box::pin(async { Outcome::done().erased() });
    let told: Work = |_| Box::pin(async { Outcome::summary("told").erased() });
    let slow: Work = |_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(40)).await;
            Err(JobError::retry("no luck"))
        })
    };
    let jobs = vec![job("good", 1, good), job("told", 2, told), job("slow", 3, slow)];
    let toml = "[CASCADE_CHAINS]\ngood = [\"told\"]\n".to_owned()
        + &timer("good", "")
        + "[jobs.told]\n"
        + &timer("slow", "max_attempts = 2");
    let bench = Bench::start(&toml, jobs, GRACE).await;
    bench.run("told", RunState::Completed).await;
    bench.run("slow", RunState::Failed).await;
    // A run is counted right after its end is committed.
    let wait = async {
        loop {
            let [good, told] = [figures(&bench, "good").await, figures(&bench, "told").await];
            let slow = figures(&bench, "slow").await;
            if good.ended() + told.ended() + slow.ended() == 3 {
                return (good, told, slow);
            }
            tokio::task::yield_now().await;
        }
    };
    let (good, told, slow) = tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
    assert_eq!((good.completed, good.wait.count()), (1, 1), "by itself, as it triggers");
    assert_eq!((told.completed, told.wait.count()), (1, 1), "in a commit of many");
    assert_eq!((slow.failed, slow.wait.count()), (1, 0), "it had waited for its second attempt");
    assert!(slow.duration.percentile(0.5).unwrap() >= Duration::from_millis(36));
}

async fn worker(bench: &Bench, fits: impl Fn(&Worker) -> bool) -> Worker {
    let wait = async {
        loop {
            let all = bench.store.workers(&Visible::All).await.unwrap();
            if let Some(found) = all.into_iter().find(|worker| worker.name == "w" && fits(worker)) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("no such worker")
}

#[tokio::test]
async fn a_worker_that_drains_takes_no_run_until_that_is_undone() {
    let good: Work = |_| Box::pin(async { Outcome::done().erased() });
    let bench = Bench::start("[jobs.good]\n", vec![job("good", 1, good)], GRACE).await;
    let told = worker(&bench, |_| true).await;
    assert_eq!(told.plugins, Some(vec!["test 1.0.0".into()]));
    assert_eq!(
        (told.concurrency, told.version.as_deref()),
        (Some(4), Some(env!("CARGO_PKG_VERSION")))
    );
    let nothing = || sql("DELETE FROM worker_processes WHERE name = 'nobody'");
    assert!(bench.store.drain_worker("w", Some("ann"), nothing()).await.unwrap());
    bench.wake.ask_for_presence().await;
    worker(&bench, |worker| worker.drain_seen_at.is_some()).await;
    bench.ask("good").await;
    // It goes round twice, and could have taken the run meanwhile.
    for _ in 0..2 {
        let before = worker(&bench, |_| true).await.seen_at;
        bench.wake.wake();
        bench.wake.ask_for_presence().await;
        worker(&bench, |worker| worker.seen_at > before).await;
    }
    bench.run("good", RunState::Available).await;
    assert!(bench.store.drain_worker("w", None, nothing()).await.unwrap());
    bench.wake.ask_for_presence().await;
    bench.run("good", RunState::Completed).await;
    bench.stop.cancel();
    bench.worker.await.unwrap();
    assert!(bench.store.workers(&Visible::All).await.unwrap().is_empty(), "it has ended");
}
