//! Many runs under way at once: what one of them does is not the others' business.

use std::{collections::BTreeSet, time::Duration};

use cascade_engine::Engine;
use cascade_model::{
    CancelRequest, ClaimedRun, Done, Event, Fault, JobCompleted, Renewal, RunState, Visible,
};
use cascade_sdk::{Level, LogLine, Progress};
use cascade_store::{Queries, RunFilter};
use chrono::Utc;
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    chain::config,
    steps::{LEASE, claim, claim_up, events_after, keyless, project, success},
};

/// Runs in flight beside the one that is looked at; `CASCADE_IN_FLIGHT=16000` for as many as eight workers hold.
fn many() -> usize {
    std::env::var("CASCADE_IN_FLIGHT").map_or(2_000, |many| many.parse().unwrap())
}

/// So many runs of `last` wait, and nothing else does.
async fn asked(engine: &Engine, runs: usize) {
    for run in claim(engine).await {
        engine.complete(&run.lease, success(&[])).await.unwrap();
    }
    let one = project(engine, "one").await;
    for from in (0..runs).step_by(500) {
        let asked: Vec<_> =
            (from..runs.min(from + 500)).map(|n| keyless("last", one, json!({ "n": n }))).collect();
        engine.enqueue(&asked, None).await.unwrap();
    }
}

async fn begun(engine: &Engine, worker: &str, runs: usize) -> Vec<ClaimedRun> {
    asked(engine, runs).await;
    let mut begun = Vec::new();
    while begun.len() < runs {
        let left = u32::try_from(runs - begun.len()).unwrap();
        begun.extend(engine.claim(worker, left.min(500), LEASE, &[]).await.unwrap());
    }
    begun
}

fn done(run: &ClaimedRun) -> Done {
    Done {
        lease: run.lease.clone(),
        job_type: run.job_type.clone(),
        project_id: run.project.id,
        summary: None,
        ran: Duration::ZERO,
    }
}

/// What is sent of events, without their age.
fn wire(events: &[Event]) -> Vec<(i64, &str)> {
    events.iter().map(|event| (event.id, &*event.payload)).collect()
}

async fn newest_event(engine: &Engine) -> i64 {
    events_after(engine, 0, 1_000).await.unwrap().last().map_or(0, |event| event.id)
}

pub(super) async fn what_a_lost_worker_has_not_stored_runs_again_and_the_rest_does_not(
    engine: &Engine,
) {
    let runs = begun(engine, "worker-a", 30).await;
    let before = newest_event(engine).await;
    let stored: Vec<_> = runs.iter().step_by(3).map(done).collect();
    assert!(engine.complete_all(&stored).await.unwrap().iter().all(Option::is_some));
    // As a worker that was killed and is started again would.
    assert_eq!(engine.give_up_unlisted("worker-a", &[]).await.unwrap(), 20);
    let mut again = Vec::new();
    while again.len() < 20 {
        again.extend(engine.claim("worker-b", 30, LEASE, &[]).await.unwrap());
    }
    let ids = |runs: &[ClaimedRun]| runs.iter().map(|run| run.lease.run_id).collect();
    let (all, left): (BTreeSet<Uuid>, BTreeSet<Uuid>) = (ids(&runs), ids(&again));
    let ended: BTreeSet<_> = stored.iter().map(|done| done.lease.run_id).collect();
    assert_eq!(left, all.difference(&ended).copied().collect());
    let late: Vec<_> = runs.iter().map(done).collect();
    assert!(engine.complete_all(&late).await.unwrap().iter().all(Option::is_none), "it is fenced");
    let again: Vec<_> = again.iter().map(done).collect();
    assert!(engine.complete_all(&again).await.unwrap().iter().all(Option::is_some));
    assert_eq!(events_after(engine, before, 100).await.unwrap().len(), 30, "one for each run");
    for run in &runs {
        let shown = engine.store().run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
        assert_eq!(shown.state, RunState::Completed);
    }
}

/// Workers that have claimed a hundred runs each, until the bad one among 501 has failed and all others are done. A
/// worker that begins it is lost, with all that it has begun and not stored.
pub(super) async fn a_run_that_ends_its_worker_uses_up_no_attempt_of_five_hundred_others(
    engine: &Engine,
) {
    asked(engine, 501).await;
    let waiting = RunFilter { states: vec![RunState::Available], ..RunFilter::default() };
    let bad = engine.store().runs(&waiting).await.unwrap().items.remove(0).id;
    let state = async || engine.store().run(&Visible::All, bad).await.unwrap().unwrap().state;
    let (mut lost, mut good) = (0, Vec::new());
    while good.len() < 500 || state().await != RunState::Failed {
        let worker = format!("worker-{lost}");
        let runs = engine.claim(&worker, 100, Duration::ZERO, &[]).await.unwrap();
        let (alone, together): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.alone);
        if together.iter().any(|run| run.lease.run_id == bad) {
            lost += 1;
            continue;
        }
        let ends: Vec<_> = together.iter().map(done).collect();
        assert!(engine.complete_all(&ends).await.unwrap().iter().all(Option::is_some));
        good.extend(together);
        for run in alone {
            engine.renew(std::slice::from_ref(&run.lease), Duration::ZERO).await.unwrap();
            if run.lease.run_id == bad {
                lost += 1;
                break;
            }
            engine.complete(&run.lease, success(&[])).await.unwrap();
            good.push(run);
        }
    }
    assert!(good.iter().all(|run| run.lease.attempt == 1), "each in its first attempt");
    let failed = engine.store().run(&Visible::All, bad).await.unwrap().unwrap();
    assert_eq!(failed.attempt, failed.max_attempts);
    assert!(lost <= 2 * failed.max_attempts, "{lost} workers were lost");
}

pub(super) async fn sixteen_claimers_share_the_limit_of_a_job(engine: &Engine) {
    const MOST: usize = 5;
    let mut limited = config();
    limited.jobs.get_mut("last").unwrap().concurrency = Some(MOST as u32);
    engine.reconcile(&limited).await.unwrap();
    asked(engine, 60).await;
    let (mut under_way, mut ended) = (Vec::<ClaimedRun>::new(), 0);
    while ended < 60 {
        let workers: Vec<_> = (0..16).map(|nth| format!("worker-{nth}")).collect();
        let claims = workers.iter().map(|worker| engine.claim(worker, 10, LEASE, &[]));
        for claimed in join_all(claims).await {
            under_way.extend(claimed.unwrap());
        }
        assert!(under_way.len() <= MOST, "{} at a time", under_way.len());
        // Some of them end, so that claims meet with places that are taken and with free ones.
        for run in under_way.drain(..under_way.len().div_ceil(2)) {
            engine.complete(&run.lease, success(&[])).await.unwrap();
            ended += 1;
        }
    }
    assert_eq!(ended, 60);
}

pub(super) async fn one_run_among_many_is_cancelled_and_tells_how_far_it_is(engine: &Engine) {
    let runs = begun(engine, "worker-a", many()).await;
    let (one, other) = (&runs[many() / 2], &runs[0]);
    let id = one.lease.run_id;
    let line = LogLine {
        at: Utc::now(),
        level: Level::Info,
        message: "half way".into(),
        fields: Value::Null,
    };
    let progress = Progress { fraction: 0.5, message: "half way".into() };
    engine.record(id, vec![line], Some(progress)).await.unwrap();
    let cancelled = engine.request_cancel(&Visible::All, id).await.unwrap();
    assert_eq!(cancelled, CancelRequest::Requested);
    let leases: Vec<_> = runs.iter().map(|run| run.lease.clone()).collect();
    let renewed = engine.renew(&leases, LEASE).await.unwrap();
    let told: Vec<_> = leases.iter().zip(renewed).filter(|(_, it)| *it != Renewal::Held).collect();
    let [(lease, Renewal::CancelRequested)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(lease.run_id, id);
    engine.cancel(&one.lease).await.unwrap();
    let shown = engine.store().run(&Visible::All, id).await.unwrap().unwrap();
    assert_eq!(shown.state, RunState::Cancelled);
    assert_eq!(shown.progress.unwrap().message, "half way");
    let said = engine.store().run_logs(&Visible::All, id, 10).await.unwrap();
    assert_eq!(said.iter().map(|line| &*line.message).collect::<Vec<_>>(), ["half way"]);
    let beside = engine.store().run(&Visible::All, other.lease.run_id).await.unwrap().unwrap();
    assert_eq!((beside.state, beside.progress), (RunState::Running, None));
}

pub(super) async fn a_retry_changes_no_event_that_was_told(engine: &Engine) {
    let run = claim_up(engine).await;
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&run.lease, fault).await.unwrap();
    let told = events_after(engine, 0, 10).await.unwrap();
    engine.retry(&Visible::All, run.lease.run_id).await.unwrap();
    let again = crate::steps::claim_until(engine, 1).await.remove(0);
    assert_eq!(again.lease.run_id, run.lease.run_id);
    let meanwhile = events_after(engine, 0, 10).await.unwrap();
    assert_eq!(wire(&meanwhile), wire(&told), "while it waits and runs");
    engine.complete(&again.lease, success(&[])).await.unwrap();
    let all = events_after(engine, 0, 10).await.unwrap();
    assert_eq!((wire(&all[..1]), all.len()), (wire(&told), 2));
    let status = |at: usize| serde_json::from_str::<JobCompleted>(&all[at].payload).unwrap().status;
    assert_eq!((status(0).as_str(), status(1).as_str()), ("failed", "ok"));
}

pub(super) async fn a_stream_goes_on_within_the_events_of_a_commit(engine: &Engine) {
    let runs = begun(engine, "worker-a", 12).await;
    let before = newest_event(engine).await;
    let all: Vec<_> = runs.iter().map(done).collect();
    let told: Vec<_> =
        engine.complete_all(&all).await.unwrap().into_iter().map(Option::unwrap).collect();
    for (nth, last) in told.iter().enumerate() {
        let rest = events_after(engine, last.id, 100).await.unwrap();
        assert_eq!(wire(&rest), wire(&told[nth + 1..]));
    }
    let (mut heard, mut last) = (Vec::new(), before);
    loop {
        let page = events_after(engine, last, 5).await.unwrap();
        let Some(newest) = page.last() else { break };
        last = newest.id;
        heard.extend(page);
    }
    assert_eq!(wire(&heard), wire(&told), "in pages that end within the commit");
}
