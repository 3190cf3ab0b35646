//! What the end of a run leads to, in its transaction: jobs that are due, runs that are made, and what is kept of
//! each edge.

use std::collections::{BTreeMap, BTreeSet};

use cascade_model::{
    Debounce, Decision, Decisions, Enqueue, Follow, KEY_OF_SCHEDULE, Lease, On, OnDuplicate,
    RunKind, RunRequest, TriggerNote, Visible,
};
use cascade_sdk::{Level, NewRun};
use cascade_store::{Ended, NewRequest, Queries, Result, StoreError, Tx};
use uuid::Uuid;

use crate::{
    Engine,
    cascade::{self, Cascade, Upstream},
    edges,
    ends::line,
    enqueue,
    figures::UnseenEnd,
};

/// The runs that an end makes.
#[derive(Default)]
pub(crate) struct Made {
    requests: Vec<NewRequest>,
    /// How each joins those that wait.
    rules: Vec<(OnDuplicate, Option<Debounce>)>,
    /// Why edges to these jobs make none.
    skipped: BTreeMap<String, String>,
}

impl Made {
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Locks the keys of the runs, with the run that ends. Who asks for a run of a schedule's key locks the
    /// schedule first, and so does an end that makes one.
    pub async fn lock(&self, tx: &mut dyn Tx, ended: &Lease, follow: &Follow) -> Result<()> {
        let Some(first) = self.requests.first() else { return Ok(()) };
        if self.requests.iter().any(of_schedule) {
            let jobs = to_lock(&due(follow), self);
            tx.lock_schedules(first.run.project_id, &jobs).await?;
        }
        let own = (ended.kind == RunKind::Queue).then_some(ended.run_id);
        tx.lock_keys(&self.requests, own).await
    }

    /// Makes the runs wait, each by its rule; returns those that they replace.
    async fn wait(
        self,
        tx: &mut dyn Tx,
        note: &TriggerNote,
        trace_id: Uuid,
    ) -> Result<Vec<UnseenEnd>> {
        let mut at_once = Vec::new();
        for (mut request, (rule, debounce)) in self.requests.into_iter().zip(self.rules) {
            request.run.payload.add_trigger(note.clone(), trace_id);
            if let Some(after) = request.after.take() {
                request.request.run_at = Some(note.at + after);
            }
            match debounce {
                Some(rule) => enqueue::debounce(tx, request, &rule, note.at).await?,
                None => at_once.push((request, rule)),
            }
        }
        let mut replaced = Vec::new();
        if !at_once.is_empty() {
            enqueue::enqueue(tx, at_once, true, &mut replaced).await?;
        }
        Ok(replaced)
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
}

impl Engine {
    /// Counts what is committed; returns the jobs that are due.
    pub(crate) fn count_settled(&self, settled: Settled) -> Vec<String> {
        let Settled { job_type, triggered, decisions, replaced } = settled;
        edges::count(&job_type, &decisions);
        self.count_unseen(&replaced);
        triggered
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
        if enqueue.is_empty() && follow.runs.is_empty() {
            return Ok(Made::default());
        }
        let parent = self.store.run(&Visible::All, run).await?.ok_or(StoreError::LostLease)?;
        let by_code = enqueue.len();
        let of = |job_type, request, on_duplicate| Enqueue {
            job_type,
            project_id: parent.project_id,
            request,
            on_duplicate,
        };
        let ask = |child: NewRun| {
            let request = RunRequest {
                key: child.key,
                args: child.args,
                priority: child.priority,
                run_at: child.run_at,
                asked_by: Some(parent.job_type.clone()),
            };
            (of(child.job, request, OnDuplicate::Queue), (None, None))
        };
        let by_edges = follow.runs.iter().map(|made| {
            let asked = of(made.job.clone(), made.request.clone(), made.on_duplicate);
            (asked, (made.after, made.debounce))
        });
        let (asked, how): (Vec<_>, Vec<_>) = enqueue.into_iter().map(ask).chain(by_edges).unzip();
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
                        StoreError::NotScheduled { .. } => cascade::NOT_SCHEDULED.into(),
                        StoreError::WrongState(_) => cascade::DISABLED.into(),
                        other => return Err(other),
                    };
                    made.skipped.insert(one.job_type.clone(), why);
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

    /// Makes downstream jobs due and runs wait, and keeps what became of each edge.
    pub(crate) async fn settle(
        &self,
        tx: &mut dyn Tx,
        run_id: Uuid,
        ended: &Ended,
        failed: bool,
        follow: Follow,
        made: Made,
    ) -> Result<Settled> {
        let due = due(&follow);
        let Follow { downstream, mut decisions, faults, .. } = follow;
        let Ended { job_type, trace_id, at, .. } = ended.clone();
        if decisions.is_empty() {
            decisions = downstream.iter().map(|job| plainly_taken(job)).collect();
        }
        let no_runs = made.skipped.clone();
        let note = TriggerNote { job_type: job_type.clone(), at, run_id: Some(run_id) };
        let upstream = Upstream { run_id, job_type, trace_id, at };
        let Cascade { save, triggered, skipped: not_due } = match due.is_empty() {
            true => Cascade::default(),
            false => {
                let found = tx.lock_schedules(ended.project_id, &to_lock(&due, &made)).await?;
                cascade::triggered(&upstream, due, found)
            }
        };
        if !save.is_empty() {
            tx.save_schedules(&save).await?;
        }
        let replaced = made.wait(tx, &note, trace_id).await?;
        for (job, why) in &not_due {
            not_taken(&mut decisions, job, false, why);
        }
        for (job, why) in &no_runs {
            not_taken(&mut decisions, job, true, why);
        }
        let not_due = not_due.into_iter().map(|(job, why)| (job, why.to_owned()));
        let skipped = not_due.chain(no_runs).chain(faults);
        let said = skipped.map(|(job, why)| format!("cascade to {job} skipped: {why}"));
        let lines: Vec<_> = said.map(|said| line(run_id, at, Level::Warn, said)).collect();
        if !lines.is_empty() {
            tx.append_logs(&lines).await?;
        }
        if edges::tell(&decisions, failed) {
            let told = Decisions { failed, edges: decisions };
            let save = cascade_store::decided(run_id, at, &told);
            tx.execute(&save).await.map_err(StoreError::Query)?;
            decisions = told.edges;
        }
        Ok(Settled { job_type: note.job_type, triggered, decisions, replaced })
    }
}

/// The jobs that an end makes due, and how.
pub(crate) fn due(follow: &Follow) -> Vec<(String, Option<Debounce>)> {
    let plain = follow.downstream.iter().map(|job| (job.clone(), None));
    let debounced = follow.debounced.iter().map(|(job, rule)| (job.clone(), Some(*rule)));
    plain.chain(debounced).collect()
}

/// The schedules that are locked together, as they are in one order only then: those that are due, and those
/// whose keys runs have.
fn to_lock(due: &[(String, Option<Debounce>)], made: &Made) -> Vec<String> {
    let of_runs = made.requests.iter().filter(|one| of_schedule(one));
    let of_runs = of_runs.map(|one| one.run.job_type.clone());
    let jobs: BTreeSet<_> = due.iter().map(|(job, _)| job.clone()).chain(of_runs).collect();
    jobs.into_iter().collect()
}

fn of_schedule(one: &NewRequest) -> bool {
    one.request.key.as_deref() == Some(KEY_OF_SCHEDULE)
}

/// An edge that was to be taken is not: one that makes runs, or one that makes its job due.
fn not_taken(decisions: &mut [Decision], job: &str, makes_runs: bool, why: &str) {
    let edges = decisions.iter_mut().filter(|it| it.job == job && it.taken);
    for decision in edges.filter(|it| it.runs.is_some() == makes_runs) {
        (decision.taken, decision.runs, decision.reason) = (false, None, Some(why.to_owned()));
    }
}

fn plainly_taken(job: &str) -> Decision {
    Decision {
        job: job.to_owned(),
        on: On::Success,
        when: None,
        taken: true,
        runs: None,
        reason: None,
    }
}
