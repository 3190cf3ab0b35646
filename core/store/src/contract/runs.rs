//! Lists of runs.

use uuid::Uuid;

use super::{claim, claim_up, project, success};
use crate::{RunColumn, RunFilter, RunSort, Store, TriggerKind};
use cascade_model::Visible;
use cascade_model::{CascadeTree, Fault, Run, RunNow, RunState, Success};

async fn ids(store: &impl Store, filter: RunFilter) -> Vec<Uuid> {
    let page = store.runs(&filter).await.unwrap();
    if filter.page == 1 && page.items.len() < filter.per_page as usize {
        assert_eq!(page.total, page.items.len() as u64, "{filter:?}");
    }
    page.items.iter().map(|run| run.id).collect()
}

async fn run_now(store: &impl Store, job: &str, project: Uuid) -> Uuid {
    match store.run_now(job, project).await.unwrap() {
        RunNow::Queued(id) => id,
        RunNow::Merged(_) | RunNow::AfterCurrent => panic!("there is a run of `{job}`"),
    }
}

pub(super) async fn filters_and_orders_fit_together(store: &impl Store) {
    let up = claim_up(store).await;
    store.complete(&up.lease, success(&["down"])).await.unwrap();
    let down = claim(store).await.remove(0);
    store.fail(&down.lease, Fault { error: "no luck".into(), retry_in: None }).await.unwrap();
    let (one, two) = (project(store, "one").await, project(store, "two").await);
    let by_hand = run_now(store, "last", one).await;
    let other =
        ids(store, RunFilter { visible: Visible::Only(vec![two]), ..Default::default() }).await[0];
    let (up, down) = (up.lease.run_id, down.lease.run_id);

    let of = |filter: RunFilter| ids(store, filter);
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

    let all = store.runs(&RunFilter::default()).await.unwrap().items;
    let queued = store.run(&Visible::All, down).await.unwrap().unwrap().queued_at;
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
        let took = store.runs(&sorted(RunColumn::Took, descending)).await.unwrap().items;
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

pub(super) async fn a_page_and_its_total_are_of_one_moment(store: &impl Store) {
    claim(store).await;
    let one = project(store, "one").await;
    let write = async {
        loop {
            run_now(store, "last", one).await;
            let run = claim(store).await.remove(0);
            store.complete(&run.lease, success(&[])).await.unwrap();
        }
    };
    let read = async {
        let all = RunFilter { per_page: 100_000, ..Default::default() };
        let (mut changes, mut before) = (0, 0);
        while changes < 20 {
            let page = store.runs(&all).await.unwrap();
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

pub(super) async fn text_is_looked_for_as_it_is(store: &impl Store) {
    let run = claim_up(store).await;
    let summary = Some(r"Read 50% of a_b\c".to_owned());
    store.complete(&run.lease, Success { summary, ..success(&["down"]) }).await.unwrap();
    let down = claim(store).await.remove(0);
    store.fail(&down.lease, Fault { error: "No LUCK".into(), retry_in: None }).await.unwrap();
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
        assert_eq!(ids(store, filter).await, found, "{text}");
    }
    let shouted = RunFilter { text: Some(prefix.to_uppercase()), ..Default::default() };
    assert_eq!(ids(store, shouted).await, [down]);
}

pub(super) async fn a_trace_is_a_tree_of_its_project(store: &impl Store) {
    let up = claim_up(store).await;
    store.complete(&up.lease, success(&["down", "last"])).await.unwrap();
    let runs = claim(store).await;
    let down = runs.iter().find(|run| run.job_type == "down").unwrap();
    let last = runs.iter().find(|run| run.job_type == "last").unwrap();
    store.complete(&down.lease, success(&["last"])).await.unwrap();
    store.complete(&last.lease, success(&[])).await.unwrap();
    let again = claim(store).await.remove(0);
    let (project, trace) = (up.project.id, up.trace_id);
    let traced = store.trace(trace, project, 10).await.unwrap();
    let filter = RunFilter { trace_id: Some(trace), ..Default::default() };
    assert_eq!(ids(store, filter).await.len(), 4);
    let asked = store.run(&Visible::All, down.lease.run_id).await.unwrap().unwrap();
    let tree = CascadeTree::of(asked.clone(), traced, 10);
    let up = up.lease.run_id;
    assert_eq!((tree.root, tree.truncated, tree.items[0].run.id), (up, false, up));
    let parent = |id: Uuid| tree.items.iter().find(|item| item.run.id == id).unwrap().parent;
    assert_eq!(parent(up), None);
    assert_eq!(parent(down.lease.run_id), Some(up));
    assert_eq!(parent(last.lease.run_id), Some(up));
    assert_eq!(parent(again.lease.run_id), Some(down.lease.run_id));
    let few = store.trace(trace, project, 2).await.unwrap();
    let tree = CascadeTree::of(asked, few, 1);
    assert_eq!((tree.root, tree.items.len(), tree.truncated), (up, 1, true));
    assert!(store.trace(trace, Uuid::nil(), 10).await.unwrap().is_empty());
}

pub(super) async fn trends_are_the_latest_ended_runs(store: &impl Store) {
    let one = project(store, "one").await;
    assert!(store.trends(&Visible::All, 20).await.unwrap().is_empty());
    let mut ended = Vec::new();
    let mut run = claim_up(store).await;
    for nth in 0..3 {
        if nth > 0 {
            store.run_now("up", one).await.unwrap();
            run = claim(store).await.remove(0);
        }
        store.complete(&run.lease, success(&[])).await.unwrap();
        ended.push(run.lease.run_id);
    }
    let RunNow::Queued(waits) = store.run_now("down", one).await.unwrap() else { panic!() };
    store.request_cancel(&Visible::All, waits).await.unwrap();
    let trends = store.trends(&Visible::Only(vec![one]), 2).await.unwrap();
    let jobs: Vec<_> = trends.iter().map(|trend| trend.job_type.as_str()).collect();
    assert_eq!(jobs, ["down", "up"]);
    assert_eq!((trends[0].runs[0].state, trends[0].runs[0].took_ms), (RunState::Cancelled, 0));
    let up: Vec<_> = trends[1].runs.iter().map(|run| run.id).collect();
    assert_eq!(up, ended[1..], "the last two, oldest first");
    let two = project(store, "two").await;
    assert!(store.trends(&Visible::Only(vec![two]), 20).await.unwrap().is_empty());
}
