//! Lists of runs.

use cascade_engine::Engine;
use cascade_model::{CascadeTree, Fault, Run, RunNow, RunState, Success, Visible};
use cascade_sdk::sql;
use cascade_store::{Queries, RunColumn, RunFilter, RunSort, TriggerKind};
use uuid::Uuid;

use crate::steps::{claim, claim_up, project, scheduled, success};

async fn ids(engine: &Engine, filter: RunFilter) -> Vec<Uuid> {
    let page = engine.store().runs(&filter).await.unwrap();
    if filter.page == 1 && page.items.len() < filter.per_page as usize {
        assert_eq!(page.total, page.items.len() as u64, "{filter:?}");
    }
    page.items.iter().map(|run| run.id).collect()
}

async fn run_now(engine: &Engine, job: &str, project: Uuid) -> Uuid {
    match engine.run_now(job, project).await.unwrap() {
        RunNow::Queued(id) => id,
        RunNow::Merged(_) | RunNow::AfterCurrent => panic!("there is a run of `{job}`"),
    }
}

pub(super) async fn filters_and_orders_fit_together(engine: &Engine) {
    let up = claim_up(engine).await;
    engine.complete(&up.lease, success(&["down"])).await.unwrap();
    let down = claim(engine).await.remove(0);
    engine.fail(&down.lease, Fault { error: "no luck".into(), retry_in: None }).await.unwrap();
    let (one, two) = (project(engine, "one").await, project(engine, "two").await);
    let by_hand = run_now(engine, "last", one).await;
    let other =
        ids(engine, RunFilter { visible: Visible::Only(vec![two]), ..Default::default() }).await[0];
    let (up, down) = (up.lease.run_id, down.lease.run_id);

    let of = |filter: RunFilter| ids(engine, filter);
    let by = |trigger| RunFilter {
        trigger: Some(trigger),
        visible: Visible::Only(vec![one]),
        ..Default::default()
    };
    assert_eq!(of(by(TriggerKind::Timer)).await, [up]);
    assert_eq!(of(by(TriggerKind::Cascade)).await, [down]);
    assert_eq!(of(by(TriggerKind::Manual)).await, [by_hand]);

    let jobs = vec!["down".to_owned(), "last".to_owned()];
    assert_eq!(of(RunFilter { job_types: jobs, ..Default::default() }).await, [by_hand, down]);
    let states = vec![RunState::Failed, RunState::Running];
    assert_eq!(of(RunFilter { states, ..Default::default() }).await, [down, other]);
    let failed_up = RunFilter {
        job_types: vec!["up".into()],
        states: vec![RunState::Failed],
        ..Default::default()
    };
    assert!(of(failed_up).await.is_empty(), "all filters must fit");

    let all = engine.store().runs(&RunFilter::default()).await.unwrap().items;
    let queued = engine.store().run(&Visible::All, down).await.unwrap().unwrap().queued_at;
    let (since, before): (Vec<_>, Vec<_>) = all.iter().partition(|run| run.queued_at >= queued);
    let named = |runs: Vec<&Run>| runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    let from = RunFilter { from: Some(queued), ..Default::default() };
    assert_eq!(of(from).await, named(since), "from the time on");
    let to = RunFilter { to: Some(queued), ..Default::default() };
    assert_eq!(of(to).await, named(before), "before the time");

    let sorted = |column, descending| RunFilter {
        sort: RunSort { column, descending },
        ..Default::default()
    };
    let by_job = of(sorted(RunColumn::JobType, false)).await;
    assert_eq!(by_job[..2], [down, by_hand]);
    let by_state = of(sorted(RunColumn::State, true)).await;
    assert_eq!(by_state, [other, down, up, by_hand]);
    for descending in [false, true] {
        let ended = of(sorted(RunColumn::FinishedAt, descending)).await;
        let mut order = vec![up, down];
        if descending {
            order.reverse();
        }
        assert_eq!(ended[..2], order, "those that have not ended come last");
        assert_eq!(*of(sorted(RunColumn::StartedAt, descending)).await.last().unwrap(), by_hand);
        let took = engine.store().runs(&sorted(RunColumn::Took, descending)).await.unwrap().items;
        let took: Vec<_> =
            took.iter().map(|run| Some(run.finished_at? - run.started_at?)).collect();
        assert_eq!((took[2], took[3]), (None, None));
        assert_eq!(took[0] >= took[1], descending || took[0] == took[1]);
    }
    for column in [RunColumn::QueuedAt, RunColumn::State, RunColumn::Took] {
        let filter = RunFilter { per_page: 1, ..sorted(column, true) };
        let mut seen = Vec::new();
        for page in 1..=4 {
            seen.extend(of(RunFilter { page, ..filter.clone() }).await);
        }
        assert_eq!(seen, of(sorted(column, true)).await, "pages neither repeat nor skip");
    }
}

pub(super) async fn a_page_and_its_total_are_of_one_moment(engine: &Engine) {
    claim(engine).await;
    let one = project(engine, "one").await;
    let write = async {
        loop {
            run_now(engine, "last", one).await;
            let run = claim(engine).await.remove(0);
            engine.complete(&run.lease, success(&[])).await.unwrap();
        }
    };
    let read = async {
        let all = RunFilter { per_page: 100_000, ..Default::default() };
        let (mut changes, mut before) = (0, 0);
        while changes < 20 {
            let page = engine.store().runs(&all).await.unwrap();
            assert_eq!(page.items.len() as u64, page.total);
            changes += u32::from(page.total != before);
            before = page.total;
        }
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
}

pub(super) async fn text_is_looked_for_as_it_is(engine: &Engine) {
    let run = claim_up(engine).await;
    let summary = Some(r"Read 50% of a_b\c".to_owned());
    engine.complete(&run.lease, Success { summary, ..success(&["down"]) }).await.unwrap();
    let down = claim(engine).await.remove(0);
    engine.fail(&down.lease, Fault { error: "No LUCK".into(), retry_in: None }).await.unwrap();
    let (up, down) = (run.lease.run_id, down.lease.run_id);
    let prefix = down.to_string();
    let cases: [(&str, &[Uuid]); 9] = [
        ("no luck", &[down]),
        ("50%", &[up]),
        (r"A_B\c", &[up]),
        ("0%of", &[]),
        ("a%c", &[]),
        ("axb", &[]),
        ("DOWN", &[down]),
        (&prefix, &[down]),
        (&prefix[1..], &[]),
    ];
    for (text, found) in cases {
        let filter = RunFilter { text: Some(text.into()), ..Default::default() };
        assert_eq!(ids(engine, filter).await, found, "{text}");
    }
    let shouted = RunFilter { text: Some(prefix.to_uppercase()), ..Default::default() };
    assert_eq!(ids(engine, shouted).await, [down]);
}

pub(super) async fn a_trace_is_a_tree_of_its_project(engine: &Engine) {
    let up = claim_up(engine).await;
    engine.complete(&up.lease, success(&["down", "last"])).await.unwrap();
    let runs = claim(engine).await;
    let down = runs.iter().find(|run| run.job_type == "down").unwrap();
    let last = runs.iter().find(|run| run.job_type == "last").unwrap();
    engine.complete(&down.lease, success(&["last"])).await.unwrap();
    engine.complete(&last.lease, success(&[])).await.unwrap();
    let again = claim(engine).await.remove(0);
    let (project, trace) = (up.project.id, up.trace_id);
    let traced = engine.store().trace(trace, project, 10).await.unwrap();
    let filter = RunFilter { trace_id: Some(trace), ..Default::default() };
    assert_eq!(ids(engine, filter).await.len(), 4);
    let asked = engine.store().run(&Visible::All, down.lease.run_id).await.unwrap().unwrap();
    let tree = CascadeTree::of(asked.clone(), traced, 10);
    let up = up.lease.run_id;
    assert_eq!((tree.root, tree.truncated, tree.items[0].run.id), (up, false, up));
    let parent = |id: Uuid| tree.items.iter().find(|item| item.run.id == id).unwrap().parent;
    assert_eq!(parent(up), None);
    assert_eq!(parent(down.lease.run_id), Some(up));
    assert_eq!(parent(last.lease.run_id), Some(up));
    assert_eq!(parent(again.lease.run_id), Some(down.lease.run_id));
    let few = engine.store().trace(trace, project, 2).await.unwrap();
    let tree = CascadeTree::of(asked, few, 1);
    assert_eq!((tree.root, tree.items.len(), tree.truncated), (up, 1, true));
    assert!(engine.store().trace(trace, Uuid::nil(), 10).await.unwrap().is_empty());
}

pub(super) async fn trends_are_the_latest_ended_runs(engine: &Engine) {
    let one = project(engine, "one").await;
    assert!(engine.store().trends(&Visible::All, 20).await.unwrap().is_empty());
    let mut ended = Vec::new();
    let mut run = claim_up(engine).await;
    for nth in 0..3 {
        if nth > 0 {
            engine.run_now("up", one).await.unwrap();
            run = claim(engine).await.remove(0);
        }
        engine.complete(&run.lease, success(&[])).await.unwrap();
        ended.push(run.lease.run_id);
    }
    let RunNow::Queued(waits) = engine.run_now("down", one).await.unwrap() else { panic!() };
    engine.request_cancel(&Visible::All, waits).await.unwrap();
    let trends = engine.store().trends(&Visible::Only(vec![one]), 2).await.unwrap();
    let jobs: Vec<_> = trends.iter().map(|trend| trend.job_type.as_str()).collect();
    assert_eq!(jobs, ["down", "up"]);
    assert_eq!((trends[0].runs[0].state, trends[0].runs[0].took_ms), (RunState::Cancelled, 0));
    let up: Vec<_> = trends[1].runs.iter().map(|run| run.id).collect();
    assert_eq!(up, ended[1..], "the last two, oldest first");
    let two = project(engine, "two").await;
    assert!(engine.store().trends(&Visible::Only(vec![two]), 20).await.unwrap().is_empty());
}

pub(super) async fn runs_are_listed_newest_first_and_filtered(engine: &Engine) {
    let run = claim_up(engine).await;
    engine.complete(&run.lease, success(&["down"])).await.unwrap();
    claim(engine).await;
    let page = engine.store().runs(&RunFilter::default()).await.unwrap();
    assert_eq!((page.total, page.items[0].job_type.as_str()), (3, "down"));
    let completed = RunFilter { states: vec![RunState::Completed], ..Default::default() };
    assert_eq!(engine.store().runs(&completed).await.unwrap().total, 1);
    let two = RunFilter {
        visible: Visible::Only(vec![project(engine, "two").await]),
        ..Default::default()
    };
    assert_eq!(engine.store().runs(&two).await.unwrap().total, 1);
    let second = RunFilter { page: 2, per_page: 2, ..Default::default() };
    assert_eq!(engine.store().runs(&second).await.unwrap().items.len(), 1);
    let depth = engine.store().queue_depth().await.unwrap();
    assert!(depth.iter().any(|d| d.job_type == "up" && d.state == "running" && d.count == 1));
}

pub(super) async fn of_runs_that_ended_together_the_younger_is_the_last(engine: &Engine) {
    let first = claim_up(engine).await;
    engine.complete(&first.lease, success(&[])).await.unwrap();
    engine.run_now("up", first.project.id).await.unwrap();
    let second = claim(engine).await.remove(0);
    engine.complete(&second.lease, success(&[])).await.unwrap();
    let table = if engine.store().kind() == "sqlite" { "worker_runs" } else { "ended_runs" };
    let together = sql(format!(
        "UPDATE {table} SET finished_at = '2026-01-01T00:00:00.000Z' WHERE state = 'completed'"
    ));
    assert_eq!(engine.store().database().batch(vec![together]).await.unwrap(), [2]);
    let last = scheduled(engine, "up", "one").await.last_run.unwrap();
    assert_eq!(last.id, second.lease.run_id);
}
