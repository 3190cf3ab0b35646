//! The hot verbs as the engine combines them: for the tests of what they cost.

use std::time::Duration;

use cascade_model::{ClaimedRun, Lease, RunKind, RunState};
use uuid::Uuid;

use crate::{
    Choice, Connections, End, EndWithEvent, EventRow, Holder, Inserted, NewRun, Requeue,
    ScheduleRow, Store, Taken,
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
    completed(run.lease.clone())
}

pub(crate) fn completed(lease: Lease) -> End {
    End { lease, state: RunState::Completed, error: None, summary: None, ran: Some(Duration::ZERO) }
}

/// Turns due schedules into runs, so many at once; how many there were.
pub(crate) async fn fire(store: &dyn Store, limit: u32) -> usize {
    let mut tx = store.begin(Connections::Queue).await.unwrap();
    let due = tx.due_schedules(limit).await.unwrap();
    let runs: Vec<_> = due.iter().cloned().map(run).collect();
    let made = tx.insert_runs(&runs, false).await.unwrap();
    assert!(made.iter().all(|inserted| *inserted == Inserted::Made));
    let later = due.into_iter().map(|row| ScheduleRow { next_run_at: None, ..row });
    tx.save_schedules(&later.collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    runs.len()
}

fn run(ScheduleRow { job_type, project_id, max_attempts, payload, .. }: ScheduleRow) -> NewRun {
    NewRun { id: Uuid::now_v7(), job_type, project_id, max_attempts, payload }
}

/// Up to so many of the first projects.
pub(crate) const fn choice(runs: usize) -> Choice<'static> {
    Choice {
        kind: RunKind::Schedule,
        behind: Uuid::nil(),
        projects: runs,
        runs,
        except_jobs: &[],
        except_projects: &[],
    }
}

/// Takes what waits: as where something has a limit, if the database does not claim at once.
pub(crate) async fn take(store: &dyn Store, owner: &str, limit: usize) -> Vec<ClaimedRun> {
    let holder = Holder { owner, lease: Duration::from_secs(30) };
    match store.take(&choice(limit), &holder).await.unwrap() {
        Taken::Runs(found) => found.runs,
        _ => take_within_limits(store, &holder, limit).await,
    }
}

pub(crate) async fn take_within_limits(
    store: &dyn Store,
    holder: &Holder<'_>,
    limit: usize,
) -> Vec<ClaimedRun> {
    let mut tx = store.begin(Connections::Queue).await.unwrap();
    assert!(tx.lock_limits().await.unwrap());
    tx.limits().await.unwrap();
    let found = tx.waiting_runs(&choice(limit)).await.unwrap().runs;
    let ids: Vec<_> = found.iter().map(|run| run.id).collect();
    let runs = tx.lease_runs(RunKind::Schedule, &ids, holder).await.unwrap();
    tx.commit().await.unwrap();
    runs
}

/// What is due, and what waits.
pub(crate) async fn claim(store: &dyn Store, owner: &str, limit: usize) -> Vec<ClaimedRun> {
    fire(store, 500).await;
    take(store, owner, limit).await
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
    let inserted = tx.insert_runs(&[run(schedule)], true).await.unwrap().remove(0);
    tx.commit().await.unwrap();
    inserted
}

/// Begins with a run of a job, unless it has one.
pub(crate) async fn begin(store: &dyn Store, job: &str, project_id: Uuid) -> Vec<ClaimedRun> {
    let mut tx = store.begin(Connections::Queue).await.unwrap();
    let schedule = tx.lock_schedules(project_id, &[job.into()]).await.unwrap().remove(0);
    let holder = Holder { owner: "w", lease: Duration::from_secs(30) };
    let begun = tx.begin_runs(&[run(schedule)], &holder).await.unwrap();
    tx.commit().await.unwrap();
    begun
}

/// Lets a run wait for its next attempt.
pub(crate) async fn try_again(store: &dyn Store, run: &ClaimedRun) {
    let mut tx = store.begin(Connections::Queue).await.unwrap();
    assert!(tx.requeue(&[again(run.lease.clone())]).await.unwrap()[0].is_some());
    tx.commit().await.unwrap();
}

pub(crate) fn again(lease: Lease) -> Requeue {
    Requeue {
        lease,
        state: RunState::Retryable,
        error: Some("no luck".into()),
        after: Some(Duration::from_secs(10)),
        attempt_counts: true,
        alone: false,
    }
}

/// The indexes of the plan that the header of a statement says; `None` if it says none.
pub(crate) fn planned(text: &str) -> Option<Vec<&str>> {
    let header = text.lines().take_while(|line| line.starts_with("--"));
    let mut plans = header.filter_map(|line| line.strip_prefix("-- plan: ")).peekable();
    plans.peek()?;
    let index = |name: &&str| name.contains('_') && !name.contains(' ');
    Some(plans.flat_map(|plan| plan.split(", ")).filter(index).collect())
}

/// The statements in a folder of this crate.
pub(crate) fn statements(folder: &str) -> Vec<(String, String)> {
    let files = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let files = std::fs::read_dir(files).unwrap().map(|file| file.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        // Some statements share their beginnings, which are separate files.
        let before = |file| std::fs::read_to_string(path.with_file_name(file)).unwrap_or_default();
        let heads = before("queue_heads.sql");
        let text = match path.file_name().and_then(std::ffi::OsStr::to_str) {
            Some("queue_heads.sql") => heads + "SELECT * FROM head",
            Some("queue_soonest.sql" | "queue_known.sql") => heads + &text,
            Some("look.sql") if folder.starts_with("postgres") => heads + &text,
            Some("queue_choose.sql") if folder.starts_with("sqlite") => heads + &text,
            Some("queue_choose.sql") => heads + &text + "SELECT * FROM reached, chosen",
            Some("queue_found.sql" | "queue_take.sql") => {
                heads + &before("queue_choose.sql") + &text
            }
            _ => text,
        };
        (path.display().to_string(), text)
    };
    files.map(read).collect()
}

#[test]
fn every_statement_says_which_plan_it_expects() {
    for folder in ["postgres/sql", "sqlite/sql", "portable/sql"] {
        let statements = statements(folder);
        assert!(!statements.is_empty(), "{folder}");
        for (file, text) in statements {
            assert!(planned(&text).is_some(), "{file} has no line `-- plan: ...` in its header");
        }
    }
}
