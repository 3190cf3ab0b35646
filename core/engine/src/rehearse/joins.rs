//! Joins, in the rehearsal: counted and fired by the same functions as in the engine.
//!
//! A trace that began before the span is not known whole. The runs of joins in it come when they came, as requests
//! from outside do, and nothing is counted in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cascade_config::{Config, Join};
use cascade_model::{
    By, EdgeRun, Explanation, JoinKey, JoinMakes, JoinRow, JoinState, Late, Payload, TriggerNote,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    outcomes::{Cause, End as Ended},
    past::PastRun,
    queued::Asked,
    replay::Replay,
    state::{Event, Run},
};
use crate::{
    cascade::{Skip, Upstream},
    joins::{
        End, Opened,
        foresee::{self, Evaluation, LastEnd},
        late,
        settle::{self, fired, settled},
        state::{self, Verdict},
    },
};

/// The joins of a rehearsal.
#[derive(Debug, Default)]
pub(super) struct Joins {
    rows: BTreeMap<JoinKey, JoinRow>,
    /// Those that have a time, as [`Event::Late`] names them.
    timed: Vec<JoinKey>,
}

/// The join that has led to a recorded run, if one has.
pub(super) fn join_of<'c>(config: &'c Config, run: &PastRun) -> Option<&'c Join> {
    let join = config.joins.get(&run.job)?;
    let by_edge = |job: &str| config.edges(job).iter().any(|edge| edge.job == run.job);
    // The last may be one that only leads to what it waits for, as nothing is to come of that.
    let seen = |note: &TriggerNote| join.rule.regards(&note.job_type) && !by_edge(&note.job_type);
    let triggers = &run.payload.triggers;
    (!triggers.is_empty() && triggers.iter().all(seen)).then_some(join)
}

/// When the join fired that a recorded run came of.
pub(super) fn fired_at(join: &Join, run: &PastRun) -> Option<DateTime<Utc>> {
    // Where it has fired again before the run was made, the first time counts.
    let mut jobs = BTreeSet::new();
    let triggers = run.payload.triggers.iter();
    let ends: Vec<_> = triggers.take_while(|note| jobs.insert(&note.job_type)).collect();
    let last = ends.iter().map(|note| note.at).max()?;
    let time = |within| TimeDelta::from_std(within).ok();
    let over = join.within.filter(|_| join.late == Late::Run).and_then(time);
    let over =
        over.zip(ends.iter().map(|note| note.at).min()).map(|(within, first)| first + within);
    let named = ends.iter().filter(|note| join.rule.names(&note.job_type)).count();
    let late = over.filter(|over| named < join.all_of.len() && run.queued_at >= *over);
    Some(late.unwrap_or(last))
}

impl Replay<'_> {
    /// Whether what a join waited for, which has led to a recorded run, is not all in the span.
    pub(super) fn is_joined_from_before(&self, run: &PastRun) -> bool {
        let Some(join) = join_of(self.in_force, run).filter(|_| !run.by_code) else { return false };
        match join.by {
            By::Trace => run.traces.iter().any(|trace| !self.outcomes.has(*trace)),
            By::Latest => {
                let mut upstream = run.payload.triggers.iter().filter_map(|note| note.run_id);
                upstream.any(|run| !self.outcomes.has(run))
            }
        }
    }

    /// A join by latest has fired before what is known of it: each job is to succeed once more.
    pub(super) fn join_fired(&mut self, slot: usize) {
        let row = &self.slots[slot].row;
        let (trace_id, project_id) = (Uuid::nil(), row.project_id);
        let key = JoinKey { trace_id, project_id, job: row.job_type.clone() };
        if let Some(row) = self.joins.rows.get_mut(&key) {
            state::begin_again(&mut row.state);
        }
    }

    /// Counts the end of a run, which has opened these runs of the jobs `opens`, and fires joins that wait for
    /// nothing else.
    pub(super) fn settle_joins(
        &mut self,
        run: usize,
        opens: &[&str],
        opened: &mut Opened,
        now: DateTime<Utc>,
    ) {
        let state = self.state;
        let upstream = self.upstream_at(run, now);
        let joins = foresee::joins_of(&state.config, &upstream.job_type, opens);
        let mut joins: Vec<_> = joins.map(|(_, join)| join).collect();
        joins.sort_by_key(|join| foresee::upstream_of(&join.rule));
        let end = match self.runs[run].outcome.end {
            Ended::Success => End::Ok,
            Ended::Failure => End::Failed,
            Ended::Cancelled => End::Cancelled,
        };
        let Run { slot, outcome, .. } = &self.runs[run];
        let attempts = outcome.past.map_or(1, |past| self.outcomes.history.runs[past].attempts);
        let project = self.slots[*slot].project.clone();
        let last = LastRun { upstream: &upstream, attempts: attempts.max(1), project };
        for join in joins {
            let rule = &join.rule;
            for key in foresee::keys(rule, &upstream.traces, upstream.project_id) {
                let from_before = rule.by == By::Trace && self.is_from_before(key.trace_id);
                let known = self.joins.rows.remove(&key);
                let begins = || foresee::begins(rule, &upstream.job_type, opens);
                if from_before || known.is_none() && !begins() {
                    continue;
                }
                let new = || JoinRow { key, state: JoinState::default(), due_at: None };
                let mut row = known.unwrap_or_else(new);
                settle::count(&mut row, rule, &upstream, end, opened);
                match state::verdict(&row.state, rule) {
                    Verdict::Waits => self.wait(&mut row, join),
                    Verdict::Settled => {}
                    Verdict::Nothing => continue,
                    Verdict::Unmet(why) => settled(&mut row, now, false, Some(why)),
                    Verdict::Fires => {
                        let told = self.fire(join, &row, &last, opened, now);
                        fired(&mut row, rule, now, told.err());
                    }
                }
                self.joins.rows.insert(row.key.clone(), row);
            }
        }
    }

    /// Looks at a join that waits once its time is over.
    fn wait(&mut self, row: &mut JoinRow, join: &Join) {
        let due = settle::due(row, &join.rule);
        let before = std::mem::replace(&mut row.due_at, due);
        if let Some(due) = row.due_at.filter(|due| before != Some(*due)) {
            self.agenda.add(due, Event::Late(self.joins.timed.len()));
            self.joins.timed.push(row.key.clone());
        }
    }

    /// The time of a join may be over.
    pub(super) fn late_join(&mut self, timed: usize, now: DateTime<Utc>) {
        let state = self.state;
        let key = self.joins.timed[timed].clone();
        let Some(join) = state.config.joins.get(&key.job) else { return };
        let Some(mut row) = self.joins.rows.remove(&key) else { return };
        if row.due_at == Some(now) {
            row.due_at = None;
            let mut reason = vec![state::said_late(&row.state, &join.rule)];
            let mut has_fired = false;
            if join.late == Late::Run {
                let upstream = Upstream { at: now, ..late::last_end(join, &row) };
                let mut opened = Opened::default();
                let mut slots = self.slots.iter();
                let slot = slots.find(|slot| slot.row.project_id == key.project_id);
                let project = slot.map(|slot| slot.project.clone()).unwrap_or_default();
                let last = LastRun { upstream: &upstream, attempts: 1, project };
                let told = self.fire(join, &row, &last, &mut opened, now);
                has_fired = told.is_ok();
                reason.extend(told.as_ref().err().cloned());
                fired(&mut row, &join.rule, now, told.err());
                self.open(&key, &opened);
            }
            let reason = Explanation::all(reason);
            late::time_is_over(&mut row.state, &join.rule, now, has_fired, reason);
        }
        self.joins.rows.insert(key, row);
    }

    /// Other joins of the trace wait for the run of one that was late.
    fn open(&mut self, of: &JoinKey, opened: &Opened) {
        let config = &self.state.config;
        let others = self.joins.rows.values_mut().filter(|row| {
            (row.key.trace_id, row.key.project_id) == (of.trace_id, of.project_id)
                && !of.trace_id.is_nil()
        });
        for row in others {
            let regards = config.joins.get(&row.key.job).is_some_and(|it| it.rule.regards(&of.job));
            for (job, runs) in opened.of(of.trace_id).filter(|_| regards) {
                state::opened(&mut row.state, job, runs);
            }
        }
    }

    /// Triggers the job of a join, or says why it does not.
    fn fire(
        &mut self,
        join: &Join,
        row: &JoinRow,
        last: &LastRun<'_>,
        opened: &mut Opened,
        now: DateTime<Utc>,
    ) -> Result<(), Explanation> {
        let causes = settle::causes(row, &join.rule, last.upstream);
        match self.makes(join, row, last) {
            JoinMakes::Nothing(why) => Err(why),
            JoinMakes::Run(made) => self.make_of_join(*made, &causes, &last.project, opened, now),
            JoinMakes::Due => {
                for (TriggerNote { job_type, at, run_id }, traces) in causes {
                    let project_id = row.key.project_id;
                    let cause = Upstream { run_id, job_type, project_id, traces, at };
                    let due = vec![(join.rule.job.clone(), None)];
                    let told = self.trigger(&cause, &last.project, due, now);
                    if let Some((_, why)) = told.skipped.into_iter().next() {
                        return Err(why.into());
                    }
                    opened.extend(told.opened);
                }
                Ok(())
            }
        }
    }

    fn makes(&self, join: &Join, row: &JoinRow, last: &LastRun<'_>) -> JoinMakes {
        if !join.evaluates() {
            return JoinMakes::Due;
        }
        let past = |run: Uuid| {
            let past = self.runs[self.run_of(run)?].outcome.past?;
            Some(&self.outcomes.history.runs[past])
        };
        let output = foresee::outputs(&join.rule, &row.state, |run| past(run)?.output.as_deref());
        let run = last.upstream.run_id.unwrap_or_default();
        let run = past(run).map_or(run, |past| past.id);
        let of = LastEnd { run, job: &last.upstream.job_type, attempts: last.attempts };
        Evaluation::new(self.state, join, &row.state, &last.project, of, &output).makes()
    }

    fn make_of_join(
        &mut self,
        made: EdgeRun,
        causes: &[(TriggerNote, Vec<Uuid>)],
        project: &Arc<str>,
        opened: &mut Opened,
        now: DateTime<Utc>,
    ) -> Result<(), Explanation> {
        let EdgeRun { job, request, on_duplicate: rule, debounce, .. } = made;
        let slot = self.places.get(&(job.as_str().into(), project.clone())).copied();
        let slot = slot.ok_or(Skip::NotScheduled)?;
        if !self.slots[slot].row.enabled {
            return Err(Skip::Disabled.into());
        }
        let mut payload = Payload::default();
        for (note, traces) in causes {
            payload.add_trigger_of(note.clone(), traces);
        }
        let cause = Cause::Led(self.pasts(&payload));
        opened.extend(self.ask(slot, Asked { request, payload, rule, debounce, cause }, now));
        Ok(())
    }
}

/// The run that a join has waited for last.
struct LastRun<'a> {
    upstream: &'a Upstream,
    attempts: u32,
    project: Arc<str>,
}
