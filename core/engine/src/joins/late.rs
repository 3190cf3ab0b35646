//! Joins whose time is over.

use std::time::Duration;

use cascade_config::{ConfigState, Join};
use cascade_model::{
    By, Explanation, JoinFire, JoinKey, JoinMakes, JoinOutcome, JoinRow, JoinRule, JoinState, Late,
    Visible,
};
use cascade_store::{Connections, Queries, Result, StoreError, Tx, save_join};
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Opened,
    foresee::{self, LastEnd},
    runs_of,
    settle::fires,
    state,
};
use crate::{Engine, cascade::Upstream, enqueue::Beside, settle::Made};

/// How many joins are looked after at a time.
const AT_ONCE: u32 = 100;

impl Engine {
    /// Settles the joins whose time is over, each in a transaction of its own; returns whether one has fired.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle_late_joins(&self, config: &ConfigState) -> Result<bool> {
        if config.config.joins.values().all(|join| join.within.is_none()) {
            return Ok(false);
        }
        let mut any = false;
        for row in self.store.late_joins(AT_ONCE).await? {
            any |= super::again(|| self.settle_late(config, &row.key)).await?;
        }
        Ok(any)
    }

    /// How long until the time of the next join is over; `None` when nothing is in sight.
    ///
    /// # Errors
    /// The database's.
    pub async fn next_late_join(&self, config: &ConfigState) -> Result<Option<Duration>> {
        if config.config.joins.values().all(|join| join.within.is_none()) {
            return Ok(None);
        }
        let next = self.store.next_late_join().await?;
        Ok(next.map(|(due, now)| (due - now).max(TimeDelta::zero()).to_std().unwrap_or_default()))
    }

    async fn settle_late(&self, config: &ConfigState, key: &JoinKey) -> Result<bool> {
        let known = self.store.joins(std::slice::from_ref(key)).await?.pop();
        let Some(row) = known.filter(|row| row.due_at.is_some()) else { return Ok(false) };
        let join = config.config.joins.get(&key.job).filter(|join| join.within.is_some());
        let fire = match join {
            Some(join) if join.late == Late::Run => Some(self.late_fire(config, join, &row).await?),
            _ => None,
        };
        let made = match &fire {
            Some((_, JoinMakes::Run(run))) => Some(self.made_by_join(run, key.project_id).await?),
            _ => None,
        };
        let others = self.that_wait_for(config, key).await?;
        let at = self.store.now().await?;
        let mut tx = self.store.begin(Connections::Shared).await?;
        let late = LateJoin { join, seen: row, fire, made, others, at };
        let done = late.settle(&mut *tx).await;
        match done {
            Ok(fired) => tx.commit().await.map(|()| fired),
            Err(error) => {
                tx.rollback().await.ok();
                Err(error)
            }
        }
    }

    /// The run that ended last, and what the join makes.
    async fn late_fire(
        &self,
        config: &ConfigState,
        join: &Join,
        row: &JoinRow,
    ) -> Result<(Upstream, JoinMakes)> {
        let last = last_end(join, row);
        let projects = self.store.projects(&Visible::All).await?;
        let project = projects.into_iter().find(|project| project.id == row.key.project_id);
        let slug = project.map(|project| project.slug).unwrap_or_default();
        let run = last.run_id.unwrap_or_default();
        let of = LastEnd { run, job: &last.job_type, attempts: 1 };
        let fire = foresee::what(&*self.store, config, join, row, &slug, of, None).await?;
        Ok((last, fire.makes))
    }

    /// The joins of the trace that wait for the job of this one.
    async fn that_wait_for(&self, config: &ConfigState, key: &JoinKey) -> Result<Vec<JoinKey>> {
        if key.trace_id.is_nil() {
            return Ok(Vec::new());
        }
        let rows = self.store.joins_of_trace(key.trace_id, key.project_id).await?;
        let regards = |other: &JoinKey| {
            let join = config.config.joins.get(&other.job);
            other != key && join.is_some_and(|join| join.rule.regards(&key.job))
        };
        Ok(rows.into_iter().map(|row| row.key).filter(regards).collect())
    }
}

/// A join whose time is over, as it was before the transaction.
struct LateJoin<'a> {
    /// `None` if jobs.toml does not have it any more.
    join: Option<&'a Join>,
    seen: JoinRow,
    /// The run that ended last, and what the join makes, if it is to fire.
    fire: Option<(Upstream, JoinMakes)>,
    made: Option<Made>,
    /// Joins that wait for its job.
    others: Vec<JoinKey>,
    /// The database's clock.
    at: DateTime<Utc>,
}

impl LateJoin<'_> {
    /// Whether it has fired.
    async fn settle(self, tx: &mut dyn Tx) -> Result<bool> {
        let Self { join, seen, fire, made, others, at } = self;
        let job = std::slice::from_ref(&seen.key.job);
        if let Some(made) = &made {
            made.lock_for(tx, None, job.to_vec()).await?;
        } else if fire.is_some() {
            tx.lock_schedules(seen.key.project_id, job).await?;
        }
        let keys = std::slice::from_ref(&seen.key);
        let Some(mut row) = tx.lock_joins(keys).await?.pop() else { return Ok(false) };
        // It has fired meanwhile, or another process has settled it.
        if row.due_at != seen.due_at {
            return Ok(false);
        }
        if runs_of(&row) != runs_of(&seen) {
            return Err(StoreError::JoinMoved);
        }
        row.due_at = None;
        let mut fired = false;
        if let Some(join) = join {
            let mut reason = vec![state::said_late(&row.state, &join.rule)];
            if let Some((upstream, makes)) = fire {
                let upstream = Upstream { at, ..upstream };
                let fire = JoinFire { of: runs_of(&row), makes };
                let mut beside = Beside::default();
                let told =
                    fires(tx, &mut row, &join.rule, &upstream, fire, made, &mut beside).await?;
                fired = told.is_ok();
                reason.extend(told.err());
                open(tx, &seen.key, &others, &beside.opened).await?;
            }
            time_is_over(&mut row.state, &join.rule, at, fired, Explanation::all(reason));
        }
        tx.execute(&save_join(&row)).await.map_err(StoreError::Query)?;
        Ok(fired)
    }
}

/// The time of a join is over.
pub(crate) fn time_is_over(
    state: &mut JoinState,
    rule: &JoinRule,
    at: DateTime<Utc>,
    fired: bool,
    reason: Explanation,
) {
    if rule.by == By::Latest {
        state::begin_again(state);
    }
    let (late, reason) = (true, Some(reason));
    state.outcome = Some(JoinOutcome { at, fired, late, cancelled: false, reason });
}

/// Others wait for the run of a join that has fired.
async fn open(tx: &mut dyn Tx, of: &JoinKey, others: &[JoinKey], opened: &Opened) -> Result<()> {
    if others.is_empty() {
        return Ok(());
    }
    for mut row in tx.lock_joins(others).await? {
        for (job, runs) in opened.of(of.trace_id) {
            state::opened(&mut row.state, job, runs);
        }
        tx.execute(&save_join(&row)).await.map_err(StoreError::Query)?;
    }
    Ok(())
}

/// The run of a job that the join waits for which ended last.
pub(crate) fn last_end(join: &Join, row: &JoinRow) -> Upstream {
    let of = |named: &String| row.state.parts.get(named).map(|part| (named.clone(), part.clone()));
    let last = join.all_of.iter().filter_map(of).max_by_key(|(_, part)| part.at);
    let (job_type, part) = last.unwrap_or_default();
    let trace = if row.key.trace_id.is_nil() { part.trace } else { Some(row.key.trace_id) };
    Upstream {
        run_id: part.run,
        job_type,
        project_id: row.key.project_id,
        traces: trace.into_iter().collect(),
        at: part.at.unwrap_or_default(),
    }
}
