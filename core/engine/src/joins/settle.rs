//! Counts the end of a run in the joins that it bears on, and fires those that wait for nothing else: in its
//! transaction.

use cascade_config::ConfigState;
use cascade_model::{
    By, Decision, Explanation, Follow, JoinFire, JoinKey, JoinMakes, JoinOutcome, JoinRow,
    JoinRule, Joining, On, Run, TriggerNote,
};
use cascade_store::{
    Queries, Result, RunRow, ScheduleRow, Store, StoreError, Tx, forget_join, save_join,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Opened, runs_of,
    state::{self, End, Verdict},
};
use crate::{
    cascade::{self, Cascade, Upstream},
    enqueue::Beside,
    settle::Made,
};

/// What became of joins.
#[derive(Default)]
pub(crate) struct Joined {
    pub decisions: Vec<Decision>,
    /// Jobs that are due.
    pub triggered: Vec<String>,
}

/// Counts the end, and what it has opened in `beside`.
///
/// # Errors
/// [`StoreError::JoinMoved`] where a join fires otherwise than was foreseen: nothing is to be committed; the same
/// is to be foreseen and done again. Or the database's.
pub(crate) async fn settle(
    tx: &mut dyn Tx,
    upstream: &Upstream,
    end: End,
    joins: Vec<Joining>,
    mut made: Vec<(JoinKey, Made)>,
    beside: &mut Beside,
) -> Result<Joined> {
    let mut joined = Joined::default();
    if joins.is_empty() {
        return Ok(joined);
    }
    let keys: Vec<_> = joins.iter().map(|joining| joining.key.clone()).collect();
    let mut rows = tx.lock_joins(&keys).await?;
    for Joining { rule, key, reopens, fire } in joins {
        let Some(at) = rows.iter().position(|row| row.key == key) else { continue };
        let mut row = rows.swap_remove(at);
        let before = state::is_settled(&row.state);
        let own = made.iter().position(|(of, _)| *of == key).map(|at| made.swap_remove(at).1);
        if reopens && rule.regards(&upstream.job_type) {
            state::reopened(&mut row.state, &upstream.job_type);
        }
        count(&mut row, &rule, upstream, end, &beside.opened);
        let told = match state::verdict(&row.state, &rule) {
            Verdict::Waits => {
                row.due_at = due(&row, &rule);
                None
            }
            Verdict::Nothing => {
                tx.execute(&forget_join(&key)).await.map_err(StoreError::Query)?;
                continue;
            }
            Verdict::Settled => (before && rule.names(&upstream.job_type)).then(|| {
                let outcome = row.state.outcome.clone().unwrap_or_default();
                Err(match outcome {
                    JoinOutcome { fired: true, .. } => {
                        Explanation::new("has_fired", "the join has fired before")
                    }
                    JoinOutcome { cancelled: true, .. } => cancelled(),
                    _ => Explanation::new("time_is_over", "the time of the join is over"),
                })
            }),
            Verdict::Unmet(why) => {
                settled(&mut row, upstream.at, false, Some(why.clone()));
                Some(Err(why))
            }
            Verdict::Fires => {
                let fire = fits(fire, &row).ok_or(StoreError::JoinMoved)?;
                Some(fires(tx, &mut row, &rule, upstream, fire, own, beside).await?)
            }
        };
        tx.execute(&save_join(&row)).await.map_err(StoreError::Query)?;
        if let Some(told) = told {
            if told == Ok(None) {
                joined.triggered.push(rule.job.clone());
            }
            joined.decisions.push(decision(&rule, told));
        }
    }
    Ok(joined)
}

fn cancelled() -> Explanation {
    Explanation::new("cascade_cancelled", "the cascade was cancelled")
}

/// Counts the end of a run, and the runs that it has opened.
pub(crate) fn count(
    row: &mut JoinRow,
    rule: &JoinRule,
    upstream: &Upstream,
    end: End,
    opened: &Opened,
) {
    if rule.regards(&upstream.job_type) {
        let ended = (end, upstream.run_id.unwrap_or_default(), upstream.at);
        state::ended(&mut row.state, rule, &upstream.job_type, ended);
    }
    if rule.by == By::Latest {
        if let Some(part) = row.state.parts.get_mut(&upstream.job_type) {
            part.trace = upstream.traces.first().copied();
        }
        return;
    }
    for (job, runs) in opened.of(row.key.trace_id) {
        if rule.regards(job) {
            state::opened(&mut row.state, job, runs);
        }
    }
}

/// What was foreseen, if it still holds: expressions have seen the outputs of these runs.
fn fits(fire: Option<JoinFire>, row: &JoinRow) -> Option<JoinFire> {
    fire.filter(|fire| fire.makes == JoinMakes::Due || fire.of == runs_of(row))
}

/// When the time of a join is over that waits.
pub(crate) fn due(row: &JoinRow, rule: &JoinRule) -> Option<DateTime<Utc>> {
    Some(row.state.began? + rule.within?)
}

pub(crate) fn settled(
    row: &mut JoinRow,
    at: DateTime<Utc>,
    fired: bool,
    reason: Option<Explanation>,
) {
    row.due_at = None;
    let (late, cancelled) = (false, false);
    row.state.outcome = Some(JoinOutcome { at, fired, late, cancelled, reason });
}

/// Triggers the job of a join. `Ok` with how many runs it has made, if it makes runs; or why it has not.
pub(super) async fn fires(
    tx: &mut dyn Tx,
    row: &mut JoinRow,
    rule: &JoinRule,
    upstream: &Upstream,
    fire: JoinFire,
    made: Option<Made>,
    beside: &mut Beside,
) -> Result<std::result::Result<Option<u32>, Explanation>> {
    let causes = causes(row, rule, upstream);
    let told = match (fire.makes, made) {
        (JoinMakes::Nothing(why), _) => Err(why),
        (JoinMakes::Due, _) => make_due(tx, rule, causes, upstream, beside).await?.map(|()| None),
        (JoinMakes::Run(_), Some(made)) => match made.skipped_reason(&rule.job) {
            Some(why) => Err(why),
            None => {
                made.wait(tx, &causes, beside).await?;
                Ok(Some(1))
            }
        },
        (JoinMakes::Run(_), None) => return Err(StoreError::JoinMoved),
    };
    fired(row, rule, upstream.at, told.as_ref().err().cloned());
    Ok(told)
}

/// The join has triggered its job, or has not, as `skipped` says.
pub(crate) fn fired(
    row: &mut JoinRow,
    rule: &JoinRule,
    at: DateTime<Utc>,
    skipped: Option<Explanation>,
) {
    if skipped.is_none() && rule.by == By::Latest {
        state::begin_again(&mut row.state);
    }
    settled(row, at, skipped.is_none(), skipped);
}

/// The runs that the join has waited for, the last of them last, each with its traces.
pub(crate) fn causes(
    row: &JoinRow,
    rule: &JoinRule,
    upstream: &Upstream,
) -> Vec<(TriggerNote, Vec<Uuid>)> {
    let of_join = |trace: Option<Uuid>| match rule.by {
        By::Trace => vec![row.key.trace_id],
        By::Latest => trace.map_or_else(|| upstream.traces.clone(), |trace| vec![trace]),
    };
    let named = rule.all_of.iter().filter(|named| **named != upstream.job_type);
    let others = named.filter_map(|named| {
        let part = row.state.parts.get(named)?;
        let (run_id, at) = (Some(part.run?), part.at?);
        Some((TriggerNote { job_type: named.clone(), at, run_id }, of_join(part.trace)))
    });
    let mut causes: Vec<_> = others.collect();
    causes.sort_by_key(|(note, _)| note.at);
    let own = match rule.by {
        By::Trace => vec![row.key.trace_id],
        By::Latest => upstream.traces.clone(),
    };
    causes.push((upstream.note(), own));
    causes
}

async fn make_due(
    tx: &mut dyn Tx,
    rule: &JoinRule,
    causes: Vec<(TriggerNote, Vec<Uuid>)>,
    upstream: &Upstream,
    beside: &mut Beside,
) -> Result<std::result::Result<(), Explanation>> {
    let jobs = std::slice::from_ref(&rule.job);
    let mut found = tx.lock_schedules(upstream.project_id, jobs).await?;
    for (note, traces) in causes {
        let TriggerNote { job_type, at, run_id } = note;
        let project_id = upstream.project_id;
        let cause = Upstream { run_id, job_type, project_id, traces, at };
        let Cascade { save, mut skipped, opened, .. } =
            cascade::triggered(&cause, vec![(rule.job.clone(), None)], found);
        if let Some((_, why)) = skipped.pop() {
            return Ok(Err(why.into()));
        }
        beside.opened.extend(opened);
        found = save;
    }
    tx.save_schedules(&found).await?;
    Ok(Ok(()))
}

/// What becomes of the joins that are expected to fire.
pub(crate) fn foreseen(joins: &[Joining]) -> impl Iterator<Item = Decision> {
    joins.iter().filter_map(|joining| {
        let told = match &joining.fire.as_ref()?.makes {
            JoinMakes::Due => Ok(None),
            JoinMakes::Run(_) => Ok(Some(1)),
            JoinMakes::Nothing(why) => Err(why.clone()),
        };
        Some(decision(&joining.rule, told))
    })
}

fn decision(rule: &JoinRule, told: std::result::Result<Option<u32>, Explanation>) -> Decision {
    let (runs, reason) = match told {
        Ok(runs) => (runs, None),
        Err(why) => (None, Some(why)),
    };
    Decision {
        job: rule.job.clone(),
        on: On::Always,
        when: None,
        taken: reason.is_none(),
        join: true,
        runs,
        reason,
    }
}

/// The states that are to wait for `run` if it is tried again.
///
/// # Errors
/// The database's.
pub(crate) async fn waiting_for(
    store: &dyn Store,
    config: &ConfigState,
    run: &Run,
) -> Result<Vec<JoinKey>> {
    let by_trace = config.config.joins_regarding(&run.job_type);
    let by_trace = by_trace.filter(|(_, join)| join.by == By::Trace);
    let (traces, project_id) = (run.all_traces(), run.project_id);
    let keys = by_trace.flat_map(|(job, _)| {
        traces.iter().map(|trace_id| JoinKey { trace_id: *trace_id, project_id, job: job.clone() })
    });
    let keys: Vec<_> = keys.collect();
    let known = store.joins(&keys).await?;
    Ok(known.into_iter().map(|row| row.key).collect())
}

/// A run that had failed or was cancelled runs again: those of these joins that have not fired wait for it.
pub(crate) async fn reopen(tx: &mut dyn Tx, run: &RunRow, keys: &[JoinKey]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    for mut row in tx.lock_joins(keys).await? {
        state::reopened(&mut row.state, &run.job_type);
        tx.execute(&save_join(&row)).await.map_err(StoreError::Query)?;
    }
    Ok(())
}

/// The cascade of these joins is cancelled: those that wait do not fire.
pub(crate) async fn cancel(tx: &mut dyn Tx, keys: &[JoinKey], at: DateTime<Utc>) -> Result<()> {
    for mut row in tx.lock_joins(keys).await? {
        if state::is_settled(&row.state) {
            continue;
        }
        settled(&mut row, at, false, Some(cancelled()));
        if let Some(outcome) = &mut row.state.outcome {
            outcome.cancelled = true;
        }
        tx.execute(&save_join(&row)).await.map_err(StoreError::Query)?;
    }
    Ok(())
}

/// Triggers of these schedules were taken away, as their trace was cancelled: nothing comes of them.
pub(crate) async fn forget(tx: &mut dyn Tx, keys: &[JoinKey], of: &[ScheduleRow]) -> Result<()> {
    let Some(at) = of.first().map(|schedule| schedule.now).filter(|_| !keys.is_empty()) else {
        return Ok(());
    };
    for mut row in tx.lock_joins(keys).await? {
        for schedule in of {
            state::forgotten(&mut row.state, &schedule.job_type);
        }
        if !state::is_settled(&row.state) && row.state.parts.values().all(|part| part.open == 0) {
            settled(&mut row, at, false, Some(cancelled()));
        }
        tx.execute(&save_join(&row)).await.map_err(StoreError::Query)?;
    }
    Ok(())
}

/// The schedules that are locked for joins before their rows.
pub(crate) fn jobs_of(follow: &Follow) -> impl Iterator<Item = &String> {
    let due =
        |joining: &&Joining| joining.fire.as_ref().is_some_and(|fire| fire.makes == JoinMakes::Due);
    follow.joins.iter().filter(due).map(|joining| &joining.rule.job)
}
