//! A failed or cancelled run that a person marks as done: what a success leads to follows.

use cascade_config::ConfigState;
use cascade_model::{Decision, EventStatus, Follow, Run, RunState, Visible};
use cascade_sdk::Level;
use cascade_store::{
    Connections, Ended, Queries, Result, ScheduleFilter, StoreError, Tx, marked_done,
    problem_of_run_handled,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    Engine, cascade,
    ends::line,
    event,
    follow::{Ending, follow},
    joins,
    settle::{Made, RunEnd, Settled, plainly_taken},
};

const NOT_ENDED_BADLY: &str = "only a failed or cancelled run can be marked as done";

impl Engine {
    /// What follows if `run` is marked as done: what would become of each edge.
    ///
    /// # Errors
    /// [`StoreError::NoRun`], [`StoreError::WrongState`] for a run that has not failed and was not cancelled, or the
    /// database's.
    pub async fn preview_done(
        &self,
        config: &ConfigState,
        visible: &Visible,
        run: Uuid,
    ) -> Result<Vec<Decision>> {
        let run = self.ended_badly(visible, run).await?;
        let follow = self.follow_done(config, &run).await?;
        let plain = follow.downstream.iter().map(|job| plainly_taken(job));
        let edges = if follow.decisions.is_empty() { plain.collect() } else { follow.decisions };
        let mut told: Vec<_> = edges.into_iter().chain(joins::foreseen(&follow.joins)).collect();
        self.refuse_what_may_not_start(run.project_id, &mut told).await?;
        Ok(told)
    }

    /// Completes a run that has failed or was cancelled, in the name of `by`, and takes its edges as after a success
    /// without an output, in one transaction. Returns the jobs that are due.
    ///
    /// # Errors
    /// As [`Engine::preview_done`].
    pub async fn mark_done(
        &self,
        config: &ConfigState,
        visible: &Visible,
        run: Uuid,
        by: &str,
        reason: &str,
    ) -> Result<Vec<String>> {
        let run = self.ended_badly(visible, run).await?;
        joins::again(|| self.try_to_mark_done(config, &run, by, reason)).await
    }

    async fn try_to_mark_done(
        &self,
        config: &ConfigState,
        run: &Run,
        by: &str,
        reason: &str,
    ) -> Result<Vec<String>> {
        let follow = self.follow_done(config, run).await?;
        let made = self.made(run.id, Vec::new(), &follow).await?;
        let waits = self.store.run_waits(run.id).await?.ok_or(StoreError::NoRun(run.id))?;
        let said = format!("marked as done by {by}: {reason}");
        // The run's end is changed there too.
        self.store.refresh_last_ends().await?;
        let mut tx = self.store.begin(Connections::Shared).await?;
        let done = self.done(&mut *tx, run, (waits.now, &said), follow, made).await;
        let settled = self.finish(tx, done).await?;
        Ok(self.count_settled(settled).triggered)
    }

    /// Says of each job that is to be triggered and would not be why that is.
    async fn refuse_what_may_not_start(&self, project: Uuid, told: &mut [Decision]) -> Result<()> {
        let taken = told.iter().filter(|decision| decision.taken);
        let mut filter = ScheduleFilter::of(Visible::Only(vec![project]));
        filter.job_types = taken.map(|decision| decision.job.clone()).collect();
        if filter.job_types.is_empty() {
            return Ok(());
        }
        let schedules = self.store.scheduled(&filter).await?;
        for decision in told.iter_mut().filter(|decision| decision.taken) {
            let schedule = schedules.iter().find(|schedule| schedule.job_type == decision.job);
            let known = schedule.map(|schedule| (schedule.enabled, schedule.status));
            let Some(why) = cascade::why_not(known) else { continue };
            if why == cascade::Skip::Paused && decision.runs.is_some() {
                // What it makes waits.
                continue;
            }
            (decision.taken, decision.runs, decision.reason) = (false, None, Some(why.into()));
        }
        Ok(())
    }

    async fn ended_badly(&self, visible: &Visible, run: Uuid) -> Result<Run> {
        let run = self.store.run(visible, run).await?.ok_or(StoreError::NoRun(run))?;
        match run.state {
            RunState::Failed | RunState::Cancelled => Ok(run),
            _ => Err(StoreError::WrongState(NOT_ENDED_BADLY)),
        }
    }

    async fn follow_done(&self, config: &ConfigState, run: &Run) -> Result<Follow> {
        let ending = Ending { reopens: true, ..Ending::from(run) };
        follow(&*self.store, config, &ending).await
    }

    /// In the order in which others take the same locks: the run, the last end of its job, schedules, problems.
    async fn done(
        &self,
        tx: &mut dyn Tx,
        run: &Run,
        (at, said): (DateTime<Utc>, &str),
        follow: Follow,
        made: Made,
    ) -> Result<Settled> {
        let kind = tx.lock_run(run.id).await?.ok_or(StoreError::NoRun(run.id))?.kind;
        let [completed, last] = marked_done(kind, run.id, said);
        if tx.execute(&completed).await.map_err(StoreError::Query)? == 0 {
            return Err(StoreError::WrongState(NOT_ENDED_BADLY));
        }
        tx.execute(&last).await.map_err(StoreError::Query)?;
        // It holds no key any more: nothing is to be locked of it.
        made.lock(tx, None, &follow).await?;
        let ended = Ended {
            job_type: run.job_type.clone(),
            project_id: run.project_id,
            trace_id: run.trace_id,
            at,
        };
        let of = RunEnd { run: run.id, ended: &ended, how: joins::End::Ok };
        let settled = self.settle(tx, of, follow, made, None).await?;
        let handled = problem_of_run_handled(run.id, &run.job_type, run.project_id, at);
        tx.execute(&handled).await.map_err(StoreError::Query)?;
        tx.append_logs(&[line(run.id, at, Level::Info, said.to_owned())]).await?;
        tx.append_events(&[event::row(&ended, EventStatus::Ok)]).await?;
        Ok(settled)
    }
}
