//! Cancels a whole cascade: what is unfinished of a trace, and what its runs have triggered that waits.
//!
//! Runs go on ending meanwhile, and lead to others: a run that has just succeeded, although it was asked to stop,
//! triggers what follows it. So it is done in steps, until at one moment neither a run is unfinished nor a schedule
//! waits for one of the trace: from then on nothing can come of it.

use std::collections::{HashMap, HashSet};

use cascade_model::{By, CancelRequest, JoinKey, Payload, RunState, TriggerNote, Visible};
use cascade_store::{Connections, Queries, Result, RunFilter, ScheduleRow, StoreError, Tx};
use uuid::Uuid;

use crate::{Engine, joins, pause};

/// The most runs that one step looks at.
const AT_ONCE: u32 = 10_000;

/// A trace that is being cancelled.
#[derive(Debug)]
pub struct CancelTrace {
    trace: Uuid,
    project: Uuid,
    /// Runs under way that were asked to stop.
    asked: HashSet<Uuid>,
}

/// What one step of a cancel has done.
#[derive(Debug, Default)]
pub struct CancelledPart {
    /// Runs that waited, and are cancelled.
    pub cancelled: Vec<Uuid>,
    /// Runs under way that were asked to stop for the first time.
    pub asked: Vec<Uuid>,
    /// Jobs whose pending triggers were taken away.
    pub forgotten: Vec<String>,
    /// Whether nothing is left.
    pub over: bool,
}

impl CancelTrace {
    /// Nothing is done yet.
    pub fn new(trace: Uuid, project: Uuid) -> Self {
        Self { trace, project, asked: HashSet::new() }
    }
}

impl Engine {
    /// The jobs whose schedules runs of a trace have triggered, and whose runs are not made yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn pending_of_trace(&self, trace: Uuid, project: Uuid) -> Result<Vec<String>> {
        Ok(self.triggered_by(trace, project).await?.0)
    }

    /// Cancels what waits of a trace, asks what runs of it to stop, and takes away the triggers that wait: to be
    /// repeated until it is over.
    ///
    /// # Errors
    /// The database's; what was done before stays so.
    pub async fn cancel_trace(&self, of: &mut CancelTrace) -> Result<CancelledPart> {
        let mut part = CancelledPart::default();
        // First: those that need ends alone would fire by those that follow.
        self.cancel_joins(of).await?;
        let waiting = [RunState::Scheduled, RunState::Available, RunState::Retryable];
        for run in self.of_trace(of, waiting.into()).await? {
            self.cancel_one(of, run, &mut part).await?;
        }
        for run in self.of_trace(of, vec![RunState::Running]).await? {
            if !of.asked.contains(&run) {
                self.cancel_one(of, run, &mut part).await?;
            }
        }
        part.forgotten = self.forget_triggers(of.trace, of.project).await?;
        let left = self.store.trace_activity(of.trace, of.project).await?;
        part.over = (left.unfinished, left.pending) == (0, 0);
        Ok(part)
    }

    async fn of_trace(&self, of: &CancelTrace, states: Vec<RunState>) -> Result<Vec<Uuid>> {
        self.store.run_ids(&RunFilter { states, ..unfinished(of) }, AT_ONCE).await
    }

    /// Has the joins of a trace fire no more, also those that a run of it has made known since the step before.
    async fn cancel_joins(&self, of: &CancelTrace) -> Result<()> {
        let known = self.store.joins_of_trace(of.trace, of.project).await?;
        let waiting = known.iter().filter(|row| !joins::is_settled(&row.state));
        let mut keys: Vec<_> = waiting.map(|row| row.key.clone()).collect();
        let config = self.config.as_ref().map(|config| config.state().config);
        let joins = config.iter().flat_map(|config| &config.joins);
        // The first end that one knows of may still come.
        for (job, join) in joins.filter(|(_, join)| join.by == By::Trace) {
            let (trace_id, project_id) = (of.trace, of.project);
            let key = JoinKey { trace_id, project_id, job: job.clone() };
            let roots = join.rule.roots.iter().filter(|root| join.rule.names(root));
            let job_types: Vec<_> = roots.cloned().collect();
            let filter = RunFilter { job_types, ..unfinished(of) };
            if filter.job_types.is_empty() || known.iter().any(|row| row.key == key) {
                continue;
            }
            if !self.store.run_ids(&filter, 1).await?.is_empty() {
                keys.push(key);
            }
        }
        if keys.is_empty() {
            return Ok(());
        }
        keys.sort();
        let at = self.store.now().await?;
        let mut tx = self.store.begin(Connections::Shared).await?;
        match joins::cancel(&mut *tx, &keys, at).await {
            Ok(()) => tx.commit().await,
            Err(error) => {
                tx.rollback().await.ok();
                Err(error)
            }
        }
    }

    async fn cancel_one(
        &self,
        of: &mut CancelTrace,
        run: Uuid,
        part: &mut CancelledPart,
    ) -> Result<()> {
        match self.request_cancel(&Visible::Only(vec![of.project]), run).await {
            Ok(CancelRequest::Cancelled) => part.cancelled.push(run),
            Ok(CancelRequest::Requested) => {
                if of.asked.insert(run) {
                    part.asked.push(run);
                }
            }
            // It has ended meanwhile.
            Err(StoreError::WrongState(_) | StoreError::NoRun(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes away the triggers of a trace that wait; returns the jobs.
    async fn forget_triggers(&self, trace: Uuid, project: Uuid) -> Result<Vec<String>> {
        let (jobs, traces) = self.triggered_by(trace, project).await?;
        if jobs.is_empty() {
            return Ok(jobs);
        }
        let joins = self.store.joins_of_trace(trace, project).await?;
        let joins: Vec<_> = joins.into_iter().map(|row| row.key).collect();
        let mut tx = self.store.begin(Connections::Shared).await?;
        let done = forget(&mut *tx, (project, trace), &jobs, &traces, &joins).await;
        match done {
            Ok(()) => tx.commit().await.map(|()| jobs),
            Err(error) => {
                tx.rollback().await.ok();
                Err(error)
            }
        }
    }

    /// The jobs with triggers of a trace, and the traces of all runs that have triggered something that waits.
    async fn triggered_by(
        &self,
        trace: Uuid,
        project: Uuid,
    ) -> Result<(Vec<String>, HashMap<Uuid, Uuid>)> {
        let mut waiting = self.store.triggered(project).await?;
        let upstream = waiting.iter().flat_map(|one| &one.payload.triggers);
        let upstream: HashSet<_> = upstream.filter_map(|note| note.run_id).collect();
        let traces = self.store.traces_of(upstream.into_iter().collect()).await?;
        waiting.retain(|one| without(&one.payload, trace, &traces).is_some());
        Ok((waiting.into_iter().map(|one| one.job_type).collect(), traces))
    }
}

fn unfinished(of: &CancelTrace) -> RunFilter {
    RunFilter {
        visible: Visible::Only(vec![of.project]),
        trace_id: Some(of.trace),
        states: vec![
            RunState::Scheduled,
            RunState::Available,
            RunState::Retryable,
            RunState::Running,
        ],
        ..RunFilter::default()
    }
}

async fn forget(
    tx: &mut dyn Tx,
    (project, trace): (Uuid, Uuid),
    jobs: &[String],
    traces: &HashMap<Uuid, Uuid>,
    joins: &[JoinKey],
) -> Result<()> {
    let found = tx.lock_schedules(project, jobs).await?;
    let changed: Vec<_> = found.iter().filter_map(|row| untriggered(row, trace, traces)).collect();
    tx.save_schedules(&changed).await?;
    joins::forget(tx, joins, &changed).await
}

/// The schedule without the triggers of a trace; `None` if it has none. Where nothing else waits, it is due when its
/// timer says so next.
fn untriggered(
    row: &ScheduleRow,
    trace: Uuid,
    traces: &HashMap<Uuid, Uuid>,
) -> Option<ScheduleRow> {
    let mut payload = without(&row.payload, trace, traces)?;
    let mut next_run_at = row.next_run_at;
    if payload.triggers.is_empty() {
        payload.debounced = None;
        if payload.requests == 0 && payload.requested_at.is_none() {
            let of_itself = crate::due::of_itself(row).filter(|_| row.schedule.is_some());
            next_run_at = pause::due_again(row.schedule.as_deref(), of_itself, row.now);
        }
    }
    Some(ScheduleRow { next_run_at, payload, ..row.clone() })
}

/// What waits without the triggers of a trace; `None` if it has none. Of a trigger whose run is not known any more,
/// the payload says the trace if it is the latest.
fn without(payload: &Payload, trace: Uuid, traces: &HashMap<Uuid, Uuid>) -> Option<Payload> {
    let last = payload.triggers.len().checked_sub(1)?;
    let of = |at: usize, note: &TriggerNote| {
        let known = note.run_id.and_then(|run| traces.get(&run).copied());
        known.or_else(|| payload.trace_id.filter(|_| at == last))
    };
    let all = payload.triggers.iter().enumerate();
    let kept: Vec<_> = all
        .map(|(at, note)| (note.clone(), of(at, note)))
        .filter(|(_, of)| *of != Some(trace))
        .collect();
    if kept.len() > last {
        return None;
    }
    let mut left = payload.clone();
    left.triggers.clear();
    left.traces.clear();
    (left.cascade_triggered_by, left.trace_id) = (None, None);
    for (note, of) in kept {
        left.cascade_triggered_by = Some(TriggerNote { run_id: None, ..note.clone() });
        left.trace_id = of;
        left.triggers.push(note);
    }
    if left.trace_id.is_some() {
        left.join_traces(payload.all_traces().filter(|of| *of != trace));
    }
    Some(left)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::request::tests::schedule;

    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);

    /// A schedule that runs of these traces have triggered, in turn; the run of a trace has its id.
    fn triggered(timer: Option<&str>, by: &[Uuid]) -> (ScheduleRow, HashMap<Uuid, Uuid>) {
        let mut row = schedule(timer, None);
        row.payload = Payload::default();
        for run in by {
            let at = row.now;
            let note = TriggerNote { job_type: "up".into(), at, run_id: Some(*run) };
            row.payload.add_trigger(note, *run);
        }
        row.next_run_at = Some(row.now - TimeDelta::minutes(1));
        (row, by.iter().map(|run| (*run, *run)).collect())
    }

    #[test]
    fn what_only_the_trace_has_triggered_is_due_by_its_timer_or_not_at_all() {
        for (timer, due) in [(None, false), (Some("every 1h"), true)] {
            let (row, traces) = triggered(timer, &[ONE, ONE]);
            let left = untriggered(&row, ONE, &traces).unwrap();
            assert_eq!(left.payload, Payload::default());
            assert_eq!(left.next_run_at.is_some_and(|at| at > row.now), due, "{timer:?}");
            assert_eq!(left.next_run_at.is_some(), due, "{timer:?}");
        }
    }

    #[test]
    fn what_another_trace_or_a_person_waits_for_stays_due() {
        let (row, traces) = triggered(None, &[TWO, ONE]);
        let left = untriggered(&row, ONE, &traces).unwrap();
        assert_eq!((left.next_run_at, left.payload.trace_id), (row.next_run_at, Some(TWO)));
        assert_eq!(left.payload.triggers, row.payload.triggers[..1]);
        let by = left.payload.cascade_triggered_by.unwrap();
        assert_eq!((by.job_type.as_str(), by.run_id), ("up", None));

        let (mut asked, traces) = triggered(None, &[ONE]);
        asked.payload.add_request(asked.now);
        let left = untriggered(&asked, ONE, &traces).unwrap();
        assert_eq!((left.next_run_at, left.payload.requests), (asked.next_run_at, 1));
        assert!(left.payload.triggers.is_empty());
    }

    #[test]
    fn what_the_trace_has_not_triggered_is_left_alone() {
        let (row, traces) = triggered(None, &[TWO]);
        assert_eq!(untriggered(&row, ONE, &traces), None);
        assert_eq!(untriggered(&schedule(None, None), ONE, &traces), None);
        let (gone, _) = triggered(None, &[ONE]);
        assert!(untriggered(&gone, ONE, &HashMap::new()).is_some(), "its run is not kept");
    }
}
