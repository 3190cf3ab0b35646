//! Traces of many runs.

use cascade_engine::Engine;
use cascade_model::{
    EdgeRun, Fault, Follow, LEAST_OF_GROUP, OnDuplicate, Run, RunRequest, RunState, StateCounts,
    Success, Visible,
};
use cascade_store::{Queries, RunFilter};
use serde_json::json;
use uuid::Uuid;

use crate::steps::{LEASE, claim, claim_up, success};

/// A run of a job, without a key.
pub(super) fn made(job: &str, n: u32) -> EdgeRun {
    EdgeRun {
        job: job.into(),
        request: RunRequest {
            key: None,
            args: json!({ "n": n }),
            priority: 0,
            run_at: None,
            asked_by: Some("up".into()),
            tags: Vec::new(),
        },
        after: None,
        on_duplicate: OnDuplicate::Queue,
        debounce: None,
    }
}

/// The success of a run that makes so many runs of `last`.
pub(super) fn fan_out(many: u32) -> Success {
    let runs = (0..many).map(|n| made("last", n)).collect();
    Success { follow: Follow { runs, ..Follow::default() }, ..Success::default() }
}

fn children(of: &Run) -> RunFilter {
    RunFilter { trace_id: Some(of.trace_id), parent_id: Some(of.id), ..RunFilter::default() }
}

pub(super) async fn many_runs_of_one_cause_are_a_group_with_counts(engine: &Engine) {
    let up = claim_up(engine).await;
    let mut end = fan_out(LEAST_OF_GROUP + 5);
    end.follow.downstream.push("down".into());
    engine.complete(&up.lease, end).await.unwrap();
    let runs = engine.claim("worker-a", 100, LEASE, &[]).await.unwrap();
    let (down, last): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.job_type == "down");
    assert_eq!((down.len(), last.len()), (1, 25));
    engine.complete(&down[0].lease, success(&["last"])).await.unwrap();
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&last[0].lease, fault).await.unwrap();
    // What a run of the group causes is below the group.
    engine
        .complete(
            &last[1].lease,
            Success {
                follow: Follow { runs: vec![made("down", 7)], ..Follow::default() },
                ..Success::default()
            },
        )
        .await
        .unwrap();

    let (trace, project) = (up.trace_id, up.project.id);
    let overview = engine.store().trace_overview(trace, project, 10).await.unwrap();
    let group = &overview.groups[0];
    assert_eq!(overview.groups.len(), 1);
    assert_eq!((group.parent, group.job_type.as_str()), (up.lease.run_id, "last"));
    let counts = StateCounts { running: 23, failed: 1, completed: 1, ..StateCounts::default() };
    assert_eq!(group.states, counts);
    assert!(group.started_at.is_some() && group.finished_at.is_some());
    let singles: Vec<_> = overview.singles.iter().map(|run| run.id).collect();
    assert_eq!(singles, [up.lease.run_id, down[0].lease.run_id]);
    // The run of `up`, that of `down`, and what is below the group.
    assert_eq!(overview.states.total(), group.states.total() + 3);

    let asked = engine.store().run(&Visible::All, up.lease.run_id).await.unwrap().unwrap();
    let (tree, groups, hidden) = overview.shown(asked, Vec::new(), 10);
    assert_eq!((tree.items.len(), groups.len(), hidden, tree.truncated), (2, 1, 1, false));
    let others = engine.store().trace_overview(trace, Uuid::nil(), 10).await.unwrap();
    assert_eq!((others.states.total(), others.groups.len(), others.singles.len()), (0, 0, 0));
}

pub(super) async fn few_runs_of_one_cause_are_no_group(engine: &Engine) {
    let up = claim_up(engine).await;
    engine.complete(&up.lease, fan_out(LEAST_OF_GROUP - 1)).await.unwrap();
    let overview = engine.store().trace_overview(up.trace_id, up.project.id, 100).await.unwrap();
    assert!(overview.groups.is_empty());
    assert_eq!(overview.singles.len(), LEAST_OF_GROUP as usize);
    let few = engine.store().trace_overview(up.trace_id, up.project.id, 3).await.unwrap();
    assert_eq!(few.singles.len(), 3);
}

pub(super) async fn the_runs_of_a_group_are_read_in_pages(engine: &Engine) {
    let up = claim_up(engine).await;
    engine.complete(&up.lease, fan_out(25)).await.unwrap();
    let failed = claim(engine).await.remove(0);
    let fault = Fault { error: "no luck".into(), retry_in: None };
    engine.fail(&failed.lease, fault).await.unwrap();
    let up = engine.store().run(&Visible::All, up.lease.run_id).await.unwrap().unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = engine.store().runs_in_order(&children(&up), after, 10).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|run| run.request.as_ref().unwrap().args["n"].clone()));
    }
    assert_eq!(seen, (0..25).map(|n| json!(n)).collect::<Vec<_>>());
    let of_state = |state| RunFilter { states: vec![state], ..children(&up) };
    let ids = async |filter: RunFilter| {
        let found = engine.store().runs_in_order(&filter, None, 100).await.unwrap();
        found.iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(of_state(RunState::Failed)).await, [failed.lease.run_id]);
    let other = RunFilter { parent_id: Some(Uuid::nil()), ..children(&up) };
    assert!(ids(other).await.is_empty());
    let found = engine.store().run_ids(&of_state(RunState::Failed), 100).await.unwrap();
    assert_eq!(found, [failed.lease.run_id], "actions on all of them find the same");
}
