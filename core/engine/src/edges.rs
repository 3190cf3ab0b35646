//! Which edges of a job are taken when one of its runs has ended. No database: the same ends lead to the
//! same decisions.

use std::collections::BTreeMap;

use cascade_config::Edge;
use cascade_expr::{Expression, RunFacts, Status, Values};
use cascade_model::{
    Decision, Explanation, Follow, On, explanation,
    metric::{EDGE_DECISIONS, JOB_LABEL},
};
use serde_json::Value;

use crate::{
    edge_runs::{self, Downstream, Room},
    job_labels::job_label,
};

// Codes of what the states of runs say by themselves.
const FAILED: &str = "run_failed";
const SUCCEEDED: &str = "run_succeeded";
const NOT_FAILED_BEFORE: &str = "not_failed_before";

/// How a run has ended, for its edges.
#[derive(Debug, Clone)]
pub(crate) struct EndOfRun {
    /// What expressions see as `run`.
    pub run: RunFacts,
    /// What it was asked for.
    pub args: Value,
    /// The JSON text that it gave out.
    pub output: Option<String>,
    /// Whether the run before it of the same key had failed; `None` where it has no key, or no edge asks.
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
fn on_other_end(on: On, status: Status) -> Option<Explanation> {
    match (on, status) {
        (On::Success | On::Recovered, Status::Failure) => {
            Some(Explanation::new(FAILED, "the run failed"))
        }
        (On::Failure, Status::Success) => Some(Explanation::new(SUCCEEDED, "the run succeeded")),
        _ => None,
    }
}

/// What the end leads to; `jobs` are those that edges make runs of. Evaluates expressions, which may take
/// seconds on large outputs: not to be called on a thread of the runtime unless [`is_settled`] says so.
pub(crate) fn follow(
    edges: &[Edge],
    jobs: &BTreeMap<String, Downstream>,
    end: &EndOfRun,
) -> Follow {
    let mut values = edges.iter().any(Edge::evaluates).then(|| values(end));
    let (mut follow, mut room) = (Follow::default(), Room::default());
    for edge in edges {
        let mut reason = why_not(edge, end, values.as_ref());
        let mut runs = None;
        if let (None, true, Some(values)) = (&reason, edge.makes_runs(), values.as_mut()) {
            let made = match jobs.get(&edge.job) {
                Some(job) => edge_runs::made(edge, &end.run.job, job, values, &mut room),
                None => Err(Explanation::new("not_named", "jobs.toml does not name this job")),
            };
            match made {
                Ok(made) => {
                    runs = Some(u32::try_from(made.len()).unwrap_or(u32::MAX));
                    follow.runs.extend(made);
                }
                Err(why) => {
                    follow.faults.push((edge.job.clone(), why.clone()));
                    reason = Some(why);
                }
            }
        } else if reason.is_none() {
            makes_due(edge, &mut follow);
        }
        follow.decisions.push(Decision {
            job: edge.job.clone(),
            on: edge.on,
            when: edge.when.as_ref().map(|when| when.source().to_owned()),
            taken: reason.is_none(),
            join: false,
            runs,
            reason,
        });
    }
    let at_once = &follow.downstream;
    follow.debounced.retain(|(job, _)| !at_once.contains(job));
    follow
}

/// Makes the schedule of a job due, once however many edges lead to it.
fn makes_due(edge: &Edge, follow: &mut Follow) {
    let Follow { downstream, debounced, .. } = follow;
    let Some(rule) = edge.debounced() else {
        if !downstream.contains(&edge.job) {
            downstream.push(edge.job.clone());
        }
        return;
    };
    match debounced.iter_mut().find(|(job, _)| *job == edge.job) {
        Some((_, known)) => {
            known.quiet = known.quiet.min(rule.quiet);
            known.at_most = known.at_most.min(rule.at_most);
        }
        None => debounced.push((edge.job.clone(), rule)),
    }
}

fn why_not(edge: &Edge, end: &EndOfRun, values: Option<&Values>) -> Option<Explanation> {
    if let Some(reason) = on_other_end(edge.on, end.run.status) {
        return Some(reason);
    }
    if edge.on == On::Recovered && end.failed_before != Some(true) {
        return Some(match end.failed_before {
            None => Explanation::new("without_key", "a run without a key has none before it"),
            Some(_) => Explanation::new(NOT_FAILED_BEFORE, "the run before it had not failed"),
        });
    }
    edge.when.as_ref().zip(values).and_then(|(when, values)| not_true(when, values))
}

/// Whether nothing is to be evaluated.
pub(crate) fn is_settled(edges: &[Edge]) -> bool {
    !edges.iter().any(Edge::evaluates)
}

fn code(decision: &Decision) -> Option<&str> {
    decision.reason.as_ref().map(|reason| &*reason.code)
}

/// What became of an edge, as metrics call it: one of a few words, whatever its condition says.
pub(crate) fn label(decision: &Decision) -> &'static str {
    match code(decision) {
        None => "taken",
        Some(FAILED | SUCCEEDED) => "other_end",
        Some(NOT_FAILED_BEFORE | "without_key") => "not_recovered",
        Some("not_named" | "not_scheduled") => "not_scheduled",
        Some("disabled") => "disabled",
        Some("paused") => "paused",
        Some("condition_false") => "condition_false",
        Some(_) if decision.join => "join_unmet",
        Some(_) => "no_value",
    }
}

/// Counts decisions that are committed.
pub(crate) fn count(job: &str, decisions: &[Decision]) {
    for decision in decisions {
        let labels = [(JOB_LABEL, job_label(job)), ("reason", label(decision).to_owned())];
        metrics::counter!(EDGE_DECISIONS.name, &labels).increment(1);
    }
}

/// Whether decisions say more than the states of runs do: only then are they kept, as most ends are successes
/// that a plain edge follows, and each row costs.
pub(crate) fn tell(decisions: &[Decision], failed: bool) -> bool {
    decisions.iter().any(|decision| match code(decision) {
        Some(FAILED | SUCCEEDED | NOT_FAILED_BEFORE) => false,
        Some(_) => true,
        None => {
            failed
                || decision.join
                || decision.when.is_some()
                || decision.runs.is_some()
                || decision.on == On::Recovered
        }
    })
}

fn values(end: &EndOfRun) -> Values {
    let output = end.output.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Values::new(&output.unwrap_or(Value::Null), &end.args, &end.run)
}

/// Why a condition does not hold.
fn not_true(when: &Expression, values: &Values) -> Option<Explanation> {
    match when.evaluate(values) {
        Ok(Value::Bool(true)) => None,
        Ok(Value::Bool(false)) => {
            Some(explanation!("condition_false", "`{expression}` was false", expression = when))
        }
        Ok(_) => {
            let not = explanation!(
                "condition_not_boolean",
                "`{expression}` was neither true nor false",
                expression = when
            );
            Some(not)
        }
        Err(error) => Some(edge_runs::no_value(when.source(), &error)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cascade::Skip;

    fn followed(edges: &[Edge], end: &EndOfRun) -> Follow {
        follow(edges, &BTreeMap::new(), end)
    }

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
            key: None,
            not_reached: Vec::new(),
        };
        let args = json!({"level": 2});
        EndOfRun {
            run,
            args,
            output: Some(r#"{"new":3,"items":[]}"#.into()),
            failed_before: Some(false),
        }
    }

    fn edge(job: &str, on: On, when: Option<&str>) -> Edge {
        let when = when.map(|text| Expression::compile(text).unwrap());
        Edge { on, when, ..Edge::plain(job) }
    }

    fn reasons(follow: &Follow) -> Vec<&str> {
        follow
            .decisions
            .iter()
            .map(|it| it.reason.as_ref().map_or("taken", |reason| &reason.text))
            .collect()
    }

    #[test]
    fn an_edge_is_taken_after_the_ends_that_it_names() {
        let edges = [
            edge("a", On::Success, None),
            edge("b", On::Failure, None),
            edge("c", On::Always, None),
            edge("d", On::Recovered, None),
        ];
        let success = followed(&edges, &end(Status::Success));
        assert_eq!(success.downstream, ["a", "c"]);
        let before = "the run before it had not failed";
        assert_eq!(reasons(&success), ["taken", "the run succeeded", "taken", before]);
        let failure = followed(&edges, &end(Status::Failure));
        assert_eq!(failure.downstream, ["b", "c"]);
        assert_eq!(reasons(&failure), ["the run failed", "taken", "taken", "the run failed"]);
        let recovered = EndOfRun { failed_before: Some(true), ..end(Status::Success) };
        assert_eq!(followed(&edges, &recovered).downstream, ["a", "c", "d"]);
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
        let follow = followed(&edges, &end(Status::Success));
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
        let labels: Vec<_> = follow.decisions.iter().map(label).collect();
        assert_eq!(labels, ["taken", "condition_false", "no_value", "no_value", "taken"]);
    }

    #[test]
    fn each_reason_has_a_word_that_metrics_use() {
        let edges = [edge("a", On::Failure, None), edge("b", On::Recovered, None)];
        let mut decisions = follow(&edges, &BTreeMap::new(), &end(Status::Success)).decisions;
        for why in [Skip::Paused, Skip::Disabled, Skip::NotScheduled] {
            let (taken, reason) = (false, Some(why.into()));
            decisions.push(Decision { taken, reason, ..decisions[0].clone() });
        }
        let labels: Vec<_> = decisions.iter().map(label).collect();
        let expected = ["other_end", "not_recovered", "paused", "disabled", "not_scheduled"];
        assert_eq!(labels, expected);
    }

    #[test]
    fn two_edges_to_one_job_trigger_it_once() {
        let edges = [edge("a", On::Success, None), edge("a", On::Always, Some("true"))];
        let follow = followed(&edges, &end(Status::Success));
        assert_eq!((follow.downstream.len(), follow.decisions.len()), (1, 2));
    }

    #[test]
    fn what_the_run_s_state_says_is_not_kept_again() {
        let edges = [edge("a", On::Success, None), edge("b", On::Failure, None)];
        assert!(!tell(&followed(&edges, &end(Status::Success)).decisions, false));
        assert!(tell(&followed(&edges, &end(Status::Failure)).decisions, true));
        assert!(!may_follow(&edges[..1], Status::Failure));
        let mut skipped = followed(&edges, &end(Status::Success)).decisions;
        (skipped[0].taken, skipped[0].reason) = (false, Some(Skip::Paused.into()));
        assert!(tell(&skipped, false));
    }
}
