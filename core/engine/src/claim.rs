//! What a claim does, in which order.
//!
//! What waits comes first, so that a run which has just been asked for begins after one round trip: where a caller
//! has said so, the claim begins with the runs of callers, and comes back at once if that brings some. The
//! look around for due schedules and unresponsive workers follows when the claim would come back with
//! nothing, when the one before has left it out, and every quarter of a second: see [`Rotation`].

use std::{
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use cascade_model::{ClaimedRun, RunKind};
use cascade_store::{
    Choice, Connections, Found, Holder, LeftJob, Limits, Result, Soonest, Taken, Tx, WaitingRun,
};
use uuid::Uuid;

use crate::{
    Engine,
    capacity::{Capacity, KeyRates},
    due,
    rotation::{Rotation, Step, Walk, visits},
};

/// Transactions of one claim, each of which looks at the rates of the keys of some runs: one that finds nothing but runs
/// to hold comes back, and is followed by another.
const MOST_TRANSACTIONS: usize = 16;

/// Who claims, and what for.
struct Claim<'a> {
    holder: Holder<'a>,
    limit: usize,
    except: &'a [LeftJob],
}

impl Engine {
    /// Takes up to `limit` runs for `owner`; gives up the expired leases of other owners and turns due
    /// schedules into runs. The owner's own leases do not expire while it lives, however long its
    /// process was stopped: see [`Engine::give_up_unlisted`].
    /// At most one unfinished run comes of each schedule. Leaves runs of `except` to
    /// others. May come back with what waits already, and do the rest at the next claim: only one that
    /// brings nothing says that there is nothing.
    ///
    /// # Errors
    /// The database's. What was taken all the same comes back by [`Engine::give_up_unlisted`].
    pub async fn claim(
        &self,
        owner: &str,
        limit: u32,
        lease: Duration,
        except: &[LeftJob],
    ) -> Result<Vec<ClaimedRun>> {
        let claim = Claim { holder: Holder { owner, lease }, limit: limit as usize, except };
        let mut runs = Vec::new();
        match self.claim_into(&claim, &mut runs).await {
            Err(error) if runs.is_empty() => return Err(error),
            // What was claimed before is not lost with it; the next claim tries again.
            Err(error) => tracing::warn!(%error, "a claim brings less than it could"),
            Ok(()) => {}
        }
        // The longest-waiting run starts first.
        runs.sort_by_key(|run| run.lease.run_id);
        Ok(runs)
    }

    /// How long until [`Engine::claim`] of `owner` may find something; `None` when nothing is in sight.
    ///
    /// # Errors
    /// The database's.
    pub async fn next_due(&self, owner: &str, except: &[LeftJob]) -> Result<Option<Duration>> {
        let Soonest { limited, mut pause } = self.store.soonest(owner, except, &[]).await?;
        let (mut jobs, mut projects) = (except.to_vec(), Vec::new());
        if limited {
            // What may not start is no reason to look.
            let mut tx = self.store.begin(Connections::Queue).await?;
            let capacity = Capacity::of(tx.limits().await?, true);
            drop(tx);
            (jobs, projects) = (capacity.closed_jobs(except), capacity.full_projects());
            pause = self.store.soonest(owner, &jobs, &projects).await?.pause;
            pause = pause.into_iter().chain(capacity.next_by_rate()).min();
        }
        let queued = self.store.next_queued(&jobs, &projects).await?;
        let pause = pause.into_iter().chain(queued).min();
        if pause != Some(Duration::ZERO) {
            self.rotation().nothing_is_due();
        }
        Ok(pause)
    }

    async fn claim_into(&self, claim: &Claim<'_>, runs: &mut Vec<ClaimedRun>) -> Result<()> {
        let is_new = self.rotation().is_new();
        let of_both = !is_new && self.take(claim, runs).await?;
        if !self.rotation().is_to_look(runs.len(), claim.limit, of_both, Instant::now()) {
            return Ok(());
        }
        let Holder { owner, lease } = claim.holder;
        self.store.follow_clock(&due::after_clock_was_ahead).await?;
        let found = self.store.look(owner, lease).await?;
        self.rotation().looked(&found, Instant::now(), chance());
        // In a transaction of its own: what an unresponsive worker held may be much.
        if found.unresponsive {
            self.give_up_unresponsive(owner, lease).await?;
        }
        if found.schedule_key_free {
            let mut tx = self.store.begin(Connections::Queue).await?;
            tx.advance_schedule_keys().await?;
            tx.commit().await?;
        }
        let fits = runs.len() < claim.limit;
        if found.due {
            let mut tx = self.store.begin(Connections::Queue).await?;
            due::fire(&mut *tx, claim.except).await?;
            if fits && self.counts_what_runs() && !found.queued && !found.schedule_key_free {
                return self.take_in_transaction(tx, RunKind::Schedule, claim, runs).await;
            }
            tx.commit().await?;
        }
        if !fits {
            return Ok(());
        }
        if !of_both || found.due || found.unresponsive || found.schedule_key_free {
            self.take(claim, runs).await?;
        } else if found.queued {
            // Runs of schedules were looked for just before.
            self.take_kinds(&[RunKind::Queue], claim, runs).await?;
        }
        Ok(())
    }

    /// Whether the end of a run may let one begin that a limit keeps waiting.
    pub(crate) fn may_wait_for_ends(&self) -> bool {
        !self.store.takes_at_once() || self.rotation().may_wait_for_ends()
    }

    /// Whether a claim is a transaction that counts what runs.
    fn counts_what_runs(&self) -> bool {
        !self.store.takes_at_once() || self.rotation().is_limited(Instant::now())
    }

    /// A caller has asked for a run: the next claim looks for it first.
    pub fn caller_has_asked(&self) {
        self.rotation().caller_has_asked();
    }

    /// Takes what waits of both kinds, or only what callers have just asked for; whether of both.
    async fn take(&self, claim: &Claim<'_>, runs: &mut Vec<ClaimedRun>) -> Result<bool> {
        let counts = self.counts_what_runs();
        if self.rotation().begins_with_asked(counts) {
            let before = runs.len();
            self.take_kinds(&[RunKind::Queue], claim, runs).await?;
            if runs.len() >= claim.limit {
                self.rotation().many_asked();
            }
            if runs.len() > before {
                return Ok(false);
            }
        }
        let kinds = self.rotation().kinds();
        self.take_kinds(kinds, claim, runs).await?;
        Ok(true)
    }

    async fn take_kinds(
        &self,
        kinds: &[RunKind],
        claim: &Claim<'_>,
        runs: &mut Vec<ClaimedRun>,
    ) -> Result<()> {
        for kind in kinds {
            let before = runs.len();
            if before < claim.limit {
                self.take_kind(*kind, claim, runs).await?;
                if *kind == RunKind::Queue && runs.len() == before {
                    self.rotation().none_queued();
                }
            }
        }
        Ok(())
    }

    /// Takes what waits of a kind: each step in one statement where no limit is near, or else in a transaction.
    async fn take_kind(
        &self,
        kind: RunKind,
        claim: &Claim<'_>,
        runs: &mut Vec<ClaimedRun>,
    ) -> Result<()> {
        let by_key = kind == RunKind::Queue && self.rotation().has_key_rates(Instant::now());
        let counts = self.counts_what_runs() || by_key;
        if !counts && self.take_at_once(kind, claim, runs).await? {
            return Ok(());
        }
        let tx = self.store.begin(Connections::Queue).await?;
        self.take_in_transaction(tx, kind, claim, runs).await
    }

    /// `false` where a limit may be near, or keys have rates.
    async fn take_at_once(
        &self,
        kind: RunKind,
        claim: &Claim<'_>,
        runs: &mut Vec<ClaimedRun>,
    ) -> Result<bool> {
        let mut walk = Walk::new(kind, &self.rotation(), claim.limit - runs.len());
        loop {
            let choice = self.choice(&walk, claim.except, &[]);
            let found = match self.store.take(&choice, &claim.holder).await? {
                Taken::Runs(found) => {
                    self.rotation().has_no_limits();
                    found
                }
                Taken::LimitNear => {
                    self.rotation().has_limits(Instant::now());
                    return Ok(false);
                }
                Taken::KeyRates => {
                    self.rotation().found_key_rates(true, Instant::now());
                    return Ok(false);
                }
            };
            let Found { runs: taken, projects, last } = found;
            let step = Step { projects, last, found: taken.len(), taken: taken.len(), held: 0 };
            runs.extend(taken);
            if walk.ends_with(step, &mut self.rotation(), chance()) {
                return Ok(true);
            }
        }
    }

    /// Takes what fits under the limits, and commits.
    async fn take_in_transaction(
        &self,
        mut tx: Box<dyn Tx>,
        kind: RunKind,
        claim: &Claim<'_>,
        runs: &mut Vec<ClaimedRun>,
    ) -> Result<()> {
        let mut walk = Walk::new(kind, &self.rotation(), claim.limit - runs.len());
        for _ in 1..MOST_TRANSACTIONS {
            if !self.walk_in_transaction(tx, &mut walk, claim, runs).await? {
                return Ok(());
            }
            tx = self.store.begin(Connections::Queue).await?;
        }
        self.walk_in_transaction(tx, &mut walk, claim, runs).await.map(drop)
    }

    /// Walks to the end, or to where it has locked keys, and commits; returns whether there may be more.
    async fn walk_in_transaction(
        &self,
        mut tx: Box<dyn Tx>,
        walk: &mut Walk,
        claim: &Claim<'_>,
        runs: &mut Vec<ClaimedRun>,
    ) -> Result<bool> {
        let kind = walk.kind;
        let (mut limits, mut alone) = (Limits::default(), true);
        if self.counts_what_runs() {
            alone = tx.lock_limits().await?;
            limits = tx.limits().await?;
        } else {
            let all = tx.limits().await?;
            let are_near =
                !all.is_empty() && !tx.limits_are_wide(claim.holder.owner, walk.left).await?;
            if are_near {
                // What is known of them keeps out who counts alone.
                tx.rollback().await?;
                self.rotation().has_limits(Instant::now());
                return Ok(true);
            }
            limits.key_rates = all.key_rates;
        }
        let by_key = kind == RunKind::Queue && limits.key_rates;
        if kind == RunKind::Queue {
            self.rotation().found_key_rates(by_key, Instant::now());
        }
        let mut capacity = Capacity::of(limits, alone);
        let (mut taken, mut goes_on) = (Vec::new(), true);
        while goes_on {
            let (jobs, projects) = (capacity.closed_jobs(claim.except), capacity.full_projects());
            let choice = self.choice(walk, &jobs, &projects);
            let Found { runs: mut waiting, projects, last } = tx.waiting_runs(&choice).await?;
            let found = waiting.len();
            let mut rates = KeyRates::default();
            if by_key {
                let ids: Vec<_> = waiting.iter().map(|run| run.id).collect();
                rates = KeyRates::of(tx.key_uses(&ids).await?);
                rates.sort(&mut waiting);
            }
            let mut left = walk.left;
            let fits = |run: &WaitingRun| {
                let fits =
                    rates.lets(run.id) && left > 0 && capacity.take(&run.job_type, run.project_id);
                if fits {
                    rates.take(run.id);
                    left -= 1;
                }
                fits
            };
            let fit: Vec<_> = waiting.into_iter().filter(fits).map(|run| run.id).collect();
            taken.extend(tx.lease_runs(kind, &fit, &claim.holder).await?);
            tx.count_of_keys(&rates.beginnings()).await?;
            let holds = rates.holds();
            tx.hold_runs(&holds).await?;
            let step = Step { projects, last, found, taken: fit.len(), held: holds.len() };
            goes_on = !walk.ends_with(step, &mut self.rotation(), chance());
            // Keys are locked in their order, once in a transaction.
            if !rates.is_empty() {
                break;
            }
        }
        tx.count_begun(&capacity.beginnings()).await?;
        tx.commit().await?;
        runs.extend(taken);
        Ok(goes_on)
    }

    /// The next step of a walk.
    fn choice<'a>(
        &self,
        walk: &Walk,
        except_jobs: &'a [LeftJob],
        except_projects: &'a [Uuid],
    ) -> Choice<'a> {
        let (kind, behind) = (walk.kind, self.rotation().behind(walk.kind));
        let (projects, runs) = (visits(walk.left), walk.looks_at());
        Choice { kind, behind, projects, runs, except_jobs, except_projects }
    }

    fn rotation(&self) -> MutexGuard<'_, Rotation> {
        self.rotation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn chance() -> u128 {
    Uuid::new_v4().as_u128()
}
