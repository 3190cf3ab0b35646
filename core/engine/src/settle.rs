//! What the end of a run leads to, in its transaction: jobs that are due, runs that are made, and what is kept of
//! each edge.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use cascade_model::{
    ClaimedRun, Completed, Debounce, Decision, Decisions, EdgeRun, Enqueue, Explanation, Follow,
    JoinFire, JoinKey, JoinMakes, KEY_OF_SCHEDULE, On, OnDuplicate, RunRequest, TriggerNote,
    Visible,
};
use cascade_sdk::{Level, NewRun};
use cascade_store::{Ended, NewRequest, Queries, Result, StoreError, Tx};
use uuid::Uuid;

use crate::{
    Engine, NextRuns,
    cascade::{self, Cascade, Skip, Upstream},
    edges,
    ends::line,
    enqueue::{self, Beside},
    figures::UnseenEnd,
    joins::{self, End},
};

/// The runs that an end makes.
#[derive(Default)]
pub(crate) struct Made {
    requests: Vec<NewRequest>,
    /// How each joins those that wait.
    rules: Vec<(OnDuplicate, Option<Debounce>)>,
    /// Why edges to these jobs make none.
    skipped: BTreeMap<String, Explanation>,
    /// Those of joins, if they fire.
    joins: Vec<(JoinKey, Made)>,
}

/// A run that is asked for: when after the end, and how it becomes one with others.
type Asked = (Enqueue, (Option<Duration>, Option<Debounce>));

impl Made {
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.joins.iter().all(|(_, made)| made.is_empty())
    }

    /// Why no run of `job` is made.
    pub fn skipped_reason(&self, job: &str) -> Option<Explanation> {
        self.skipped.get(job).cloned()
    }

    /// All runs that may be made.
    fn all(&self) -> Vec<&NewRequest> {
        let of_joins = self.joins.iter().flat_map(|(_, made)| &made.requests);
        self.requests.iter().chain(of_joins).collect()
    }

    /// Locks the keys of the runs, with the run `own` of a queue that ends. Who asks for a run of a schedule's key
    /// locks the schedule first, and so does an end that makes one. No run that waits for a later time goes behind
    /// one of these yet: that of a join may not be made.
    pub async fn lock(&self, tx: &mut dyn Tx, own: Option<Uuid>, follow: &Follow) -> Result<()> {
        self.lock_for(tx, own, to_lock(follow, self)).await
    }

    /// As [`Made::lock`]; `jobs` are those whose schedules are locked together.
    pub async fn lock_for(
        &self,
        tx: &mut dyn Tx,
        own: Option<Uuid>,
        jobs: Vec<String>,
    ) -> Result<()> {
        let all = self.all();
        let Some(first) = all.first() else { return Ok(()) };
        if all.iter().any(|one| of_schedule(one)) {
            tx.lock_schedules(first.run.project_id, &jobs).await?;
        }
        let all: Vec<_> = all.into_iter().cloned().collect();
        tx.lock_keys(&all, own).await
    }

    /// Makes the runs wait, each by its rule; `causes` are the runs that have led to them, with their traces.
    pub async fn wait(
        self,
        tx: &mut dyn Tx,
        causes: &[(TriggerNote, Vec<Uuid>)],
        beside: &mut Beside,
    ) -> Result<()> {
        let mut at_once = Vec::new();
        for (mut request, (rule, debounce)) in self.requests.into_iter().zip(self.rules) {
            let Some((TriggerNote { at, .. }, _)) = causes.last() else { continue };
            for (note, traces) in causes {
                request.run.payload.add_trigger_of(note.clone(), traces);
            }
            if let Some(after) = request.after.take() {
                request.request.run_at = Some(*at + after);
            }
            match debounce {
                Some(rule) => enqueue::debounce(tx, request, &rule, *at, beside).await?,
                None => at_once.push((request, rule)),
            }
        }
        if !at_once.is_empty() {
            enqueue::enqueue(tx, at_once, true, beside).await?;
        }
        Ok(())
    }
}

/// What the end of a run has led to, once it is committed.
pub(crate) struct Settled {
    /// The job whose run has ended.
    job_type: String,
    /// Jobs that are due.
    triggered: Vec<String>,
    /// What became of each edge.
    decisions: Vec<Decision>,
    /// Runs that were replaced.
    replaced: Vec<UnseenEnd>,
    /// Runs of jobs that are due, which have begun.
    begun: Vec<ClaimedRun>,
}

/// A run that has ended in the transaction.
pub(crate) struct RunEnd<'a> {
    pub run: Uuid,
    pub ended: &'a Ended,
    pub how: End,
}

impl Engine {
    /// Counts what is committed; returns what is due, and what has begun.
    pub(crate) fn count_settled(&self, settled: Settled) -> Completed {
        let Settled { job_type, triggered, decisions, replaced, begun } = settled;
        edges::count(&job_type, &decisions);
        self.count_unseen(&replaced);
        Completed { triggered, begun }
    }

    /// The runs that a run asks for and that its edges make, in its project.
    ///
    /// # Errors
    /// [`StoreError::NotScheduled`] or [`StoreError::WrongState`] for one that it asks for itself, or the
    /// database's.
    pub(crate) async fn made(
        &self,
        run: Uuid,
        enqueue: Vec<NewRun>,
        follow: &Follow,
    ) -> Result<Made> {
        let of_joins = follow.joins.iter().filter_map(|joining| match &joining.fire {
            Some(JoinFire { makes: JoinMakes::Run(run), .. }) => Some((&joining.key, run)),
            _ => None,
        });
        let of_joins: Vec<_> = of_joins.collect();
        if enqueue.is_empty() && follow.runs.is_empty() && of_joins.is_empty() {
            return Ok(Made::default());
        }
        let parent = self.store.run(&Visible::All, run).await?.ok_or(StoreError::LostLease)?;
        let by_code = enqueue.len();
        let ask = |child: NewRun| {
            let request = RunRequest {
                key: child.key,
                args: child.args,
                priority: child.priority,
                run_at: child.run_at,
                asked_by: Some(parent.job_type.clone()),
                tags: child.tags,
            };
            let (job_type, project_id) = (child.job, parent.project_id);
            let on_duplicate = OnDuplicate::Queue;
            (Enqueue { job_type, project_id, request, on_duplicate }, (None, None))
        };
        let by_edges = follow.runs.iter().map(|made| asked(made, parent.project_id));
        let all: Vec<_> = enqueue.into_iter().map(ask).chain(by_edges).collect();
        let mut made = self.made_of(all, by_code).await?;
        for (key, run) in of_joins {
            let of_join = self.made_of(vec![asked(run, parent.project_id)], 0).await?;
            made.joins.push((key.clone(), of_join));
        }
        Ok(made)
    }

    /// The run that a late join makes in `project`.
    pub(crate) async fn made_by_join(&self, run: &EdgeRun, project: Uuid) -> Result<Made> {
        self.made_of(vec![asked(run, project)], 0).await
    }

    /// As requests; where one of the first `by_code` cannot be made, none is.
    async fn made_of(&self, all: Vec<Asked>, by_code: usize) -> Result<Made> {
        let (asked, how): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let schedules = self.schedules_of(&asked).await?;
        let mut made = Made::default();
        let mut found = Vec::new();
        for (nth, (one, (after, debounce))) in asked.iter().zip(how).enumerate() {
            let schedule = schedules.get(&(one.job_type.clone(), one.project_id));
            match enqueue::run(one, schedule) {
                Ok(request) => {
                    // At the earliest, for now.
                    let after = after.or(debounce.map(|rule| rule.quiet));
                    let rule = (one.on_duplicate, debounce);
                    found.push((NewRequest { after, ..request }, rule));
                }
                Err(why) if nth >= by_code => {
                    let why = match why {
                        StoreError::NotScheduled { .. } => Skip::NotScheduled,
                        StoreError::WrongState(_) => Skip::Disabled,
                        other => return Err(other),
                    };
                    made.skipped.insert(one.job_type.clone(), why.into());
                }
                Err(why) => return Err(why),
            }
        }
        // Two ends that make runs of the same keys make them in the same order, and cannot wait for each other.
        let key = |one: &NewRequest| (one.run.job_type.clone(), one.request.key.clone());
        found.sort_by_cached_key(|(one, _)| key(one));
        (made.requests, made.rules) = found.into_iter().unzip();
        Ok(made)
    }

    /// Makes downstream jobs due and runs wait, and keeps what became of each edge. Of the jobs that are due, runs of
    /// those that `next` takes begin at once.
    pub(crate) async fn settle(
        &self,
        tx: &mut dyn Tx,
        of: RunEnd<'_>,
        follow: Follow,
        mut made: Made,
        next: Option<&NextRuns<'_>>,
    ) -> Result<Settled> {
        let RunEnd { run: run_id, ended, how: end } = of;
        let (due, to_lock) = (due(&follow), to_lock(&follow, &made));
        let Follow { downstream, mut decisions, faults, traces, joins, .. } = follow;
        let Ended { job_type, trace_id, project_id, at } = ended.clone();
        if decisions.is_empty() {
            decisions = downstream.iter().map(|job| plainly_taken(job)).collect();
        }
        let no_runs = made.skipped.clone();
        let others = traces.into_iter().filter(|trace| *trace != trace_id);
        let traces: Vec<_> = std::iter::once(trace_id).chain(others).collect();
        let upstream = Upstream { run_id: Some(run_id), job_type, project_id, traces, at };
        let found = match to_lock.is_empty() {
            true => Vec::new(),
            false => tx.lock_schedules(project_id, &to_lock).await?,
        };
        let before = next.map(|_| found.clone()).unwrap_or_default();
        let Cascade { mut save, mut triggered, skipped: not_due, opened } =
            cascade::triggered(&upstream, due, found);
        let begun = match next {
            Some(next) => next.begin(tx, &mut save, &before).await?,
            None => Vec::new(),
        };
        if !save.is_empty() {
            tx.save_schedules(&save).await?;
        }
        let mut beside = Beside { opened, ..Beside::default() };
        let of_joins = std::mem::take(&mut made.joins);
        made.wait(tx, &[(upstream.note(), upstream.traces.clone())], &mut beside).await?;
        let not_due: Vec<(String, Explanation)> =
            not_due.into_iter().map(|(job, why)| (job, why.into())).collect();
        for (job, why) in &not_due {
            not_taken(&mut decisions, job, false, why);
        }
        for (job, why) in &no_runs {
            not_taken(&mut decisions, job, true, why);
        }
        let skipped = not_due.into_iter().chain(no_runs).chain(faults);
        let said = skipped.map(|(job, why)| format!("cascade to {job} skipped: {why}"));
        let lines: Vec<_> = said.map(|said| line(run_id, at, Level::Warn, said)).collect();
        if !lines.is_empty() {
            tx.append_logs(&lines).await?;
        }
        let joined = joins::settle(tx, &upstream, end, joins, of_joins, &mut beside).await?;
        decisions.extend(joined.decisions);
        triggered.extend(joined.triggered);
        let failed = end == End::Failed;
        if edges::tell(&decisions, failed) {
            let told = Decisions { failed, edges: decisions };
            let save = cascade_store::decided(run_id, at, &told);
            tx.execute(&save).await.map_err(StoreError::Query)?;
            decisions = told.edges;
        }
        let (job_type, replaced) = (upstream.job_type, beside.replaced);
        Ok(Settled { job_type, triggered, decisions, replaced, begun })
    }
}

/// The jobs that an end makes due, and how.
pub(crate) fn due(follow: &Follow) -> Vec<(String, Option<Debounce>)> {
    let plain = follow.downstream.iter().map(|job| (job.clone(), None));
    let debounced = follow.debounced.iter().map(|(job, rule)| (job.clone(), Some(*rule)));
    plain.chain(debounced).collect()
}

/// The schedules that are locked together, as they are in one order only then: those that are due, by edges or
/// joins, and those whose keys runs have.
fn to_lock(follow: &Follow, made: &Made) -> Vec<String> {
    let of_runs = made.all().into_iter().filter(|one| of_schedule(one));
    let of_runs = of_runs.map(|one| one.run.job_type.clone());
    let due = due(follow).into_iter().map(|(job, _)| job);
    let jobs: BTreeSet<_> = due.chain(of_runs).chain(joins::jobs_of(follow).cloned()).collect();
    jobs.into_iter().collect()
}

fn asked(made: &EdgeRun, project_id: Uuid) -> Asked {
    let EdgeRun { job, request, after, on_duplicate, debounce } = made.clone();
    (Enqueue { job_type: job, project_id, request, on_duplicate }, (after, debounce))
}

fn of_schedule(one: &NewRequest) -> bool {
    one.request.key.as_deref() == Some(KEY_OF_SCHEDULE)
}

/// An edge that was to be taken is not: one that makes runs, or one that makes its job due.
fn not_taken(decisions: &mut [Decision], job: &str, makes_runs: bool, why: &Explanation) {
    let edges = decisions.iter_mut().filter(|it| it.job == job && it.taken);
    for decision in edges.filter(|it| it.runs.is_some() == makes_runs) {
        (decision.taken, decision.runs, decision.reason) = (false, None, Some(why.clone()));
    }
}

pub(crate) fn plainly_taken(job: &str) -> Decision {
    Decision {
        job: job.to_owned(),
        on: On::Success,
        when: None,
        taken: true,
        join: false,
        runs: None,
        reason: None,
    }
}
