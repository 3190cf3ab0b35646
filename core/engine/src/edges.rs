//! Which edges of a job are taken when one of its runs has ended. No database: the same ends lead to the
//! same decisions.

use std::collections::BTreeSet;

use cascade_config::Edge;
use cascade_expr::{Expression, RunFacts, Status, Values};
use cascade_model::{Decision, Follow, On};
use serde_json::Value;

// What the states of runs say by themselves.
const FAILED: &str = "the run failed";
const SUCCEEDED: &str = "the run succeeded";
const NOT_FAILED_BEFORE: &str = "the run before it had not failed";

/// How a run has ended, for its edges.
#[derive(Debug, Clone)]
pub(crate) struct EndOfRun {
    /// What expressions see as `run`.
    pub run: RunFacts,
    /// What it was asked for.
    pub args: Value,
    /// The JSON text that it gave out.
    pub output: Option<String>,
    /// Whether the run before it had failed; `None` where no edge asks for it.
    pub failed_before: Option<bool>,
}

/// Whether a run that ends like this may lead to anything.
pub(crate) fn may_follow(edges: &[Edge], status: Status) -> bool {
    edges.iter().any(|edge| on_other_end(edge.on, status).is_none())
}

/// Whether it must be known how the run before has ended.
pub(crate) fn ask_before(edges: &[Edge], status: Status) -> bool {
    status == Status::Success && edges.iter().any(|edge| edge.on == On::Recovered)
}

/// Why an edge is not taken after such an end, whatever else is so.
fn on_other_end(on: On, status: Status) -> Option<&'static str> {
    match (on, status) {
        (On::Success | On::Recovered, Status::Failure) => Some(FAILED),
        (On::Failure, Status::Success) => Some(SUCCEEDED),
        _ => None,
    }
}

/// What the end leads to. Evaluates expressions, which may take up to a second on large outputs: not to be
/// called on a thread of the runtime unless [`is_settled`] says so.
pub(crate) fn follow(edges: &[Edge], end: &EndOfRun) -> Follow {
    let values = edges.iter().any(|edge| edge.when.is_some()).then(|| values(end));
    let reason = |edge: &Edge| {
        if let Some(reason) = on_other_end(edge.on, end.run.status) {
            return Some(reason.to_owned());
        }
        if edge.on == On::Recovered && end.failed_before != Some(true) {
            return Some(NOT_FAILED_BEFORE.into());
        }
        edge.when.as_ref().zip(values.as_ref()).and_then(|(when, values)| not_true(when, values))
    };
    let decision = |edge: &Edge| {
        let reason = reason(edge);
        Decision {
            job: edge.job.clone(),
            on: edge.on,
            when: edge.when.as_ref().map(|when| when.source().to_owned()),
            taken: reason.is_none(),
            reason,
        }
    };
    let decisions: Vec<_> = edges.iter().map(decision).collect();
    let mut seen = BTreeSet::new();
    let taken = decisions.iter().filter(|decision| decision.taken);
    let downstream = taken.map(|decision| decision.job.clone());
    let downstream = downstream.filter(|job| seen.insert(job.clone())).collect();
    Follow { downstream, decisions }
}

/// Whether nothing is to be evaluated.
pub(crate) fn is_settled(edges: &[Edge]) -> bool {
    edges.iter().all(|edge| edge.when.is_none())
}

/// Whether decisions say more than the states of runs do: only then are they kept, as most ends are successes
/// that a plain edge follows, and each row costs.
pub(crate) fn tell(decisions: &[Decision], failed: bool) -> bool {
    decisions.iter().any(|decision| match decision.reason.as_deref() {
        Some(FAILED | SUCCEEDED | NOT_FAILED_BEFORE) => false,
        Some(_) => true,
        None => failed || decision.when.is_some() || decision.on == On::Recovered,
    })
}

fn values(end: &EndOfRun) -> Values {
    let output = end.output.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Values::new(&output.unwrap_or(Value::Null), &end.args, &end.run)
}

/// Why a condition does not hold.
fn not_true(when: &Expression, values: &Values) -> Option<String> {
    match when.evaluate(values) {
        Ok(Value::Bool(true)) => None,
        Ok(Value::Bool(false)) => Some(format!("`{when}` was false")),
        Ok(_) => Some(format!("`{when}` was neither true nor false")),
        Err(error) => Some(format!("`{when}` has no value: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn end(status: Status) -> EndOfRun {
        let failed = status == Status::Failure;
        let run = RunFacts {
            id: "1".into(),
            job: "up".into(),
            project: "atlas".into(),
            status,
            attempts: 2,
            error: failed.then(|| "no luck".into()),
            summary: None,
            revision: "r".into(),
        };
        let args = json!({"level": 2});
        EndOfRun { run, args, output: Some(r#"{"new":3,"items":[]}"#.into()), failed_before: None }
    }

    fn edge(job: &str, on: On, when: Option<&str>) -> Edge {
        let when = when.map(|text| Expression::compile(text).unwrap());
        Edge { job: job.into(), on, when }
    }

    fn reasons(follow: &Follow) -> Vec<&str> {
        follow.decisions.iter().map(|it| it.reason.as_deref().unwrap_or("taken")).collect()
    }

    #[test]
    fn an_edge_is_taken_after_the_ends_that_it_names() {
        let edges = [
            edge("a", On::Success, None),
            edge("b", On::Failure, None),
            edge("c", On::Always, None),
            edge("d", On::Recovered, None),
        ];
        let success = follow(&edges, &end(Status::Success));
        assert_eq!(success.downstream, ["a", "c"]);
        let before = "the run before it had not failed";
        assert_eq!(reasons(&success), ["taken", "the run succeeded", "taken", before]);
        let failure = follow(&edges, &end(Status::Failure));
        assert_eq!(failure.downstream, ["b", "c"]);
        assert_eq!(reasons(&failure), ["the run failed", "taken", "taken", "the run failed"]);
        let recovered = EndOfRun { failed_before: Some(true), ..end(Status::Success) };
        assert_eq!(follow(&edges, &recovered).downstream, ["a", "c", "d"]);
        assert!(ask_before(&edges, Status::Success) && !ask_before(&edges, Status::Failure));
    }

    #[test]
    fn a_condition_that_is_false_or_has_no_value_says_so() {
        let edges = [
            edge("a", On::Success, Some("output.new > 0")),
            edge("b", On::Success, Some("output.new > 5")),
            edge("c", On::Success, Some("output.gone > 5")),
            edge("d", On::Success, Some("output.new")),
            edge("e", On::Success, Some("run.project == 'atlas' && run.attempts == args.level")),
        ];
        let follow = follow(&edges, &end(Status::Success));
        assert_eq!(follow.downstream, ["a", "e"]);
        assert_eq!(
            reasons(&follow),
            [
                "taken",
                "`output.new > 5` was false",
                "`output.gone > 5` has no value: there is no `gone`",
                "`output.new` was neither true nor false",
                "taken",
            ]
        );
        assert!(tell(&follow.decisions, false));
    }

    #[test]
    fn two_edges_to_one_job_trigger_it_once() {
        let edges = [edge("a", On::Success, None), edge("a", On::Always, Some("true"))];
        let follow = follow(&edges, &end(Status::Success));
        assert_eq!((follow.downstream.len(), follow.decisions.len()), (1, 2));
    }

    #[test]
    fn what_the_run_s_state_says_is_not_kept_again() {
        let edges = [edge("a", On::Success, None), edge("b", On::Failure, None)];
        assert!(!tell(&follow(&edges, &end(Status::Success)).decisions, false));
        assert!(tell(&follow(&edges, &end(Status::Failure)).decisions, true));
        assert!(!may_follow(&edges[..1], Status::Failure));
        let mut skipped = follow(&edges, &end(Status::Success)).decisions;
        (skipped[0].taken, skipped[0].reason) = (false, Some("it is paused".into()));
        assert!(tell(&skipped, false));
    }
}
