//! Stores how an attempt has ended.

use std::time::Duration;

use cascade_sdk::JobError;

use super::{Runner, going_on::GoesOn, telemetry};
use crate::{edges, joins, retry, scheduler::Held};
use cascade_bus::{Backoff, jitter};
use cascade_config::JobSettings;
use cascade_expr::Status;
use cascade_model::{ClaimedRun, Failed, Fault, Follow, StatKind, Success, border};
use cascade_store::StoreError;

/// How an attempt has ended.
pub(super) enum End {
    Completed(Box<Success>),
    Failed(Fault),
    /// It waits and begins again; the attempt does not count.
    Snoozed(Duration),
    Cancelled,
    /// It is not over: the run goes back, and the attempt does not count.
    GivenBack,
}

impl End {
    /// Another attempt follows if the job's settings say so and one is left.
    pub fn failed(run: &ClaimedRun, settings: &JobSettings, error: JobError) -> Self {
        let attempt = run.lease.attempt;
        let (last, backoff) = (run.max_attempts, &settings.backoff);
        let retry_in = retry::pause(&error, attempt, last, backoff, jitter());
        let error = border::error(error.to_string());
        let (run_id, job_type) = (run.lease.run_id, &run.job_type);
        tracing::warn!(%run_id, job_type, attempt, error, ?retry_in, "attempt failed");
        Self::Failed(Fault { error, retry_in })
    }
}

impl Runner {
    /// Stores it; `took` is how long the attempt did, if it has begun, and `next` where runs that it leads to may
    /// begin. While the database is away this is tried again, as long as the lease is not lost and the worker does
    /// not end.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], or the database's: the run then comes back with the next renewal, which
    /// does not list it.
    pub(super) async fn store_end(
        &self,
        run: &ClaimedRun,
        settings: &JobSettings,
        held: &Held,
        mut end: End,
        took: Option<Duration>,
        next: Option<&GoesOn>,
    ) -> Result<(), StoreError> {
        let giving_up = self.completer.giving_up();
        let mut backoff = Backoff::default();
        loop {
            let tried = joins::again(|| self.try_to_store(run, &end, took, next)).await;
            let error = match tried {
                // The plugin's own statement was refused: the run has failed, not the store.
                Err(StoreError::Staged(error)) => {
                    end = End::failed(run, settings, error.into());
                    continue;
                }
                Err(error) if error.may_pass() => error,
                stored => return stored,
            };
            if giving_up.is_cancelled() || held.lost.is_cancelled() {
                return Err(error);
            }
            let (run_id, job_type) = (run.lease.run_id, &run.job_type);
            tracing::warn!(%error, %run_id, job_type, "its end is not stored yet");
            tokio::select! {
                () = backoff.pause() => {}
                () = giving_up.cancelled() => {}
                () = held.lost.cancelled() => {}
            }
        }
    }

    /// Stores that a run was cancelled before it began.
    pub(crate) async fn cancel_unbegun(
        &self,
        run: &ClaimedRun,
        held: &Held,
    ) -> Result<(), StoreError> {
        let settings = JobSettings::default();
        self.store_end(run, &settings, held, End::Cancelled, None, None).await
    }

    async fn try_to_store(
        &self,
        run: &ClaimedRun,
        end: &End,
        took: Option<Duration>,
        next: Option<&GoesOn>,
    ) -> Result<(), StoreError> {
        let count = |kind| self.engine.counts().add([telemetry::counted_end(run, kind, took)]);
        let (lease, run_id, job_type) = (&run.lease, run.lease.run_id, &run.job_type);
        let mut has_begun_next = false;
        match end {
            End::Completed(success) => {
                let follow = self.follow(run, Ok(&**success)).await?;
                let success = Success { follow, ..Success::clone(success) };
                let (triggered, begun) = self.complete(lease, success, next).await?;
                telemetry::counted(run, "completed");
                count(StatKind::Completed);
                tracing::debug!(%run_id, job_type, ?triggered, "completed");
                self.announcer.announce();
                has_begun_next = begun;
            }
            End::Failed(fault) => match self.fail(run, fault.clone()).await? {
                Failed::WillRetry => telemetry::counted(run, "retried"),
                Failed::ForGood => {
                    telemetry::counted(run, "failed");
                    count(StatKind::Failed);
                    self.announcer.announce();
                }
            },
            End::Snoozed(pause) => {
                self.engine.snooze(lease, *pause).await?;
                telemetry::counted(run, "snoozed");
                tracing::debug!(%run_id, job_type, ?pause, "snoozed");
            }
            End::Cancelled => {
                let follow = self.engine.follow_cancelled(&self.config.state(), run).await?;
                self.engine.cancel_then(lease, follow).await?;
                telemetry::counted(run, "cancelled");
                count(StatKind::Cancelled);
                tracing::info!(%run_id, job_type, "cancelled");
            }
            End::GivenBack => {
                self.engine.release(lease).await?;
                // Another worker may begin it now.
                self.wake.wake_peers();
                return Ok(());
            }
        }
        match has_begun_next {
            true => self.wake.wake_soon(),
            false => self.wake.wake(),
        }
        // What this end has made due, another worker begins where this one takes no more.
        let takes_no_more = self.wake.is_draining();
        if takes_no_more || self.engine.ends_open_shared_limits(std::iter::once(&**job_type)) {
            self.wake.wake_peers();
        }
        Ok(())
    }

    /// Whether something may follow such an end, so that it is stored in a transaction of one run: an edge, a
    /// join, or the next run of its key.
    pub(super) fn leads_on(&self, run: &ClaimedRun, status: Status) -> bool {
        let config = self.config.current();
        run.has_key()
            || edges::may_follow(config.edges(&run.job_type), status)
            || config.joins_regarding(&run.job_type).next().is_some()
    }

    async fn fail(&self, run: &ClaimedRun, fault: Fault) -> Result<Failed, StoreError> {
        let follow = match fault.retry_in {
            Some(_) => Follow::default(),
            None => self.follow(run, Err(&fault.error)).await?,
        };
        self.engine.fail_then(&run.lease, fault, follow).await
    }

    /// What follows the end of a run. Read here, once: an edge that was edited while the run ran is in force.
    async fn follow(
        &self,
        run: &ClaimedRun,
        ended: Result<&Success, &str>,
    ) -> Result<Follow, StoreError> {
        self.engine.follow(&self.config.state(), run, ended).await
    }
}
