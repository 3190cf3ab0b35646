//! Runs that begin on the worker whose run has led to them, in the transaction that ends it: a cascade goes on without
//! a claim in between, and on one worker as long as that has room.

use std::collections::HashMap;

use cascade_store::{Holder, Result, ScheduleRow, Tx};
use uuid::Uuid;

use crate::{due, made};
use cascade_model::ClaimedRun;

/// What the worker of a run that ends can begin with at once.
pub struct NextRuns<'a> {
    /// Who holds what begins, and for how long.
    pub holder: Holder<'a>,
    /// How many runs.
    pub room: usize,
    /// Whether the worker runs a job. One that some limit regards is left to claims, which count.
    pub takes: &'a (dyn Fn(&str) -> bool + Sync),
}

impl NextRuns<'_> {
    /// Begins with schedules of `due` that are due now; what has begun is due no more. `found` are these as they were
    /// before the end: a row that is as before needs not be saved.
    pub(crate) async fn begin(
        &self,
        tx: &mut dyn Tx,
        due: &mut Vec<ScheduleRow>,
        found: &[ScheduleRow],
    ) -> Result<Vec<ClaimedRun>> {
        let is_due = |row: &&ScheduleRow| row.next_run_at.is_some_and(|at| at <= row.now);
        let first = due.iter().filter(is_due).filter(|row| (self.takes)(&row.job_type));
        let chosen = first.take(self.room).cloned().map(due::run);
        let (runs, after): (Vec<_>, Vec<_>) = chosen.unzip();
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let begun = tx.begin_runs(&runs, &self.holder).await?;
        let after: HashMap<Uuid, ScheduleRow> = runs.iter().map(|run| run.id).zip(after).collect();
        for run in &begun {
            made::keep_beside(tx, run.lease.run_id, &run.payload).await?;
            let Some(after) = after.get(&run.lease.run_id) else { continue };
            due.retain(|row| row.id != after.id);
            let before = found.iter().find(|row| row.id == after.id);
            if before.is_none_or(|row| !is_same(row, after)) {
                due.push(after.clone());
            }
        }
        Ok(begun)
    }
}

/// Whether what is stored of both is the same.
fn is_same(before: &ScheduleRow, after: &ScheduleRow) -> bool {
    let stored = |row: &ScheduleRow| (row.status, row.next_run_at);
    stored(before) == stored(after) && before.payload == after.payload
}
