//! How attempts end, and what becomes of runs whose lease is lost.

use std::time::Duration;

use cascade_model::{
    Completed, Done, Event, EventStatus, Failed, Fault, Follow, Lease, RunKind, RunState, Success,
};
use cascade_sdk::{Level, LogLine, Progress, rfc3339, sql};
use cascade_store::{
    Connections, End, EndWithEvent, Ended, LogRow, Requeue, Result, StoreError, Tx,
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{Engine, NextRuns, event, failures::Failures, joins, settle::RunEnd, texts};

impl Engine {
    /// Run done, plugin's staged writes, downstream due, event appended: one transaction.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], [`StoreError::JoinMoved`], [`StoreError::Staged`] for a write of the plugin
    /// that was refused, or the database's.
    pub async fn complete(&self, lease: &Lease, success: Success) -> Result<Completed> {
        self.complete_then(lease, success, None).await
    }

    /// As [`Engine::complete`]; runs of downstream jobs that `next` takes have begun then.
    ///
    /// # Errors
    /// As there.
    pub async fn complete_then(
        &self,
        lease: &Lease,
        success: Success,
        next: Option<&NextRuns<'_>>,
    ) -> Result<Completed> {
        let Success { summary, output, staged, enqueue, follow } = texts::of_success(success);
        let made = self.made(lease.run_id, enqueue, &follow).await?;
        // What a plugin writes may take its time: it does not keep a reserved connection.
        let is_short = staged.is_empty() && made.is_empty();
        let on = if is_short { Connections::Queue } else { Connections::Shared };
        let mut tx = self.store.begin(on).await?;
        made.lock(&mut *tx, of_queue(lease), &follow).await?;
        let end = End { summary, ..end(lease, RunState::Completed) };
        let ended = end_one(&mut *tx, end).await?;
        advance(&mut *tx, lease).await?;
        for statement in &staged {
            tx.execute(statement).await?;
        }
        if let Some(output) = output {
            let save =
                sql("INSERT INTO run_outputs (run_id, ended_at, output) VALUES ($1, $2, $3)");
            let save = save.bind(lease.run_id).bind(rfc3339(ended.at)).bind(output);
            tx.execute(&save).await.map_err(StoreError::Query)?;
        }
        let of = RunEnd { run: lease.run_id, ended: &ended, how: joins::End::Ok };
        let settled = self.settle(&mut *tx, of, follow, made, next).await?;
        tx.append_events(&[event::row(&ended, EventStatus::Ok)]).await?;
        tx.commit().await?;
        Ok(self.count_settled(settled))
    }

    /// As [`Engine::complete`] for many runs of one kind and owner that trigger nothing, have staged nothing
    /// and have no key, in one commit. Returns their events, with ids; none for a run whose lease is lost.
    ///
    /// # Errors
    /// The database's; then none is stored.
    pub async fn complete_all(&self, done: &[Done]) -> Result<Vec<Option<Event>>> {
        let done = texts::of_done(done);
        let ends = done.iter().map(|Done { lease, job_type, project_id, summary, ran }| {
            let summary = summary.clone();
            EndWithEvent {
                end: End { summary, ran: Some(*ran), ..end(lease, RunState::Completed) },
                project_id: *project_id,
                text: (event::head(job_type, *project_id, EventStatus::Ok), event::TAIL),
            }
        });
        self.store.end_with_events(&ends.collect::<Vec<_>>()).await
    }

    /// As [`Engine::fail_then`], where nothing follows.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], or the database's.
    pub async fn fail(&self, lease: &Lease, fault: Fault) -> Result<Failed> {
        self.fail_then(lease, fault, Follow::default()).await
    }

    /// Ends an attempt: retryable, or failed with an event and with what follows.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], or the database's.
    pub async fn fail_then(&self, lease: &Lease, fault: Fault, follow: Follow) -> Result<Failed> {
        let Fault { error: said, retry_in } = texts::of_fault(fault);
        let made = self.made(lease.run_id, Vec::new(), &follow).await?;
        let on = if made.is_empty() { Connections::Queue } else { Connections::Shared };
        let mut tx = self.store.begin(on).await?;
        made.lock(&mut *tx, of_queue(lease), &follow).await?;
        let (mut settled, mut failures) = (None, Failures::default());
        let failed = if let Some(pause) = retry_in {
            let at = requeue_one(&mut *tx, again(lease, &said, pause)).await?;
            failures.attempt(lease, at, said);
            Failed::WillRetry
        } else {
            let end = End { error: Some(said.clone()), ..end(lease, RunState::Failed) };
            let ended = end_one(&mut *tx, end).await?;
            advance(&mut *tx, lease).await?;
            let of = RunEnd { run: lease.run_id, ended: &ended, how: joins::End::Failed };
            let led_to = self.settle(&mut *tx, of, follow, made, None).await?;
            settled = Some(led_to);
            failures.for_good(lease, &ended, said);
            Failed::ForGood
        };
        failures.keep(&mut *tx).await?;
        tx.commit().await?;
        settled.map(|settled| self.count_settled(settled));
        Ok(failed)
    }

    /// Ends failed attempts of runs of one kind and owner, in one commit: of runs that all wait for another
    /// attempt, or else that lead to nothing and have no key. Returns which leases held their runs until then.
    ///
    /// # Errors
    /// The database's; then none has ended.
    pub async fn fail_all(&self, faults: &[(Lease, Fault)]) -> Result<Vec<bool>> {
        let clean =
            |(lease, fault): &(Lease, Fault)| (lease.clone(), texts::of_fault(fault.clone()));
        let faults: Vec<_> = faults.iter().map(clean).collect();
        let (mut retries, mut ends) = (Vec::new(), Vec::new());
        for (lease, Fault { error, retry_in }) in &faults {
            match retry_in {
                Some(pause) => retries.push(again(lease, error, *pause)),
                None => {
                    let error = Some(error.clone());
                    ends.push(End { error, ..end(lease, RunState::Failed) });
                }
            }
        }
        let mut tx = self.store.begin(Connections::Queue).await?;
        let (mut at, mut ended) =
            (tx.requeue(&retries).await?.into_iter(), tx.end_runs(&ends).await?.into_iter());
        let (mut failures, mut held) = (Failures::default(), Vec::with_capacity(faults.len()));
        for (lease, Fault { error, retry_in }) in faults {
            held.push(match retry_in {
                Some(_) => {
                    at.next().flatten().map(|at| failures.attempt(&lease, at, error)).is_some()
                }
                None => {
                    let ended = ended.next().flatten();
                    ended.map(|ended| failures.for_good(&lease, &ended, error)).is_some()
                }
            });
        }
        failures.keep(&mut *tx).await?;
        tx.commit().await?;
        Ok(held)
    }

    /// As [`Engine::cancel_then`], where no join waits for the run.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], or the database's.
    pub async fn cancel(&self, lease: &Lease) -> Result<()> {
        self.cancel_then(lease, Follow::default()).await
    }

    /// Ends a run that stopped because it was asked to. No edge follows; joins may.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], [`StoreError::JoinMoved`], or the database's.
    pub async fn cancel_then(&self, lease: &Lease, follow: Follow) -> Result<()> {
        let made = self.made(lease.run_id, Vec::new(), &follow).await?;
        let mut tx = self.store.begin(Connections::Queue).await?;
        made.lock(&mut *tx, of_queue(lease), &follow).await?;
        let ended = end_one(&mut *tx, end(lease, RunState::Cancelled)).await?;
        advance(&mut *tx, lease).await?;
        let of = RunEnd { run: lease.run_id, ended: &ended, how: joins::End::Cancelled };
        let settled = self.settle(&mut *tx, of, follow, made, None).await?;
        tx.commit().await?;
        self.count_settled(settled);
        Ok(())
    }

    /// Gives a run back unfinished; the attempt does not count.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], or the database's.
    pub async fn release(&self, lease: &Lease) -> Result<()> {
        let mut tx = self.store.begin(Connections::Queue).await?;
        let requeue = Requeue {
            lease: lease.clone(),
            state: RunState::Available,
            error: None,
            after: None,
            attempt_counts: false,
            alone: false,
        };
        requeue_one(&mut *tx, requeue).await?;
        tx.commit().await
    }

    /// Lets a run wait for `pause` before it begins again; the attempt does not count.
    ///
    /// # Errors
    /// [`StoreError::LostLease`], or the database's.
    pub async fn snooze(&self, lease: &Lease, pause: Duration) -> Result<()> {
        let mut tx = self.store.begin(Connections::Queue).await?;
        let requeue = Requeue {
            lease: lease.clone(),
            // It has begun: a trigger makes one more run, which follows this one.
            state: RunState::Retryable,
            error: None,
            after: Some(pause),
            attempt_counts: false,
            alone: false,
        };
        let at = requeue_one(&mut *tx, requeue).await?;
        let said = format!("snoozed for {}", humantime::format_duration(pause));
        tx.append_logs(&[line(lease.run_id, at, Level::Info, said)]).await?;
        tx.commit().await
    }

    /// Keeps log lines and the latest progress of a run.
    ///
    /// # Errors
    /// The database's.
    pub async fn record(
        &self,
        run: Uuid,
        logs: Vec<LogLine>,
        progress: Option<Progress>,
    ) -> Result<()> {
        let rows = logs.into_iter().map(|line| LogRow { run_id: run, line: texts::of_line(line) });
        let rows: Vec<_> = rows.collect();
        let mut tx = self.store.begin(Connections::Shared).await?;
        tx.append_logs(&rows).await?;
        if let Some(progress) = progress.map(texts::of_progress) {
            tx.save_progress(run, &progress).await?;
        }
        tx.commit().await
    }
}

/// Another attempt follows.
fn again(lease: &Lease, error: &str, pause: Duration) -> Requeue {
    Requeue {
        lease: lease.clone(),
        state: RunState::Retryable,
        error: Some(error.to_owned()),
        after: Some(pause),
        attempt_counts: true,
        alone: false,
    }
}

fn end(lease: &Lease, state: RunState) -> End {
    End { lease: lease.clone(), state, error: None, summary: None, ran: None }
}

async fn end_one(tx: &mut dyn Tx, end: End) -> Result<Ended> {
    tx.end_runs(&[end]).await?.pop().flatten().ok_or(StoreError::LostLease)
}

/// The run, if it is one of a queue.
fn of_queue(lease: &Lease) -> Option<Uuid> {
    (lease.kind == RunKind::Queue).then_some(lease.run_id)
}

/// Lets the next run of its key go ahead.
async fn advance(tx: &mut dyn Tx, ended: &Lease) -> Result<()> {
    match ended.kind {
        RunKind::Schedule => Ok(()),
        RunKind::Queue => tx.advance_keys(&[ended.run_id]).await,
    }
}

async fn requeue_one(tx: &mut dyn Tx, run: Requeue) -> Result<DateTime<Utc>> {
    tx.requeue(&[run]).await?.pop().flatten().ok_or(StoreError::LostLease)
}

pub(crate) fn line(run_id: Uuid, at: DateTime<Utc>, level: Level, message: String) -> LogRow {
    LogRow { run_id, line: LogLine { at, level, message, fields: Value::Null } }
}
