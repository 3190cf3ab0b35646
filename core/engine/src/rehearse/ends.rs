//! What follows the end of a run, in the rehearsal: the same functions as in the engine.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cascade_expr::{RunFacts, Status};
use cascade_model::{Debounce, Explanation, KEY_OF_SCHEDULE, Payload, RunKind, RunRequest};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    outcomes::{Cause, End},
    queued::Asked,
    replay::Replay,
    state::Slot,
};
use crate::{
    cascade::{self, Cascade, Upstream},
    edges::{self, EndOfRun},
    follow, settle,
};

/// How often an edge had no value.
#[derive(Debug, Default, Clone)]
pub(super) struct Fault {
    /// Ends that it was looked at after.
    pub ends: u64,
    /// Those at which what it says had no value.
    pub without: u64,
    /// Why the first of them had none, in which project, and when.
    pub example: Option<(Explanation, String, DateTime<Utc>)>,
}

/// Jobs that are due, and how.
type Due = Vec<(String, Option<Debounce>)>;

/// The id of a rehearsed run.
pub(super) fn id_of(run: usize) -> Uuid {
    Uuid::from_u128(run as u128 + 1)
}

/// By job, and by the place of the edge among those of the job.
pub(super) type Faults = BTreeMap<(String, usize), Fault>;

impl Replay<'_> {
    /// Takes the edges after the end of a run, and counts it in joins. What else follows an end is to be added here.
    pub(super) fn follow(&mut self, run: usize, now: DateTime<Utc>) {
        let (asked, due) = self.by_edges(run, now);
        let slot = self.runs[run].slot;
        let project = self.slots[slot].project.clone();
        let upstream = self.upstream_at(run, now);
        let jobs: BTreeSet<_> = due
            .iter()
            .map(|(job, _)| job)
            .chain(asked.iter().map(|(job, _)| job))
            .cloned()
            .collect();
        let mut opened = self.trigger(&upstream, &project, due, now).opened;
        for (job, one) in asked {
            let place = (job.as_str().into(), project.clone());
            let Some(slot) = self.places.get(&place).copied() else { continue };
            if self.slots[slot].row.enabled {
                opened.extend(self.ask(slot, one, now));
            }
        }
        if !self.state.config.joins.is_empty() {
            let opens: Vec<_> = jobs.iter().map(String::as_str).collect();
            self.settle_joins(run, &opens, &mut opened, now);
        }
    }

    /// The runs that an end makes, and the jobs that are due.
    fn by_edges(&mut self, run: usize, now: DateTime<Utc>) -> (Vec<(String, Asked)>, Due) {
        let Some(end) = self.end_of(run) else { return Default::default() };
        let job = end.run.job.clone();
        let edges = self.state.config.edges(&job);
        let mut asked = self.children(run, now);
        let mut due = Due::new();
        if edges::may_follow(edges, end.run.status) {
            let jobs = follow::downstream(self.state, edges);
            let follow = edges::follow(edges, &jobs, &end);
            self.note(&job, &end.run.project, &follow.decisions, now);
            due = settle::due(&follow);
            for made in follow.runs {
                let request = RunRequest { run_at: made.after.map(|it| now + it), ..made.request };
                let mut one = self.led(run, made.job, request, now);
                (one.1.rule, one.1.debounce) = (made.on_duplicate, made.debounce);
                asked.push(one);
            }
        }
        asked.sort_by(|(job, one), (other, two)| {
            (job, &one.request.key).cmp(&(other, &two.request.key))
        });
        (asked, due)
    }

    /// How a run has ended; also keeps that for the next of its key.
    fn end_of(&mut self, run: usize) -> Option<EndOfRun> {
        let it = &self.runs[run];
        let status = match it.outcome.end {
            End::Success => Status::Success,
            End::Failure => Status::Failure,
            End::Cancelled => return None,
        };
        let past = it.outcome.past.map(|past| &self.outcomes.history.runs[past]);
        let Slot { job, project, failed, .. } = &self.slots[it.slot];
        let key = it.key.clone();
        let failed_before = key.as_ref().map(|key| failed.get(key).copied().unwrap_or(false));
        let config = &self.state.config;
        let args = it.args.clone();
        let args = args.or_else(|| config.jobs.get(&**job).map(|it| it.args.clone()));
        let of_success = status == Status::Success;
        let run = RunFacts {
            id: past.map_or_else(|| id_of(run), |past| past.id).to_string(),
            job: job.to_string(),
            project: project.to_string(),
            status,
            attempts: past.map_or(1, |past| past.attempts.max(1)),
            error: match past {
                _ if of_success => None,
                Some(past) => Some(past.error.clone().unwrap_or_default()),
                None => Some(String::new()),
            },
            summary: past.filter(|_| of_success).and_then(|past| past.summary.clone()),
            revision: self.state.revision.clone(),
            key: key.clone().filter(|key| key != KEY_OF_SCHEDULE),
            not_reached: match status {
                Status::Failure => config.not_reached(job),
                Status::Success => Vec::new(),
            },
        };
        let output = past.filter(|_| of_success).and_then(|past| past.output.clone());
        let slot = it.slot;
        if let Some(key) = key {
            self.slots[slot].failed.insert(key, status == Status::Failure);
        }
        Some(EndOfRun { run, args: args.unwrap_or_default(), output, failed_before })
    }

    /// Runs that the code of the recorded run asked for.
    fn children(&self, run: usize, now: DateTime<Utc>) -> Vec<(String, Asked)> {
        let Some(past) = self.runs[run].outcome.past else { return Vec::new() };
        let runs = &self.outcomes.history.runs;
        let children = self.outcomes.children(past).iter().map(|child| &runs[*child]);
        let asked = children.filter_map(|child| {
            let request = child.request.clone()?;
            // As long after the end as it was asked for.
            let ended = runs[past].finished_at?;
            let run_at = request.run_at.map(|at| now + (at - ended));
            let request = RunRequest { run_at, ..request };
            Some(self.led(run, child.job.clone(), request, now))
        });
        asked.collect()
    }

    fn led(
        &self,
        run: usize,
        job: String,
        request: RunRequest,
        now: DateTime<Utc>,
    ) -> (String, Asked) {
        let mut payload = Payload::default();
        let upstream = self.upstream_at(run, now);
        payload.add_trigger_of(upstream.note(), &upstream.traces);
        let cause = Cause::Led(self.runs[run].outcome.past.into_iter().collect());
        (job, Asked { request, payload, ..Asked::of(cause) })
    }

    /// A run that ends.
    pub(super) fn upstream_at(&self, run: usize, at: DateTime<Utc>) -> Upstream {
        let it = &self.runs[run];
        let row = &self.slots[it.slot].row;
        let own = id_of(run);
        let others = it.payload.all_traces();
        // One that nothing has led to begins a trace.
        let own = it.payload.trace_id.is_none().then_some(own);
        let traces = own.into_iter().chain(others).collect();
        let (job_type, project_id) = (row.job_type.clone(), row.project_id);
        Upstream { run_id: Some(id_of(run)), job_type, project_id, traces, at }
    }

    /// Makes the schedules of jobs due.
    pub(super) fn trigger(
        &mut self,
        upstream: &Upstream,
        project: &Arc<str>,
        due: Due,
        now: DateTime<Utc>,
    ) -> Cascade {
        let slot_of = |job: &String| self.places.get(&(job.as_str().into(), project.clone()));
        let slots: Vec<_> = due.iter().filter_map(|(job, _)| slot_of(job).copied()).collect();
        let rows = slots.iter().map(|slot| self.slots[*slot].row.clone()).collect();
        let mut cascade = cascade::triggered(upstream, due, rows);
        for row in std::mem::take(&mut cascade.save) {
            let place = (row.job_type.as_str().into(), project.clone());
            let Some(slot) = self.places.get(&place).copied() else { continue };
            self.slots[slot].row = row;
            self.again(slot, now);
        }
        cascade
    }

    /// Counts edges that had no value.
    fn note(
        &mut self,
        job: &str,
        project: &str,
        decisions: &[cascade_model::Decision],
        now: DateTime<Utc>,
    ) {
        for (place, decision) in decisions.iter().enumerate() {
            let label = edges::label(decision);
            if !matches!(label, "taken" | "condition_false" | "no_value") {
                continue;
            }
            let fault = self.faults.entry((job.to_owned(), place)).or_default();
            fault.ends += 1;
            if label == "no_value" {
                fault.without += 1;
                let why = decision.reason.clone().unwrap_or_default();
                fault.example.get_or_insert_with(|| (why, project.to_owned(), now));
            }
        }
    }

    /// Whether a run is one of its schedule.
    pub(super) fn of_schedule(&self, run: usize) -> bool {
        self.runs[run].kind == RunKind::Schedule
    }
}
