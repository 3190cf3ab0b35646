//! What becomes of runs that their workers have lost.

use std::time::Duration;

use cascade_config::ConfigState;
use cascade_expr::Status;
use cascade_model::{Fault, Lease, Run, RunKind, RunState, StatKind, Visible};
use cascade_store::{Connections, End, Lost, Queries, Requeue, Result, Store, StoreError, Tx};

use crate::{
    Engine, edges,
    expiry::{Fate, Why, fate},
    failures::Failures,
    figures::UnseenEnd,
    follow::{Ending, follow},
    joins,
};

/// Runs of unresponsive workers that are given up at a time.
const EXPIRED_AT_ONCE: u32 = 100;

/// A run that ends and that an edge or a join leads on from.
struct Leading {
    run: Run,
    lease: Lease,
    /// Why it has failed; `None` for one that is cancelled.
    error: Option<String>,
}

/// What became of lost runs.
struct GivenUp {
    /// How many were given up.
    count: u64,
    /// Those of them that have ended, once it is committed.
    ended: Vec<UnseenEnd>,
    /// Those that are left, as an edge or a join leads on from them.
    leading: Vec<Leading>,
}

impl Engine {
    /// Gives up the runs that are leased to `owner` and are not among `listed`, as if their leases had
    /// expired; returns how many. `owner` has lost track of them: an end that could not be stored, or a
    /// claim whose answer did not arrive. No claim of `owner` may be under way.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_up_unlisted(&self, owner: &str, listed: &[Lease]) -> Result<u64> {
        let mut tx = self.store.begin(Connections::Shared).await?;
        let lost = Lost::Unlisted { owner, listed };
        let GivenUp { count, ended, leading } = self.give_up(&mut *tx, lost, Why::Unlisted).await?;
        tx.commit().await?;
        self.count_unseen(&ended);
        Ok(count + self.end_leading(leading).await?)
    }

    /// Gives up runs of workers, except for `owner`, that have not renewed their leases of duration
    /// `lease` in time.
    pub(crate) async fn give_up_unresponsive(&self, owner: &str, lease: Duration) -> Result<()> {
        let mut tx = self.store.begin(Connections::Shared).await?;
        let lost = Lost::Unresponsive { except: owner, lease, limit: EXPIRED_AT_ONCE };
        let GivenUp { ended, leading, .. } =
            self.give_up(&mut *tx, lost, Why::Unresponsive).await?;
        tx.forget_workers(owner).await?;
        tx.commit().await?;
        self.count_unseen(&ended);
        self.end_leading(leading).await?;
        Ok(())
    }

    /// Gives up runs, except for those that an edge or a join leads on from.
    async fn give_up(&self, tx: &mut dyn Tx, which: Lost<'_>, why: Why) -> Result<GivenUp> {
        let config = self.config.as_ref().map(|config| config.state());
        let (mut ends, mut waiting, mut leading) = (Vec::new(), Vec::new(), Vec::new());
        for claim in tx.expired_claims(which).await? {
            match fate(claim, why) {
                Fate::Ends(end) => match leads_on(&*self.store, config.as_ref(), &end).await? {
                    Some(run) => leading.push(run),
                    None => ends.push(end),
                },
                Fate::Waits(requeue) => waiting.push(requeue),
            }
        }
        let (count, ended) = give_up(tx, &ends, &waiting).await?;
        Ok(GivenUp { count, ended, leading })
    }

    /// Each in a separate transaction: schedules are locked in the order of their ids, which those of
    /// several runs would not be. A run that its worker has ended meanwhile is left as it is.
    async fn end_leading(&self, leading: Vec<Leading>) -> Result<u64> {
        let Some(config) = self.config.as_ref().map(|config| config.state()) else { return Ok(0) };
        let mut failed = 0;
        for Leading { run, lease, error } in leading {
            let kind = if error.is_some() { StatKind::Failed } else { StatKind::Cancelled };
            match self.end_lost(&config, &run, &lease, error).await {
                Ok(()) => {
                    failed += 1;
                    self.count_unseen(&[(run.job_type, run.project_id, kind)]);
                }
                Err(StoreError::LostLease) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(failed)
    }

    async fn end_lost(
        &self,
        config: &ConfigState,
        run: &Run,
        lease: &Lease,
        error: Option<String>,
    ) -> Result<()> {
        joins::again(|| async {
            let ending = Ending { attempts: lease.attempt, ..Ending::from(run) };
            let Some(error) = &error else {
                let follow = follow(&*self.store, config, &ending.cancelled()).await?;
                return self.cancel_then(lease, follow).await;
            };
            let follow = follow(&*self.store, config, &ending.failed(error)).await?;
            let fault = Fault { error: error.clone(), retry_in: None };
            self.fail_then(lease, fault, follow).await.map(drop)
        })
        .await
    }
}

/// The run, if it ends and an edge or a join leads on from that.
async fn leads_on(
    store: &dyn Store,
    config: Option<&ConfigState>,
    end: &End,
) -> Result<Option<Leading>> {
    let Some(config) = config.map(|state| &state.config) else { return Ok(None) };
    let failed = end.state == RunState::Failed;
    let by_edges = |job: &str| failed && edges::may_follow(config.edges(job), Status::Failure);
    if config.joins.is_empty() && !config.edges.keys().any(|job| by_edges(job)) {
        return Ok(None);
    }
    let leads = |job: &str| by_edges(job) || config.joins_regarding(job).next().is_some();
    let run = store.run(&Visible::All, end.lease.run_id).await?;
    let (lease, error) = (end.lease.clone(), end.error.clone());
    let error = failed.then(|| error.unwrap_or_default());
    Ok(run.filter(|run| leads(&run.job_type)).map(|run| Leading { run, lease, error }))
}

/// Ends runs and lets others wait again; returns how many that were, and which have ended.
async fn give_up(
    tx: &mut dyn Tx,
    ends: &[End],
    waiting: &[Requeue],
) -> Result<(u64, Vec<UnseenEnd>)> {
    let (mut given_up, mut unseen, mut failures) = (0, Vec::new(), Failures::default());
    for (end, ended) in ends.iter().zip(tx.end_runs(ends).await?) {
        let Some(ended) = ended else { continue };
        given_up += 1;
        if let Some(error) = &end.error {
            failures.for_good(&end.lease, &ended, error.clone());
        }
        let failed = end.state == RunState::Failed;
        let kind = if failed { StatKind::Failed } else { StatKind::Cancelled };
        unseen.push((ended.job_type, ended.project_id, kind));
    }
    let queued = ends.iter().filter(|end| end.lease.kind == RunKind::Queue);
    let queued: Vec<_> = queued.map(|end| end.lease.run_id).collect();
    if !queued.is_empty() {
        tx.advance_keys(&queued).await?;
    }
    for (run, at) in waiting.iter().zip(tx.requeue(waiting).await?) {
        let Some(at) = at else { continue };
        given_up += 1;
        match &run.error {
            Some(error) => failures.attempt(&run.lease, at, error.clone()),
            None => failures.begun_for_nothing(&run.lease, at),
        }
    }
    failures.keep(tx).await?;
    Ok((given_up, unseen))
}
