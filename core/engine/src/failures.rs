//! What is kept of attempts that fail, in the transaction that ends them.

use cascade_model::{EventStatus, Failure, Lease};
use cascade_sdk::Level;
use cascade_store::{Ended, EventRow, FailedAttemptRow, LogRow, Result, Tx};
use chrono::{DateTime, Utc};

use crate::{ends::line, event};

/// Attempts that have failed in a transaction, which keeps them as its last step.
#[derive(Default)]
pub(crate) struct Failures {
    attempts: Vec<FailedAttemptRow>,
    lines: Vec<LogRow>,
    for_good: Vec<Failure>,
    events: Vec<EventRow>,
}

impl Failures {
    /// Another attempt follows.
    pub fn attempt(&mut self, lease: &Lease, at: DateTime<Utc>, error: String) {
        self.lines.push(line(lease.run_id, at, Level::Error, error.clone()));
        self.attempts.push(FailedAttemptRow { lease: lease.clone(), at, error });
    }

    /// It goes back as if it had not begun, as nobody knows which of several runs has ended their worker.
    pub fn begun_for_nothing(&mut self, lease: &Lease, at: DateTime<Utc>) {
        let said = format!(
            "worker {} stopped renewing its leases while this run was young, with others beside it: the attempt does not \
             count, and the next one is begun alone",
            lease.owner
        );
        self.lines.push(line(lease.run_id, at, Level::Warn, said));
    }

    /// The run has failed for good.
    pub fn for_good(&mut self, lease: &Lease, ended: &Ended, error: String) {
        let place = (&*ended.job_type, ended.project_id);
        self.for_good.push(Failure::new(place, lease.run_id, &error, ended.at));
        self.events.push(event::row(ended, EventStatus::Failed));
        self.attempt(lease, ended.at, error);
    }

    /// Keeps them. What is counted by error comes after the rows of runs, and events come last.
    pub async fn keep(self, tx: &mut dyn Tx) -> Result<()> {
        tx.keep_attempts(&self.attempts).await?;
        tx.append_logs(&self.lines).await?;
        tx.count_failures(&self.for_good).await?;
        tx.append_events(&self.events).await
    }
}
