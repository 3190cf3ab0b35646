//! Failed runs, grouped by error.

use std::time::Duration;

use cascade_engine::Engine;
use cascade_model::{Attention, Fault, ProblemState, RunState, Visible};
use cascade_sdk::sql;
use cascade_store::{ProblemMark, Queries};

use crate::steps::{claim, claim_until, project, success};

/// Ends the two runs of `up` as failed, with errors of one kind.
async fn fail_up(engine: &Engine) {
    for (nth, run) in claim(engine).await.iter().enumerate() {
        let error = format!("port {} refused the connection", 5000 + nth);
        engine.fail(&run.lease, Fault { error, retry_in: None }).await.unwrap();
    }
}

pub(super) async fn failures_of_one_kind_are_one_problem_over_projects(engine: &Engine) {
    let store = engine.store();
    fail_up(engine).await;
    let found = store.problems(&Visible::All, ProblemState::Open).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let (problem, places) = (&found[0], &found[0].places);
    assert_eq!((places.len(), problem.failing(), places[0].runs), (2, 2, 1));
    assert_eq!(problem.trend.iter().sum::<u64>(), 2);
    assert!(places.iter().all(|place| place.job_type == "up" && place.error.contains("refused")));
    let known = store.run(&Visible::All, places[0].run_id).await.unwrap().unwrap();
    assert_eq!((known.state, known.finished_at), (RunState::Failed, Some(places[0].last_seen)));
    let only = Visible::Only(vec![project(engine, "one").await]);
    let mine = store.problem(&only, problem.fingerprint()).await.unwrap().unwrap();
    assert_eq!((mine.places.len(), mine.trend.iter().sum::<u64>()), (1, 1));
    let attention = store.attention(&Visible::All).await.unwrap();
    assert_eq!(attention, Attention { problems: 1, failing: 2, late: 0, stuck: 0 });
    let nobody = store.attention(&Visible::Only(Vec::new())).await.unwrap();
    assert_eq!(nobody, Attention::default());
}

pub(super) async fn a_job_that_succeeds_again_fails_no_more_and_a_failure_reopens(engine: &Engine) {
    let store = engine.store();
    fail_up(engine).await;
    let problem = store.problems(&Visible::All, ProblemState::Open).await.unwrap().remove(0);
    let kind = problem.fingerprint().to_owned();
    let entry = || sql("SELECT 1");
    let handled = store.mark_problem(&Visible::All, &kind, ProblemMark::Handled, entry()).await;
    assert_eq!(handled.unwrap(), 2);
    assert!(store.problems(&Visible::All, ProblemState::Open).await.unwrap().is_empty());
    assert_eq!(store.problems(&Visible::All, ProblemState::Handled).await.unwrap().len(), 1);
    for place in &problem.places {
        engine.retry(&Visible::All, place.run_id).await.unwrap();
    }
    let again = claim_until(engine, 2).await;
    engine.complete(&again[0].lease, success(&[])).await.unwrap();
    let error = "port 1 refused the connection".to_owned();
    engine.fail(&again[1].lease, Fault { error, retry_in: None }).await.unwrap();
    let open = store.problems(&Visible::All, ProblemState::Open).await.unwrap();
    assert_eq!((open.len(), open[0].places.len(), open[0].places[0].runs), (1, 1, 2));
    let whole = store.problem(&Visible::All, &kind).await.unwrap().unwrap();
    assert_eq!((whole.places.len(), whole.failing()), (2, 1));
}

pub(super) async fn a_muted_problem_is_not_among_what_is_open(engine: &Engine) {
    let store = engine.store();
    fail_up(engine).await;
    let kind = store.problems(&Visible::All, ProblemState::Open).await.unwrap().remove(0);
    let one = Visible::Only(vec![project(engine, "one").await]);
    let until = ProblemMark::Muted(chrono::Utc::now() + Duration::from_secs(3600));
    let marked = store.mark_problem(&one, kind.fingerprint(), until, sql("SELECT 1")).await;
    assert_eq!(marked.unwrap(), 1, "only where one may");
    let count = |state| async move {
        let found = store.problems(&Visible::All, state).await.unwrap();
        found.iter().map(|problem| problem.places.len()).sum::<usize>()
    };
    assert_eq!((count(ProblemState::Open).await, count(ProblemState::Muted).await), (1, 1));
    let again = ProblemMark::Reopened;
    store.mark_problem(&Visible::All, kind.fingerprint(), again, sql("SELECT 1")).await.unwrap();
    assert_eq!((count(ProblemState::Open).await, count(ProblemState::Muted).await), (2, 0));
}
