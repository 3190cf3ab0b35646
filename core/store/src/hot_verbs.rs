//! The hot verbs as the engine combines them: for the tests of what they cost.

use std::time::Duration;

use cascade_model::{ClaimedRun, RunState};
use uuid::Uuid;

use crate::{
    Connections, End, EndWithEvent, EventRow, Inserted, NewRun, Requeue, ScheduleRow, Store,
    schedules::{NewJob, NewProject, Settings},
};

/// `up`, which is due, `down` and `last` in the projects `one` and `two`.
pub(crate) async fn schedules(store: &dyn Store) {
    let project = |slug: &str| {
        let (id, concurrency) = (Uuid::now_v7(), None);
        NewProject { id, slug: slug.into(), name: slug.into(), concurrency }
    };
    let settings = |timer: Option<&str>| {
        let schedule = timer.map(Into::into);
        Settings { schedule, enabled: true, max_attempts: 2, concurrency: None }
    };
    let (timer, none) = (settings(Some("every 1h")), settings(None));
    let work = async {
        let projects = store.save_projects(&[project("one"), project("two")]).await?;
        let now = store.now().await?;
        let jobs = [("up", &timer, Some(now)), ("down", &none, None), ("last", &none, None)]
            .map(|(job_type, settings, first_due)| NewJob { job_type, settings, first_due });
        store.insert_schedules(&jobs, &projects).await.map(drop)
    };
    store.alone(Box::pin(work)).await.unwrap();
}

pub(crate) fn end(run: &ClaimedRun) -> End {
    End {
        lease: run.lease.clone(),
        state: RunState::Completed,
        error: None,
        summary: None,
        ran: Some(Duration::ZERO),
    }
}

/// Ends all in one commit, each with its event.
pub(crate) async fn end_all(store: &dyn Store, runs: &[ClaimedRun]) {
    let ends: Vec<_> = runs
        .iter()
        .map(|run| EndWithEvent {
            end: end(run),
            project_id: run.project.id,
            text: (r#"{"at":""#.into(), r#""}"#),
        })
        .collect();
    let events = store.end_with_events(&ends).await.unwrap();
    assert!(events.iter().all(Option::is_some));
}

/// Ends a run that triggers `downstream`.
pub(crate) async fn end_with_cascade(store: &dyn Store, run: &ClaimedRun, downstream: &[String]) {
    let mut tx = store.begin(Connections::Queue).await.unwrap();
    let ended = tx.end_runs(&[end(run)]).await.unwrap().remove(0).unwrap();
    let schedules = tx.lock_schedules(ended.project_id, downstream).await.unwrap();
    assert_eq!(schedules.len(), downstream.len());
    tx.save_schedules(&schedules).await.unwrap();
    let event = EventRow {
        project_id: ended.project_id,
        kind: "job_completed",
        payload: "{}".into(),
        at: ended.at,
    };
    tx.append_events(&[event]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Makes a run of a job, unless it has one.
pub(crate) async fn request(store: &dyn Store, job: &str, project_id: Uuid) -> Inserted {
    let mut tx = store.begin(Connections::Queue).await.unwrap();
    let schedule = tx.lock_schedules(project_id, &[job.into()]).await.unwrap().remove(0);
    let ScheduleRow { job_type, max_attempts, payload, .. } = schedule;
    let run = NewRun { id: Uuid::now_v7(), job_type, project_id, max_attempts, payload };
    let inserted = tx.insert_runs(&[run], true).await.unwrap().remove(0);
    tx.commit().await.unwrap();
    inserted
}

/// Lets a run wait for its next attempt.
pub(crate) async fn try_again(store: &dyn Store, run: &ClaimedRun) {
    let requeue = Requeue {
        lease: run.lease.clone(),
        state: RunState::Retryable,
        error: Some("no luck".into()),
        after: Some(Duration::from_secs(10)),
        attempt_counts: true,
    };
    let mut tx = store.begin(Connections::Queue).await.unwrap();
    assert!(tx.requeue(&[requeue]).await.unwrap()[0].is_some());
    tx.commit().await.unwrap();
}
