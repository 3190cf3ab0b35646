//! Many runs of one job that one run caused, shown together.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::{CascadeTree, Run, RunState};

/// Of fewer runs no group is made: they are shown one by one.
pub const LEAST_OF_GROUP: u32 = 20;

/// How many runs stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct StateCounts {
    /// Wait for the time that they were asked for.
    pub scheduled: u64,
    /// Wait for a worker.
    pub available: u64,
    /// A worker has them.
    pub running: u64,
    /// Wait for another attempt.
    pub retryable: u64,
    /// Have succeeded.
    pub completed: u64,
    /// Have failed for good.
    pub failed: u64,
    /// Were cancelled.
    pub cancelled: u64,
}

impl StateCounts {
    /// How many are in a state.
    pub fn of(&self, state: RunState) -> u64 {
        match state {
            RunState::Scheduled => self.scheduled,
            RunState::Available => self.available,
            RunState::Running => self.running,
            RunState::Retryable => self.retryable,
            RunState::Completed => self.completed,
            RunState::Failed => self.failed,
            RunState::Cancelled => self.cancelled,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        RunState::ALL.into_iter().map(|state| self.of(state)).sum()
    }

    /// Those that have not ended.
    pub fn unfinished(&self) -> u64 {
        self.scheduled + self.available + self.running + self.retryable
    }
}

/// The runs of one job that one run caused, at least [`LEAST_OF_GROUP`] of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceGroup {
    /// The run that caused them.
    pub parent: Uuid,
    /// Their job.
    pub job_type: String,
    /// How many stand how.
    pub states: StateCounts,
    /// When the first of them was queued.
    pub queued_at: DateTime<Utc>,
    /// When the latest attempt of the first began; `None` before one has begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last of those that are over ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A trace with its groups.
#[derive(Debug, Clone, Default)]
pub struct TraceOverview {
    /// All of its runs.
    pub states: StateCounts,
    /// The first queued first.
    pub groups: Vec<TraceGroup>,
    /// Runs that belong to no group, nor were caused by a run of one; the first queued first.
    pub singles: Vec<Run>,
}

impl TraceOverview {
    /// The tree of what is shown: of `singles` at most `most`, those of which the cause is shown, and the groups of
    /// which it is. Returns with it how many runs of the trace are neither.
    /// `near` are runs that are shown whatever else there is: what caused `asked`, and what that caused.
    pub fn shown(
        mut self,
        asked: Run,
        near: Vec<Run>,
        most: u32,
    ) -> (CascadeTree, Vec<TraceGroup>, u64) {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let truncated = self.singles.len() > most;
        self.singles.truncate(most);
        for run in near.into_iter().chain([asked.clone()]) {
            if self.singles.iter().all(|other| other.id != run.id) {
                self.singles.push(run);
            }
        }
        self.singles.sort_by_key(|run| (run.queued_at, run.id));
        if !self.groups.is_empty() {
            loop {
                let ids: HashSet<_> = self.singles.iter().map(|run| run.id).collect();
                let before = self.singles.len();
                self.singles.retain(|run| {
                    run.payload.parent().is_none_or(|cause| ids.contains(&cause))
                        || run.id == asked.id
                });
                if self.singles.len() == before {
                    break;
                }
            }
        }
        let ids: HashSet<_> = self.singles.iter().map(|run| run.id).collect();
        let groups: Vec<_> =
            self.groups.into_iter().filter(|group| ids.contains(&group.parent)).collect();
        let of_group = |run: &&Run| {
            groups.iter().any(|group| {
                run.payload.parent() == Some(group.parent) && run.job_type == group.job_type
            })
        };
        let alone = self.singles.iter().filter(|run| !of_group(run)).count();
        let told = groups.iter().map(|group| group.states.total()).sum::<u64>() + alone as u64;
        let hidden = self.states.total().saturating_sub(told);
        let mut tree = CascadeTree::of(asked, self.singles, u32::MAX);
        tree.truncated = truncated;
        (tree, groups, hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        let counts = StateCounts { scheduled: 1, running: 2, failed: 4, ..StateCounts::default() };
        assert_eq!((counts.total(), counts.unfinished()), (7, 3));
        assert_eq!(counts.of(RunState::Failed), 4);
    }
}
