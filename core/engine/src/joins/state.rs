//! How far a join has come, and what follows from that. No database: the same ends lead to the same verdict.

use cascade_model::{By, Explanation, JoinPart, JoinRule, JoinState, Needs, explanation};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How a run has ended, for joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Ok,
    /// Its last attempt has failed.
    Failed,
    Cancelled,
}

/// What follows from the state of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Runs are to come.
    Waits,
    Fires,
    /// All runs have ended, and it does not fire.
    Unmet(Explanation),
    /// All runs have ended, and none of the jobs that it waits for was among them.
    Nothing,
    /// It has been settled before.
    Settled,
}

/// A run of `job` has ended.
pub(crate) fn ended(
    state: &mut JoinState,
    rule: &JoinRule,
    job: &str,
    (end, run, at): (End, Uuid, DateTime<Utc>),
) {
    let part = state.parts.entry(job.to_owned()).or_default();
    // Its own trigger was not counted if nothing knew of the join then: the run began the trace, or jobs.toml
    // has changed.
    part.open = part.open.saturating_sub(1);
    match end {
        End::Ok => part.ok = part.ok.saturating_add(1),
        End::Failed | End::Cancelled => part.failed = part.failed.saturating_add(1),
    }
    if end == End::Ok || part.ok == 0 {
        (part.run, part.at) = (Some(run), Some(at));
    }
    // By latest, a failure is as if it had not run.
    let counts = rule.by == By::Trace || rule.needs == Needs::End || end == End::Ok;
    if rule.names(job) && counts && state.began.is_none() {
        state.began = Some(at);
    }
}

/// Runs of `job` are to come.
pub(crate) fn opened(state: &mut JoinState, job: &str, runs: u32) {
    let part = state.parts.entry(job.to_owned()).or_default();
    part.open = part.open.saturating_add(runs);
}

/// A run of `job` that had failed is to run again.
pub(crate) fn reopened(state: &mut JoinState, job: &str) {
    let part = state.parts.entry(job.to_owned()).or_default();
    part.open = part.open.saturating_add(1);
    part.failed = part.failed.saturating_sub(1);
    if state.outcome.take_if(|outcome| !outcome.fired && !outcome.late).is_some() {
        // Its time starts again: a person may retry long after that was over.
        state.began = None;
    }
}

/// A trigger of `job` was taken away before its run was made.
pub(crate) fn forgotten(state: &mut JoinState, job: &str) {
    let Some(part) = state.parts.get_mut(job).filter(|part| part.open > 0) else { return };
    part.open -= 1;
    part.failed = part.failed.saturating_add(1);
}

/// By latest, each job is to succeed once more.
pub(crate) fn begin_again(state: &mut JoinState) {
    state.parts.clear();
    state.began = None;
}

/// Whether no end changes it any more: it has fired, its time is over, or its cascade was cancelled.
pub(crate) fn is_settled(state: &JoinState) -> bool {
    let outcome = state.outcome.as_ref();
    outcome.is_some_and(|outcome| outcome.fired || outcome.late || outcome.cancelled)
}

pub(crate) fn verdict(state: &JoinState, rule: &JoinRule) -> Verdict {
    if rule.by == By::Latest {
        return latest(state, rule);
    }
    if is_settled(state) {
        return Verdict::Settled;
    }
    // What was counted under an earlier file, and this one does not regard, is not waited for.
    if state.parts.iter().any(|(job, part)| part.open > 0 && rule.regards(job)) {
        return Verdict::Waits;
    }
    let mut any = false;
    let mut unmet = Vec::new();
    for named in &rule.all_of {
        match waited(state, rule, named) {
            Waited::Succeeded => any = true,
            Waited::Failed => {
                any = true;
                unmet.push(explanation!("not_succeeded", "`{job}` did not succeed", job = named));
            }
            Waited::NotReached { failed } => {
                unmet.push(explanation!(
                    "not_reached",
                    "`{job}` did not run, as `{of}` failed",
                    job = named,
                    of = failed
                ));
            }
            Waited::Skipped | Waited::Open => {}
        }
    }
    match (rule.needs, unmet.is_empty()) {
        (Needs::Success, false) => Verdict::Unmet(Explanation::all(unmet)),
        _ if any => Verdict::Fires,
        _ => Verdict::Nothing,
    }
}

/// Every job that it waits for has ended since it last fired.
fn latest(state: &JoinState, rule: &JoinRule) -> Verdict {
    let counts = |part: &JoinPart| match rule.needs {
        Needs::Success => part.ok > 0,
        Needs::End => part.ok + part.failed > 0,
    };
    let all = rule.all_of.iter().all(|named| state.parts.get(named).is_some_and(counts));
    if all { Verdict::Fires } else { Verdict::Waits }
}

/// How a job that a join waits for stands in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited {
    /// Its runs, or runs that may lead to it, have not ended.
    Open,
    /// All of its runs have succeeded.
    Succeeded,
    /// One of its runs has failed or was cancelled.
    Failed,
    /// It has not run, as a job that leads to it failed.
    NotReached {
        /// That job.
        failed: String,
    },
    /// It has not run: an edge was not taken, or made no run.
    Skipped,
}

/// How `named` stands.
pub fn waited(state: &JoinState, rule: &JoinRule, named: &str) -> Waited {
    let none = JoinPart::default();
    let upstream = rule.upstream.get(named).into_iter().flatten();
    let part = state.parts.get(named).unwrap_or(&none);
    let of = |job: &String| state.parts.get(job).unwrap_or(&none).clone();
    if part.open > 0 || rule.by == By::Trace && upstream.clone().any(|job| of(job).open > 0) {
        return Waited::Open;
    }
    match (part.failed, part.ok) {
        (1.., _) => Waited::Failed,
        (_, 1..) => Waited::Succeeded,
        _ if rule.by == By::Latest => Waited::Open,
        _ => match upstream.clone().find(|job| of(job).failed > 0) {
            Some(failed) => Waited::NotReached { failed: failed.clone() },
            None => Waited::Skipped,
        },
    }
}

/// The jobs of which a join has no success.
pub(crate) fn missing(state: &JoinState, rule: &JoinRule) -> Vec<String> {
    let without = |named: &&String| waited(state, rule, named) != Waited::Succeeded;
    rule.all_of.iter().filter(without).cloned().collect()
}

/// What a join whose time is over waits for in vain.
pub(crate) fn said_late(state: &JoinState, rule: &JoinRule) -> Explanation {
    let within = rule.within.map(|it| humantime::format_duration(it).to_string());
    let (within, missing) = (within.unwrap_or_default(), missing(state, rule));
    let text = format!("no success of `{}` within {within}", missing.join("`, `"));
    let told = Explanation::new("no_success_within", text);
    told.with("jobs", &missing.join(", ")).with("within", &within)
}

#[cfg(test)]
mod tests;
