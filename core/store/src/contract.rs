//! What every store must do. Each implementation's tests run the whole suite.

mod actions;
mod config_history;
mod lost_runs;
pub(crate) mod migrations;
mod paused;
mod requests;
mod runs;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use cascade_sdk::{Level, LogLine, Progress, Trigger, sql};
use serde_json::json;
use uuid::Uuid;

use super::{RunFilter, Store, StoreError};
use cascade_config::{Config, JobSettings, ProjectSettings, Retention, Schedule};
use cascade_model::Visible;
use cascade_model::{
    CancelRequest, ClaimedRun, Done, Failed, Fault, KeepFor, Lease, Pruned, Renewal, RunNow,
    RunState, ScheduledStatus, Success,
};

const LEASE: Duration = Duration::from_secs(30);

/// Runs the suite; `open` makes an empty store and whatever must live as long as it.
pub(crate) async fn check<S: Store, G, F: Future<Output = (S, G)>>(open: impl Fn() -> F) {
    macro_rules! suite {
        ($($case:path),+ $(,)?) => {$({
            let (store, _guard) = open().await;
            store.migrate(&[]).await.unwrap();
            store.reconcile(&config()).await.unwrap();
            store.warm_up().await.unwrap();
            println!("contract: {}", stringify!($case));
            $case(&store).await;
        })+};
    }
    suite!(
        a_new_root_timer_is_due_at_once_and_others_wait,
        a_worker_leaves_to_others_what_it_has_no_plugin_for,
        a_run_is_claimed_once,
        success_triggers_downstream_of_its_own_project,
        a_due_time_in_the_past_is_left_alone,
        several_triggers_make_one_run_that_names_them_all,
        a_trigger_while_running_makes_exactly_one_more_run,
        paused_and_missing_downstream_are_skipped_and_say_so,
        failure_retries_then_fails_with_an_event_and_no_cascade,
        an_expired_lease_is_reclaimed_and_the_zombie_is_fenced_off,
        an_expired_last_attempt_fails,
        lost_runs::what_its_owner_does_not_list_comes_back_although_it_lives,
        lost_runs::an_owner_does_not_give_up_its_own_leases,
        paused::runs_of_a_paused_job_wait_until_it_is_resumed,
        paused::runs_of_a_paused_job_wait_where_there_are_limits,
        paused::runs_of_a_disabled_or_removed_job_wait_until_it_is_back,
        actions::an_action_and_its_audit_entry_are_both_there_or_neither,
        a_released_run_keeps_its_attempt,
        staged_writes_commit_with_the_run_or_not_at_all,
        many_successes_are_stored_in_one_commit_and_lost_leases_left_out,
        a_claim_serves_projects_in_turn_however_many_there_are,
        logs_and_progress_are_kept,
        a_changed_schedule_counts_from_now,
        paused::a_job_that_was_off_waits_for_its_next_scheduled_time,
        paused::what_was_triggered_before_a_pause_runs_after_it,
        what_the_file_no_longer_names_stops_running,
        a_request_reaches_the_run,
        requests::a_request_joins_the_run_that_waits_and_is_told_which,
        requests::requests_at_the_same_time_make_one_run_that_counts_them,
        requests::requests_while_a_run_is_under_way_get_exactly_one_more,
        requests::a_request_loses_no_trigger_that_waits,
        requests::a_request_starts_the_run_that_triggers_wait_for,
        requests::a_request_leaves_the_cause_of_a_run_that_waits_as_it_is,
        events_replay_in_order,
        runs_are_listed_newest_first_and_filtered,
        runs::filters_and_orders_fit_together,
        runs::a_page_and_its_total_are_of_one_moment,
        runs::text_is_looked_for_as_it_is,
        runs::a_trace_is_a_tree_of_its_project,
        runs::trends_are_the_latest_ended_runs,
        config_history::each_config_that_comes_into_force_is_kept_once,
        config_history::the_newest_five_hundred_configs_are_kept,
        a_waiting_run_is_cancelled_at_once_and_a_running_one_is_asked,
        a_failed_run_is_retried_by_hand_unless_the_job_is_busy,
        limits_hold_for_job_types_and_projects,
        a_project_with_much_to_do_does_not_starve_another,
        nor_does_it_where_there_are_limits,
        what_is_old_is_pruned_in_steps_and_the_end_of_the_outbox_stays,
    );
}

/// `up` (a timer) -> `down` -> `last`, in two projects.
pub(crate) fn config() -> Config {
    let every = Some(Schedule::Every(Duration::from_secs(3600)));
    let project = |name: &str| ProjectSettings { name: name.into(), concurrency: None };
    Config {
        retention: Retention::default(),
        http: Default::default(),
        files: Default::default(),
        secrets: Default::default(),
        path: PathBuf::from("/nowhere/jobs.toml"),
        chains: BTreeMap::from([
            ("up".into(), vec!["down".into()]),
            ("down".into(), vec!["last".into()]),
        ]),
        data_map: BTreeMap::new(),
        jobs: BTreeMap::from([
            ("up".into(), JobSettings { schedule: every, max_attempts: 2, ..Default::default() }),
            ("down".into(), JobSettings::default()),
            ("last".into(), JobSettings::default()),
        ]),
        projects: BTreeMap::from([("one".into(), project("One")), ("two".into(), project("Two"))]),
    }
}

/// As a worker and then a server would: the events that are committed get their ids first.
async fn events_after(store: &impl Store, id: i64, limit: u32) -> super::Result<Vec<super::Event>> {
    store.number_events().await?;
    store.events_after(id, limit).await
}

async fn claim(store: &impl Store) -> Vec<ClaimedRun> {
    store.claim("worker-a", 10, LEASE, &[]).await.unwrap()
}

async fn renew(store: &impl Store, lease: &Lease) -> Renewal {
    store.renew(std::slice::from_ref(lease), LEASE).await.unwrap()[0]
}

async fn project(store: &impl Store, slug: &str) -> Uuid {
    store.projects(&Visible::All).await.unwrap().into_iter().find(|p| p.slug == slug).unwrap().id
}

/// The first claim of an empty store: `up` of both projects; this is project `one`'s.
async fn claim_up(store: &impl Store) -> ClaimedRun {
    claim(store).await.into_iter().find(|run| run.project.slug == "one").unwrap()
}

fn success(downstream: &[&str]) -> Success {
    Success { downstream: downstream.iter().map(|&job| job.into()).collect(), ..Default::default() }
}

async fn scheduled(store: &impl Store, job: &str, slug: &str) -> super::ScheduledJob {
    let all = store.scheduled(&Visible::All).await.unwrap();
    all.into_iter().find(|s| s.job_type == job && s.project_slug == slug).unwrap()
}

async fn a_new_root_timer_is_due_at_once_and_others_wait(store: &impl Store) {
    let depth = store.queue_depth().await.unwrap();
    assert_eq!(depth.len(), 1, "{depth:?}");
    assert_eq!(
        (depth[0].job_type.as_str(), depth[0].state.as_str(), depth[0].count),
        ("up", "due", 2)
    );
    let mut runs = claim(store).await;
    runs.sort_by(|a, b| a.project.slug.cmp(&b.project.slug));
    let claimed: Vec<_> =
        runs.iter().map(|r| (r.job_type.as_str(), r.project.slug.as_str())).collect();
    assert_eq!(claimed, [("up", "one"), ("up", "two")]);
    assert_eq!(runs[0].payload.trigger(), Trigger::Timer);
    let next = store.next_due("another", &[]).await.unwrap().unwrap();
    assert!(next <= LEASE, "the lease is the next thing to look after, not {next:?}");
    assert!(scheduled(store, "up", "one").await.next_run_at > Some(chrono::Utc::now()));
    assert_eq!(scheduled(store, "down", "one").await.next_run_at, None);
}

async fn a_worker_leaves_to_others_what_it_has_no_plugin_for(store: &impl Store) {
    let lacking = ["up".to_owned()];
    assert!(store.claim("without", 10, LEASE, &lacking).await.unwrap().is_empty());
    assert_eq!(store.next_due("without", &lacking).await.unwrap(), None, "nothing to wake up for");
    let first = claim_up(store).await;
    assert_eq!(first.lease.attempt, 1);
    // As one that found out only then: the run goes back as it was.
    store.release(&first.lease).await.unwrap();
    assert!(store.claim("without", 10, LEASE, &lacking).await.unwrap().is_empty());
    let again = store.claim("with", 10, LEASE, &[]).await.unwrap().remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (first.lease.run_id, 1));
}

async fn a_run_is_claimed_once(store: &impl Store) {
    let (a, b) = tokio::join!(store.claim("a", 10, LEASE, &[]), store.claim("b", 10, LEASE, &[]));
    assert_eq!(a.unwrap().len() + b.unwrap().len(), 2);
    assert!(claim(store).await.is_empty());
}

async fn success_triggers_downstream_of_its_own_project(store: &impl Store) {
    let run = claim_up(store).await;
    let done = store.complete(&run.lease, success(&["down"])).await.unwrap();
    assert_eq!(done.triggered, ["down"]);
    assert_eq!(store.next_due("another", &[]).await.unwrap(), Some(Duration::ZERO));
    let next = claim(store).await;
    assert_eq!(next.len(), 1);
    assert_eq!((next[0].job_type.as_str(), next[0].project.slug.as_str()), ("down", "one"));
    assert_eq!(next[0].trace_id, run.trace_id, "a cascade is one trace");
    let event = events_after(store, 0, 10).await.unwrap().remove(0);
    let event: serde_json::Value = serde_json::from_str(&event.payload).unwrap();
    let note = next[0].payload.cascade_triggered_by.clone().unwrap();
    assert_eq!(serde_json::to_value(note).unwrap(), json!({"job_type": "up", "at": event["at"]}));
    assert_eq!(event["status"], "ok");
    assert_eq!(event["project_id"], json!(run.project.id));
    assert_eq!(event.as_object().unwrap().len(), 4);
}

async fn a_due_time_in_the_past_is_left_alone(store: &impl Store) {
    // `down` is due but cannot start, since it runs.
    let up = claim_up(store).await;
    store.complete(&up.lease, success(&["down"])).await.unwrap();
    let _running = claim(store).await;
    let one = project(store, "one").await;
    assert_eq!(store.run_now("down", one).await.unwrap(), RunNow::AfterCurrent);
    let before = scheduled(store, "down", "one").await;
    store.run_now("up", one).await.unwrap();
    let up = claim(store).await.remove(0);
    store.complete(&up.lease, success(&["down"])).await.unwrap();
    let after = scheduled(store, "down", "one").await;
    assert_eq!(after.next_run_at, before.next_run_at);
    assert!(after.payload.cascade_triggered_by.is_some(), "the trigger is kept all the same");
}

async fn several_triggers_make_one_run_that_names_them_all(store: &impl Store) {
    let run = claim_up(store).await;
    store.complete(&run.lease, success(&["last"])).await.unwrap();
    let one = project(store, "one").await;
    store.run_now("down", one).await.unwrap();
    let mut runs = claim(store).await;
    // What a claim leaves to the next is due at once.
    if runs.len() < 2 {
        assert_eq!(store.next_due("another", &[]).await.unwrap(), Some(Duration::ZERO));
        runs.extend(claim(store).await);
    }
    let down = runs.iter().find(|r| r.job_type == "down").unwrap();
    let last = runs.iter().find(|r| r.job_type == "last").unwrap();
    store.complete(&down.lease, success(&["last"])).await.unwrap();
    store.run_now("up", one).await.unwrap();
    let up = claim(store).await.remove(0);
    store.complete(&up.lease, success(&["last"])).await.unwrap();
    assert!(claim(store).await.is_empty(), "`last` runs already");
    store.complete(&last.lease, success(&[])).await.unwrap();
    let more = claim(store).await;
    assert_eq!(more.len(), 1);
    let triggers: Vec<_> = more[0].payload.triggers.iter().map(|t| t.job_type.as_str()).collect();
    assert_eq!(triggers, ["down", "up"]);
    assert_eq!(more[0].payload.cascade_triggered_by.as_ref().unwrap().job_type, "up");
}

async fn a_trigger_while_running_makes_exactly_one_more_run(store: &impl Store) {
    let one = project(store, "one").await;
    let run = claim_up(store).await;
    for _ in 0..3 {
        assert_eq!(store.run_now("up", one).await.unwrap(), RunNow::AfterCurrent);
    }
    store.complete(&run.lease, success(&[])).await.unwrap();
    let again = claim(store).await;
    assert_eq!(again.len(), 1);
    assert!(matches!(again[0].payload.trigger(), Trigger::Manual { .. }));
    store.complete(&again[0].lease, success(&[])).await.unwrap();
    assert!(claim(store).await.is_empty());
}

async fn paused_and_missing_downstream_are_skipped_and_say_so(store: &impl Store) {
    let one = project(store, "one").await;
    store.set_status("down", one, ScheduledStatus::Paused).await.unwrap();
    let run = claim_up(store).await;
    let done = store.complete(&run.lease, success(&["down", "ghost", "last"])).await.unwrap();
    assert_eq!(done.triggered, ["last"]);
    let logs = store.run_logs(&Visible::All, run.lease.run_id, 10).await.unwrap();
    let said: Vec<_> = logs.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "cascade to down skipped: it is paused",
            "cascade to ghost skipped: it is not scheduled for this project",
        ]
    );
    for name in ["ghost", "gh\0st"] {
        let unknown = store.set_status(name, one, ScheduledStatus::Paused).await;
        assert!(matches!(unknown, Err(StoreError::NotScheduled { .. })));
    }
}

async fn failure_retries_then_fails_with_an_event_and_no_cascade(store: &impl Store) {
    let fault = |retry_in| Fault { error: "no luck".into(), retry_in };
    let run = claim_up(store).await;
    let first = store.fail(&run.lease, fault(Some(Duration::ZERO))).await.unwrap();
    assert_eq!(first, Failed::WillRetry);
    assert!(events_after(store, 0, 10).await.unwrap().is_empty());
    let again = claim(store).await.remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (run.lease.run_id, 2));
    let last = store.fail(&again.lease, fault(None)).await.unwrap();
    let events = events_after(store, 0, 10).await.unwrap();
    assert_eq!((last, events.len()), (Failed::ForGood, 1));
    assert!(events[0].payload.contains(r#""status":"failed""#));
    assert!(claim(store).await.is_empty());
    let run = store.run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
    assert_eq!((run.state, run.error.as_deref()), (RunState::Failed, Some("no luck")));
}

async fn an_expired_lease_is_reclaimed_and_the_zombie_is_fenced_off(store: &impl Store) {
    let zombies = store.claim("zombie", 10, Duration::ZERO, &[]).await.unwrap();
    let zombie = zombies.iter().find(|run| run.project.slug == "one").unwrap();
    let taken = claim_until(store, 2).await;
    let heir = taken.iter().find(|run| run.lease.run_id == zombie.lease.run_id).unwrap();
    assert_eq!(heir.lease.attempt, 2);
    let lost = store.complete(&zombie.lease, success(&["down"])).await;
    assert!(matches!(lost, Err(StoreError::LostLease)));
    assert_eq!(renew(store, &zombie.lease).await, Renewal::Lost);
    assert!(events_after(store, 0, 10).await.unwrap().is_empty());
    assert_eq!(renew(store, &heir.lease).await, Renewal::Held);
    store.complete(&heir.lease, success(&["down"])).await.unwrap();
}

/// A lease of zero ends when the database's clock has moved on by its smallest step.
async fn claim_until(store: &impl Store, count: usize) -> Vec<ClaimedRun> {
    let mut runs = Vec::new();
    while runs.len() < count {
        runs.extend(claim(store).await);
        tokio::task::yield_now().await;
    }
    runs
}

async fn an_expired_last_attempt_fails(store: &impl Store) {
    let mut config = config();
    config.jobs.get_mut("down").unwrap().max_attempts = 1;
    store.reconcile(&config).await.unwrap();
    claim(store).await;
    let one = project(store, "one").await;
    let RunNow::Queued(id) = store.run_now("down", one).await.unwrap() else { panic!() };
    store.claim("zombie", 10, Duration::ZERO, &[]).await.unwrap();
    loop {
        assert!(claim(store).await.is_empty());
        if store.run(&Visible::All, id).await.unwrap().unwrap().state == RunState::Failed {
            break;
        }
    }
    assert_eq!(events_after(store, 0, 10).await.unwrap().len(), 1);
}

async fn a_released_run_keeps_its_attempt(store: &impl Store) {
    let run = claim_up(store).await;
    store.release(&run.lease).await.unwrap();
    assert!(matches!(store.release(&run.lease).await, Err(StoreError::LostLease)));
    let again = store.claim("worker-b", 10, LEASE, &[]).await.unwrap().remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (run.lease.run_id, 1));
}

async fn staged_writes_commit_with_the_run_or_not_at_all(store: &impl Store) {
    let db = store.database();
    db.batch(vec![sql("CREATE TABLE note (text text NOT NULL)")]).await.unwrap();
    let count =
        || async { db.query(sql("SELECT count(*) AS n FROM note")).await.unwrap()[0]["n"].clone() };
    let staged = |text: Option<&str>| Success {
        staged: vec![sql("INSERT INTO note VALUES ($1)").bind(text)],
        ..success(&["down"])
    };
    let run = claim_up(store).await;
    let refused = store.complete(&run.lease, staged(None)).await;
    assert!(matches!(refused, Err(StoreError::Staged(_))));
    let state = store.run(&Visible::All, run.lease.run_id).await.unwrap().unwrap().state;
    assert_eq!((state, count().await), (RunState::Running, json!(0)));
    assert!(claim(store).await.is_empty(), "nothing cascaded");
    store.complete(&run.lease, staged(Some("x"))).await.unwrap();
    assert_eq!(count().await, json!(1));
    store.complete(&run.lease, staged(Some("y"))).await.unwrap_err();
    assert_eq!(count().await, json!(1));
}

async fn many_successes_are_stored_in_one_commit_and_lost_leases_left_out(store: &impl Store) {
    let runs = claim(store).await;
    let done = |run: &ClaimedRun| Done {
        lease: run.lease.clone(),
        job_type: run.job_type.clone(),
        project_id: run.project.id,
        summary: Some(format!("of {}", run.project.slug)),
        ran: Duration::ZERO,
    };
    let mut all: Vec<_> = runs.iter().map(done).collect();
    let mut stale = all[0].clone();
    stale.lease.attempt += 1;
    all.insert(1, stale);
    let events = store.complete_all(&all).await.unwrap();
    let ids: Vec<_> = events.iter().map(|event| event.as_ref().map(|event| event.id)).collect();
    assert_eq!(ids, [Some(1), None, Some(2)], "each with its own id, in their order");
    let kept = store.events_after(0, 10).await.unwrap();
    for (run, (event, kept)) in runs.iter().zip(events.iter().flatten().zip(&kept)) {
        assert_eq!((event.id, &event.payload), (kept.id, &kept.payload));
        let shown = store.run(&Visible::All, run.lease.run_id).await.unwrap().unwrap();
        let said: cascade_model::JobCompleted = serde_json::from_str(&event.payload).unwrap();
        assert_eq!((shown.state, shown.finished_at), (RunState::Completed, Some(said.at)));
        assert_eq!(shown.summary, Some(format!("of {}", run.project.slug)));
        assert_eq!((&said.job_type, said.project_id), (&run.job_type, run.project.id));
    }
    assert!(store.number_events().await.unwrap().iter().all(|event| event.id <= 2));
    let again = store.complete_all(&all).await.unwrap();
    assert!(again.iter().all(Option::is_none), "once is enough");
    // What is numbered later follows.
    store.run_now("up", runs[0].project.id).await.unwrap();
    let next = claim(store).await.remove(0);
    store.complete(&next.lease, success(&[])).await.unwrap();
    assert_eq!(events_after(store, 2, 10).await.unwrap()[0].id, 3);
}

async fn a_claim_serves_projects_in_turn_however_many_there_are(store: &impl Store) {
    claim(store).await;
    let mut config = config();
    for nth in 0..40 {
        let name = format!("p{nth}");
        config
            .projects
            .insert(name.clone(), ProjectSettings { name: name.clone(), concurrency: None });
    }
    store.reconcile(&config).await.unwrap();
    let projects = store.projects(&Visible::All).await.unwrap();
    for project in &projects {
        for job in ["down", "last"] {
            store.run_now(job, project.id).await.unwrap();
        }
    }
    // By three and by seven: whichever project a claim begins with, none is served twice before all
    // are served once.
    let mut served = std::collections::HashMap::new();
    for limit in [3, 7, 3, 7].into_iter().cycle() {
        let runs = store.claim("w", limit, LEASE, &["up".into()]).await.unwrap();
        for run in &runs {
            *served.entry(run.project.id).or_insert(0) += 1;
        }
        let (most, least) = (served.values().max(), served.values().min());
        assert!(served.len() == projects.len() || most == Some(&1), "{served:?}");
        if runs.is_empty() {
            assert_eq!((most, least), (Some(&2), Some(&2)), "every run came");
            break;
        }
    }
}

async fn logs_and_progress_are_kept(store: &impl Store) {
    let run = claim_up(store).await;
    let line = |message: &str, fields| LogLine {
        at: chrono::Utc::now(),
        level: Level::Info,
        message: message.into(),
        fields,
    };
    let lines = vec![line("one", json!({"n": 1})), line("two", json!(null))];
    let progress = Progress { fraction: 0.5, message: "half".into() };
    store.record(run.lease.run_id, lines, Some(progress.clone())).await.unwrap();
    let logs = store.run_logs(&Visible::All, run.lease.run_id, 10).await.unwrap();
    let kept: Vec<_> = logs.iter().map(|l| (l.message.as_str(), l.fields.clone())).collect();
    assert_eq!(kept, [("one", Some(json!({"n": 1}))), ("two", None)]);
    assert_eq!(store.count_logs(run.lease.run_id).await.unwrap(), 2);
    assert_eq!(store.run_logs(&Visible::All, run.lease.run_id, 1).await.unwrap()[0].message, "two");
    let shown = scheduled(store, "up", "one").await.current_run.unwrap();
    assert_eq!((shown.progress, shown.state), (Some(progress), RunState::Running));
}

async fn a_changed_schedule_counts_from_now(store: &impl Store) {
    claim(store).await;
    let before = scheduled(store, "up", "one").await.next_run_at.unwrap();
    let mut config = config();
    store.reconcile(&config).await.unwrap();
    assert_eq!(scheduled(store, "up", "one").await.next_run_at, Some(before), "nothing changed");
    config.jobs.get_mut("up").unwrap().schedule = Some(Schedule::Every(Duration::from_secs(60)));
    store.reconcile(&config).await.unwrap();
    let after = scheduled(store, "up", "one").await;
    assert!(after.next_run_at.unwrap() < before);
    assert_eq!(after.schedule.as_deref(), Some("every 1m"));
}

async fn what_the_file_no_longer_names_stops_running(store: &impl Store) {
    let mut config = config();
    config.jobs.remove("up");
    config.projects.remove("two");
    store.reconcile(&config).await.unwrap();
    assert!(claim(store).await.is_empty());
    assert!(!scheduled(store, "up", "one").await.enabled);
    assert!(!scheduled(store, "down", "two").await.enabled);
    assert!(scheduled(store, "down", "one").await.enabled);
}

async fn a_request_reaches_the_run(store: &impl Store) {
    claim(store).await;
    let one = project(store, "one").await;
    let RunNow::Queued(id) = store.run_now("last", one).await.unwrap() else {
        panic!("nothing else of `last` runs")
    };
    let run = claim(store).await.remove(0);
    assert_eq!(run.lease.run_id, id);
    assert!(matches!(run.payload.trigger(), Trigger::Manual { .. }));
    assert!(matches!(
        store.run_now("ghost", one).await,
        Err(StoreError::NotScheduled { job }) if job == "ghost"
    ));
}

async fn events_replay_in_order(store: &impl Store) {
    assert_eq!(store.event_range().await.unwrap(), (1, 0));
    for run in claim(store).await {
        store.complete(&run.lease, success(&[])).await.unwrap();
    }
    let ids: Vec<_> = events_after(store, 0, 10).await.unwrap().iter().map(|e| e.id).collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(events_after(store, 1, 10).await.unwrap().len(), 1);
    assert_eq!(events_after(store, 0, 1).await.unwrap()[0].id, 1);
    assert_eq!(store.event_range().await.unwrap(), (1, 2));
}

async fn runs_are_listed_newest_first_and_filtered(store: &impl Store) {
    let run = claim_up(store).await;
    store.complete(&run.lease, success(&["down"])).await.unwrap();
    claim(store).await;
    let page = store.runs(&RunFilter::default()).await.unwrap();
    assert_eq!((page.total, page.items[0].job_type.as_str()), (3, "down"));
    let completed = RunFilter { states: vec![RunState::Completed], ..Default::default() };
    assert_eq!(store.runs(&completed).await.unwrap().total, 1);
    let two = RunFilter {
        visible: Visible::Only(vec![project(store, "two").await]),
        ..Default::default()
    };
    assert_eq!(store.runs(&two).await.unwrap().total, 1);
    let second = RunFilter { page: 2, per_page: 2, ..Default::default() };
    assert_eq!(store.runs(&second).await.unwrap().items.len(), 1);
    let depth = store.queue_depth().await.unwrap();
    assert!(depth.iter().any(|d| d.job_type == "up" && d.state == "running" && d.count == 1));
}

async fn a_waiting_run_is_cancelled_at_once_and_a_running_one_is_asked(store: &impl Store) {
    let run = claim_up(store).await;
    let id = run.lease.run_id;
    assert_eq!(renew(store, &run.lease).await, Renewal::Held);
    assert_eq!(store.request_cancel(&Visible::All, id).await.unwrap(), CancelRequest::Requested);
    assert_eq!(renew(store, &run.lease).await, Renewal::CancelRequested, "its worker learns of it");
    assert!(store.run(&Visible::All, id).await.unwrap().unwrap().cancel_requested_at.is_some());
    store.cancel(&run.lease).await.unwrap();
    let shown = store.run(&Visible::All, id).await.unwrap().unwrap();
    assert_eq!((shown.state, shown.cancel_requested_at), (RunState::Cancelled, None));
    assert!(matches!(
        store.request_cancel(&Visible::All, id).await,
        Err(StoreError::WrongState(_))
    ));

    let one = project(store, "one").await;
    let RunNow::Queued(id) = store.run_now("down", one).await.unwrap() else { panic!() };
    assert_eq!(store.request_cancel(&Visible::All, id).await.unwrap(), CancelRequest::Cancelled);
    assert!(claim(store).await.is_empty());
    // A worker that died before it could stop the run does not bring it back.
    store.retry(&Visible::All, id).await.unwrap();
    while store.claim("dead", 10, Duration::ZERO, &[]).await.unwrap().is_empty() {}
    store.request_cancel(&Visible::All, id).await.unwrap();
    while store.run(&Visible::All, id).await.unwrap().unwrap().state != RunState::Cancelled {
        assert!(claim(store).await.iter().all(|run| run.lease.run_id != id));
    }
    let unknown = store.request_cancel(&Visible::All, Uuid::nil()).await;
    assert!(matches!(unknown, Err(StoreError::NoRun(_))));
}

async fn a_failed_run_is_retried_by_hand_unless_the_job_is_busy(store: &impl Store) {
    let run = claim_up(store).await;
    let id = run.lease.run_id;
    assert!(
        matches!(store.retry(&Visible::All, id).await, Err(StoreError::WrongState(_))),
        "it runs"
    );
    store.fail(&run.lease, Fault { error: "no luck".into(), retry_in: None }).await.unwrap();
    let RunNow::Queued(other) = store.run_now("up", run.project.id).await.unwrap() else {
        panic!()
    };
    assert!(
        matches!(store.retry(&Visible::All, id).await, Err(StoreError::WrongState(_))),
        "another waits"
    );
    store.request_cancel(&Visible::All, other).await.unwrap();
    store.retry(&Visible::All, id).await.unwrap();
    let again = claim(store).await.remove(0);
    assert_eq!((again.lease.run_id, again.lease.attempt), (id, 2));
    store.complete(&again.lease, success(&[])).await.unwrap();
    assert!(
        matches!(store.retry(&Visible::All, id).await, Err(StoreError::WrongState(_))),
        "it succeeded"
    );
    assert!(matches!(store.retry(&Visible::All, Uuid::nil()).await, Err(StoreError::NoRun(_))));
}

async fn limits_hold_for_job_types_and_projects(store: &impl Store) {
    let mut config = config();
    config.jobs.get_mut("up").unwrap().concurrency = Some(1);
    store.reconcile(&config).await.unwrap();
    let first = claim(store).await;
    assert_eq!(first.len(), 1, "`up` of one of the two projects");
    assert!(claim(store).await.is_empty());
    let next = store.next_due("another", &[]).await.unwrap().unwrap();
    assert!(next > Duration::from_secs(1), "what may not start is no reason to look again");
    store.complete(&first[0].lease, success(&[])).await.unwrap();
    let second = claim(store).await;
    assert_eq!(second.len(), 1);
    assert_ne!(first[0].project.id, second[0].project.id);

    config.jobs.get_mut("up").unwrap().concurrency = None;
    config.projects.get_mut("two").unwrap().concurrency = Some(1);
    store.reconcile(&config).await.unwrap();
    store.complete(&second[0].lease, success(&[])).await.unwrap();
    let (one, two) = (project(store, "one").await, project(store, "two").await);
    for job in ["up", "down", "last"] {
        store.run_now(job, one).await.unwrap();
        store.run_now(job, two).await.unwrap();
    }
    let (a, b) = tokio::join!(store.claim("a", 10, LEASE, &[]), store.claim("b", 10, LEASE, &[]));
    let mut runs = [a.unwrap(), b.unwrap()].concat();
    // A claim that could not be sure that there was room left something to the next.
    runs.extend(claim(store).await);
    let of = |id| runs.iter().filter(|run| run.project.id == id).count();
    assert_eq!((of(one), of(two)), (3, 1));
}

async fn a_project_with_much_to_do_does_not_starve_another(store: &impl Store) {
    nobody_starves(store, None).await;
}

async fn nor_does_it_where_there_are_limits(store: &impl Store) {
    nobody_starves(store, Some(50)).await;
}

/// With room for so many runs of the jobs that a project has much of.
async fn nobody_starves(store: &impl Store, concurrency: Option<u32>) {
    let mut config = config();
    let settings = JobSettings { concurrency, ..config.jobs["up"].clone() };
    for nth in 0..100 {
        config.jobs.insert(format!("more_{nth}"), settings.clone());
    }
    store.reconcile(&config).await.unwrap();
    // A hundred are due in the one project before the other has anything.
    let two = project(store, "two").await;
    for job in config.jobs.keys().filter(|job| *job != "last") {
        store.set_status(job, two, ScheduledStatus::Paused).await.unwrap();
    }
    let RunNow::Queued(id) = store.run_now("last", two).await.unwrap() else { panic!() };
    let mut before = 0;
    loop {
        let runs = store.claim("w", 4, LEASE, &[]).await.unwrap();
        assert!(!runs.is_empty(), "it never came");
        if runs.iter().any(|run| run.lease.run_id == id) {
            break;
        }
        before += runs.len();
    }
    assert!(before <= 8, "{before} of the other project came first");
}

async fn what_is_old_is_pruned_in_steps_and_the_end_of_the_outbox_stays(store: &impl Store) {
    let runs = claim(store).await;
    for run in &runs {
        let line = LogLine {
            at: chrono::Utc::now() - chrono::Duration::days(9),
            level: Level::Info,
            message: "old".into(),
            fields: json!(null),
        };
        store.record(run.lease.run_id, vec![line], None).await.unwrap();
        store.complete(&run.lease, success(&[])).await.unwrap();
    }
    let events = events_after(store, 0, 10).await.unwrap();
    let day = Duration::from_secs(86400);
    let mut keep = KeepFor { runs: day, logs: day, events: day };
    let step = store.prune(&keep, 1).await.unwrap();
    assert_eq!(step, Pruned { runs: 0, logs: 1, events: 0 }, "a step takes no more than it may");
    assert_eq!(store.prune(&keep, 10).await.unwrap().logs, 1);
    keep = KeepFor { runs: Duration::ZERO, logs: day, events: Duration::ZERO };
    let mut all = Pruned::default();
    while all.runs < 2 || all.events < 1 {
        let step = store.prune(&keep, 10).await.unwrap();
        all.runs += step.runs;
        all.events += step.events;
    }
    assert_eq!(store.runs(&RunFilter::default()).await.unwrap().total, 0);
    let newest = events.last().unwrap().id;
    assert_eq!(store.event_range().await.unwrap(), (newest, newest));
    let pool = store.pools().remove(0);
    assert!(pool.size >= pool.idle && pool.max >= pool.size);
}
